//! What is sent for a trace of another dialect.

use http::Method;
use serde_json::Value;
use serde_json::json;

use super::body;
use super::out;
use crate::canonical::ClientProject;
use crate::canonical::Completion;
use crate::canonical::Cost;
use crate::canonical::ErrorInfo;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Kind;
use crate::canonical::Metadata;
use crate::canonical::Payload;
use crate::canonical::Raw;
use crate::canonical::Score;
use crate::canonical::ScoreValue;
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
use crate::canonical::complement::Keep;
use crate::contract::Dialect;
use crate::contract::Outward;
use crate::dialects::galileo::Galileo;

pub(super) const START: Time = Time(1_795_223_343_924_000_000);

pub(super) fn uuid(text: &str) -> Id {
    Id::parse(text).unwrap()
}

/// Version 7 ids of the trace's time, as one of the other dialects makes them.
pub(super) fn native(n: u8) -> Id {
    uuid(&format!("01a1fba6-5334-7c4b-aaa2-0000000000{n:02x}"))
}

pub(super) fn json_payload(value: &Value) -> Field<Payload> {
    Field::Set(Payload(Raw::of(value)))
}

/// A span whose payloads are already of its type's shape.
pub(super) fn foreign_span(n: u8, parent: Option<u8>, kind: Kind) -> SpanView {
    let (input, output) = match kind {
        Kind::Llm => (json!([{ "role": "user", "content": "in" }]), json!({ "role": "assistant", "content": "out" })),
        Kind::Retriever => (json!("in"), json!([{ "content": "out", "metadata": {} }])),
        _ => (json!("in"), json!("out")),
    };
    let facts = Span {
        id: native(n),
        trace: Some(native(0)),
        ended: true,
        parent: parent.map(native).into(),
        name: Field::Set(format!("span {n}")),
        kind: Field::Set(kind),
        start: Field::Set(START.plus(i64::from(n) * 1_000)),
        end: Field::Set(START.plus(1_000_000)),
        input: json_payload(&input),
        output: json_payload(&output),
        ..Span::default()
    };
    SpanView { facts, whole: true, origin: "other", version: START, inferred_end: None }
}

/// A trace as another dialect's fold leaves it.
pub(super) fn foreign(spans: Vec<SpanView>) -> View {
    let facts = Trace {
        id: native(0),
        completion: Completion::Closed,
        project: Field::Set(ClientProject { name: Some("demo".to_owned()), ..ClientProject::default() }),
        name: Field::Set("run".to_owned()),
        start: Field::Set(START),
        end: Field::Set(START.plus(2_000_000)),
        input: json_payload(&json!({ "q": 1 })),
        output: json_payload(&json!("done")),
        session: Field::Set("chat 1".to_owned()),
        ..Trace::default()
    };
    let trace = TraceView { facts, whole: true, origin: "other", version: START, inferred_end: None };
    View { id: native(0), trace: Some(trace), spans, complete: true, ..View::default() }
}

pub(super) fn outward() -> Outward {
    Outward { trace_ms: START.millis(), ..out() }
}

/// The only trace of the only write.
fn sent(view: &View, out: &Outward) -> Value {
    let plan = Galileo.plan(view, None, out);
    assert_eq!(plan.writes.len(), 1);
    body(&plan.writes[0])["traces"][0].clone()
}

fn bare() -> Outward {
    Outward { keep: Keep::Off, ..outward() }
}

