//! What a script can put in the way of an answer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::site::{Site, eventually};

const PING: &str = "/opik/is-alive/ping";
const BATCH: &str = "/opik/v1/private/traces/batch";
const PONG: &str = r#"{"message":"Healthy Server","healthy":true}"#;

fn rows(input: &str) -> Value {
    let row =
        json!({"id": "0199a3f0-0000-7000-8000-000000000001", "start_time": "2026-01-01T00:00:00Z", "input": input});
    json!({"traces": [row]})
}

async fn fault(site: &Site, vendor: &str, fault: Value) {
    assert_eq!(site.post(&format!("/_sandbox/{vendor}/faults"), fault).await.0, 204);
}

async fn shown(site: &Site) -> usize {
    site.get("/_sandbox/opik/traces").await.1.as_array().unwrap().len()
}

#[tokio::test]
async fn a_part_of_the_body_chooses() {
    let site = Site::open().await;
    fault(&site, "opik", json!({"status": 400, "holds": "poison", "count": 0})).await;
    assert_eq!(site.post(BATCH, rows("poison")).await.0, 400);
    assert_eq!(site.post(BATCH, rows("water")).await.0, 204);
}

#[tokio::test]
async fn a_size_chooses() {
    let site = Site::open().await;
    fault(&site, "opik", json!({"status": 413, "larger_than": 1000, "count": 0})).await;
    assert_eq!(site.post(BATCH, rows(&"x".repeat(1000))).await.0, 413);
    assert_eq!(site.post(BATCH, rows(&"x".repeat(500))).await.0, 204);
}

#[tokio::test]
async fn a_key_chooses() {
    let site = Site::open().await;
    fault(&site, "opik", json!({"status": 401, "credential": "old", "count": 0})).await;
    assert_eq!(site.raw("GET", PING, &[("authorization", "old-key")], Vec::new()).await.unwrap().0, 401);
    assert_eq!(site.raw("GET", PING, &[("authorization", "new-key")], Vec::new()).await.unwrap().0, 200);
    fault(&site, "pandaprobe", json!({"status": 401, "credential": "sk_1", "count": 0})).await;
    assert_eq!(site.raw("GET", "/pandaprobe/health", &[("x-api-key", "sk_1")], Vec::new()).await.unwrap().0, 401);
}

#[tokio::test]
async fn a_page_of_a_proxy_stands_in_for_the_answer() {
    let site = Site::open().await;
    let page = "<html><body>Bad gateway</body></html>";
    fault(&site, "opik", json!({"status": 502, "body": page, "retry_after": "soon", "headers": {"via": "1.1 proxy"}}))
        .await;
    let answer = site.response("GET", PING).await;
    assert_eq!(answer.status().as_u16(), 502);
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(answer.headers()["retry-after"], "soon");
    assert_eq!(answer.headers()["via"], "1.1 proxy");
    assert_eq!(answer.text().await.unwrap(), page);
}

#[tokio::test]
async fn an_answer_of_its_own_may_follow_the_work() {
    let site = Site::open().await;
    let counts =
        json!({"status": 200, "body": "{\"traces_count\":0}", "content_type": "application/json", "after": true});
    fault(&site, "opik", counts).await;
    assert_eq!(site.post(BATCH, rows("water")).await, (200, json!({"traces_count": 0})));
    assert_eq!(shown(&site).await, 1);
}

#[tokio::test]
async fn no_answer_ever_comes_though_the_work_is_done() {
    let site = Site::open().await;
    fault(&site, "opik", json!({"hang": true, "after": true})).await;
    let sent = tokio::time::timeout(Duration::from_millis(200), site.post(BATCH, rows("water"))).await;
    assert!(sent.is_err(), "{sent:?}");
    assert_eq!(shown(&site).await, 1);
    site.close().await;
}

