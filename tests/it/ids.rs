//! The id rules against the shared vectors.

use serde_json::Value;
use spangate::canonical::Id;
use spangate::canonical::ids::embedded_ms;
use spangate::canonical::ids::text;

/// The shared vectors of the id rules (`wire/idmap/vectors.json`).
fn vectors() -> Value {
    serde_json::from_str(include_str!("../../fixtures/ids/vectors.json")).expect("the vectors are JSON")
}

fn hex<const N: usize>(value: &Value) -> [u8; N] {
    let text = value.as_str().expect("a vector is text");
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("a vector is hex"))
}

fn uuid(value: &Value) -> Id {
    Id::parse(value.as_str().expect("a vector is text")).expect("a vector is a UUID")
}

#[test]
fn otel_ids_become_the_uuids_of_the_vectors() {
    let all = vectors();
    let (otlp, ms) = (&all["otlp"], all["trace_ts_ms"].as_i64().expect("a time"));
    let (trace, span) = (Id::OtelTrace(hex(&otlp["trace"])), Id::OtelSpan(hex(&otlp["span"])));
    assert_eq!(text(trace.verbatim(trace)), otlp["to_panda"]["trace"]);
    assert_eq!(text(span.verbatim(trace)), otlp["to_panda"]["span"]);
    assert_eq!(text(trace.v4(trace)), otlp["to_galileo"]["trace"]);
    assert_eq!(text(span.v4(trace)), otlp["to_galileo"]["span"]);
    assert_eq!(text(trace.v7(ms)), otlp["to_opik"]["trace"]);
    assert_eq!(text(span.v7(ms)), otlp["to_opik"]["span"]);
    let parent = Id::OtelSpan(hex(&Value::from("eee19b7ec3c1b173")));
    assert_eq!(text(parent.v7(ms)), otlp["to_opik"]["parent_eee19b7ec3c1b173"]);
}

#[test]
fn a_version_4_span_gets_the_traces_time() {
    let all = vectors();
    let (span, ms) = (&all["galileo_v4_span_in_trace_T"], all["trace_ts_ms"].as_i64().expect("a time"));
    let id = uuid(&span["span"]);
    assert_eq!(text(id.v7(ms)), span["to_opik"]);
    assert_eq!(text(id.verbatim(id)), span["to_panda"]);
}

#[test]
fn a_version_7_trace_comes_back_from_version_4() {
    let vector = &vectors()["opik_v7_trace"];
    let id = uuid(&vector["trace"]);
    let Id::Uuid(bytes) = id else { panic!("a UUID") };
    assert_eq!(text(id.v4(id)), vector["to_galileo"]);
    assert_eq!(text(id.verbatim(id)), vector["to_panda"]);
    assert_eq!(text(uuid(&vector["to_galileo"]).v7(embedded_ms(&bytes))), vector["back_to_opik"]);
}

#[test]
fn a_time_outside_the_traces_day_is_minted_anew() {
    let old = Id::parse("0193b3a5-1234-7abc-9def-0123456789ab").expect("a UUID");
    assert_eq!(text(old.v7(1_795_223_343_924)), "01a1fba6-5334-7abc-9def-0123456789ab");
}

#[test]
fn scoped_ids_differ_by_scope_and_are_version_4() {
    let id = Id::parse("0193b3a5-1234-7abc-9def-0123456789ab").expect("a UUID");
    let Id::Uuid(here) = id.scoped("a", id) else { panic!("a UUID") };
    assert_ne!(Id::Uuid(here), id.scoped("b", id));
    assert_eq!(Id::Uuid(here), id.scoped("a", id));
    assert_eq!((here[6] >> 4, here[8] >> 6), (4, 2));
}

#[test]
fn every_rule_keeps_the_stem_of_a_uuid() {
    let id = Id::parse("3c90c3cc-0d44-4b50-8888-8dd25736052a").expect("a UUID");
    for shown in [id.verbatim(id), id.v4(id), id.v7(1_795_223_343_924)] {
        assert_eq!(Id::Uuid(shown).stem(), id.stem());
        assert!(id.is_shown_as(shown, id, 1_795_223_343_924));
    }
}
