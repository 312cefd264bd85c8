//! Opik's creates and reads, by `wire/opik.md` §4, §5, §6.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::site::Site;
use crate::sandbox::{Options, Settings};

const TRACE: &str = "0199a3f0-0000-7000-8000-000000000001";
const SPAN: &str = "0199a3f0-0000-7000-8000-000000000002";
const OTHER: &str = "0199a3f0-0000-7000-8000-000000000003";

fn with(mut row: Value, extra: &Value) -> Value {
    row.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    row
}

fn trace(extra: Value) -> Value {
    let row = json!({"id": TRACE, "project_name": "P", "start_time": "2026-01-01T00:00:00Z"});
    with(row, &extra)
}

fn span(extra: Value) -> Value {
    let row = json!({
        "id": SPAN, "trace_id": TRACE, "project_name": "P", "start_time": "2026-01-01T00:00:00Z",
    });
    with(row, &extra)
}

async fn batch(site: &Site, what: &str, row: Value) -> (u16, Value) {
    site.post(&format!("/opik/v1/private/{what}/batch"), json!({ what: [row] })).await
}

#[tokio::test]
async fn newest_row_wins_whole() {
    let site = Site::open().await;
    let newer = json!({"last_updated_at": "2026-01-01T00:00:02Z", "name": "end"});
    let older = json!({"last_updated_at": "2026-01-01T00:00:01Z", "name": "start", "input": {"a": 1}});
    assert_eq!(batch(&site, "traces", trace(newer)).await, (204, json!("")));
    assert_eq!(batch(&site, "traces", trace(older)).await.0, 204);
    let (status, row) = site.get(&format!("/opik/v1/private/traces/{TRACE}")).await;
    assert_eq!(status, 200);
    assert_eq!(row["name"], "end");
    assert_eq!(row.get("input"), None);
    assert_eq!(row["last_updated_at"], "2026-01-01T00:00:02Z");
}

#[tokio::test]
async fn missing_version_is_now_and_overwrites() {
    let site = Site::open().await;
    let done = json!({"last_updated_at": "2026-01-01T00:00:02Z", "output": "x"});
    batch(&site, "traces", trace(done)).await;
    batch(&site, "traces", trace(json!({"name": "retried"}))).await;
    let (_, row) = site.get(&format!("/opik/v1/private/traces/{TRACE}")).await;
    assert_eq!((row["name"].as_str(), row.get("output")), (Some("retried"), None));
}

#[tokio::test]
async fn another_project_or_parent_is_another_row() {
    let site = Site::open().await;
    batch(&site, "traces", trace(json!({}))).await;
    batch(&site, "traces", trace(json!({"project_name": "Q"}))).await;
    batch(&site, "spans", span(json!({}))).await;
    batch(&site, "spans", span(json!({"parent_span_id": OTHER}))).await;
    let (_, shown) = site.get("/_sandbox/opik/traces").await;
    let mut seen: Vec<(&str, usize)> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["project_name"].as_str().unwrap(), one["spans"].as_array().unwrap().len()))
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, [("P", 2), ("Q", 0)]);
}

#[tokio::test]
async fn ids_have_to_be_version_seven() {
    let site = Site::open().await;
    let four = "6f9619ff-8b86-4011-b42d-00c04fc964ff";
    let refused = |text: &str| (400, json!({"errors": [text]}));
    let row = trace(json!({"id": four}));
    assert_eq!(batch(&site, "traces", row).await, refused("Trace id must be a version 7 UUID"));
    let row = span(json!({"id": four}));
    assert_eq!(batch(&site, "spans", row).await, refused("Span id must be a version 7 UUID"));
    let row = span(json!({"trace_id": four}));
    assert_eq!(batch(&site, "spans", row).await, refused("trace id must be a version 7 UUID"));
    let row = span(json!({"parent_span_id": four}));
    assert_eq!(batch(&site, "spans", row).await, refused("parent span id must be a version 7 UUID"));
}

#[tokio::test]
async fn one_bad_row_refuses_the_batch() {
    let site = Site::open().await;
    let late = json!({"id": OTHER, "project_name": "P"});
    let body = json!({"traces": [trace(json!({})), late]});
    let answer = site.post("/opik/v1/private/traces/batch", body).await;
    assert_eq!(answer, (422, json!({"errors": ["traces[1].startTime must not be null"]})));
    assert_eq!(site.get("/_sandbox/opik/traces").await.1, json!([]));
}

#[tokio::test]
async fn unknown_enums_and_wrong_usage_are_unreadable() {
    let site = Site::open().await;
    for bad in [
        json!({"type": "agent"}),
        json!({"source": "otel"}),
        json!({"usage": {"prompt_tokens": 2_147_483_648_i64}}),
        json!({"usage": {"prompt_tokens": 1.5}}),
        json!({"usage": {"details": {"a": 1}}}),
        json!({"start_time": "2026-01-01T00:00:00"}),
    ] {
        let (status, body) = batch(&site, "spans", span(bad.clone())).await;
        assert_eq!(status, 400, "{bad}");
        assert!(body["message"].as_str().unwrap().starts_with("Unable to process JSON."), "{bad}");
    }
    assert_eq!(
        batch(&site, "spans", span(json!({"usage": {"prompt_tokens": 2_147_483_647}, "type": "llm"}))).await.0,
        204
    );
}

