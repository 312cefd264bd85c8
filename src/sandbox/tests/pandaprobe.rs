//! PandaProbe's queue, upserts and scopes, by `wire/pandaprobe.md` §2, §5, §12, §13.

use serde_json::{Value, json};

use super::site::{Answer, Site, eventually};
use crate::sandbox::{Options, Settings};

pub(super) const P: [(&str, &str); 2] = [("x-api-key", "sk_pp_1"), ("x-project-name", "P")];
const Q: [(&str, &str); 2] = [("x-api-key", "sk_pp_1"), ("x-project-name", "Q")];
pub(super) const TRACE: &str = "11111111-1111-4111-8111-111111111111";
const OTHER: &str = "33333333-3333-4333-8333-333333333333";
const SPAN: &str = "22222222-2222-4222-8222-222222222222";

pub(super) fn trace(extra: Value) -> Value {
    let mut row = json!({"trace_id": TRACE, "name": "n", "started_at": "2026-01-01T00:00:00Z"});
    row.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    row
}

fn span(extra: Value) -> Value {
    let mut row = json!({"span_id": SPAN, "name": "s", "started_at": "2026-01-01T00:00:00Z"});
    row.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    row
}

pub(super) async fn post(site: &Site, body: Value) -> Answer {
    site.send("POST", "/pandaprobe/traces", &P, body).await
}

pub(super) async fn get(site: &Site) -> Answer {
    site.raw("GET", &format!("/pandaprobe/traces/{TRACE}"), &P, Vec::new()).await.unwrap()
}

pub(super) async fn shown(site: &Site, want: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/pandaprobe/traces/{TRACE}");
    eventually(site, &path, &P, |answer| answer.0 == 200 && want(&answer.1)).await.1
}

async fn patient() -> Site {
    let settings = Settings { worker_down: true, ..Settings::default() };
    Site::with(Options { state: None, settings }).await
}

#[tokio::test]
async fn a_trace_is_seen_only_once_the_worker_ran() {
    let site = patient().await;
    let (status, body) = post(&site, trace(json!({}))).await;
    assert_eq!((status, body["trace_id"].as_str()), (202, Some(TRACE)));
    assert!(body["task_id"].is_string());
    let missing = (404, json!({"detail": format!("Trace {TRACE} not found.")}));
    assert_eq!(get(&site).await, missing);
    let path = format!("/pandaprobe/traces/{TRACE}/spans");
    assert_eq!(site.send("POST", &path, &P, json!([span(json!({}))])).await, missing);
    site.post("/_sandbox/pandaprobe/settings", json!({"worker_down": false})).await;
    shown(&site, |row| row["status"] == "COMPLETED").await;
    let answer = site.send("POST", &path, &P, json!([span(json!({}))])).await;
    assert_eq!(answer, (201, json!({"span_ids": [SPAN]})));
}

#[tokio::test]
async fn several_workers_store_out_of_order() {
    let settings = Settings {
        worker_down: true,
        reorder: true,
        rate_limit_per_minute: None,
        queue_delay_ms: 1,
        ..Settings::default()
    };
    let site = Site::with(Options { state: None, settings }).await;
    // The first one stored fixes the parent, the last one the input: of 200 in random order both
    // are where they were sent once in 40,000 runs.
    for number in 0..200 {
        let parent = uuid::Uuid::from_u128(number);
        let spans = json!([span(json!({"parent_span_id": parent}))]);
        post(&site, trace(json!({"input": number, "spans": spans, "tags": [number.to_string()]}))).await;
    }
    site.post("/_sandbox/pandaprobe/settings", json!({"worker_down": false})).await;
    let row = shown(&site, |row| row["tags"].as_array().unwrap().len() == 200).await;
    let parent = row["spans"][0]["parent_span_id"].as_str().unwrap();
    assert_ne!((row["input"].as_u64(), parent), (Some(199), "00000000-0000-0000-0000-000000000000"));
}

#[tokio::test]
async fn a_second_post_nulls_keeps_and_merges() {
    let site = Site::open().await;
    post(
        &site,
        trace(json!({
            "input": 1, "output": 2, "status": "RUNNING", "session_id": "S", "tags": ["b", "a"],
            "metadata": {"x": {"y": 1}, "k": 1}, "ended_at": "2026-01-01T00:00:01.5Z",
            "spans": [span(json!({"kind": "LLM", "cost": {"total": 1}, "model": "m", "parent_span_id": OTHER}))],
        })),
    )
    .await;
    let row = shown(&site, |_| true).await;
    assert_eq!(row["tags"], json!(["b", "a"]));
    post(
        &site,
        trace(json!({
            "input": 3, "tags": ["c"], "metadata": {"x": null}, "session_id": null,
            "spans": [span(json!({"parent_span_id": SPAN}))],
        })),
    )
    .await;
    let row = shown(&site, |row| row["input"] == 3).await;
    assert_eq!((&row["output"], row["status"].as_str()), (&Value::Null, Some("COMPLETED")));
    assert_eq!(
        (row["session_id"].as_str(), row["ended_at"].as_str()),
        (Some("S"), Some("2026-01-01T00:00:01.500000+00:00"))
    );
    assert_eq!(row["tags"], json!(["a", "b", "c"]));
    assert_eq!(row["metadata"], json!({"x": null, "k": 1}));
    let span = &row["spans"][0];
    assert_eq!((span["kind"].as_str(), &span["cost"]), (Some("OTHER"), &Value::Null));
    assert_eq!((span["model"].as_str(), span["parent_span_id"].as_str()), (Some("m"), Some(OTHER)));
}

