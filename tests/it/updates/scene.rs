//! A site with all three vendors, and the rows that the cases send.

use serde_json::Value;
use serde_json::json;

use crate::support::Client;
use crate::support::Home;
use crate::support::Setup;
use crate::support::Site;
use crate::support::glimpse;
use crate::support::literal;
use crate::support::unlike;

pub(super) const VENDORS: [&str; 3] = ["opik", "galileo", "pandaprobe"];

/// A trace and its two spans, as every dialect sends them: `trip` with `outer`, and in it `lookup`.
pub(super) const OPIK_TRACE: &str = "01a1fba9-b442-706a-888f-b0c0220b2677";
pub(super) const OPIK_OUTER: &str = "01a1fba9-b443-759e-8275-ee7b810cfe63";
pub(super) const OPIK_LOOKUP: &str = "01a1fba9-b46e-775d-8b79-c740e6ed8021";
/// The same for the dialects with random ids.
pub(super) const TRACE: &str = "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6";
pub(super) const OUTER: &str = "d7184b71-6901-4321-abe3-544c7f3f0838";
pub(super) const LOOKUP: &str = "b8f85067-3a9a-4422-85e7-7d871d157dcc";

/// What is sent in full, seen from everywhere.
pub(super) const WHOLE: &str = r#"{
    "name": "trip", "input": "Oslo?", "output": "3 degrees", "end": "2026-11-21T01:12:47.378Z",
    "spans": {
        "outer": {"name": "outer", "input": "Oslo?", "output": "done", "end": "2026-11-21T01:12:47.3Z"},
        "lookup": {"name": "lookup", "input": {"city": "Oslo"}, "output": "3", "end": "2026-11-21T01:12:46.4Z",
            "parent": "outer"}}}"#;

/// A site whose traces go out at once, and what waits for more waits for a second.
pub(super) async fn site() -> (Site, Client, Home) {
    let flush = "flush = { quiet = \"400ms\", idle = \"1s\" }\norphan_wait = \"1s\"";
    let site = Setup::new(&[("checkout", &VENDORS)]).every_route(flush).start().await;
    let client = site.client("checkout");
    let home = client.galileo("web").await;
    (site, client, home)
}

/// Compares what every vendor shows, once everything is settled, with one document.
pub(super) async fn all_show(site: &Site, expected: &str) {
    site.settled().await;
    for vendor in VENDORS {
        shows(site, vendor, expected).await;
    }
}

/// Compares what a vendor shows with a document.
pub(super) async fn shows(site: &Site, vendor: &str, expected: &str) {
    let traces = site.vendor(vendor).traces().await;
    assert_eq!(traces.len(), 1, "{vendor} shows {traces:#?}");
    let (shown, expected) = (glimpse(vendor, &traces[0]), literal(expected));
    assert!(shown == expected, "{vendor} shows otherwise:\n{}", unlike(&shown, &expected));
}

/// Scores by name and value, as a vendor shows them.
pub(super) async fn scores(site: &Site, vendor: &str) -> Value {
    let scores = site.vendor(vendor).scores().await;
    let mut pairs: Vec<(String, f64)> = scores
        .iter()
        .map(|score| {
            let value = score["value"].as_f64().or_else(|| score["value"].as_str()?.parse().ok());
            (score["name"].as_str().unwrap().to_owned(), value.unwrap())
        })
        .collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    json!(pairs)
}

pub(super) mod opik {
    use super::*;

    pub(crate) fn trace() -> Value {
        json!({"id": OPIK_TRACE, "project_name": "web", "name": "trip", "start_time": "2026-11-21T01:12:45.378Z",
            "end_time": "2026-11-21T01:12:47.378Z", "input": "Oslo?", "output": "3 degrees",
            "last_updated_at": "2026-11-21T01:12:47.378Z"})
    }

    pub(crate) fn outer() -> Value {
        json!({"id": OPIK_OUTER, "trace_id": OPIK_TRACE, "project_name": "web", "name": "outer", "type": "general",
            "start_time": "2026-11-21T01:12:45.379Z", "end_time": "2026-11-21T01:12:47.300Z", "input": "Oslo?",
            "output": "done", "last_updated_at": "2026-11-21T01:12:47.300Z"})
    }

    pub(crate) fn lookup() -> Value {
        json!({"id": OPIK_LOOKUP, "trace_id": OPIK_TRACE, "parent_span_id": OPIK_OUTER, "project_name": "web",
            "name": "lookup", "type": "tool", "start_time": "2026-11-21T01:12:45.400Z",
            "end_time": "2026-11-21T01:12:46.400Z", "input": {"city": "Oslo"}, "output": "3",
            "last_updated_at": "2026-11-21T01:12:46.400Z"})
    }

    pub(crate) async fn send_traces(client: &Client, rows: &[Value]) {
        client.must(204, "POST", "/v1/private/traces/batch", &json!({"traces": rows})).await;
    }

    pub(crate) async fn send_spans(client: &Client, rows: &[Value]) {
        client.must(204, "POST", "/v1/private/spans/batch", &json!({"spans": rows})).await;
    }

    pub(crate) async fn patch_trace(client: &Client, body: &Value) {
        client.must(204, "PATCH", &format!("/v1/private/traces/{OPIK_TRACE}"), body).await;
    }

    pub(crate) async fn patch_span(client: &Client, id: &str, body: &Value) {
        let mut body = body.clone();
        body["trace_id"] = json!(OPIK_TRACE);
        client.must(204, "PATCH", &format!("/v1/private/spans/{id}"), &body).await;
    }