#[tokio::test]
async fn a_batch_holds_one_to_a_thousand() {
    let site = Site::open().await;
    let path = "/opik/v1/private/traces/batch";
    let refused = (422, json!({"errors": ["traces size must be between 1 and 1000"]}));
    assert_eq!(site.post(path, json!({"traces": []})).await, refused);
    let many = vec![trace(json!({})); 1001];
    assert_eq!(site.post(path, json!({"traces": many})).await, refused);
    let many = vec![trace(json!({})); 1000];
    assert_eq!(site.post(path, json!({"traces": many})).await.0, 204);
}

#[tokio::test]
async fn single_create_conflicts() {
    let site = Site::open().await;
    let path = "/opik/v1/private/traces";
    assert_eq!(site.post(path, trace(json!({}))).await.0, 201);
    let again = site.post(path, trace(json!({"name": "again"}))).await;
    assert_eq!(again, (409, json!({"errors": ["Trace already exists"]})));
    let elsewhere = site.post(path, trace(json!({"project_name": "Q"}))).await;
    let text = "Project name and workspace name do not match the existing trace";
    assert_eq!(elsewhere, (409, json!({"errors": [text]})));
    let path = "/opik/v1/private/spans";
    assert_eq!(site.post(path, span(json!({"name": "first"}))).await.0, 201);
    assert_eq!(site.post(path, span(json!({"name": "ignored"}))).await.0, 201);
    let (_, row) = site.get(&format!("{path}/{SPAN}")).await;
    assert_eq!(row["name"], "first");
}

#[tokio::test]
async fn gzip_bodies_are_read() {
    let site = Site::open().await;
    let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
    zip.write_all(json!({"traces": [trace(json!({"name": "z"}))]}).to_string().as_bytes()).unwrap();
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let path = "/opik/v1/private/traces/batch";
    let answer = site.raw("POST", path, &headers, zip.finish().unwrap()).await.unwrap();
    assert_eq!(answer.0, 204);
    assert_eq!(site.get("/_sandbox/opik/traces").await.1[0]["trace"]["name"], "z");
}

#[tokio::test]
async fn new_ids_keep_to_the_window() {
    let settings = Settings { id_window_hours: Some(24), ..Settings::default() };
    let site = Site::with(Options { state: None, settings }).await;
    let (status, body) = batch(&site, "traces", trace(json!({}))).await;
    assert_eq!((status, body["message"].as_str()), (400, Some("Invalid UUID for id")));
    assert!(body["details"].as_str().unwrap().contains("reason 'too_old'"));
    let now = jiff::Timestamp::now().as_millisecond();
    let now = uuid::Builder::from_unix_timestamp_millis(now.unsigned_abs(), &[7; 10]).into_uuid();
    assert_eq!(batch(&site, "traces", trace(json!({"id": now}))).await.0, 204);
}

#[tokio::test]
async fn a_trace_sums_its_spans() {
    let site = Site::open().await;
    batch(&site, "traces", trace(json!({"end_time": "2026-01-01T00:00:01.5Z", "metadata": {"k": 1}}))).await;
    let llm = json!({"type": "llm", "provider": "openai", "usage": {"prompt_tokens": 3}, "total_estimated_cost": 0.5});
    batch(&site, "spans", span(llm.clone())).await;
    batch(&site, "spans", span(with(llm, &json!({"id": OTHER})))).await;
    let (_, row) = site.get(&format!("/opik/v1/private/traces/{TRACE}")).await;
    assert_eq!(row["usage"], json!({"prompt_tokens": 6}));
    assert_eq!(row["total_estimated_cost"], 1.0);
    assert_eq!(row["duration"], 1500.0);
    assert_eq!(row["metadata"].to_string(), r#"{"providers":["openai"],"k":1}"#);
    let (_, page) = site.get(&format!("/opik/v1/private/spans?trace_id={TRACE}&project_name=p&size=1")).await;
    assert_eq!((page["total"].as_u64(), page["size"].as_u64()), (Some(2), Some(1)));
    assert_eq!(page["content"][0]["id"], OTHER);
}

#[tokio::test]
async fn deleting_a_trace_takes_its_spans() {
    let site = Site::open().await;
    batch(&site, "traces", trace(json!({}))).await;
    batch(&site, "spans", span(json!({}))).await;
    let answer = site.post("/opik/v1/private/traces/delete", json!({"ids": [TRACE]})).await;
    assert_eq!(answer.0, 204);
    assert_eq!(site.get("/_sandbox/opik/traces").await.1, json!([]));
}

#[tokio::test]
async fn spans_without_a_trace_stand_alone() {
    let site = Site::open().await;
    batch(&site, "spans", span(json!({}))).await;
    let (_, shown) = site.get("/_sandbox/opik/traces").await;
    assert_eq!(shown[0]["trace"], Value::Null);
    assert_eq!(shown[0]["trace_id"], TRACE);
    assert_eq!(shown[0]["spans"][0]["id"], SPAN);
}

#[tokio::test]
async fn the_base_may_end_in_api() {
    let site = Site::open().await;
    let (status, body) = site.get("/opik/api/is-alive/ping").await;
    assert_eq!((status, &body["healthy"]), (200, &json!(true)));
}