#[test]
fn a_whole_trace_is_one_request() {
    let mut llm = foreign_span(2, Some(1), Kind::Llm);
    llm.facts.input = json_payload(&json!({ "messages": [{ "role": "user", "content": "hi" }] }));
    llm.facts.output = json_payload(&json!({ "choices": [{ "message": { "role": "assistant", "content": "yo" } }] }));
    llm.facts.model = Field::Set("gpt".to_owned());
    llm.facts.provider = Field::Set("openai".to_owned());
    llm.facts.model_parameters = Field::Set(Raw::of(&json!({ "temperature": 0.5 })));
    llm.facts.usage = Field::Set(Usage { input: Some(3), output: Some(4), ..Usage::default() });
    llm.facts.cost = Field::Set(Cost { total: Some(0.25), ..Cost::default() });
    llm.facts.first_token = Field::Set(START.plus(502_000));
    llm.facts.metadata = Field::Set(Metadata::Set(Raw::of(&json!({ "n": 1, "s": "t", "deep": { "a": [1] } }))));
    let mut agent = foreign_span(1, None, Kind::Agent);
    agent.facts.status = Field::Set(Status::Error);
    agent.facts.error =
        Field::Set(ErrorInfo { kind: Some("E".to_owned()), message: Some("m".to_owned()), stack: None });
    agent.facts.tags = Field::Set(Tags::Set(vec!["a".to_owned()]));
    agent.facts.input = json_payload(&json!({ "q": 1 }));

    let plan = Galileo.plan(&foreign(vec![agent, llm]), None, &bare());
    let write = &plan.writes[0];
    assert_eq!((&write.method, write.path.as_str()), (&Method::POST, "/v2/projects/p1/traces"));
    assert_eq!(write.target, Target::Trace(native(0)));
    let expected: Value = serde_json::from_str(EXPECTED).unwrap();
    assert_eq!(body(write), expected);
}

const EXPECTED: &str = r#"{
    "log_stream_id": "s1", "logging_method": "api_direct", "reliable": true,
    "traces": [{
        "type": "trace", "name": "run", "created_at": "2026-11-21T01:09:03.924000Z",
        "input": "{\"q\":1}", "output": "done", "metrics": { "duration_ns": 2000000 },
        "id": "01a1fba6-5334-4c4b-aaa2-000000000000",
        "spans": [{
            "type": "agent", "name": "span 1", "created_at": "2026-11-21T01:09:03.924001Z",
            "input": "{\"q\":1}", "output": "out", "status_code": 500, "tags": ["a"],
            "user_metadata": { "error.type": "E", "error.message": "m" },
            "metrics": { "duration_ns": 999000 },
            "id": "01a1fba6-5334-4c4b-aaa2-000000000001",
            "spans": [{
                "type": "llm", "name": "span 2", "created_at": "2026-11-21T01:09:03.924002Z",
                "input": [{ "role": "user", "content": "hi" }],
                "output": { "role": "assistant", "content": "yo" },
                "model": "gpt", "temperature": 0.5,
                "user_metadata": {
                    "n": "1", "s": "t", "deep": "{\"a\":[1]}", "provider": "openai",
                    "model_parameters": "{\"temperature\":0.5}"
                },
                "metrics": {
                    "duration_ns": 998000, "num_input_tokens": 3, "num_output_tokens": 4, "num_total_tokens": 7,
                    "time_to_first_token_ns": 500000, "cost": 0.25
                },
                "id": "01a1fba6-5334-4c4b-aaa2-000000000002"
            }]
        }]
    }],
    "session_external_id": "chat 1", "is_complete": true, "include_trace_ids": true
}"#;