    pub(crate) async fn score(client: &Client, name: &str, value: f64) {
        let score = json!({"project_name": "web", "id": OPIK_TRACE, "name": name, "value": value, "source": "sdk"});
        client.must(204, "PUT", "/v1/private/traces/feedback-scores", &json!({"scores": [score]})).await;
    }
}

pub(super) mod galileo {
    use super::*;

    pub(crate) fn trace() -> Value {
        json!({"type": "trace", "id": TRACE, "name": "trip", "input": "Oslo?", "output": "3 degrees",
            "created_at": "2026-11-21T01:12:45.378Z", "metrics": {"duration_ns": 2_000_000_000_i64}})
    }

    pub(crate) fn outer() -> Value {
        json!({"type": "workflow", "id": OUTER, "name": "outer", "input": "Oslo?", "output": "done",
            "created_at": "2026-11-21T01:12:45.379Z", "metrics": {"duration_ns": 1_921_000_000}})
    }

    pub(crate) fn lookup() -> Value {
        json!({"type": "tool", "id": LOOKUP, "name": "lookup", "input": "{\"city\":\"Oslo\"}", "output": "3",
            "created_at": "2026-11-21T01:12:45.400Z", "metrics": {"duration_ns": 1_000_000_000}})
    }

    /// A trace that has only begun.
    pub(crate) fn open_trace() -> Value {
        json!({"type": "trace", "id": TRACE, "name": "trip", "input": "Oslo?", "output": null,
            "created_at": "2026-11-21T01:12:45.378Z", "metrics": {"duration_ns": null}})
    }

    /// A workflow that has only begun.
    pub(crate) fn open_outer() -> Value {
        json!({"type": "workflow", "id": OUTER, "name": "outer", "input": "Oslo?", "output": null,
            "created_at": "2026-11-21T01:12:45.379Z", "metrics": {"duration_ns": null}})
    }

    pub(crate) async fn send_trace(client: &Client, home: &Home, trace: Value, complete: bool) {
        let body = json!({"log_stream_id": home.stream, "is_complete": complete, "reliable": true, "traces": [trace]});
        client.must(200, "POST", &home.path("traces"), &body).await;
    }

    pub(crate) async fn send_span(client: &Client, home: &Home, parent: &str, span: Value) {
        let body = json!({"log_stream_id": home.stream, "trace_id": TRACE, "parent_id": parent, "reliable": true,
            "spans": [span]});
        client.must(200, "POST", &home.path("spans"), &body).await;
    }

    pub(crate) async fn patch_span(client: &Client, home: &Home, id: &str, changes: &Value) {
        let mut body = json!({"log_stream_id": home.stream, "span_id": id, "tags": [], "reliable": true});
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        client.must(200, "PATCH", &home.path(&format!("spans/{id}")), &body).await;
    }

    pub(crate) async fn patch_trace(client: &Client, home: &Home, changes: &Value) {
        let mut body = json!({"log_stream_id": home.stream, "trace_id": TRACE, "tags": [], "reliable": true});
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        client.must(200, "PATCH", &home.path(&format!("traces/{TRACE}")), &body).await;
    }
}

pub(super) mod pandaprobe {
    use super::*;

    pub(crate) fn trace() -> Value {
        json!({"trace_id": TRACE, "name": "trip", "status": "COMPLETED", "input": "Oslo?", "output": "3 degrees",
            "started_at": "2026-11-21T01:12:45.378+00:00", "ended_at": "2026-11-21T01:12:47.378+00:00"})
    }

    /// A trace that has only begun.
    pub(crate) fn open_trace() -> Value {
        json!({"trace_id": TRACE, "name": "trip", "status": "RUNNING", "input": "Oslo?",
            "started_at": "2026-11-21T01:12:45.378+00:00"})
    }

    pub(crate) fn outer() -> Value {
        json!({"span_id": OUTER, "name": "outer", "kind": "CHAIN", "status": "UNSET", "input": "Oslo?", "output": "done",
            "started_at": "2026-11-21T01:12:45.379+00:00", "ended_at": "2026-11-21T01:12:47.300+00:00"})
    }

    pub(crate) fn lookup() -> Value {
        json!({"span_id": LOOKUP, "parent_span_id": OUTER, "name": "lookup", "kind": "TOOL", "status": "UNSET",
            "input": {"city": "Oslo"}, "output": "3", "started_at": "2026-11-21T01:12:45.400+00:00",
            "ended_at": "2026-11-21T01:12:46.400+00:00"})
    }

    pub(crate) async fn send_trace(client: &Client, trace: &Value) {
        client.must(202, "POST", "/traces", trace).await;
    }

    pub(crate) async fn send_spans(client: &Client, spans: &[Value]) {
        client.must(201, "POST", &format!("/traces/{TRACE}/spans"), &json!(spans)).await;
    }

    pub(crate) async fn patch_trace(client: &Client, body: &Value) {
        client.must(200, "PATCH", &format!("/traces/{TRACE}"), body).await;
    }

    pub(crate) async fn patch_span(client: &Client, id: &str, body: &Value) {
        client.must(200, "PATCH", &format!("/traces/{TRACE}/spans/{id}"), body).await;
    }

    pub(crate) async fn score(client: &Client, name: &str, value: &str) {
        let score = json!({"trace_id": TRACE, "name": name, "value": value, "data_type": "NUMERIC",
            "source": "PROGRAMMATIC"});
        client.must(201, "POST", "/evaluations/trace-scores", &score).await;
    }
}
