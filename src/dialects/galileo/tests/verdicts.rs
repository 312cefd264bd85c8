//! What answers mean: every status, and successes whose counts do not fit.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use serde_json::Value;
use serde_json::json;

use super::encode::foreign;
use super::encode::foreign_span;
use super::encode::outward;
use crate::canonical::Kind;
use crate::contract::Answer;
use crate::contract::Dialect;
use crate::contract::Request;
use crate::contract::Verdict;
use crate::contract::Write;
use crate::dialects::galileo::Galileo;

fn answer(status: u16, body: &Value) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: body.to_string().into() }
}

fn request(method: Method, path: &str, rows: usize) -> Request {
    Request { method, path: format!("/v2/projects/p{path}"), rows, ..Request::default() }
}

#[test]
fn every_status_has_its_meaning() {
    for status in 100..=999 {
        let (alone, several) = match status {
            200..=299 => ("delivered", "delivered"),
            400 | 413 | 422 => ("rejected", "split"),
            401..=403 => ("stop", "stop"),
            _ => ("retry", "retry"),
        };
        let judge = |rows| Galileo.verdict(&request(Method::POST, "/traces", rows), &answer(status, &json!({}))).word();
        assert_eq!((judge(1), judge(2)), (alone, several), "{status}");
    }
}

