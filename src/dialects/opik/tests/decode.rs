//! Requests to items.

use std::time::Duration;

use crate::canonical::Completion;
use crate::canonical::ErrorInfo;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Kind;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Score;
use crate::canonical::ScoreValue;
use crate::canonical::Span;
use crate::canonical::Status;
use crate::canonical::Tags;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::Trace;
use crate::contract::Dialect;
use crate::contract::Refusal;

use super::super::Opik;
use super::decode;
use super::items;
use super::scenario;
use super::seed;

const TRACE: &str = "01a1fba9-b442-706a-888f-b0c0220b2677";

fn trace(item: &Item) -> &Trace {
    let Op::Trace(trace) = &item.op else { panic!("a trace, not {item:?}") };
    trace
}

fn span(item: &Item) -> &Span {
    let Op::Span(span) = &item.op else { panic!("a span, not {item:?}") };
    span
}

fn score(item: &Item) -> &Score {
    let Op::Score(score) = &item.op else { panic!("a score, not {item:?}") };
    score
}

fn id(text: &str) -> Id {
    Id::parse(text).expect("a UUID")
}

fn time(text: &str) -> Time {
    Time::parse(text).expect("a time")
}

#[test]
fn a_start_row_is_open_and_its_kind_provisional() {
    let call = &scenario("py_track_nested")[0];
    let decoded = Opik.decode(call, &seed()).expect("a capture is fine");
    assert_eq!(decoded.quiet, Duration::from_secs(5));
    let item = &decoded.items[2];
    assert_eq!((item.path.as_str(), item.origin), ("spans[2]", "opik"));
    assert_eq!(item.rank, Rank::Open { version: Some(time("2026-11-21T01:12:45.421796Z")) });
    let span = span(item);
    assert_eq!(span.kind, Field::Absent);
    assert!(!span.ended);
    assert_eq!(span.trace, Some(id(TRACE)));
    assert_eq!(span.parent, Field::Set(id("01a1fba9-b443-759e-8275-ee7b810cfe63")));
}

#[test]
fn a_final_row_is_complete_and_replaces() {
    let call = &scenario("py_track_nested")[2];
    let items = Opik.decode(call, &seed()).expect("a capture is fine").items;
    let version = Some(time("2026-11-21T01:12:45.422415Z"));
    assert_eq!(items[1].rank, Rank::Complete { version, replaces: true });
    let span = span(&items[1]);
    assert_eq!(span.kind, Field::Set(Kind::Llm));
    assert!(span.ended);
    assert_eq!(span.provider, Field::Set("openai".to_owned()));
    let usage = span.usage.get().expect("usage");
    assert_eq!((usage.input, usage.output, usage.total), (Some(10), Some(5), Some(15)));
    let other: Vec<_> = usage.other.keys().map(String::as_str).collect();
    let native = ["completion_tokens", "prompt_tokens", "total_tokens"].map(|key| format!("original_usage.{key}"));
    assert_eq!(other, native);
    assert_eq!(span.cost.get().and_then(|cost| cost.total), Some(0.0012));
    assert_eq!(span.project.get().and_then(|project| project.name.as_deref()), Some("proj-a"));
}

