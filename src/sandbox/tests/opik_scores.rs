//! Opik's feedback scores, by `wire/opik.md` §4.6.

use serde_json::{Value, json};

use super::site::Site;

const TRACE: &str = "0199a3f0-0000-7000-8000-000000000001";
const PATH: &str = "/opik/v1/private/traces/feedback-scores";

fn score(value: Value) -> Value {
    json!({"scores": [{"id": TRACE, "project_name": "P", "name": "good", "value": value, "source": "sdk"}]})
}

#[tokio::test]
async fn a_repeat_overwrites_and_the_trace_may_come_later() {
    let site = Site::open().await;
    assert_eq!(site.send("PUT", PATH, &[], score(json!(0.5))).await, (204, json!("")));
    assert_eq!(site.send("PUT", PATH, &[], score(json!(0.75))).await.0, 204);
    let row = json!({"id": TRACE, "project_name": "P", "start_time": "2026-01-01T00:00:00Z"});
    site.post("/opik/v1/private/traces", row).await;
    let (_, row) = site.get(&format!("/opik/v1/private/traces/{TRACE}")).await;
    assert_eq!(row["feedback_scores"].as_array().unwrap().len(), 1);
    assert_eq!(row["feedback_scores"][0]["value"], 0.75);
    let (_, shown) = site.get("/_sandbox/opik/scores").await;
    assert_eq!((shown[0]["entity_id"].as_str(), shown[0]["entity_type"].as_str()), (Some(TRACE), Some("trace")));
}

#[tokio::test]
async fn scores_can_be_taken_back() {
    let site = Site::open().await;
    site.send("PUT", PATH, &[], score(json!(1))).await;
    let path = format!("/opik/v1/private/traces/{TRACE}/feedback-scores/delete");
    assert_eq!(site.post(&path, json!({"name": "good"})).await.0, 204);
    assert_eq!(site.get("/_sandbox/opik/scores").await.1, json!([]));
}

#[tokio::test]
async fn what_a_score_needs() {
    let site = Site::open().await;
    let body = json!({"scores": [{"id": TRACE, "name": " ", "value": null}]});
    let (status, answer) = site.send("PUT", PATH, &[], body).await;
    assert_eq!(status, 422);
    assert_eq!(
        answer,
        json!({"errors": [
            "scores[0].name must not be blank",
            "scores[0].source must not be null",
            "scores[0].value must not be null",
        ]})
    );
    let path = format!("/opik/v1/private/traces/{TRACE}/feedback-scores");
    let body = json!({"name": "good", "value": 1, "source": "sdk"});
    let text = format!("Trace id: {TRACE} not found");
    assert_eq!(site.send("PUT", &path, &[], body).await, (404, json!({"code": 404, "message": text})));
}

#[tokio::test]
async fn threads_take_scores_by_their_text() {
    let site = Site::open().await;
    let path = "/opik/v1/private/traces/threads/feedback-scores";
    let body =
        json!({"scores": [{"thread_id": "T 1", "project_name": "P", "name": "good", "value": 1, "source": "sdk"}]});
    assert_eq!(site.send("PUT", path, &[], body).await.0, 204);
    let (_, shown) = site.get("/_sandbox/opik/scores").await;
    assert_eq!((shown[0]["entity_id"].as_str(), shown[0]["entity_type"].as_str()), (Some("T 1"), Some("thread")));
}
