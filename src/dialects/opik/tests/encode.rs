//! Views to rows.

use indexmap::IndexMap;
use serde_json::Value;
use serde_json::json;

use crate::canonical::Cost;
use crate::canonical::ErrorInfo;
use crate::canonical::Extra;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Kind;
use crate::canonical::Loss;
use crate::canonical::Metadata;
use crate::canonical::Op;
use crate::canonical::Payload;
use crate::canonical::Rank;
use crate::canonical::Raw;
use crate::canonical::Score;
use crate::canonical::ScoreValue;
use crate::canonical::Session;
use crate::canonical::Span;
use crate::canonical::SpanView;
use crate::canonical::Status;
use crate::canonical::Tags;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::Trace;
use crate::canonical::TraceView;
use crate::canonical::Usage;
use crate::canonical::View;
use crate::contract::Bucket;
use crate::contract::Dialect;
use crate::contract::Plan;
use crate::contract::Write;

use super::super::Opik;
use super::MS;
use super::SCENARIOS;
use super::alone;
use super::json as read;
use super::out;
use super::scenario;
use super::seed;

const TRACE: &str = "01a1fba6-5334-7c4b-aaa2-e4ea076c6c6d";
const SPAN: &str = "01a1fba6-5334-7284-b6af-5fa6ee032c97";
const PARENT: &str = "01a1fba6-5334-77bc-aaa7-d0f6c1746db5";

fn id(text: &str) -> Id {
    Id::parse(text).expect("a UUID")
}

fn set<T>(value: T) -> Field<T> {
    Field::Set(value)
}

pub(super) fn text(value: &str) -> Field<String> {
    Field::Set(value.to_owned())
}

fn raw(value: Value) -> Raw {
    Raw::of(&value)
}

fn micros(after: i64) -> Time {
    Time(MS * 1_000_000 + after * 1_000)
}

/// A trace of this dialect with a span that has every field it knows.
pub(super) fn full() -> View {
    let span = Span {
        id: id(SPAN),
        trace: Some(id(TRACE)),
        ended: true,
        parent: set(id(PARENT)),
        name: text("call"),
        kind: set(Kind::Llm),
        start: set(micros(0)),
        end: set(micros(2_500)),
        first_token: set(micros(1_250)),
        status: set(Status::Error),
        error: set(ErrorInfo { kind: Some("E".to_owned()), message: None, stack: Some("tb".to_owned()) }),
        input: set(Payload(raw(json!([1])))),
        output: set(Payload(raw(json!("o")))),
        model: text("gpt"),
        provider: text("openai"),
        model_parameters: set(raw(json!({"top_p": 1}))),
        usage: set(Usage {
            input: Some(10),
            output: Some(5),
            cache_read: Some(4),
            reasoning: Some(3),
            other: IndexMap::from([
                ("original_usage.prompt_tokens_details.cached_tokens".to_owned(), raw(json!(4))),
                ("ratio".to_owned(), raw(json!(0.5))),
                ("huge".to_owned(), raw(json!(3_000_000_000_u32))),
            ]),
            ..Usage::default()
        }),
        cost: set(Cost { total: Some(0.25), ..Cost::default() }),
        tags: set(Tags::Set(vec!["t".to_owned()])),
        metadata: set(Metadata::Set(raw(json!({"k": 1})))),
        user: text("u"),
        environment: text("prod"),
        source: text("sdk"),
        extra: set(Extra { dialect: "opik".to_owned(), members: IndexMap::from([("new".to_owned(), raw(json!(1)))]) }),
        ..Span::default()
    };
    let trace = Trace {
        id: id(TRACE),
        name: text("t"),
        start: set(micros(0)),
        session: text("th"),
        release: text("r1"),
        ..Trace::default()
    };
    View {
        id: id(TRACE),
        trace: Some(TraceView { facts: trace, whole: true, origin: "opik", version: micros(9), inferred_end: None }),
        spans: vec![SpanView { facts: span, whole: true, origin: "opik", version: micros(7), inferred_end: None }],
        ..View::default()
    }
}

fn plan(view: &View, shown: Option<&View>) -> Plan {
    Opik.plan(view, shown, &out())
}

pub(super) fn row(write: &Write) -> Value {
    read(&write.row)
}

fn paths(losses: &[Loss]) -> Vec<&str> {
    losses.iter().map(|loss| loss.path.as_str()).collect()
}