#[test]
fn a_trace_with_an_end_is_closed() {
    let call = &scenario("py_track_nested")[4];
    let items = Opik.decode(call, &seed()).expect("a capture is fine").items;
    let trace = trace(&items[0]);
    assert_eq!(trace.completion, Completion::Closed);
    assert_eq!(trace.session, Field::Set("th-1".to_owned()));
    assert_eq!(trace.tags, Field::Set(Tags::Set(vec!["a".to_owned(), "b".to_owned()])));
    assert_eq!(trace.metadata.get().map(|metadata| metadata.raw().text()), Some(r#"{"x":1}"#));
}

#[test]
fn an_error_is_status_and_detail() {
    let calls = scenario("py_track_error");
    let items = Opik.decode(calls.last().expect("requests"), &seed()).expect("a capture is fine").items;
    let trace = trace(&items[0]);
    assert_eq!(trace.status, Field::Set(Status::Error));
    let Some(ErrorInfo { kind, message, stack }) = trace.error.get() else { panic!("an error") };
    assert_eq!((kind.as_deref(), message.as_deref()), (Some("ValueError"), Some("boom")));
    assert!(stack.as_deref().is_some_and(|stack| stack.ends_with("ValueError: boom\n")));
}

#[test]
fn a_patch_says_only_what_it_says() {
    let body = format!(
        r#"{{"project_name":"p","trace_id":"{TRACE}","name":" ","output":null,"type":"general",
        "end_time":"2026-11-21T01:07:21.603044Z","environment":""}}"#
    );
    let items = items("PATCH", "/v1/private/spans/01a1fba4-c384-75e9-9ae0-36e7f5dbe05b", &body);
    assert_eq!(items[0].rank, Rank::Patch);
    let span = span(&items[0]);
    assert_eq!(span.id, id("01a1fba4-c384-75e9-9ae0-36e7f5dbe05b"));
    assert_eq!((span.name.is_absent(), span.output.is_absent(), span.environment.is_absent()), (true, true, true));
    assert_eq!(span.kind, Field::Set(Kind::Other));
    assert!(span.ended);
    assert_eq!((&span.user, &span.metadata), (&Field::Absent, &Field::Absent));
}

#[test]
fn a_patch_of_metadata_clears_what_stood_in_it() {
    let items = items("PATCH", &format!("/v1/private/traces/{TRACE}"), r#"{"metadata":{"release":"2"}}"#);
    let trace = trace(&items[0]);
    assert_eq!(trace.user, Field::Null);
    assert_eq!(trace.release, Field::Set("2".to_owned()));
    assert_eq!(trace.metadata.get().map(|metadata| metadata.raw().text()), Some("{}"));
    assert!(trace.project.is_absent());
}

#[test]
fn a_batch_patch_merges_tags_where_it_says_so() {
    let body = format!(r#"{{"ids":["{TRACE}"],"update":{{"tags":["a"]}},"merge_tags":true}}"#);
    let merged = items("PATCH", "/v1/private/traces/batch", &body);
    assert_eq!(merged[0].path, "ids[0]");
    let add = vec!["a".to_owned()];
    assert_eq!(trace(&merged[0]).tags, Field::Set(Tags::Change { add: add.clone(), remove: Vec::new() }));
    let set = items("PATCH", "/v1/private/traces/batch", &body.replace("true", "false"));
    assert_eq!(trace(&set[0]).tags, Field::Set(Tags::Set(add)));
}

#[test]
fn fields_without_a_place_are_found_in_metadata() {
    let body = format!(
        r#"{{"trace_id":"{TRACE}","start_time":"2026-11-21T01:07:21Z","end_time":"2026-11-21T01:07:22Z",
        "metadata":{{"user_id":"u","k":1.0,"model_parameters":{{"top_p":1.0}},"release":7}},"ttft":12.5,"new":[1.0]}}"#
    );
    let items = items("POST", "/v1/private/spans", &body);
    let span = span(&items[0]);
    assert_eq!(span.user, Field::Set("u".to_owned()));
    assert_eq!(span.model_parameters.get().map(|raw| raw.text().to_owned()), Some(r#"{"top_p":1.0}"#.to_owned()));
    assert_eq!(span.release, Field::Absent);
    assert_eq!(span.metadata.get().map(|metadata| metadata.raw().text()), Some(r#"{"k":1.0,"release":7}"#));
    assert_eq!(span.first_token_after, Field::Set(12_500_000));
    assert_eq!(span.extra.get().map(|extra| extra.members["new"].text().to_owned()), Some("[1.0]".to_owned()));
    assert_eq!(span.project.get().and_then(|project| project.name.as_deref()), Some("Default Project"));
}

#[test]
fn cache_counts_are_read_in_the_providers_spelling() {
    let body = format!(
        r#"{{"trace_id":"{TRACE}","start_time":"2026-11-21T01:07:21Z","usage":{{"prompt_tokens":9,
        "original_usage.prompt_tokens_details.cached_tokens":4,"reasoning_tokens":2}}}}"#
    );
    let items = items("POST", "/v1/private/spans", &body);
    let usage = span(&items[0]).usage.get().expect("usage");
    assert_eq!((usage.cache_read, usage.cache_write, usage.reasoning), (Some(4), None, Some(2)));
}

