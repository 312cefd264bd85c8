//! PandaProbe's scores, by `wire/pandaprobe.md` §10.

use serde_json::{Value, json};

use super::{
    pandaprobe::{P, TRACE, post, shown, trace},
    site::{Answer, Site},
};

const PATH: &str = "/pandaprobe/evaluations/trace-scores";

async fn score(site: &Site, extra: Value) -> Answer {
    let mut body = json!({"trace_id": TRACE, "name": "good", "value": "0.5"});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    site.send("POST", PATH, &P, body).await
}

#[tokio::test]
async fn an_unknown_trace_is_a_crash() {
    let site = Site::open().await;
    assert_eq!(score(&site, json!({})).await, (500, json!("Internal Server Error")));
}

#[tokio::test]
async fn every_post_is_a_row_and_the_latest_is_shown() {
    let site = Site::open().await;
    post(&site, trace(json!({}))).await;
    shown(&site, |_| true).await;
    let (status, row) = score(&site, json!({"source": "PROGRAMMATIC"})).await;
    assert_eq!((status, row["data_type"].as_str(), row["status"].as_str()), (201, Some("NUMERIC"), Some("SUCCESS")));
    assert_eq!(score(&site, json!({"value": "1"})).await.0, 201);
    let (_, latest) = site.raw("GET", &format!("{PATH}/{TRACE}"), &P, Vec::new()).await.unwrap();
    assert_eq!((latest.as_array().unwrap().len(), latest[0]["value"].as_str()), (1, Some("1")));
    let (_, all) = site.raw("GET", PATH, &P, Vec::new()).await.unwrap();
    assert_eq!((all["total"].as_u64(), all["items"][1]["value"].as_str()), (Some(2), Some("0.5")));
    assert_eq!(site.get("/_sandbox/pandaprobe/scores").await.1.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn values_are_texts_of_their_type() {
    let site = Site::open().await;
    post(&site, trace(json!({}))).await;
    shown(&site, |_| true).await;
    let message = "Value error, NUMERIC score must be in [0.0, 1.0]";
    let refused = json!({"detail": "Validation error", "errors": [{"field": "", "message": message}]});
    for bad in ["1.01", "nan", "inf", "abc", "4.5", "-0.1"] {
        assert_eq!(score(&site, json!({"value": bad})).await, (422, refused.clone()), "{bad}");
    }
    for good in [" 0.5 ", "5e-1", "0_1", "1e-400", "0"] {
        assert_eq!(score(&site, json!({"value": good})).await.1["value"], *good, "{good}");
    }
    assert_eq!(score(&site, json!({"value": 0.5})).await.0, 422);
    assert_eq!(score(&site, json!({"value": "TRUE", "data_type": "BOOLEAN"})).await.0, 201);
    assert_eq!(score(&site, json!({"value": "yes", "data_type": "BOOLEAN"})).await.0, 422);
    assert_eq!(score(&site, json!({"value": "red", "data_type": "CATEGORICAL"})).await.0, 201);
    assert_eq!(score(&site, json!({"value": "x".repeat(256), "data_type": "CATEGORICAL"})).await.0, 500);
}
