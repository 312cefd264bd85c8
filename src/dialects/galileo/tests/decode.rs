//! What requests say.

use std::time::Duration;

use serde_json::json;

use super::decode;
use super::patch;
use super::post;
use super::scenario;
use super::view;
use crate::canonical::Completion;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Kind;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Span;
use crate::canonical::Status;
use crate::canonical::Tags;
use crate::canonical::Target;
use crate::canonical::Trace;
use crate::contract::Decoded;
use crate::contract::Refusal;

const TRACE: &str = "11111111-1111-4111-8111-111111111111";
const SPAN: &str = "22222222-2222-4222-8222-222222222222";

fn traces(decoded: &Decoded) -> Vec<&Trace> {
    let traces = decoded.items.iter().filter_map(|item| match &item.op {
        Op::Trace(trace) => Some(trace.as_ref()),
        _ => None,
    });
    traces.collect()
}

fn spans(decoded: &Decoded) -> Vec<&Span> {
    let spans = decoded.items.iter().filter_map(|item| match &item.op {
        Op::Span(span) => Some(span.as_ref()),
        _ => None,
    });
    spans.collect()
}

#[test]
fn a_batch_of_the_python_sdk() {
    let decoded = decode(&scenario("py_batch")[0]).unwrap();
    assert_eq!(decoded.quiet, Duration::from_secs(1));
    let [first, second] = traces(&decoded)[..] else { panic!("two traces") };
    assert_eq!(first.name, Field::Set("weather".to_owned()));
    assert_eq!(first.completion, Completion::ClosedWhole);
    assert_eq!(first.status, Field::Set(Status::Ok));
    assert_eq!(first.duration, Field::Set(12_345));
    assert_eq!(first.redacted_input.get().unwrap().text(), "What is the weather in [CITY]?");
    assert_eq!(first.external_id, Field::Set("ext-1".to_owned()));
    let project = first.project.get().unwrap();
    assert_eq!(project.id.as_deref(), Some("de0cba14-1c6b-4845-86cf-331299d9b6be"));
    assert_eq!(project.stream_id.as_deref(), Some("ab4aee1c-c7c4-45d0-8005-df89ea5e0ec5"));
    assert_eq!((&second.name, &second.tags, &second.metadata), (&Field::Absent, &Field::Absent, &Field::Absent));

    let spans = spans(&decoded);
    let tree: Vec<_> = spans.iter().map(|span| (span.name.cloned(), span.kind.cloned())).collect();
    let named = |name: &str| Some(name.to_owned());
    let expected = [
        (named("planner"), Some(Kind::Agent)),
        (named("chat"), Some(Kind::Llm)),
        (named("get_weather"), Some(Kind::Tool)),
        (named("kb"), Some(Kind::Retriever)),
        (named("kb2"), Some(Kind::Retriever)),
        (named("wf"), Some(Kind::Workflow)),
        (None, Some(Kind::Llm)),
        (None, Some(Kind::Llm)),
    ];
    assert_eq!(tree, expected);
    assert_eq!(spans[0].parent, Field::Absent);
    assert_eq!(spans[1].parent, Field::Set(spans[0].id));
    assert!(spans.iter().all(|span| span.ended));
    assert!(spans.iter().all(|span| span.redacted_output.is_absent()), "an empty document is no redaction");
    let usage = spans[1].usage.get().unwrap();
    assert_eq!((usage.input, usage.output, usage.total), (Some(10), Some(5), Some(15)));
    assert_eq!(spans[1].first_token_after, Field::Set(1_000));
    assert_eq!(spans[0].extra, Field::Absent);
}