#[tokio::test]
async fn an_answer_drips() {
    let site = Site::open().await;
    fault(&site, "opik", json!({"drip_ms": 5})).await;
    let asked = Instant::now();
    let answer = site.response("GET", PING).await;
    assert_eq!(answer.headers()["content-length"], PONG.len().to_string().as_str());
    assert_eq!(answer.text().await.unwrap(), PONG);
    assert!(asked.elapsed() >= Duration::from_millis(5) * u32::try_from(PONG.len()).unwrap());
}

#[tokio::test]
async fn an_answer_is_far_too_long() {
    let site = Site::open().await;
    fault(&site, "opik", json!({"filler": 1_000_000})).await;
    let text = site.response("GET", PING).await.text().await.unwrap();
    assert_eq!(text.len(), PONG.len() + 1_000_000);
    assert_eq!(text.trim_end(), PONG);
}

#[tokio::test]
async fn an_answer_never_ends() {
    let site = Site::open().await;
    fault(&site, "opik", json!({"filler": u64::MAX / 2})).await;
    let mut answer = site.response("GET", PING).await;
    assert_eq!(answer.headers().get("content-length"), None);
    let mut read = 0;
    while read < 10_000_000 {
        read += answer.chunk().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn an_answer_breaks_off() {
    let site = Site::open().await;
    fault(&site, "opik", json!({"cut": 7})).await;
    let mut answer = site.response("GET", PING).await;
    assert_eq!(answer.status().as_u16(), 200);
    let mut read = Vec::new();
    let error = loop {
        match answer.chunk().await {
            Ok(piece) => read.extend(piece.expect("it does not end well")),
            Err(error) => break error,
        }
    };
    // A reset may overtake what was sent before it.
    assert!(PONG.as_bytes()[..7].starts_with(&read), "{read:?}");
    assert!(format!("{error:?}").contains("ConnectionReset"), "{error:?}");
}

#[tokio::test]
async fn items_are_counted_by_the_window() {
    let site = Site::open().await;
    site.post("/_sandbox/opik/settings", json!({"items_per_window": 3, "window_seconds": 1000})).await;
    let mut three = rows("water");
    let row = three["traces"][0].clone();
    three["traces"] = json!([row, row, row]);
    assert_eq!(site.post(BATCH, three).await.0, 204);
    assert_eq!(site.post(BATCH, rows("water")).await.0, 429);
    let limited = site.response("PUT", "/opik/v1/private/traces/feedback-scores").await;
    let seconds: u64 = limited.headers()["ratelimit-reset"].to_str().unwrap().parse().unwrap();
    assert!((1..=1000).contains(&seconds), "{seconds}");
    site.post("/_sandbox/opik/settings", json!({"items_per_window": null})).await;
    assert_eq!(site.post(BATCH, rows("water")).await.0, 204);
}

#[tokio::test]
async fn a_queue_is_lost() {
    let site = Site::open().await;
    site.post("/_sandbox/pandaprobe/settings", json!({"worker_down": true})).await;
    let keys = [("x-api-key", "sk_pp_1"), ("x-project-name", "P")];
    let id = |n: u8| format!("{n}1111111-1111-4111-8111-111111111111");
    for n in 1..=2 {
        let trace = json!({"trace_id": id(n), "name": "n", "started_at": "2026-01-01T00:00:00Z"});
        assert_eq!(site.send("POST", "/pandaprobe/traces", &keys, trace).await.0, 202);
    }
    assert_eq!(site.send("DELETE", "/_sandbox/pandaprobe/queue", &[], json!(null)).await, (200, json!({"lost": 2})));
    let third = json!({"trace_id": id(3), "name": "n", "started_at": "2026-01-01T00:00:00Z"});
    assert_eq!(site.send("POST", "/pandaprobe/traces", &keys, third).await.0, 202);
    site.post("/_sandbox/pandaprobe/settings", json!({"worker_down": false})).await;
    eventually(&site, &format!("/pandaprobe/traces/{}", id(3)), &keys, |answer| answer.0 == 200).await;
    assert_eq!(site.get("/_sandbox/pandaprobe/traces").await.1.as_array().unwrap().len(), 1);
    assert_eq!(site.send("DELETE", "/_sandbox/opik/queue", &[], json!(null)).await.0, 404);
}
