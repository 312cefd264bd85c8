//! PandaProbe's schemas and the values that hurt, by `wire/pandaprobe.md` §4.1, §8, §9, §12.

use serde_json::{Value, json};

use super::{
    pandaprobe::{P, TRACE, get, post, shown, trace},
    site::{Site, eventually},
};

fn with_span(extra: Value) -> Value {
    let mut span = json!({"name": "s", "started_at": 0});
    span.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    trace(json!({"spans": [span]}))
}

/// Posts a body as it stands, then a sound trace, and waits for the sound one.
async fn lost(site: &Site, body: &str) {
    let headers = [P[0], P[1], ("content-type", "application/json")];
    let answer = site.raw("POST", "/pandaprobe/traces", &headers, body.as_bytes().to_vec()).await.unwrap();
    assert_eq!(answer.0, 202, "{body}");
    let (_, next) = post(site, json!({"name": "next", "started_at": 0})).await;
    let path = format!("/pandaprobe/traces/{}", next["trace_id"].as_str().unwrap());
    eventually(site, &path, &P, |answer| answer.0 == 200).await;
    assert_eq!(get(site).await.0, 404, "{body}");
}

#[tokio::test]
async fn faults_are_named_by_their_field() {
    let site = Site::open().await;
    for (body, field, message) in [
        (json!({"started_at": 0}), "name", "Field required"),
        (trace(json!({"name": ""})), "name", "String should have at least 1 character"),
        (
            trace(json!({"trace_id": "0123456789abcdef"})),
            "trace_id",
            "Input should be a valid UUID, invalid length: expected length 32 for simple format, found 16",
        ),
        (trace(json!({"status": "OK"})), "status", "Input should be 'PENDING', 'RUNNING', 'COMPLETED' or 'ERROR'"),
        (trace(json!({"metadata": null})), "metadata", "Input should be a valid dictionary"),
        (
            with_span(json!({"kind": "llm"})),
            "spans -> 0 -> kind",
            "Input should be 'AGENT', 'TOOL', 'LLM', 'RETRIEVER', 'CHAIN', 'EMBEDDING' or 'OTHER'",
        ),
        (with_span(json!({"cost": {"total": null}})), "spans -> 0 -> cost -> total", "Input should be a valid number"),
    ] {
        let expected = json!({"detail": "Validation error", "errors": [{"field": field, "message": message}]});
        assert_eq!(post(&site, body).await, (422, expected));
    }
}

#[tokio::test]
async fn bodies_are_plain_json() {
    let site = Site::open().await;
    let zipped = [P[0], P[1], ("content-type", "application/json"), ("content-encoding", "gzip")];
    let answer = site.raw("POST", "/pandaprobe/traces", &zipped, b"x".to_vec()).await.unwrap();
    assert_eq!(answer, (400, json!({"detail": "There was an error parsing the body"})));
    let untyped = site.raw("POST", "/pandaprobe/traces", &P, trace(json!({})).to_string().into_bytes()).await.unwrap();
    assert_eq!(untyped.0, 422);
    let typed = [P[0], P[1], ("content-type", "application/json")];
    let broken = site.raw("POST", "/pandaprobe/traces", &typed, b"{\"a\":}".to_vec()).await.unwrap();
    let errors = json!([{"field": "5", "message": "JSON decode error"}]);
    assert_eq!(broken, (422, json!({"detail": "Validation error", "errors": errors})));
}