#[test]
fn a_refusal_quotes_the_vendor_in_each_of_its_shapes() {
    let judge = |status, body: Value| Galileo.verdict(&request(Method::POST, "/traces", 1), &answer(status, &body));
    let rejected = |why: &str| Verdict::Rejected(why.to_owned());
    assert_eq!(judge(422, json!({"detail": [{"msg": "m"}]})), rejected(r#"[{"msg":"m"}]"#));
    assert_eq!(judge(400, json!({"standard_error": {"message": "m"}})), rejected("m"));
    assert_eq!(judge(413, Value::Null), rejected("HTTP 413"));
    assert_eq!(judge(401, json!({"detail": "no"})), Verdict::Stop("no".to_owned()));
    assert_eq!(judge(403, Value::Null), Verdict::Stop("HTTP 403".to_owned()));
}

#[test]
fn what_waits_for_its_parent_is_tried_again() {
    let judge = |request: &Request, status, detail: &str| {
        Galileo.verdict(request, &answer(status, &json!({"detail": detail}))).word()
    };
    let patch = request(Method::PATCH, "/spans/x", 1);
    let spans = request(Method::POST, "/spans", 1);
    assert_eq!(judge(&patch, 404, "Span not found"), "retry");
    assert_eq!(judge(&patch, 422, "Span not found"), "retry");
    assert_eq!(judge(&spans, 422, "parent has not been ingested"), "retry");
    assert_eq!(judge(&spans, 400, "Trace is marked as complete"), "doubtful");
    assert_eq!(judge(&request(Method::POST, "/traces", 1), 422, "parent not found"), "rejected");
}

#[test]
fn a_span_of_a_complete_trace_may_be_there() {
    let complete = json!({ "detail": "Trace is marked as complete" });
    let late = Verdict::Doubtful("Trace is marked as complete".to_owned());
    for (path, rows, meaning) in [
        ("/v2/projects/P/spans", 1, late),
        ("/v2/projects/P/spans", 2, Verdict::Split),
        ("/v2/projects/P/traces", 1, Verdict::Rejected("Trace is marked as complete".to_owned())),
    ] {
        let request = request(Method::POST, path, rows);
        assert_eq!(Galileo.verdict(&request, &answer(400, &complete)), meaning, "{path} with {rows}");
    }
}

#[test]
fn deleting_what_is_gone_is_done() {
    let judge = |detail: &str| {
        Galileo.verdict(&request(Method::POST, "/traces/delete", 1), &answer(404, &json!({"detail": detail})))
    };
    assert_eq!(judge("Trace not found."), Verdict::Delivered);
    assert_eq!(judge("Not Found"), Verdict::Rejected("cannot delete there: Not Found".to_owned()));
}

#[test]
fn a_time_named_is_kept() {
    let judge = |status, after: &'static str| {
        let mut later = answer(status, &Value::Null);
        later.headers.insert("retry-after", after.parse().unwrap());
        Galileo.verdict(&request(Method::POST, "/traces", 1), &later)
    };
    assert_eq!(judge(429, "7"), Verdict::Retry(Some(Duration::from_secs(7))));
    assert_eq!(judge(503, "100000"), Verdict::Retry(Some(Duration::from_secs(900))));
    assert_eq!(judge(503, "-1"), Verdict::Retry(None));
}

#[test]
fn a_page_is_no_success() {
    let page =
        Answer { body: Bytes::from_static(b"<!doctype html><title>Sign in</title>"), ..answer(200, &Value::Null) };
    assert_eq!(Galileo.verdict(&request(Method::POST, "/traces", 1), &page).word(), "doubtful");
    assert_eq!(Galileo.verdict(&request(Method::PATCH, "/traces/x", 1), &page).word(), "retry");
}

const TRACE: &str = "01a1fba6-5334-4c4b-aaa2-e4ea076c6c6d";

/// A write of a trace with two spans, one under the other.
fn tree() -> Write {
    let first = foreign_span(1, None, Kind::Workflow);
    let second = foreign_span(2, Some(1), Kind::Tool);
    Galileo.plan(&foreign(vec![first, second]), None, &outward()).writes.remove(0)
}

#[test]
fn counts_that_fall_short_are_doubted() {
    let write = tree();
    let sent: Value = serde_json::from_slice(&write.row).unwrap();
    let trace = sent["traces"][0]["id"].as_str().unwrap();
    let judge = |told: Value| Galileo.verdict(&Galileo.pack(&[&write]), &answer(200, &told));
    let doubtful = |why: &str| Verdict::Doubtful(why.to_owned());
    assert_eq!(judge(json!({"records_count": 3, "traces_count": 1, "spans_count": 2})), Verdict::Delivered);
    assert_eq!(judge(json!({"records_count": 3, "traces_count": 1, "trace_ids": [trace]})), Verdict::Delivered);
    assert_eq!(judge(json!({"records_count": 2, "traces_count": 1})), doubtful("records_count says 2 of 3"));
    assert_eq!(judge(json!({"records_count": 3, "traces_count": 0})), doubtful("traces_count says 0 of 1"));
    assert_eq!(judge(json!({"records_count": 3, "spans_count": 1})), doubtful("spans_count says 1 of 2"));
    assert_eq!(judge(json!({"trace_ids": ["x"]})), doubtful(&format!("trace_ids lacks {trace}")));
    for odd in [json!({"records_count": "many", "trace_ids": 7}), json!([1]), json!("ok"), Value::Null] {
        assert_eq!(judge(odd.clone()), Verdict::Delivered, "{odd}");
    }
}

#[test]
fn reading_the_trace_settles_the_doubt() {
    let write = tree();
    let sent: Value = serde_json::from_slice(&write.row).unwrap();
    let mut record = sent["traces"][0].clone();
    let look = Galileo.confirm(&write).unwrap();
    let id = record["id"].as_str().unwrap();
    assert_eq!((look.method, look.path), (Method::GET, format!("/v2/projects/p1/traces/{id}")));
    assert!(Galileo.confirmed(&write, &answer(200, &record)));
    assert!(!Galileo.confirmed(&write, &answer(404, &record)));
    record["spans"][0]["spans"] = json!([]);
    assert!(!Galileo.confirmed(&write, &answer(200, &record)));
    let mut stub = sent["traces"][0].clone();
    stub["type"] = json!("stub_trace");
    assert!(!Galileo.confirmed(&write, &answer(200, &stub)));
}

#[test]
fn added_spans_are_looked_for_in_their_trace() {
    let row = json!({"trace_id": TRACE, "parent_id": TRACE, "spans": [{"id": "s1", "spans": [{"id": "s2"}]}]});
    let write = Write { path: "/v2/projects/p1/spans".to_owned(), row: row.to_string().into(), ..tree() };
    assert_eq!(Galileo.confirm(&write).unwrap().path, format!("/v2/projects/p1/traces/{TRACE}"));
    let shows = |spans: Value| Galileo.confirmed(&write, &answer(200, &json!({"type": "stub_trace", "spans": spans})));
    assert!(shows(json!([{"id": "s1", "spans": [{"id": "s2"}]}, {"id": "other"}])));
    assert!(!shows(json!([{"id": "s1"}])));
    let patch = Write { method: Method::PATCH, path: "/v2/projects/p1/traces/x".to_owned(), ..tree() };
    assert!(Galileo.confirm(&patch).is_none());
}
