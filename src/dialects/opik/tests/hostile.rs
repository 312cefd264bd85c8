//! Whatever arrives, decode answers and does not panic.

use bytes::Bytes;
use proptest::prelude::*;

use crate::contract::Call;
use crate::contract::Dialect;

use super::super::Opik;
use super::SCENARIOS;
use super::alone;
use super::out;
use super::scenario;
use super::seed;

/// Values that break most readers, as JSON text.
const NASTY: [&str; 12] = [
    "null",
    "true",
    "-0",
    "1e400",
    "99999999999999999999",
    "\"\"",
    "\"\\ud800\"",
    "\"9999-12-31T23:59:59Z\"",
    "[[[]]]",
    "{\"_spangate\":{\"v\":1,\"src\":\"x\",\"ids\":{\"t\":\"é\"},\"c\":{\"start\":1}}}",
    "{\"\":{}}",
    "\u{0}",
];

fn calls() -> Vec<Call> {
    SCENARIOS.iter().flat_map(|name| scenario(name)).collect()
}

/// Decodes, and encodes what came of it.
fn survive(call: &Call) {
    let Ok(decoded) = Opik.decode(call, &seed()) else { return };
    for item in &decoded.items {
        if item.trace().is_some() {
            Opik.plan(&alone(item), None, &out());
        }
    }
}

#[test]
fn a_payload_too_deep_for_a_tree_is_kept_and_sent_as_text() {
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let body = format!(
        r#"{{"id":"01a1fba9-b442-706a-888f-b0c0220b2677","start_time":"2026-11-21T01:07:21Z","input":{deep},"metadata":{deep}}}"#
    );
    let items = super::items("POST", "/v1/private/traces", &body);
    let plan = Opik.plan(&alone(&items[0]), None, &out());
    let row = super::json(&plan.writes[0].row);
    assert_eq!(row["input"].as_str(), Some(deep.as_str()));
    assert_eq!(row["metadata"].as_str(), Some(deep.as_str()));
}

proptest! {
    #[test]
    fn cut_and_patched_bytes_never_panic(at in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(),
                                         len in 0_usize..40, nasty in 0..NASTY.len()) {
        let mut call = calls()[at.index(calls().len())].clone();
        let mut bytes = call.body.to_vec();
        let from = from.index(bytes.len());
        let to = (from + len).min(bytes.len());
        bytes.splice(from..to, NASTY[nasty].bytes());
        call.body = Bytes::from(bytes);
        survive(&call);
    }

    #[test]
    fn any_value_in_any_place_never_panics(at in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(),
                                           nasty in 0..NASTY.len()) {
        let mut call = calls()[at.index(calls().len())].clone();
        let text = String::from_utf8(call.body.to_vec()).expect("a fixture is text");
        let places: Vec<usize> = text.match_indices("\":").map(|(at, _)| at + 2).collect();
        prop_assume!(!places.is_empty());
        let start = places[place.index(places.len())];
        let end = value_end(&text, start);
        call.body = Bytes::from(format!("{}{}{}", &text[..start], NASTY[nasty], &text[end..]));
        survive(&call);
    }
}

/// Where the JSON value that starts at `start` ends.
fn value_end(text: &str, start: usize) -> usize {
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<&serde_json::value::RawValue>();
    values.next();
    start + values.byte_offset()
}
