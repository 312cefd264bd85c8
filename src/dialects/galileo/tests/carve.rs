//! What stands in a carved body, as literals; `tests/it/carve.rs` has the law.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Method;
use serde_json::Value;
use serde_json::json;

use super::AT;
use crate::contract::Call;
use crate::contract::Dialect;
use crate::contract::Seed;
use crate::dialects::galileo::Galileo;

const SEED: Seed = Seed { record: [7; 16], at: AT };

fn carved(path: &str, body: &Value, keep: &[u32]) -> Value {
    let call = call(path, body.to_string());
    let body = Galileo.carve(&call, &SEED, &keep.iter().copied().collect::<BTreeSet<u32>>()).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn call(path: &str, body: String) -> Call {
    Call {
        method: Method::POST,
        path: path.to_owned(),
        query: String::new(),
        headers: Vec::new(),
        body: Bytes::from(body),
    }
}

#[test]
fn a_step_left_out_keeps_the_place_of_what_is_under_it() {
    let body = json!({"log_stream_id": "s", "traces": [
        {"type": "trace", "id": "5b8efff7-9803-4103-9269-b633813fc60c", "input": "hi", "metrics": {"a": 1, "b": 2},
         "spans": [{"type": "tool", "input": "x"}, {"type": "llm", "created_at": "2026-11-21T01:00:00Z"}]}
    ]});
    let mark = "07070707-0707-0707-0707-070707070707";
    let expected = json!({"log_stream_id": "s", "traces": [
        {"type": "trace", "id": "5b8efff7-9803-4103-9269-b633813fc60c", "metrics": {"b": 2}, "_spangate": mark,
         "spans": [{"type": "llm", "created_at": "2026-11-21T01:00:00Z", "id": "70f41784-2048-485d-99d4-6e2705050ffc"}]}
    ]});
    assert_eq!(carved("/projects/p/traces", &body, &[2, 4]), expected);
}

#[test]
fn a_step_without_scores_that_go_keeps_the_others() {
    let body = json!({"traces": [{"id": "5b8efff7-9803-4103-9269-b633813fc60c", "created_at": "2026-11-21T01:00:00Z",
        "metrics": {"duration_ns": 5, "a": 1, "b": 2}}]});
    let left = carved("/v2/projects/p/traces", &body, &[0, 1]);
    assert_eq!(left["traces"][0]["metrics"], json!({"duration_ns": 5, "a": 1}));
}

#[test]
fn a_mark_of_another_record_is_a_field_like_any_other() {
    let body = json!({"traces": [{"_spangate": "01010101-0101-0101-0101-010101010101"}]});
    let said = Galileo.decode(&call("/projects/p/traces", body.to_string()), &SEED).unwrap();
    assert_eq!(said.items.len(), 1);
    let own = json!({"traces": [{"_spangate": "07070707-0707-0707-0707-070707070707"}]});
    let said = Galileo.decode(&call("/projects/p/traces", own.to_string()), &SEED).unwrap();
    assert_eq!(said.items.len(), 0);
}

#[test]
fn a_deletion_is_carved_by_its_ids() {
    let ids = ["5b8efff7-9803-4103-9269-b633813fc60c", "5b8efff7-9803-4103-9269-b633813fc60d"];
    let body = json!({"filters": [{"column_id": "id", "operator": "one_of", "value": ids}], "log_stream_id": "s"});
    let expected =
        json!({"filters": [{"column_id": "id", "operator": "one_of", "value": [ids[1]]}], "log_stream_id": "s"});
    assert_eq!(carved("/projects/p/traces/delete", &body, &[1]), expected);
}
