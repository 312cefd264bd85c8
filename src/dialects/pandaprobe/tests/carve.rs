//! What stands in a carved body, as literals; `tests/it/carve.rs` has the law.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;
use serde_json::json;

use super::CHILD;
use super::PandaProbe;
use super::SEED;
use super::SPAN;
use super::TRACE;
use super::call;
use crate::contract::Dialect;

fn carved(path: &str, body: &Value, keep: &[u32]) -> Value {
    let call = call(Method::POST, path, &body.to_string());
    let body = PandaProbe.carve(&call, &SEED, &keep.iter().copied().collect::<BTreeSet<u32>>()).unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// A trace of two spans.
fn two() -> Value {
    json!({
        "trace_id": TRACE, "name": "turn", "started_at": "2026-11-21T01:00:00Z", "input": "hi",
        "metadata": {"plan": "pro", "_spangate": {"v": 1, "src": "x", "ids": {"t": TRACE}}},
        "spans": [{"span_id": SPAN, "name": "a", "started_at": "2026-11-21T01:00:00Z"},
                  {"span_id": CHILD, "name": "b", "started_at": "2026-11-21T01:00:00Z"}],
    })
}

#[test]
fn spans_without_their_trace_keep_what_they_take_from_it() {
    let expected = json!({
        "trace_id": TRACE, "name": "turn", "started_at": "2026-11-21T01:00:00Z",
        "metadata": {"_spangate": {"v": 1, "src": "x", "ids": {"t": TRACE}, "synthetic": true}},
        "spans": [{"span_id": CHILD, "name": "b", "started_at": "2026-11-21T01:00:00Z"}],
    });
    assert_eq!(carved("/traces", &two(), &[2]), expected);
}

#[test]
fn a_trace_keeps_the_spans_asked_for() {
    let left = carved("/traces", &two(), &[0, 1]);
    let mut expected = two();
    expected["spans"].as_array_mut().unwrap().remove(1);
    assert_eq!(left, expected);
}

#[test]
fn added_spans_keep_ids_that_came_from_their_place() {
    let row = |name: &str| json!({"name": name, "started_at": "2026-11-21T01:00:00Z"});
    let left = carved(&format!("/traces/{TRACE}/spans"), &json!([row("a"), row("b")]), &[1]);
    let expected =
        json!([{"name": "b", "started_at": "2026-11-21T01:00:00Z", "span_id": "00de4c65-5bf8-463d-ad94-6f3b17dc350b"}]);
    assert_eq!(left, expected);
}
