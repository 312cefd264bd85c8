//! What a test may look at and turn: requests, faults, settings, forgetting.

use std::time::{Duration, Instant};

use serde_json::json;

use super::site::Site;

const PING: &str = "/opik/is-alive/ping";

#[tokio::test]
async fn instances_are_apart_and_named_after_vendors() {
    let site = Site::open().await;
    let row = json!({"traces": [{"id": "0199a3f0-0000-7000-8000-000000000001", "start_time": "2026-01-01T00:00:00Z"}]});
    assert_eq!(site.post("/opik-2/v1/private/traces/batch", row).await.0, 204);
    assert_eq!(site.get("/_sandbox/opik/traces").await.1, json!([]));
    assert_eq!(site.get("/_sandbox/opik-2/traces").await.1.as_array().unwrap().len(), 1);
    assert_eq!(site.get("/opik2/is-alive/ping").await.0, 404);
    assert_eq!(site.get("/_sandbox/opik-/traces").await.0, 404);
    let (_, health) = site.get("/_sandbox/health").await;
    assert_eq!(health, json!({"status": "ok", "instances": ["opik", "opik-2"]}));
}

#[tokio::test]
async fn requests_are_remembered() {
    let site = Site::open().await;
    site.get("/opik/is-alive/ping?x=1").await;
    site.post("/galileo/login/api_key", json!({"api_key": "k"})).await;
    let (_, all) = site.get("/_sandbox/requests").await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    let (_, one) = site.get("/_sandbox/requests?name=galileo").await;
    assert_eq!(
        one,
        json!([{
            "name": "galileo", "method": "POST", "path": "/login/api_key", "query": null,
            "status": 200, "body": {"api_key": "k"},
        }])
    );
}

#[tokio::test]
async fn a_fault_answers_in_the_vendors_words_and_is_used_up() {
    let site = Site::open().await;
    let fault =
        json!({"status": 429, "count": 1, "retry_after": 2, "rate_limit_reset": 3, "path": "ping", "method": "get"});
    assert_eq!(site.post("/_sandbox/opik/faults", fault).await.0, 204);
    assert_eq!(site.get("/opik/is-alive/ver").await.0, 200);
    let answer = site.response("GET", PING).await;
    assert_eq!(answer.status().as_u16(), 429);
    assert_eq!(answer.headers()["retry-after"], "2");
    assert_eq!(answer.headers()["ratelimit-reset"], "3");
    let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(body["code"], 429);
    assert_eq!(site.get(PING).await.0, 200);
}

#[tokio::test]
async fn a_dropped_request_gets_no_answer_but_may_take_effect() {
    let site = Site::open().await;
    site.post("/_sandbox/opik/faults", json!({"drop": true, "after": true, "path": "batch"})).await;
    let row = json!({"traces": [{"id": "0199a3f0-0000-7000-8000-000000000001", "start_time": "2026-01-01T00:00:00Z"}]});
    let headers = [("content-type", "application/json")];
    let sent = site.raw("POST", "/opik/v1/private/traces/batch", &headers, row.to_string().into_bytes()).await;
    assert!(sent.is_err());
    assert_eq!(site.get("/_sandbox/opik/traces").await.1.as_array().unwrap().len(), 1);
    assert_eq!(site.get("/_sandbox/requests?name=opik").await.1[0]["status"], 0);
}

#[tokio::test]
async fn a_delay_only_delays() {
    let site = Site::open().await;
    site.post("/_sandbox/opik/faults", json!({"delay_ms": 80, "skip": 1})).await;
    assert_eq!(site.get(PING).await.0, 200);
    let asked = Instant::now();
    assert_eq!(site.get(PING).await.0, 200);
    assert!(asked.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn settings_change_one_by_one() {
    let site = Site::open().await;
    let (status, after) =
        site.post("/_sandbox/pandaprobe/settings", json!({"reorder": true, "rate_limit_per_minute": null})).await;
    assert_eq!(status, 200);
    assert_eq!(
        after,
        json!({
            "rate_limit_per_minute": null, "queue_delay_ms": 50, "reorder": true, "worker_down": false,
            "id_window_hours": null, "refuse_after_completion": true, "items_per_window": null, "window_seconds": 60,
        })
    );
    assert_eq!(site.post("/_sandbox/pandaprobe/settings", json!({"speed": 1})).await.0, 400);
    assert_eq!(site.get("/_sandbox/pandaprobe/settings").await.1, after);
}

#[tokio::test]
async fn everything_can_be_forgotten() {
    let site = Site::open().await;
    site.post("/_sandbox/opik/faults", json!({"status": 503, "count": 9})).await;
    assert_eq!(site.get(PING).await.0, 503);
    assert_eq!(site.send("DELETE", "/_sandbox", &[], json!(null)).await.0, 204);
    assert_eq!(site.get("/_sandbox/requests").await.1, json!([]));
    assert_eq!(site.get(PING).await.0, 200);
}