#[test]
fn each_type_has_its_payloads() {
    let check = |kind: Kind, input: Value, output: Value, expected: Value| {
        let mut span = foreign_span(1, None, kind);
        (span.facts.input, span.facts.output) = (json_payload(&input), json_payload(&output));
        let sent = sent(&foreign(vec![span]), &bare());
        let span = &sent["spans"][0];
        assert_eq!(json!([span["type"], span["input"], span["output"]]), expected);
    };
    let chat = json!([{ "role": "system", "content": "s" }, { "role": "user", "content": "u" }]);
    let reply = json!({ "role": "assistant", "content": "a" });
    let (doc, native) = (
        json!({ "page_content": "d", "metadata": { "n": 1, "deep": {} }, "id": 7 }),
        json!({ "content": "d", "metadata": { "n": 1, "deep": "{}", "_id": 7 } }),
    );
    check(
        Kind::Llm,
        json!("hi"),
        json!({ "x": 1 }),
        json!(["llm",
        [{ "content": "hi", "role": "user" }], { "content": "{\"x\":1}", "role": "assistant" }]),
    );
    check(Kind::Embedding, chat.clone(), reply.clone(), json!(["llm", chat, reply]));
    check(Kind::Tool, json!({ "a": 1 }), json!([1]), json!(["tool", "{\"a\":1}", "[1]"]));
    check(Kind::Retriever, chat.clone(), json!({ "documents": [doc] }), json!(["retriever", "u", [native]]));
    check(Kind::Reranker, json!("q"), json!("x"), json!(["retriever", "q", [{ "content": "x", "metadata": {} }]]));
    check(Kind::Workflow, chat.clone(), json!([doc]), json!(["workflow", chat, [native]]));
    check(Kind::Other, json!("in"), json!({ "messages": [reply] }), json!(["workflow", "in", reply]));
    check(
        Kind::Agent,
        json!(1),
        json!({ "messages": chat }),
        json!(["agent", "1", json!({ "messages": chat }).to_string()]),
    );
    let verdict = json!({ "action": "deny", "matched": true });
    check(Kind::Guardrail, json!("in"), verdict.clone(), json!(["control", "in", verdict]));
    check(Kind::Guardrail, json!("in"), json!("no"), json!(["tool", "in", "no"]));
}

#[test]
fn messages_keep_to_the_vendors_members() {
    let mut span = foreign_span(1, None, Kind::Llm);
    span.facts.input = json_payload(&json!([
        { "role": "critic", "content": [{ "type": "text", "text": "see" }, { "type": "image_url", "image_url": { "url": "u" } }] },
        { "role": "assistant", "content": null, "refusal": null,
          "tool_calls": [{ "id": "c", "type": "function", "function": { "name": "f", "arguments": { "a": 1 } } }] },
        { "role": "tool", "content": "r", "tool_call_id": "c", "name": "f" },
    ]));
    let sent = sent(&foreign(vec![span]), &bare());
    let expected = json!([
        { "content": [{ "type": "text", "text": "see" },
            { "type": "text", "text": "{\"type\":\"image_url\",\"image_url\":{\"url\":\"u\"}}" }], "role": "user" },
        { "content": "", "role": "assistant",
          "tool_calls": [{ "id": "c", "function": { "name": "f", "arguments": "{\"a\":1}" } }] },
        { "content": "r", "role": "tool", "tool_call_id": "c" },
    ]);
    assert_eq!(sent["spans"][0]["input"], expected);
}

#[test]
fn children_of_an_llm_are_lifted_and_their_parent_is_told() {
    let spans = vec![
        foreign_span(1, None, Kind::Agent),
        foreign_span(2, Some(1), Kind::Llm),
        foreign_span(3, Some(2), Kind::Tool),
    ];
    let sent = sent(&foreign(spans), &outward());
    let children = sent["spans"][0]["spans"].as_array().unwrap();
    let ids: Vec<_> = children.iter().map(|child| child["name"].as_str().unwrap()).collect();
    assert_eq!(ids, ["span 2", "span 3"]);
    let told: Value = serde_json::from_str(children[1]["user_metadata"]["_spangate"].as_str().unwrap()).unwrap();
    assert_eq!(told["c"], json!({ "parent": native(2).to_string() }));
    assert_eq!(children[0]["user_metadata"], Value::Null, "nothing is lost, so nothing is kept");
}

#[test]
fn tokens_of_a_parent_are_not_counted_twice() {
    let mut parent = foreign_span(1, None, Kind::Workflow);
    parent.facts.usage = Field::Set(Usage { total: Some(9), ..Usage::default() });
    let mut leaf = foreign_span(2, Some(1), Kind::Tool);
    leaf.facts.usage = Field::Set(Usage { total: Some(9), ..Usage::default() });
    let sent = sent(&foreign(vec![parent, leaf]), &bare());
    let parent = &sent["spans"][0];
    assert_eq!(parent["metrics"], json!({ "duration_ns": 999_000 }));
    assert_eq!(parent["spans"][0]["metrics"], json!({ "duration_ns": 998_000, "num_total_tokens": 9 }));
}

