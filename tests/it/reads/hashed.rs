//! Where several projects share a vendor's server, ids are hashed there; our clients see their own, even when
//! the gateway has forgotten everything, and what the vendor held before.

use serde_json::Value;

use super::scene;
use super::scene::Pair;
use super::scene::pair;
use super::scene::span_path;
use super::scene::trace_path;
use crate::support::Setup;
use crate::support::Site;

const VENDORS: [&str; 3] = ["opik", "galileo", "pandaprobe"];

/// Two projects at one server: one in a vendor project of its own, the other under its clients' names.
async fn site(vendor: &'static str, lines: &str) -> Site {
    let fixed = format!("vendor_project = \"own\"\n{lines}");
    Setup::new(&[("alpha", &[vendor]), ("beta", &[vendor])]).route("alpha", vendor, &fixed).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_read_back_with_the_ids_it_was_sent_with() {
    for vendor in VENDORS {
        for project in ["alpha", "beta"] {
            let mut site = site(vendor, "").await;
            scene::send(vendor, &site.client(project), "web").await;
            site.settled().await;
            site.forget().await;
            let (client, Pair { trace, span }) = (site.client(project), pair(vendor));
            let own = (trace.to_owned(), span.to_owned());
            assert_eq!(scene::read(vendor, &client, trace).await, own, "{vendor} {project}");
            assert_eq!(scene::read("pandaprobe", &client, trace).await, own, "{vendor} {project}");
            if let Some(path) = span_path(vendor, span) {
                let shown = client.must(200, "GET", &path, &Value::Null).await;
                assert_eq!((&shown["id"], &shown["trace_id"]), (&span.into(), &trace.into()));
            }
            let row = client.must(200, "GET", &trace_path(vendor, trace), &Value::Null).await;
            assert!(!row.to_string().contains("_spangate"), "{row}");
            let other = site.client(if project == "alpha" { "beta" } else { "alpha" });
            other.must(404, "GET", &trace_path(vendor, trace), &Value::Null).await;
            site.close().await;
        }
    }
}

/// With the reserved key off nothing at the vendor tells a span's id: the one shown then works.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_reserved_key_a_listed_span_can_be_read() {
    for vendor in ["opik", "galileo"] {
        let mut site = site(vendor, "reserved_key = \"off\"").await;
        scene::send(vendor, &site.client("alpha"), "web").await;
        site.settled().await;
        site.forget().await;
        let (client, Pair { trace, .. }) = (site.client("alpha"), pair(vendor));
        let (shown, listed) = scene::read(vendor, &client, trace).await;
        assert_eq!(shown, trace);
        let span = client.must(200, "GET", &span_path(vendor, &listed).unwrap(), &Value::Null).await;
        assert_eq!((&span["id"], &span["name"]), (&listed.into(), &"step".into()));
        site.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_vendor_held_before_is_read_by_its_own_project_only() {
    for vendor in VENDORS {
        let site = site(vendor, "").await;
        scene::keep(vendor, &site.past(vendor).named("own"), "own").await;
        let Pair { trace, span } = pair(vendor);
        let own = (trace.to_owned(), span.to_owned());
        assert_eq!(scene::read(vendor, &site.client("alpha"), trace).await, own, "{vendor}");
        assert_eq!(scene::read("pandaprobe", &site.client("alpha"), trace).await, own, "{vendor}");
        if let Some(path) = span_path(vendor, span) {
            site.client("alpha").must(200, "GET", &path, &Value::Null).await;
            site.client("beta").must(404, "GET", &path, &Value::Null).await;
        }
        // Whatever it is called: the name is another project's.
        for name in ["own", "Own", "web"] {
            let beta = site.client("beta").named(name);
            beta.must(404, "GET", &trace_path("pandaprobe", trace), &Value::Null).await;
        }
        site.close().await;
    }
}

/// The ids that the vendor shows of one project's rows lead no other project to them.
#[tokio::test(flavor = "multi_thread")]
async fn hashed_ids_of_one_project_are_not_found_by_another() {
    for vendor in VENDORS {
        let site = Setup::new(&[("alpha", &[vendor]), ("beta", &[vendor])]).start().await;
        scene::send(vendor, &site.client("alpha"), "web").await;
        scene::send(vendor, &site.client("beta"), "other").await;
        site.settled().await;
        let shown = site.vendor(vendor).traces().await;
        let id = |trace: &Value| match vendor {
            "opik" => trace["trace"]["id"].as_str().unwrap().to_owned(),
            "galileo" => trace["id"].as_str().unwrap().to_owned(),
            _ => trace["trace_id"].as_str().unwrap().to_owned(),
        };
        let hashed: Vec<String> = shown.iter().map(id).collect();
        assert_eq!(hashed.len(), 2);
        for project in ["alpha", "beta"] {
            for id in &hashed {
                let client = site.client(project).named("web");
                client.must(404, "GET", &trace_path(vendor, id), &Value::Null).await;
            }
        }
        site.close().await;
    }
}
