//! Two projects never meet: with the same ids, the same names, at the same vendors, and interleaved.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::Value;
use serde_json::json;

use crate::support::Client;
use crate::support::Setup;
use crate::support::Site;
use crate::support::glimpse;
use crate::support::spans;

const FLUSH: &str = "flush = { quiet = \"300ms\", idle = \"1s\" }\norphan_wait = \"1s\"";

/// A trace id of the scene that Opik's clients would make, and one of everybody else's.
fn opik_id(kind: u8, nth: usize) -> String {
    format!("01a1fba9-b442-7000-8000-{kind:02x}f0000000{nth:02x}")
}

fn random_id(kind: u8, nth: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{kind:02x}00000000{nth:02x}")
}

/// What every row of a tenant says.
fn mark(tenant: &str) -> Value {
    json!({"tenant": tenant})
}

/// The nth trace of each dialect, the same but for the tenant's mark; rows in several requests.
async fn send(client: &Client, tenant: &str, nth: usize) {
    opik(client, tenant, nth).await;
    galileo(client, tenant, nth).await;
    pandaprobe(client, tenant, nth).await;
}

async fn opik(client: &Client, tenant: &str, nth: usize) {
    let (trace, span) = (opik_id(1, nth), opik_id(2, nth));
    let span = json!({"id": span, "trace_id": trace, "project_name": "web", "name": "step", "type": "tool",
        "start_time": "2026-11-21T01:12:45.4Z", "end_time": "2026-11-21T01:12:46.4Z", "input": mark(tenant),
        "last_updated_at": "2026-11-21T01:12:46.4Z"});
    client.must(204, "POST", "/v1/private/spans/batch", &json!({"spans": [span]})).await;
    let row = json!({"id": trace, "project_name": "web", "name": "opik", "start_time": "2026-11-21T01:12:45.378Z",
        "end_time": "2026-11-21T01:12:47.378Z", "input": mark(tenant), "last_updated_at": "2026-11-21T01:12:47.378Z"});
    client.must(204, "POST", "/v1/private/traces/batch", &json!({"traces": [row]})).await;
    let score = json!({"project_name": "web", "id": trace, "name": tenant, "value": 0.5, "source": "sdk"});
    client.must(204, "PUT", "/v1/private/traces/feedback-scores", &json!({"scores": [score]})).await;
    let patch = json!({"project_name": "web", "output": mark(tenant)});
    client.must(204, "PATCH", &format!("/v1/private/traces/{trace}"), &patch).await;
}

async fn galileo(client: &Client, tenant: &str, nth: usize) {
    let home = client.galileo("web").await;
    let (trace, span) = (random_id(1, nth), random_id(2, nth));
    let input = mark(tenant).to_string();
    let row = json!({"type": "trace", "id": trace, "name": "galileo", "input": input,
        "created_at": "2026-11-21T01:12:45.378Z", "metrics": {"duration_ns": null}});
    let body = json!({"log_stream_id": home.stream, "is_complete": false, "reliable": true, "traces": [row]});
    client.must(200, "POST", &home.path("traces"), &body).await;
    let step = json!({"type": "tool", "id": span, "name": "step", "input": input,
        "created_at": "2026-11-21T01:12:45.4Z", "metrics": {"duration_ns": 1_000_000_000}});
    let body = json!({"log_stream_id": home.stream, "trace_id": trace, "parent_id": trace, "spans": [step]});
    client.must(200, "POST", &home.path("spans"), &body).await;
    let body = json!({"log_stream_id": home.stream, "span_id": span, "output": input});
    client.must(200, "PATCH", &home.path(&format!("spans/{span}")), &body).await;
    let body = json!({"log_stream_id": home.stream, "trace_id": trace, "is_complete": true, "output": input,
        "duration_ns": 2_000_000_000_i64});
    client.must(200, "PATCH", &home.path(&format!("traces/{trace}")), &body).await;
}