#[tokio::test]
async fn ids_are_global_and_the_first_project_keeps_them() {
    let site = Site::open().await;
    post(&site, trace(json!({"spans": [span(json!({}))]}))).await;
    shown(&site, |_| true).await;
    let path = format!("/pandaprobe/traces/{TRACE}");
    assert_eq!(site.raw("GET", &path, &Q, Vec::new()).await.unwrap().0, 404);
    let taken = trace(json!({"name": "taken"}));
    assert_eq!(site.send("POST", "/pandaprobe/traces", &Q, taken).await.0, 202);
    shown(&site, |row| row["name"] == "taken").await;
    assert_eq!(site.raw("GET", &path, &Q, Vec::new()).await.unwrap().0, 404);
    let thief = trace(json!({"trace_id": OTHER, "spans": [span(json!({"name": "moved?"}))]}));
    post(&site, thief).await;
    let row = shown(&site, |row| row["spans"][0]["name"] == "moved?").await;
    assert_eq!(row["spans"][0]["trace_id"], TRACE);
    let (_, other) = site.raw("GET", &format!("/pandaprobe/traces/{OTHER}"), &P, Vec::new()).await.unwrap();
    assert_eq!(other["spans"], json!([]));
}

#[tokio::test]
async fn patch_clears_merges_and_replaces() {
    let site = Site::open().await;
    post(&site, trace(json!({"user_id": "u", "tags": ["a"], "metadata": {"k": 1}}))).await;
    shown(&site, |_| true).await;
    let update = json!({
        "name": null, "user_id": null, "tags": ["z"], "metadata": {"l": 2},
        "started_at": "2027-01-01T00:00:00Z",
    });
    let path = format!("/pandaprobe/traces/{TRACE}");
    let (status, row) = site.send("PATCH", &path, &P, update).await;
    assert_eq!(status, 200);
    assert_eq!((row["name"].as_str(), &row["user_id"]), (Some("n"), &Value::Null));
    assert_eq!((&row["tags"], &row["metadata"]), (&json!(["z"]), &json!({"k": 1, "l": 2})));
    assert_eq!(row["started_at"], "2026-01-01T00:00:00+00:00");
    let crash = site.send("PATCH", &path, &P, json!({"name": ""})).await;
    assert_eq!(crash, (500, json!("Internal Server Error")));
}

#[tokio::test]
async fn deleting_happens_once() {
    let site = Site::open().await;
    post(&site, trace(json!({}))).await;
    shown(&site, |_| true).await;
    let path = format!("/pandaprobe/traces/{TRACE}");
    assert_eq!(site.raw("DELETE", &path, &P, Vec::new()).await.unwrap().0, 204);
    assert_eq!(site.raw("DELETE", &path, &P, Vec::new()).await.unwrap().0, 404);
}

#[tokio::test]
async fn keys_and_project_names() {
    let site = Site::open().await;
    let path = "/pandaprobe/traces";
    let none = site.send("POST", path, &[("x-project-name", "P")], trace(json!({}))).await;
    assert_eq!(none.0, 401);
    let bearer = [("authorization", "Bearer sk_pp_1"), ("x-project-name", "P")];
    assert_eq!(site.send("POST", path, &bearer, trace(json!({}))).await.0, 401);
    let unscoped = site.send("POST", path, &[("x-api-key", "k")], trace(json!({}))).await;
    let text = "Project scope required. Provide X-Project-ID (Bearer) or X-Project-Name (API key).";
    assert_eq!(unscoped, (422, json!({"detail": text})));
    for name in ["a/b", "-a", "a:b", "a_"] {
        let headers = [("x-api-key", "k"), ("x-project-name", name)];
        let (status, body) = site.send("POST", path, &headers, trace(json!({}))).await;
        assert_eq!(status, 422, "{name}");
        assert!(body["detail"].as_str().unwrap().starts_with("X-Project-Name must start and end"));
    }
}

#[tokio::test]
async fn the_limit_counts_accepted_posts_of_a_credential() {
    let settings = Settings { rate_limit_per_minute: Some(2), ..Settings::default() };
    let site = Site::with(Options { state: None, settings }).await;
    assert_eq!(post(&site, json!({})).await.0, 422);
    let mut statuses = Vec::new();
    // Five in a row reach the limit even when the minute turns between them.
    for _ in 0..5 {
        statuses.push(post(&site, trace(json!({}))).await);
    }
    let limited = (429, json!({"error": "Rate limit exceeded: 2 per 1 minute"}));
    assert!(statuses.contains(&limited));
    assert_eq!(statuses[0].0, 202);
    let other = [("x-api-key", "sk_pp_2"), ("x-project-name", "P")];
    assert_eq!(site.send("POST", "/pandaprobe/traces", &other, trace(json!({}))).await.0, 202);
}

#[tokio::test]
async fn a_session_groups_by_name() {
    let site = Site::open().await;
    post(&site, trace(json!({"session_id": "S 1", "user_id": "u"}))).await;
    shown(&site, |_| true).await;
    let (status, body) = site.raw("GET", "/pandaprobe/sessions/S%201", &P, Vec::new()).await.unwrap();
    assert_eq!((status, body["trace_count"].as_u64(), body["user_id"].as_str()), (200, Some(1), Some("u")));
    assert_eq!(body["traces"][0]["trace_id"], TRACE);
    let missing = site.raw("GET", "/pandaprobe/sessions/x", &P, Vec::new()).await.unwrap();
    assert_eq!(missing, (404, json!({"detail": "Session 'x' not found."})));
}