#[test]
fn an_id_that_is_left_out_is_the_same_at_each_decode() {
    let body = r#"{"traces":[{"start_time":"2026-11-21T01:07:21Z"},{"start_time":"2026-11-21T01:07:21Z"}]}"#;
    let (once, again) =
        (items("POST", "/v1/private/traces/batch", body), items("POST", "/v1/private/traces/batch", body));
    assert_eq!(trace(&once[0]).id, trace(&again[0]).id);
    assert_ne!(trace(&once[0]).id, trace(&once[1]).id);
}

#[test]
fn scores_name_their_subject_by_path_or_body() {
    let scenario = scenario("py_feedback");
    let all: Vec<Item> =
        scenario.iter().flat_map(|call| Opik.decode(call, &seed()).expect("a capture is fine").items).collect();
    let scores: Vec<_> = all.iter().filter(|item| matches!(item.op, Op::Score(_))).map(score).collect();
    assert_eq!(scores.len(), 7);
    let first = scores[0];
    assert_eq!(first.target, Target::Span { trace: None, span: id("01a1fba4-d4aa-7ef2-a8e2-17c55bee7337") });
    assert_eq!((first.value.clone(), first.verbatim.as_deref()), (ScoreValue::Number(1.0), Some("1.0")));
    assert_eq!((first.label.as_deref(), first.reason.as_deref()), (Some("good"), Some("ok")));
    let thread = scores[6];
    assert_eq!((thread.target.clone(), thread.name.as_str()), (Target::Session("thr-1".to_owned()), "th"));
    let gone =
        all.iter().filter(|item| matches!(&item.op, Op::DeleteScore { name, .. } if name == "a" || name == "sp"));
    assert_eq!(gone.count(), 2);
}

#[test]
fn a_single_score_belongs_to_its_subjects_project() {
    let body = r#"{"name":"ok","value":1,"category_name":"true","source":"ui"}"#;
    let items = items("PUT", &format!("/v1/private/traces/{TRACE}/feedback-scores"), body);
    let score = score(&items[0]);
    assert_eq!((score.value.clone(), score.label.as_deref()), (ScoreValue::Bool(true), None));
    assert_eq!((score.project.name.as_deref(), score.source.as_deref()), (None, Some("ui")));
}

#[test]
fn deletes_are_items() {
    let items_ = items("POST", "/v1/private/traces/delete", &format!(r#"{{"ids":["{TRACE}"]}}"#));
    assert!(matches!(&items_[0].op, Op::Delete(Target::Trace(found)) if *found == id(TRACE)));
    let items_ = items("DELETE", &format!("/v1/private/spans/{TRACE}"), "");
    assert!(matches!(&items_[0].op, Op::Delete(Target::Span { trace: None, span }) if *span == id(TRACE)));
}

#[test]
fn a_refusal_names_the_place_and_the_rule() {
    let check = |path: &str, body: &str, expected: &str| {
        let refusal = decode("POST", path, body).expect_err("the request is bad");
        let kind = match refusal {
            Refusal::Malformed { .. } => "malformed",
            Refusal::Invalid { .. } => "invalid",
            _ => "other",
        };
        let text = format!("{kind} {refusal}");
        assert!(text.starts_with(expected), "{text:?} does not start with {expected:?}");
    };
    let start = r#""start_time":"2026-11-21T01:07:21Z""#;
    check("/v1/private/traces/batch", "{", "malformed EOF while parsing");
    check("/v1/private/traces/batch", "{}", "invalid traces: must not be null");
    check("/v1/private/traces/batch", r#"{"traces":[{}]}"#, "invalid traces[0].start_time: must not be null");
    check("/v1/private/spans", &format!("{{{start}}}"), "invalid trace_id: must not be null");
    check("/v1/private/traces", &format!(r#"{{{start},"id":"x"}}"#), "malformed id: is not a UUID");
    check("/v1/private/traces/batch", r#"{"traces":[{"start_time":"2026-11-21"}]}"#, "malformed traces[0].start_time:");
    check("/v1/private/traces/batch", &format!(r#"{{"traces":[{{{start},"name":5}}]}}"#), "malformed traces[0].name:");
    check("/v1/private/traces/batch", &format!(r#"{{"traces":[{{{start}}},7]}}"#), "malformed traces[1].invalid type");
}