#[test]
fn whole_rows_go_to_the_batch_endpoints() {
    let plan = plan(&full(), None);
    let [trace, span] = plan.writes.as_slice() else { panic!("two writes, not {:?}", plan.writes) };
    assert_eq!((trace.method.as_str(), trace.path.as_str()), ("POST", "/v1/private/traces/batch"));
    assert_eq!((span.method.as_str(), span.path.as_str()), ("POST", "/v1/private/spans/batch"));
    assert_eq!((trace.stage, span.stage, trace.bucket), (0, 0, Bucket::Write));
    assert_ne!(trace.batch, span.batch);
    assert_eq!(
        row(trace),
        json!({
            "id": TRACE, "project_name": "proj", "name": "t", "start_time": "2026-11-21T01:10:00.000000Z",
            "metadata": {"release": "r1"}, "last_updated_at": "2026-11-21T01:10:00.000009Z", "thread_id": "th",
        })
    );
    assert_eq!(
        row(span),
        json!({
            "id": SPAN, "project_name": "proj", "trace_id": TRACE, "parent_span_id": PARENT, "name": "call",
            "type": "llm", "start_time": "2026-11-21T01:10:00.000000Z", "end_time": "2026-11-21T01:10:00.002500Z",
            "input": [1], "output": "o", "metadata": {"k": 1, "user_id": "u", "model_parameters": {"top_p": 1}},
            "model": "gpt", "provider": "openai",
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "reasoning_tokens": 3,
                "original_usage.prompt_tokens_details.cached_tokens": 4},
            "total_estimated_cost": 0.25, "tags": ["t"], "error_info": {"exception_type": "E", "traceback": "tb"},
            "last_updated_at": "2026-11-21T01:10:00.000007Z", "ttft": 1.25, "source": "sdk", "environment": "prod",
            "new": 1,
        })
    );
    assert_eq!(paths(&plan.losses), ["usage.ratio", "usage.huge"]);
}

#[test]
fn what_another_dialects_update_added_is_a_loss() {
    let mut view = full();
    view.trace = None;
    view.spans[0].facts.http_code = set(418);
    view.spans[0].facts.usage = Field::Absent;
    assert_eq!(paths(&plan(&view, None).losses), ["http_code"]);
}

#[test]
fn only_rows_that_differ_are_sent_again() {
    let shown = full();
    assert!(plan(&shown, Some(&shown)).writes.is_empty());
    let mut view = full();
    view.spans[0].version = micros(20);
    assert!(plan(&view, Some(&shown)).writes.is_empty());
    view.spans[0].facts.name = text("renamed");
    let plan = plan(&view, Some(&shown));
    assert_eq!(plan.writes.len(), 1);
    assert_eq!(row(&plan.writes[0])["name"], "renamed");
    assert_eq!(row(&plan.writes[0])["last_updated_at"], "2026-11-21T01:10:00.000020Z");
}

#[test]
fn a_row_without_its_create_is_patched_with_what_changed() {
    let mut shown = full();
    shown.trace = None;
    shown.spans[0].whole = false;
    let mut view = shown.clone();
    view.spans[0].facts.output = set(Payload(raw(json!({"a": 1}))));
    let plan = plan(&view, Some(&shown));
    let [patch] = plan.writes.as_slice() else { panic!("one write, not {:?}", plan.writes) };
    assert_eq!((patch.method.as_str(), &*patch.batch, patch.bucket), ("PATCH", "", Bucket::Free));
    assert_eq!(patch.path, format!("/v1/private/spans/{SPAN}"));
    assert_eq!(
        row(patch),
        json!({"project_name": "proj", "trace_id": TRACE, "parent_span_id": PARENT, "output": {"a": 1}})
    );
    assert!(super::plan_is_empty(&Opik.plan(&shown, Some(&shown), &out())));
}

#[test]
fn a_patch_never_replaces_metadata_it_does_not_know() {
    let mut view = full();
    view.trace = None;
    view.spans[0].whole = false;
    view.spans[0].facts.metadata = Field::Absent;
    let plan = plan(&view, None);
    assert_eq!(row(&plan.writes[0]).get("metadata"), None);
    assert_eq!(paths(&plan.losses), ["usage.ratio", "usage.huge", "user_id", "model_parameters"]);
}

#[test]
fn a_trace_of_which_nothing_is_left_is_deleted() {
    let plan = plan(&View { id: id(TRACE), ..View::default() }, Some(&full()));
    let [write] = plan.writes.as_slice() else { panic!("one write, not {:?}", plan.writes) };
    assert_eq!((write.method.as_str(), write.path.as_str()), ("POST", "/v1/private/traces/delete"));
    assert_eq!(row(write), json!({"ids": [TRACE]}));
}

fn score(target: Target, name: &str, value: ScoreValue) -> Score {
    Score {
        target,
        name: name.to_owned(),
        value,
        verbatim: None,
        label: None,
        reason: None,
        source: Some("PROGRAMMATIC".to_owned()),
        author: None,
        metadata: None,
        project: Default::default(),
        at: micros(0),
    }
}