#[tokio::test]
async fn times_and_ids_are_normalised() {
    let site = Site::open().await;
    post(
        &site,
        trace(json!({
            "trace_id": "11111111111141118111111111111111", "started_at": "2026-01-01 02:00:00.123456789+02:00",
            "ended_at": 1_767_225_600, "input": {"bb": 1, "a": -0.0},
        })),
    )
    .await;
    let row = shown(&site, |_| true).await;
    assert_eq!(row["trace_id"], TRACE);
    assert_eq!(row["started_at"], "2026-01-01T00:00:00.123456+00:00");
    assert_eq!(row["ended_at"], "2026-01-01T00:00:00+00:00");
    assert_eq!(row["input"].to_string(), r#"{"a":0.0,"bb":1}"#);
}

#[tokio::test]
async fn what_postgres_cannot_store_is_lost_after_the_202() {
    let site = Site::open().await;
    let head = format!(r#""trace_id":"{TRACE}","name":"n","started_at":0"#);
    lost(&site, &format!(r#"{{{head},"input":"a\u0000b"}}"#)).await;
    lost(&site, &format!(r#"{{{head},"input":"\ud800"}}"#)).await;
    lost(&site, &format!(r#"{{{head},"metadata":{{"a\u0000":1}}}}"#)).await;
    lost(&site, &format!(r#"{{{head},"spans":[{{"name":"s","started_at":0,"cost":{{"total":NaN}}}}]}}"#)).await;
}

#[tokio::test]
async fn what_nests_deeper_than_255_cannot_be_written() {
    let site = Site::open().await;
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let body =
        |levels: usize| format!(r#"{{"trace_id":"{TRACE}","name":"n","started_at":0,"input":{}}}"#, nested(levels));
    let headers = [P[0], P[1], ("content-type", "application/json")];
    let sent = async |path: &str, body: String| site.raw("POST", path, &headers, body.into_bytes()).await.unwrap();
    let crash = (500, json!("Internal Server Error"));
    assert_eq!(sent("/pandaprobe/traces", body(256)).await, crash);
    let unparsed = (400, json!({"detail": "There was an error parsing the body"}));
    assert_eq!(sent("/pandaprobe/traces", body(100_000)).await, unparsed);
    assert_eq!(sent("/pandaprobe/traces", body(255)).await.0, 202);
    let path = format!("/pandaprobe/traces/{TRACE}");
    let shown = eventually(&site, &path, &P, |answer| answer.0 == 200).await;
    // Too deep for the tree that this test would read it into.
    assert!(shown.1.as_str().unwrap().contains(&format!(r#""input":{},"#, nested(255))));
    let span = format!(r#"[{{"name":"s","started_at":0,"output":{}}}]"#, nested(256));
    assert_eq!(sent(&format!("{path}/spans"), span).await.0, 201);
    assert_eq!(site.raw("GET", &path, &P, Vec::new()).await.unwrap(), crash);
}

#[tokio::test]
async fn numbers_that_are_none_become_null() {
    let site = Site::open().await;
    let body = format!(
        r#"{{"trace_id":"{TRACE}","name":"n","started_at":0,"input":[NaN,-Infinity,1e999,"NaN \ud83d\ude00"]}}"#
    );
    let headers = [P[0], P[1], ("content-type", "application/json")];
    site.raw("POST", "/pandaprobe/traces", &headers, body.into_bytes()).await.unwrap();
    let row = shown(&site, |_| true).await;
    assert_eq!(row["input"], json!([null, null, null, "NaN 😀"]));
}

#[tokio::test]
async fn a_lone_surrogate_in_a_name_is_refused() {
    let site = Site::open().await;
    let headers = [P[0], P[1], ("content-type", "application/json")];
    let body = br#"{"name":"\udc00","started_at":0}"#.to_vec();
    assert_eq!(site.raw("POST", "/pandaprobe/traces", &headers, body).await.unwrap().0, 422);
}

#[tokio::test]
async fn counts_beyond_an_int4_break_every_read_of_the_project() {
    for bad in [json!(10.0), json!(true), json!({}), json!("x"), json!(2_147_483_648_i64)] {
        let site = Site::open().await;
        post(&site, with_span(json!({"token_usage": {"prompt_tokens": bad}}))).await;
        let path = format!("/pandaprobe/traces/{TRACE}");
        let crash = (500, json!("Internal Server Error"));
        eventually(&site, &path, &P, |answer| *answer == crash).await;
        assert_eq!(site.raw("GET", "/pandaprobe/traces", &P, Vec::new()).await.unwrap(), crash);
        assert_eq!(site.raw("DELETE", &path, &P, Vec::new()).await.unwrap().0, 204);
        assert_eq!(site.raw("GET", "/pandaprobe/traces", &P, Vec::new()).await.unwrap().0, 200);
    }
}

#[tokio::test]
async fn totals_read_two_counts_and_one_cost() {
    let site = Site::open().await;
    post(
        &site,
        with_span(json!({
            "token_usage": {"prompt_tokens": "3", "completion_tokens": 4, "total_tokens": 99},
            "cost": {"total": "0.5", "input": true},
        })),
    )
    .await;
    let row = shown(&site, |_| true).await;
    assert_eq!((&row["total_tokens"], &row["total_cost"]), (&json!(7), &json!(0.5)));
    assert_eq!(row["spans"][0]["cost"], json!({"input": 1.0, "total": 0.5}));
}