pub(super) fn score(target: Target, name: &str, value: ScoreValue) -> Score {
    Score {
        target,
        name: name.to_owned(),
        value,
        verbatim: None,
        label: None,
        reason: None,
        source: None,
        author: None,
        metadata: None,
        project: ClientProject::default(),
        at: START,
    }
}

#[test]
fn scores_go_among_the_metrics_and_say_what_is_lost() {
    let mut view = foreign(vec![foreign_span(1, None, Kind::Tool)]);
    let span = Target::Span { trace: Some(native(0)), span: native(1) };
    view.scores = vec![
        score(Target::Trace(native(0)), "quality", ScoreValue::Number(0.5)),
        score(Target::Trace(native(0)), "cost", ScoreValue::Number(1.0)),
        score(Target::Trace(native(0)), "mood", ScoreValue::Category("good".to_owned())),
        Score { reason: Some("r".to_owned()), ..score(span, "ok", ScoreValue::Bool(true)) },
        score(Target::Session("chat 1".to_owned()), "whole", ScoreValue::Number(1.0)),
    ];
    let plan = Galileo.plan(&view, None, &bare());
    let sent = &body(&plan.writes[0])["traces"][0];
    assert_eq!(sent["metrics"], json!({ "duration_ns": 2_000_000, "quality": 0.5 }));
    assert_eq!(sent["spans"][0]["metrics"], json!({ "duration_ns": 999_000, "ok": 1 }));
    let mut lost: Vec<_> =
        plan.losses.iter().map(|loss| loss.path.as_str()).filter(|path| path.starts_with("scores")).collect();
    lost.sort_unstable();
    assert_eq!(
        lost,
        ["scores.cost.name", "scores.mood.value", "scores.ok.reason", "scores.ok.value", "scores.whole.value"]
    );
}

#[test]
fn ids_are_told_where_their_form_is_no_way_back() {
    let mut view = foreign(vec![foreign_span(1, None, Kind::Tool)]);
    let told = |view: &View, out: &Outward| {
        let sent = sent(view, out);
        let text = sent["spans"][0]["user_metadata"]["_spangate"].as_str().map(str::to_owned);
        text.map(|text| serde_json::from_str::<Value>(&text).unwrap()["ids"].clone())
    };
    assert_eq!(told(&view, &outward()), None, "a version 7 of its day is found by its time");
    let ids = json!({ "t": native(0).to_string(), "s": native(1).to_string() });
    assert_eq!(told(&view, &Outward { trace_ms: 0, ..outward() }), Some(ids.clone()));
    let scoped = Outward { scope: Some("x".to_owned()), ..outward() };
    assert_eq!(told(&view, &scoped), Some(ids.clone()));
    assert_eq!(told(&view, &Outward { keep: Keep::Ids, ..scoped.clone() }), Some(ids));
    assert_eq!(told(&view, &Outward { keep: Keep::Off, ..scoped.clone() }), None);
    let sent = sent(&view, &scoped);
    assert_eq!(sent["id"], json!(Galileo.show_id(native(0), native(0), &scoped)));
    assert_eq!(sent["id"].as_str().unwrap().as_bytes()[14], b'4');
    assert_ne!(sent["id"], json!(Galileo.show_id(native(0), native(0), &outward())));
    view.spans[0].facts.id = uuid("3c90c3cc-0d44-4b50-8888-8dd25736052a");
    assert_eq!(Galileo.show_id(view.spans[0].facts.id, native(0), &outward()), "3c90c3cc-0d44-4b50-8888-8dd25736052a");
}

#[test]
fn a_scalar_of_metadata_is_wrapped() {
    let mut view = foreign(Vec::new());
    view.trace.as_mut().unwrap().facts.metadata = Field::Set(Metadata::Set(Raw::of(&[1, 2])));
    assert_eq!(sent(&view, &bare())["user_metadata"], json!({ "value": "[1,2]" }));
}
