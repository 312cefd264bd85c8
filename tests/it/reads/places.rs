//! Which vendor project is asked where a route keeps the names that clients use.

use serde_json::Value;
use serde_json::json;

use super::scene;
use super::scene::Pair;
use super::scene::pair;
use super::scene::span_path;
use super::scene::trace_path;
use crate::support::Setup;
use crate::support::Site;

const VENDORS: [&str; 3] = ["opik", "galileo", "pandaprobe"];

/// A trace that only the vendor has, in a project of the client's naming, is found after a restart, too.
#[tokio::test(flavor = "multi_thread")]
async fn projects_written_to_are_asked_after_a_restart() {
    let mut site = Site::to(&["galileo"]).await;
    scene::keep("galileo", &site.past("galileo"), "web").await;
    scene::send("opik", &site.client("checkout"), "web").await;
    site.settled().await;
    site.restart().await;
    let Pair { trace, .. } = pair("galileo");
    // Its request names no project.
    let read = site.client("checkout").must(200, "GET", &trace_path("opik", trace), &json!(null)).await;
    assert_eq!(read["name"], "trip");
    site.close().await;
}

/// What a vendor held before the gateway came, in a project that was never written to through it.
#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_only_the_vendor_knows_is_asked_when_the_request_names_it() {
    for vendor in VENDORS {
        let site = Site::to(&[vendor]).await;
        scene::keep(vendor, &site.past(vendor).named("unheard"), "unheard").await;
        let (client, Pair { trace, span }) = (site.client("checkout").named("unheard"), pair(vendor));
        let own = (trace.to_owned(), span.to_owned());
        assert_eq!(scene::read("pandaprobe", &client, trace).await, own, "{vendor}");
        let home = client.galileo("unheard").await;
        for path in [format!("/v2/projects/unheard/traces/{trace}"), home.path(&format!("traces/{trace}"))] {
            let read = client.must(200, "GET", &path, &Value::Null).await;
            assert_eq!((&read["name"], read["spans"].as_array().map(Vec::len)), (&json!("trip"), Some(1)));
        }
        let path = format!("/v1/private/spans?project_name=unheard&trace_id={trace}");
        let read = client.must(200, "GET", &path, &Value::Null).await;
        assert_eq!((&read["total"], &read["content"][0]["name"]), (&json!(1), &json!("step")));
        site.close().await;
    }
}

/// Opik finds a row by its id alone, so no name is needed.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_its_id_alone_finds_needs_no_name() {
    let site = Site::to(&["opik"]).await;
    scene::keep("opik", &site.past("opik"), "unheard").await;
    let (client, Pair { trace, span }) = (site.client("checkout"), pair("opik"));
    for dialect in ["opik", "pandaprobe"] {
        assert_eq!(scene::read(dialect, &client, trace).await, (trace.to_owned(), span.to_owned()));
    }
    client.must(200, "GET", &span_path("opik", span).unwrap(), &Value::Null).await;
    let read = client.must(200, "GET", &trace_path("opik", trace), &Value::Null).await;
    let project = format!("/v1/private/projects/{}", read["project_id"].as_str().unwrap());
    assert_eq!(client.must(200, "GET", &project, &Value::Null).await["name"], "unheard");
    client.must(404, "GET", &trace_path("opik", "01a1fba9-b442-706a-888f-b0c0220b2600"), &Value::Null).await;
    site.close().await;
}

/// A read names no vendor project into being.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_creates_no_project_at_the_vendor() {
    let site = Site::to(&["galileo"]).await;
    let (client, Pair { trace, .. }) = (site.client("checkout"), pair("galileo"));
    client.must(404, "GET", &format!("/v2/projects/nowhere/traces/{trace}"), &Value::Null).await;
    assert!(site.vendor("galileo").writes().await.is_empty());
    site.close().await;
}

/// With a neighbour who writes under its clients' names too, a name alone opens nothing that the vendor
/// held before.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_opens_nothing_where_two_projects_use_their_clients_names() {
    for vendor in VENDORS {
        let site = Setup::new(&[("alpha", &[vendor]), ("beta", &[vendor])]).start().await;
        scene::keep(vendor, &site.past(vendor).named("unheard"), "unheard").await;
        let Pair { trace, .. } = pair(vendor);
        for project in ["alpha", "beta"] {
            let client = site.client(project).named("unheard");
            client.must(404, "GET", &trace_path("pandaprobe", trace), &Value::Null).await;
            client.must(404, "GET", &trace_path("opik", trace), &Value::Null).await;
        }
        site.close().await;
    }
}

/// Written to by any dialect, or fixed by a route; another project's are none of its own.
#[tokio::test(flavor = "multi_thread")]
async fn projects_are_known_by_what_was_written_or_configured() {
    let site = Setup::new(&[("checkout", &["opik"]), ("other", &["opik"])])
        .route("other", "opik", "vendor_project = \"fixed\"")
        .start()
        .await;
    let (client, path) = (site.client("checkout"), "/v1/private/projects/retrieve");
    let ask = async |status: u16, name: &str| client.must(status, "POST", path, &json!({"name": name})).await;
    assert_eq!(ask(404, "web").await, json!({"errors": ["Project not found"]}));
    scene::send("opik", &client, "web").await;
    assert_eq!(ask(200, "web").await["name"], "web");
    assert_eq!(ask(200, "WEB").await["name"], "web");
    ask(404, "fixed").await;
    let other = site.client("other");
    assert_eq!(other.must(200, "POST", path, &json!({"name": "fixed"})).await["name"], "fixed");
    other.must(404, "POST", path, &json!({"name": "web"})).await;
    scene::send("pandaprobe", &client.named("handle"), "handle").await;
    site.settled().await;
    site.client("checkout").must(200, "POST", path, &json!({"name": "handle"})).await;
    site.close().await;
}
