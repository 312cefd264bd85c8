//! Galileo's log streams: which one a trace is in, as its client and as its destination see it.

use serde_json::Value;
use serde_json::json;

use crate::support::Client;
use crate::support::Setup;
use crate::support::Site;

const TRACE: &str = "4b1c0f5d-2a6a-4b7f-9c3e-8f00aa112233";
const SPAN: &str = "b8f85067-3a9a-4422-85e7-7d871d157dcc";
const FOREIGN: &str = "9b9b14b3-7c55-4a11-8a4e-0d8f3c1b2a90";

fn trace(home: (&str, &str)) -> Value {
    let span = json!({"type": "tool", "id": SPAN, "name": "step", "input": "q", "output": "a",
        "created_at": "2026-11-21T01:12:45Z", "metrics": {"duration_ns": 5}});
    json!({home.0: home.1, "is_complete": true, "traces": [{"type": "trace", "id": TRACE, "name": "trip",
        "input": "q", "output": "a", "created_at": "2026-11-21T01:12:45Z", "spans": [span]}]})
}

/// The log stream, or experiment, of the trace and of its span, as reads tell.
async fn runs(client: &Client, project: &str) -> [String; 2] {
    let mut runs = [String::new(), String::new()];
    for (run, subject) in runs.iter_mut().zip([format!("traces/{TRACE}"), format!("spans/{SPAN}")]) {
        let read = client.must(200, "GET", &format!("/v2/projects/{project}/{subject}"), &Value::Null).await;
        assert_eq!(read["project_id"], project);
        *run = read["run_id"].as_str().unwrap().to_owned();
    }
    runs
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_was_never_given_is_read_back_as_it_came() {
    let project = "5b0e94b9-4a5f-4d6f-8a29-6a2d0e2f6b11";
    for key in ["log_stream_id", "experiment_id"] {
        let site = Site::to(&["galileo"]).await;
        let client = site.client("checkout");
        let path = format!("/v2/projects/{project}/traces");
        let answer = client.must(200, "POST", &path, &trace((key, FOREIGN))).await;
        assert_eq!(answer[key], FOREIGN);
        assert_eq!(runs(&client, project).await, [FOREIGN, FOREIGN], "{key}");
        site.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_without_their_trace_are_in_the_log_stream_that_they_named() {
    let site = Site::to(&["galileo"]).await;
    let client = site.client("checkout");
    let path = format!("/v2/projects/{FOREIGN}/spans");
    let mut body = trace(("log_stream_id", FOREIGN));
    let spans = body["traces"][0]["spans"].take();
    let body = json!({"log_stream_id": FOREIGN, "trace_id": TRACE, "parent_id": TRACE, "spans": spans});
    client.must(200, "POST", &path, &body).await;
    assert_eq!(runs(&client, FOREIGN).await, [FOREIGN, FOREIGN]);
    site.close().await;
}

/// A log stream that was made by name keeps the id that it was given, even if its name looks like one.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_was_given_is_read_back_for_its_name() {
    for name in ["prod", FOREIGN] {
        let site = Site::to(&["galileo"]).await;
        let client = site.client("checkout");
        let project = client.galileo("web").await.project;
        let path = format!("/v2/projects/{project}/log_streams");
        let made = client.must(200, "POST", &path, &json!({"name": name})).await;
        let id = made["id"].as_str().unwrap();
        assert_ne!(id, name);
        client.must(200, "POST", &format!("/projects/{project}/traces"), &trace(("log_stream_id", id))).await;
        assert_eq!(runs(&client, &project).await, [id, id], "{name}");
        site.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_names_the_log_stream_that_all_goes_to() {
    let setup = Setup::new(&[("checkout", &["galileo", "galileo-2"])]);
    let site = setup.route("checkout", "galileo", "log_stream = \"prod\"").start().await;
    let client = site.client("checkout");
    let home = client.galileo("web").await;
    client.must(200, "POST", &home.path("traces"), &trace(("log_stream_id", &home.stream))).await;
    let row = json!({"id": "01a1fba9-b442-706a-888f-b0c0220b2677", "project_name": "web", "name": "other",
        "start_time": "2026-11-21T01:12:45.378Z", "end_time": "2026-11-21T01:12:47.378Z"});
    client.must(204, "POST", "/v1/private/traces/batch", &json!({"traces": [row]})).await;
    site.settled().await;
    for (vendor, wanted) in [("galileo", "prod"), ("galileo-2", "default")] {
        let traces = site.vendor(vendor).traces().await;
        assert_eq!(traces.len(), 2, "{vendor}");
        let project = traces[0]["project_id"].as_str().unwrap();
        let path = format!("/v2/projects/{project}/log_streams");
        let streams = site.past(vendor).must(200, "GET", &path, &Value::Null).await;
        let names: Vec<_> = streams.as_array().unwrap().iter().map(|stream| &stream["name"]).collect();
        assert_eq!(names, [wanted], "{vendor}");
        assert!(traces.iter().all(|trace| trace["run_id"] == streams[0]["id"]), "{vendor}: {traces:#?}");
    }
    assert_eq!(runs(&client, &home.project).await, [&*home.stream, &*home.stream]);
    site.close().await;
}