async fn pandaprobe(client: &Client, tenant: &str, nth: usize) {
    let (trace, span) = (random_id(3, nth), random_id(4, nth));
    let step = json!({"span_id": span, "name": "step", "kind": "TOOL", "status": "UNSET", "input": mark(tenant),
        "started_at": "2026-11-21T01:12:45.4+00:00", "ended_at": "2026-11-21T01:12:46.4+00:00"});
    let row = json!({"trace_id": trace, "name": "pandaprobe", "status": "COMPLETED", "input": mark(tenant),
        "started_at": "2026-11-21T01:12:45.378+00:00", "ended_at": "2026-11-21T01:12:47.378+00:00", "spans": [step]});
    client.must(202, "POST", "/traces", &row).await;
    let score = json!({"trace_id": trace, "name": tenant, "value": "0.5", "data_type": "NUMERIC",
        "source": "PROGRAMMATIC"});
    client.must(201, "POST", "/evaluations/trace-scores", &score).await;
}

/// Every mark in a value.
fn marks(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("tenant").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| marks(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| marks(value, found)),
        Value::String(text) if text.contains("tenant") => {
            marks(&serde_json::from_str(text).unwrap_or_default(), found);
        }
        _ => {}
    }
}

/// How many traces of which name a vendor shows of each tenant, after checking that none is mixed and
/// each has its one span.
async fn census(site: &Site, vendor: &str) -> BTreeMap<String, usize> {
    let dialect = vendor.split('-').next().unwrap();
    let mut census = BTreeMap::new();
    for trace in site.vendor(vendor).traces().await {
        let mut tenants = BTreeSet::new();
        marks(&trace, &mut tenants);
        assert_eq!(tenants.len(), 1, "{vendor} mixes {tenants:?}: {trace:#}");
        assert_eq!(spans(&trace).len(), 1, "{vendor}: {trace:#}");
        let name = glimpse(dialect, &trace)["name"].as_str().unwrap().to_owned();
        *census.entry(format!("{} {name}", tenants.first().unwrap())).or_default() += 1;
    }
    census
}

