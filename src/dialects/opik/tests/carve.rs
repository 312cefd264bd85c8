//! What stands in a carved body, as literals; `tests/it/carve.rs` has the law.

use std::collections::BTreeSet;

use crate::contract::Dialect;
use crate::dialects::opik::Opik;

use super::call;
use super::seed;

fn carved(method: &str, path: &str, body: &str, keep: &[u32]) -> Option<String> {
    let keep = keep.iter().copied().collect::<BTreeSet<u32>>();
    let body = Opik.carve(&call(method, path, body), &seed(), &keep)?;
    Some(String::from_utf8(body.to_vec()).unwrap())
}

const TRACE: &str = "01a1fba9-b442-7d5d-8b79-c740e6ed8021";

#[test]
fn payloads_stay_verbatim_and_a_left_out_id_is_written_out() {
    let body = r#"{"traces":[{"start_time":"2026-11-21T01:00:00Z"},
        {"name":"b","input":{"n": 1e2, "s":"\u00e9"},"start_time":"2026-11-21T01:00:00Z"}]}"#;
    let expected = r#"{"traces":[{"name":"b","input":{"n": 1e2, "s":"\u00e9"},"start_time":"2026-11-21T01:00:00Z","id":"01a1fba7-2e40-7608-ba81-0927707e3b43"}]}"#;
    assert_eq!(carved("POST", "/v1/private/traces/batch", body, &[1]).unwrap(), expected);
}

#[test]
fn ids_of_a_batch_are_its_rows() {
    let body = format!(
        r#"{{"ids":["{TRACE}","01a1fba9-b442-7d5d-8b79-c740e6ed8022"],"update":{{"tags":["a"]}},"merge_tags":true}}"#
    );
    let expected = format!(r#"{{"ids":["{TRACE}"],"update":{{"tags":["a"]}},"merge_tags":true}}"#);
    assert_eq!(carved("PATCH", "/v1/private/traces/batch", &body, &[0]), Some(expected));
    let body = r#"{"thread_id":"t","names":["a","b","c"]}"#;
    let left = carved("POST", "/v1/private/traces/threads/feedback-scores/delete", body, &[0, 2]);
    assert_eq!(left.as_deref(), Some(r#"{"thread_id":"t","names":["a","c"]}"#));
}

#[test]
fn what_cannot_be_read_or_holds_nothing_asked_for_is_not_carved() {
    let path = format!("/v1/private/traces/{TRACE}");
    assert_eq!(carved("DELETE", &path, "", &[0]).as_deref(), Some(""));
    assert_eq!(carved("DELETE", &path, "", &[1]), None);
    assert_eq!(carved("POST", "/v1/private/traces/batch", "{\"traces\":[{]}", &[0]), None);
    assert_eq!(carved("POST", "/v1/private/traces/batch", "{\"traces\":[{}]}", &[0]), None);
}