#[test]
fn the_js_sdks_camel_case_counts_are_counts() {
    let decoded = decode(&scenario("js_batch")[0]).unwrap();
    let usage = spans(&decoded)[1].usage.get().unwrap();
    assert_eq!((usage.reasoning, usage.cache_read), (Some(2), Some(1)));
    let user = traces(&decoded)[0].user.get().unwrap();
    assert_eq!(user, "u1");
    assert_eq!(traces(&decoded)[0].metadata.get().unwrap().raw().text(), r#"{"camelKey":"v"}"#);
}

#[test]
fn the_distributed_mode_out_of_order() {
    let calls = scenario("py_distributed");
    let quiet: Vec<_> = calls.iter().map(|call| decode(call).unwrap().quiet).collect();
    assert!(quiet[1..].iter().all(|quiet| *quiet == Duration::from_secs(5)));
    let view = view(&calls[..10]);
    assert!(view.complete);
    let trace = view.trace.as_ref().unwrap();
    assert_eq!(trace.facts.output.get().unwrap().text(), "final");
    assert_eq!(trace.facts.session, Field::Set("12362575-49f6-4df4-b791-2cedbda6b892".to_owned()));
    let agent = view.spans.iter().find(|span| span.facts.kind == Field::Set(Kind::Agent)).unwrap();
    assert!(agent.facts.ended);
    assert_eq!(agent.facts.output.get().unwrap().text(), "agent-out");
    assert_eq!(agent.facts.end.get().unwrap().0 - agent.facts.start.get().unwrap().0, 5);
    assert_eq!(agent.facts.agent_type, Field::Absent);
}

#[test]
fn ranks_follow_what_may_still_come() {
    let trace = |complete: bool| {
        post("/v2/projects/p/traces", &json!({ "is_complete": complete, "traces": [{ "id": TRACE, "input": "x" }] }))
    };
    let rank = |call| decode(&call).unwrap().items[0].rank;
    assert_eq!(rank(trace(true)), Rank::Complete { version: None, replaces: false });
    assert_eq!(rank(trace(false)), Rank::Open { version: None });
    let span = |span: serde_json::Value| {
        rank(post("/projects/p/spans", &json!({ "trace_id": TRACE, "parent_id": TRACE, "spans": [span] })))
    };
    assert_eq!(span(json!({ "type": "workflow", "id": SPAN })), Rank::Open { version: None });
    let complete = Rank::Complete { version: None, replaces: false };
    assert_eq!(span(json!({ "type": "workflow", "id": SPAN, "output": "x" })), complete);
    assert_eq!(span(json!({ "type": "agent", "id": SPAN, "status_code": 200 })), complete);
    assert_eq!(span(json!({ "type": "tool", "id": SPAN })), complete);
    assert_eq!(span(json!({ "type": "llm", "id": SPAN })), complete);
}

#[test]
fn an_update_changes_what_it_names() {
    let body = json!({ "trace_id": TRACE, "output": "o", "input": null, "tags": ["t"], "is_complete": true, "x": 1 });
    let decoded = decode(&patch(&format!("/v2/projects/p/traces/{TRACE}"), &body)).unwrap();
    let facts = traces(&decoded)[0];
    assert_eq!(facts.completion, Completion::ClosedWhole);
    assert_eq!(facts.tags, Field::Set(Tags::Change { add: vec!["t".to_owned()], remove: Vec::new() }));
    assert_eq!((&facts.input, &facts.status), (&Field::Absent, &Field::Absent));
    assert_eq!(decoded.items[0].rank, Rank::Patch);
    assert_eq!(decoded.losses.iter().map(|loss| loss.path.as_str()).collect::<Vec<_>>(), ["x"]);

    let body = json!({ "span_id": SPAN, "status_code": 200, "tags": [] });
    let decoded = decode(&patch(&format!("/projects/p/spans/{SPAN}"), &body)).unwrap();
    let facts = spans(&decoded)[0];
    assert!(facts.ended);
    assert_eq!((facts.trace, &facts.tags), (None, &Field::Absent));
    assert_eq!((&facts.status, &facts.http_code), (&Field::Set(Status::Ok), &Field::Null));
}

#[test]
fn further_numbers_among_the_metrics_are_scores() {
    let metrics = json!({ "duration_ns": 5, "cost": 0.25, "quality": 0.5, "note": "n", "nothing": null });
    let body = json!({ "traces": [{ "id": TRACE, "metrics": metrics }] });
    let decoded = decode(&post("/ingest/traces/p", &body)).unwrap();
    let trace = traces(&decoded)[0];
    assert_eq!(trace.cost.get().unwrap().total, Some(0.25));
    let Op::Score(score) = &decoded.items[1].op else { panic!("a score") };
    assert_eq!((score.name.as_str(), score.verbatim.as_deref()), ("quality", Some("0.5")));
    assert_eq!(score.target, Target::Trace(Id::parse(TRACE).unwrap()));
    assert_eq!(decoded.items.len(), 2);
    assert_eq!(trace.extra.get().unwrap().members["metrics"].text(), r#"{"note":"n"}"#);
}

#[test]
fn metadata_that_has_fields_moves_there() {
    let metadata = json!({
        "user_id": "u", "environment": "prod", "release": "1", "provider": "openai",
        "model_parameters": "{\"top_p\":1}", "error.type": "T", "error.message": "m", "k": "v",
    });
    let body = json!({ "trace_id": TRACE, "parent_id": SPAN, "spans": [{ "type": "llm", "user_metadata": metadata }] });
    let decoded = decode(&post("/projects/p/spans", &body)).unwrap();
    let span = spans(&decoded)[0];
    assert_eq!(span.user, Field::Set("u".to_owned()));
    assert_eq!(span.environment, Field::Set("prod".to_owned()));
    assert_eq!(span.release, Field::Set("1".to_owned()));
    assert_eq!(span.provider, Field::Set("openai".to_owned()));
    assert_eq!(span.model_parameters.get().unwrap().text(), r#"{"top_p":1}"#);
    assert_eq!(span.error.get().unwrap().message.as_deref(), Some("m"));
    assert_eq!(span.metadata.get().unwrap().raw().text(), r#"{"k":"v"}"#);
    assert_eq!(span.parent, Field::Set(Id::parse(SPAN).unwrap()));
    assert_eq!(span.start, Field::Set(super::AT), "what has no time began when it was accepted");
}

#[test]
fn what_is_newer_than_we_know_is_kept() {
    let span = json!({ "type": "reranker", "id": SPAN, "shiny": {"a": 1.0}, "spans": [{ "type": "tool" }] });
    let body = json!({ "trace_id": TRACE, "parent_id": TRACE, "spans": [span] });
    let decoded = decode(&post("/projects/p/spans", &body)).unwrap();
    let [outer, inner] = spans(&decoded)[..] else { panic!("two spans") };
    assert_eq!(outer.kind, Field::Set(Kind::Other));
    let extra = &outer.extra.get().unwrap().members;
    assert_eq!((extra["type"].text(), extra["shiny"].text()), (r#""reranker""#, r#"{"a":1.0}"#));
    assert_eq!(inner.parent, Field::Set(outer.id));
    assert_eq!(inner.id, Id::derived(&[7; 16], "spans[0].spans[0]"));
}

#[test]
fn a_flat_list_names_its_parents() {
    let span = |id: &str, parent: &str| json!({ "type": "tool", "id": id, "trace_id": TRACE, "parent_id": parent });
    let other = "33333333-3333-4333-8333-333333333333";
    let body = json!({ "traces": [{ "id": TRACE, "spans": [span(SPAN, TRACE), span(other, SPAN)] }] });
    let decoded = decode(&post("/ingest/traces/p", &body)).unwrap();
    let parents: Vec<_> = spans(&decoded).iter().map(|span| span.parent.cloned()).collect();
    assert_eq!(parents, [None, Id::parse(SPAN)]);
}

#[test]
fn mistakes_are_named_by_path_and_rule() {
    let check = |call, path: &str, rule: &str| match decode(&call) {
        Err(Refusal::Invalid { path: at, rule: broken }) => assert_eq!((at.as_str(), broken.as_str()), (path, rule)),
        other => panic!("{other:?}"),
    };
    let traces = |traces: serde_json::Value| post("/v2/projects/p/traces", &json!({ "traces": traces }));
    check(post("/v2/projects/p/traces", &json!({})), "traces", "Field required");
    check(traces(json!([])), "traces", "List should have at least 1 item after validation, not 0");
    check(traces(json!([{ "id": "x" }])), "traces[0].id", "Input should be a valid UUID");
    check(
        traces(json!([{}, { "spans": [{ "type": "llm", "status_code": "x" }] }])),
        "traces[1].spans[0].status_code",
        "invalid type: string \"x\", expected i64",
    );
    check(
        traces(json!([{ "created_at": "noon" }])),
        "traces[0].created_at",
        "Input should be a valid datetime or date",
    );
    check(traces(json!([{ "user_metadata": [] }])), "traces[0].user_metadata", "Input should be a valid dictionary");
    check(
        traces(json!([{ "metrics": { "duration_ns": "x" } }])),
        "traces[0].metrics.duration_ns",
        "Input should be a valid integer",
    );
    check(traces(json!(5)), "traces", "invalid type: integer `5`, expected a sequence");
    check(post("/projects/p/spans", &json!({ "trace_id": TRACE, "spans": [] })), "parent_id", "Field required");
    check(patch("/projects/p/spans/x", &json!({})), "path.span_id", "Input should be a valid UUID");
    let other = patch(&format!("/projects/p/traces/{TRACE}"), &json!({ "trace_id": SPAN }));
    check(other, "trace_id", "Must be the id in the path");
    let mut broken = post("/projects/p/traces", &json!({}));
    broken.body = "{".into();
    assert!(matches!(decode(&broken), Err(Refusal::Malformed { .. })));
}

#[test]
fn deletions_are_by_id() {
    let delete = |path: &str, filter: serde_json::Value| decode(&post(path, &json!({ "filters": [filter] })));
    let targets = |decoded: Decoded| {
        decoded
            .items
            .into_iter()
            .map(|item| match item.op {
                Op::Delete(target) => target,
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
    let one = json!({ "type": "id", "column_id": "id", "operator": "eq", "value": TRACE });
    let found = targets(delete("/v2/projects/p/traces/delete", one).unwrap());
    assert_eq!(found, [Target::Trace(Id::parse(TRACE).unwrap())]);
    let both = json!({ "type": "id", "name": "id", "operator": "one_of", "value": [SPAN, TRACE] });
    let found = targets(delete("/projects/p/spans/delete", both).unwrap());
    let span = |id| Target::Span { trace: None, span: Id::parse(id).unwrap() };
    assert_eq!(found, [span(SPAN), span(TRACE)]);
    for filter in [
        json!({ "type": "text", "column_id": "input", "value": "x" }),
        json!({ "type": "id", "column_id": "id", "operator": "ne", "value": TRACE }),
        json!({ "type": "id", "column_id": "id", "operator": "eq", "value": "x" }),
        json!({ "type": "id", "column_id": "id", "operator": "one_of", "value": [] }),
    ] {
        assert!(
            matches!(delete("/projects/p/traces/delete", filter.clone()), Err(Refusal::Invalid { .. })),
            "{filter}"
        );
    }
    assert!(decode(&post("/projects/p/traces/delete", &json!({ "filters": [] }))).is_err(), "never everything");
}

#[test]
fn any_uuid_is_an_id() {
    let id = "01A1FBA6-5334-7C4B-AAA2-E4EA076C6C6D";
    let decoded = decode(&post("/projects/p/traces", &json!({ "traces": [{ "id": id }] }))).unwrap();
    assert_eq!(traces(&decoded)[0].id.to_string(), id.to_lowercase());
}