#[test]
fn scores_go_by_what_they_judge() {
    let of_trace = Score {
        verbatim: Some("0.90".to_owned()),
        reason: Some("r".to_owned()),
        ..score(Target::Trace(id(TRACE)), "q", ScoreValue::Number(0.9))
    };
    let span = Target::Span { trace: None, span: id(SPAN) };
    let scores = vec![
        of_trace,
        score(span.clone(), "ok", ScoreValue::Bool(true)),
        score(Target::Session("th".to_owned()), "mood", ScoreValue::Category("good".to_owned())),
        score(span, "big", ScoreValue::Number(1e12)),
    ];
    let view = View { id: id(TRACE), scores, ..View::default() };
    let plan = plan(&view, None);
    let sent: Vec<_> = plan.writes.iter().map(|write| (write.path.as_str(), row(write))).collect();
    assert_eq!(
        sent,
        [
            (
                "/v1/private/traces/feedback-scores",
                json!({"id": TRACE, "project_name": "proj", "name": "q", "value": 0.90, "reason": "r", "source": "sdk"})
            ),
            (
                "/v1/private/spans/feedback-scores",
                json!({"id": SPAN, "project_name": "proj", "name": "ok", "value": 1.0, "category_name": "true", "source": "sdk"})
            ),
            (
                "/v1/private/traces/threads/feedback-scores",
                json!({"thread_id": "th", "project_name": "proj", "name": "mood", "value": 0.0, "category_name": "good", "source": "sdk"})
            ),
        ]
    );
    assert!(std::str::from_utf8(&plan.writes[0].row).is_ok_and(|text| text.contains("\"value\":0.90,")));
    let lost = ["scores.q.source", "scores.ok.source", "scores.mood", "scores.mood.source", "scores.big"];
    assert_eq!(paths(&plan.losses), lost);
    assert!(plan.writes.iter().all(|write| write.bucket == Bucket::Score));
}

#[test]
fn a_score_that_is_gone_is_taken_back() {
    let span = Target::Span { trace: None, span: id(SPAN) };
    let (kept, gone) = (score(span.clone(), "a", ScoreValue::Number(1.0)), score(span, "b", ScoreValue::Number(1.0)));
    let thread = score(Target::Session("th".to_owned()), "c", ScoreValue::Number(1.0));
    let shown = View { id: id(TRACE), scores: vec![kept.clone(), gone, thread], ..View::default() };
    let view = View { scores: vec![kept], ..shown.clone() };
    let plan = plan(&view, Some(&shown));
    let sent: Vec<_> = plan.writes.iter().map(|write| (write.path.clone(), row(write))).collect();
    assert_eq!(
        sent,
        [
            (format!("/v1/private/spans/{SPAN}/feedback-scores/delete"), json!({"name": "b"})),
            (
                "/v1/private/traces/threads/feedback-scores/delete".to_owned(),
                json!({"names": ["c"], "thread_id": "th", "project_name": "proj"})
            ),
        ]
    );
}

/// Every recorded row comes out as it went in, but for its project, its version and the form of times.
#[test]
fn what_came_in_goes_out_the_same() {
    let mut checked = 0;
    for call in SCENARIOS.iter().flat_map(|name| scenario(name)) {
        let body: Value = serde_json::from_slice(&call.body).expect("a fixture is JSON");
        for item in Opik.decode(&call, &seed()).expect("a capture is fine").items {
            if !matches!(item.op, Op::Trace(_) | Op::Span(_)) {
                continue;
            }
            let mut sent = body.clone();
            for rows in ["traces", "spans"] {
                let place = item.path.trim_start_matches(rows).trim_matches(['[', ']']).parse::<usize>();
                if let (Ok(place), true) = (place, body.get(rows).is_some()) {
                    sent = body[rows][place].clone();
                }
            }
            // An open span's type says nothing yet, and 00:00:00.123Z is 00:00:00.123000Z.
            if matches!(item.rank, Rank::Open { .. }) && sent["type"] == "general" {
                sent.as_object_mut().expect("a row").remove("type");
            }
            let plan = Opik.plan(&alone(&item), None, &super::own_time(&item, out()));
            assert_eq!(comparable(row(&plan.writes[0])), comparable(sent), "{} {}", call.path, item.path);
            assert!(plan.losses.is_empty(), "{:?}", plan.losses);
            checked += 1;
        }
    }
    assert_eq!(checked, 54);
}

fn comparable(mut row: Value) -> Value {
    let members = row.as_object_mut().expect("a row");
    for key in ["project_name", "last_updated_at"] {
        members.remove(key);
    }
    for key in ["start_time", "end_time"] {
        if let Some(time) = members.get_mut(key) {
            let parsed = time.as_str().and_then(Time::parse).expect("a time");
            *time = parsed.exact().into();
        }
    }
    row
}

#[test]
fn what_is_said_of_a_session_is_lost() {
    let session = Session { id: "th".to_owned(), name: Some("support".to_owned()), ..Session::default() };
    let view = View { sessions: vec![session], ..full() };
    let lost = |shown: Option<&View>| {
        let losses = plan(&view, shown).losses.into_iter();
        losses.filter(|loss| loss.path.starts_with("session.")).collect::<Vec<_>>()
    };
    let losses = lost(None);
    assert_eq!(losses.iter().map(|loss| (&*loss.path, loss.carried)).collect::<Vec<_>>(), [("session.name", false)]);
    assert_eq!(lost(Some(&view)), []);
}