fn counted(entries: &[(&str, usize)]) -> BTreeMap<String, usize> {
    entries.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

/// The scores that a vendor holds, by the trace they are on; a score's name is its tenant.
async fn scored(site: &Site, vendor: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut scored: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for score in site.vendor(vendor).scores().await {
        let id = score.get("entity_id").or(score.get("trace_id")).and_then(Value::as_str).unwrap().to_owned();
        scored.entry(id).or_default().insert(score["name"].as_str().unwrap().to_owned());
    }
    scored
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_ids_at_the_same_vendors() {
    let vendors = ["opik", "galileo", "pandaprobe"];
    let site = Setup::new(&[("alpha", &vendors), ("beta", &vendors)]).every_route(FLUSH).start().await;
    let (alpha, beta) = (&site.client("alpha"), &site.client("beta"));
    let both = (0..8).map(async |nth| tokio::join!(send(alpha, "alpha", nth), send(beta, "beta", nth)));
    join_all(both).await;
    site.settled().await;
    let names = ["alpha galileo", "alpha opik", "alpha pandaprobe", "beta galileo", "beta opik", "beta pandaprobe"];
    let all: Vec<(&str, usize)> = names.into_iter().map(|name| (name, 8)).collect();
    for vendor in vendors {
        assert_eq!(census(&site, vendor).await, counted(&all), "{vendor}");
    }
    for vendor in ["opik", "pandaprobe"] {
        let scored = scored(&site, vendor).await;
        assert_eq!(scored.len(), 32, "{vendor}");
        assert!(scored.values().all(|names| names.len() == 1), "{vendor}: {scored:?}");
    }
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_ids_at_different_vendors() {
    let routes: [(&str, &[&str]); 2] = [("alpha", &["opik", "galileo"]), ("beta", &["pandaprobe"])];
    let site = Setup::new(&routes).every_route(FLUSH).start().await;
    let (alpha, beta) = (&site.client("alpha"), &site.client("beta"));
    let both = (0..4).map(async |nth| tokio::join!(send(alpha, "alpha", nth), send(beta, "beta", nth)));
    join_all(both).await;
    site.settled().await;
    for vendor in ["opik", "galileo"] {
        let all = counted(&[("alpha galileo", 4), ("alpha opik", 4), ("alpha pandaprobe", 4)]);
        assert_eq!(census(&site, vendor).await, all, "{vendor}");
    }
    let all = counted(&[("beta galileo", 4), ("beta opik", 4), ("beta pandaprobe", 4)]);
    assert_eq!(census(&site, "pandaprobe").await, all);
    for request in site.vendor("pandaprobe").requests().await {
        assert!(!request.to_string().contains("alpha"), "{request:#}");
    }
    site.close().await;
}

/// What a key reads, changes and deletes is its own project's, whatever the ids say.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_reaches_its_own_project_only() {
    let vendors = ["opik", "galileo", "pandaprobe"];
    let site = Setup::new(&[("alpha", &vendors), ("beta", &vendors)]).every_route(FLUSH).start().await;
    let (alpha, beta) = (site.client("alpha"), site.client("beta"));
    send(&alpha, "alpha", 0).await;
    send(&alpha, "alpha", 1).await;
    send(&beta, "beta", 0).await;
    site.settled().await;
    let (opik, galileo, pandaprobe) = (opik_id(1, 0), random_id(1, 0), random_id(3, 0));
    for (client, tenant) in [(&alpha, "alpha"), (&beta, "beta")] {
        let home = client.galileo("web").await;
        let span = home.path(&format!("spans/{}", random_id(2, 0)));
        let paths = [
            format!("/v1/private/traces/{opik}"),
            format!("/v1/private/spans?trace_id={opik}"),
            home.path(&format!("traces/{galileo}")),
            span,
            format!("/traces/{pandaprobe}"),
        ];
        for path in paths {
            let read = client.must(200, "GET", &path, &Value::Null).await;
            let mut tenants = BTreeSet::new();
            marks(&read, &mut tenants);
            assert_eq!(tenants, BTreeSet::from([tenant.to_owned()]), "{path}: {read:#}");
        }
        let scores = client.must(200, "GET", &format!("/evaluations/trace-scores/{pandaprobe}"), &Value::Null).await;
        assert_eq!((scores[0]["name"].as_str(), scores.as_array().unwrap().len()), (Some(tenant), 1));
    }
    // Only alpha has the second of each; all three vendors hold it.
    let home = beta.galileo("web").await;
    beta.must(404, "GET", &format!("/v1/private/traces/{}", opik_id(1, 1)), &Value::Null).await;
    beta.must(404, "GET", &format!("/v1/private/spans/{}", opik_id(2, 1)), &Value::Null).await;
    beta.must(404, "GET", &home.path(&format!("traces/{}", random_id(1, 1))), &Value::Null).await;
    beta.must(404, "GET", &format!("/traces/{}", random_id(3, 1)), &Value::Null).await;

    // Beta changes and deletes what it thinks is there; alpha's stays as it is.
    let patch = json!({"project_name": "web", "output": mark("beta")});
    beta.must(204, "PATCH", &format!("/v1/private/traces/{}", opik_id(1, 1)), &patch).await;
    beta.must(204, "DELETE", &format!("/traces/{}", random_id(3, 1)), &Value::Null).await;
    beta.must(204, "DELETE", &format!("/v1/private/traces/{opik}"), &Value::Null).await;
    site.settled().await;
    for vendor in vendors {
        let left = counted(&[
            ("alpha galileo", 2),
            ("alpha opik", 2),
            ("alpha pandaprobe", 2),
            ("beta galileo", 1),
            ("beta pandaprobe", 1),
        ]);
        assert_eq!(census(&site, vendor).await, left, "{vendor}");
        assert_eq!(site.parked(vendor).len(), 1, "beta's update of what it does not have, at {vendor}");
    }
    alpha.must(200, "GET", &format!("/v1/private/traces/{opik}"), &Value::Null).await;
    beta.must(404, "GET", &format!("/v1/private/traces/{opik}"), &Value::Null).await;
    site.close().await;
}

/// A fan-out: both accounts of one vendor show everything, each once.
#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_of_one_vendor() {
    let vendors = ["opik", "opik-2", "galileo", "galileo-2", "pandaprobe", "pandaprobe-2"];
    let site = Setup::new(&[("alpha", &vendors)]).every_route(FLUSH).start().await;
    send(&site.client("alpha"), "alpha", 0).await;
    site.settled().await;
    let mut first = Vec::new();
    for vendor in vendors {
        let all = counted(&[("alpha galileo", 1), ("alpha opik", 1), ("alpha pandaprobe", 1)]);
        assert_eq!(census(&site, vendor).await, all, "{vendor}");
        let dialect = vendor.split('-').next().unwrap();
        let shown: Vec<Value> = site.vendor(vendor).traces().await.iter().map(|it| glimpse(dialect, it)).collect();
        let mut shown: Vec<String> = shown.iter().map(Value::to_string).collect();
        shown.sort();
        match vendor.ends_with("-2") {
            false => first = shown,
            true => assert_eq!(shown, first, "{vendor}"),
        }
    }
    site.close().await;
}

/// A destination's own project for everything, whatever the clients call theirs.
#[tokio::test(flavor = "multi_thread")]
async fn a_fixed_project() {
    let vendors = ["opik", "galileo", "pandaprobe"];
    let mut setup = Setup::new(&[("alpha", &vendors), ("beta", &vendors)]).every_route(FLUSH);
    for vendor in vendors {
        setup = setup.route("alpha", vendor, "vendor_project = \"all bots\"");
        setup = setup.route("beta", vendor, "vendor_project = \"beta's own\"");
    }
    let site = setup.start().await;
    let (alpha, beta) = (site.client("alpha"), site.client("beta").named("elsewhere"));
    tokio::join!(send(&alpha, "alpha", 0), send(&beta, "beta", 0));
    site.settled().await;
    let names = ["alpha galileo", "alpha opik", "alpha pandaprobe", "beta galileo", "beta opik", "beta pandaprobe"];
    let all: Vec<(&str, usize)> = names.into_iter().map(|name| (name, 1)).collect();
    for vendor in vendors {
        assert_eq!(census(&site, vendor).await, counted(&all), "{vendor}");
        for trace in site.vendor(vendor).traces().await {
            let mut tenants = BTreeSet::new();
            marks(&trace, &mut tenants);
            let project = if tenants.contains("alpha") { "all bots" } else { "beta's own" };
            assert_eq!(trace["project_name"], project, "{vendor}");
        }
    }
    site.close().await;
}

/// The client's own project names, where the route keeps them and the vendor takes them.
#[tokio::test(flavor = "multi_thread")]
async fn client_projects_stay_apart() {
    let vendors = ["opik", "galileo", "pandaprobe"];
    let site = Setup::new(&[("alpha", &vendors)]).every_route(FLUSH).start().await;
    let client = site.client("alpha");
    pandaprobe(&client, "alpha", 0).await;
    let row = json!({"id": opik_id(1, 1), "project_name": "jobs & cron", "name": "opik",
        "start_time": "2026-11-21T01:12:45.378Z", "end_time": "2026-11-21T01:12:47.378Z", "input": mark("alpha")});
    client.must(204, "POST", "/v1/private/traces/batch", &json!({"traces": [row]})).await;
    site.settled().await;
    for (vendor, jobs) in [("opik", "jobs & cron"), ("galileo", "jobs & cron"), ("pandaprobe", "jobs - cron-c95b0f")] {
        let traces = site.vendor(vendor).traces().await;
        let names: BTreeSet<&str> = traces.iter().map(|trace| trace["project_name"].as_str().unwrap()).collect();
        assert_eq!(names, BTreeSet::from(["web", jobs]), "{vendor}");
    }
    site.close().await;
}

/// No route home: what comes from one vendor's SDK is shown by another vendor alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_rewrite() {
    for (vendor, other) in [("pandaprobe", "opik"), ("galileo", "pandaprobe"), ("opik", "galileo")] {
        let site = Setup::new(&[("alpha", &[vendor])]).every_route(FLUSH).start().await;
        send(&site.client("alpha"), "alpha", 0).await;
        site.settled().await;
        let all = counted(&[("alpha galileo", 1), ("alpha opik", 1), ("alpha pandaprobe", 1)]);
        assert_eq!(census(&site, vendor).await, all, "{vendor}");
        assert_eq!(site.vendor(other).traces().await, Vec::<Value>::new(), "{other}");
        site.close().await;
    }
}
