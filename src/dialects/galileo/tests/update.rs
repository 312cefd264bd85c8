//! What is sent after something was sent.

use http::Method;
use serde_json::Value;
use serde_json::json;

use super::body;
use super::encode::START;
use super::encode::foreign;
use super::encode::foreign_span;
use super::encode::json_payload;
use super::encode::native;
use super::encode::outward;
use super::encode::score;
use super::patch;
use super::scenario;
use super::view;
use crate::canonical::Completion;
use crate::canonical::Field;
use crate::canonical::Kind;
use crate::canonical::ScoreValue;
use crate::canonical::Status;
use crate::canonical::Tags;
use crate::canonical::Target;
use crate::canonical::View;
use crate::contract::Dialect;
use crate::contract::Plan;
use crate::dialects::galileo::Galileo;

fn plan(view: &View, shown: &View) -> Plan {
    Galileo.plan(view, Some(shown), &outward())
}

/// Method, path below the project, stage and body of each write.
fn writes(plan: &Plan) -> Vec<(Method, String, u8, Value)> {
    let one = |write: &crate::contract::Write| {
        let path = write.path.strip_prefix("/v2/projects/p1").unwrap().to_owned();
        let mut body = body(write);
        for common in ["log_stream_id", "logging_method", "reliable"] {
            body.as_object_mut().unwrap().remove(common);
        }
        (write.method.clone(), path, write.stage, body)
    };
    plan.writes.iter().map(one).collect()
}

fn lost(plan: &Plan) -> Vec<(&str, &str)> {
    plan.losses.iter().filter(|loss| !loss.carried).map(|loss| (loss.subject.as_str(), loss.path.as_str())).collect()
}

fn open(mut view: View) -> View {
    view.complete = false;
    view.trace.as_mut().unwrap().facts.completion = Completion::Open;
    view
}

#[test]
fn nothing_changed_is_nothing_sent() {
    let view = foreign(vec![foreign_span(1, None, Kind::Tool)]);
    let plan = plan(&view, &view);
    assert!(plan.writes.is_empty() && plan.losses.is_empty());
}

#[test]
fn what_can_change_is_patched_and_the_rest_is_a_loss() {
    let shown = foreign(vec![foreign_span(1, None, Kind::Tool)]);
    let mut now = shown.clone();
    let span = &mut now.spans[0].facts;
    span.output = json_payload(&json!({ "a": 1 }));
    span.status = Field::Set(Status::Error);
    span.end = Field::Set(START.plus(5_000_000));
    span.tags = Field::Set(Tags::Set(vec!["new".to_owned()]));
    span.model = Field::Set("m".to_owned());
    now.trace.as_mut().unwrap().facts.output = json_payload(&json!({ "b": 2 }));
    now.scores = vec![score(Target::Trace(native(0)), "late", ScoreValue::Number(1.0))];
    let plan = plan(&now, &shown);
    let id = "01a1fba6-5334-4c4b-aaa2-000000000001";
    let trace = "01a1fba6-5334-4c4b-aaa2-000000000000";
    let expected = [
        (
            Method::PATCH,
            format!("/spans/{id}"),
            1,
            json!({ "span_id": id, "output": "{\"a\":1}", "status_code": 500, "tags": ["new"], "duration_ns": 4_999_000 }),
        ),
        (
            Method::PATCH,
            format!("/traces/{trace}"),
            2,
            json!({ "trace_id": trace, "output": "{\"b\":2}", "is_complete": true }),
        ),
    ];
    assert_eq!(writes(&plan), expected);
    let (span, trace) = (format!("span {}", native(1)), format!("trace {}", native(0)));
    // Of the outputs, the form: the reserved key has that of the former ones.
    assert_eq!(
        lost(&plan),
        [
            (span.as_str(), "model"),
            (span.as_str(), "output"),
            (trace.as_str(), "output"),
            (trace.as_str(), "scores.late.value")
        ]
    );
}

#[test]
fn an_open_trace_holds_back_what_cannot_change_later() {
    let mut running = foreign_span(2, Some(1), Kind::Llm);
    running.facts.ended = false;
    running.facts.end = Field::Absent;
    let mut agent = foreign_span(1, None, Kind::Agent);
    agent.facts.ended = false;
    agent.facts.end = Field::Absent;
    let shown = open(foreign(vec![agent, running, foreign_span(3, Some(9), Kind::Tool)]));
    let first = Galileo.plan(&shown, None, &outward());
    let sent = body(&first.writes[0]);
    assert_eq!(sent["is_complete"], json!(false));
    let names: Vec<_> = sent["traces"][0]["spans"].as_array().unwrap().iter().map(|span| &span["name"]).collect();
    assert_eq!(names, ["span 1"]);
    assert_eq!(sent["traces"][0]["spans"][0]["spans"], Value::Null);
    let (two, three) = (format!("span {}", native(2)), format!("span {}", native(3)));
    assert_eq!(lost(&first), [(two.as_str(), "span"), (three.as_str(), "span")]);

    let now = foreign(vec![
        foreign_span(1, None, Kind::Agent),
        foreign_span(2, Some(1), Kind::Llm),
        foreign_span(3, Some(9), Kind::Tool),
    ]);
    let then = plan(&now, &shown);
    let writes = writes(&then);
    let brief: Vec<_> =
        writes.iter().map(|(method, path, stage, _)| (method.as_str(), path.as_str(), *stage)).collect();
    let expected = [
        ("POST", "/spans", 0),
        ("POST", "/spans", 0),
        ("PATCH", "/spans/01a1fba6-5334-4c4b-aaa2-000000000001", 1),
        ("PATCH", "/traces/01a1fba6-5334-4c4b-aaa2-000000000000", 2),
    ];
    assert_eq!(brief, expected);
    assert_eq!(writes[0].3["parent_id"], json!("01a1fba6-5334-4c4b-aaa2-000000000001"));
    assert_eq!(writes[1].3["parent_id"], writes[1].3["trace_id"], "a parent that never came");
    assert_eq!(writes[3].3, json!({ "trace_id": "01a1fba6-5334-4c4b-aaa2-000000000000", "is_complete": true }));
    assert_eq!(lost(&then), []);
}

#[test]
fn late_spans_of_a_complete_trace_bring_the_whole_again() {
    let shown = foreign(vec![foreign_span(1, None, Kind::Tool)]);
    let mut now = shown.clone();
    now.spans.push(foreign_span(2, Some(1), Kind::Llm));
    now.scores = vec![score(Target::Trace(native(0)), "late", ScoreValue::Number(1.0))];
    let plan = plan(&now, &shown);
    let [(method, path, 0, body)] = &writes(&plan)[..] else { panic!("one write") };
    assert_eq!((method, path.as_str()), (&Method::POST, "/traces"));
    assert_eq!(body["traces"][0]["spans"][0]["spans"][0]["name"], json!("span 2"));
    assert_eq!(body["traces"][0]["metrics"]["late"], json!(1.0));
    assert_eq!(lost(&plan), []);
}

#[test]
fn spans_without_a_trace_record_are_posted_under_their_parent() {
    let calls = scenario("py_distributed");
    let downstream = view(&calls[10..]);
    let plan = Galileo.plan(&downstream, None, &outward());
    let [(method, path, 0, body)] = &writes(&plan)[..] else { panic!("one write") };
    assert_eq!((method, path.as_str()), (&Method::POST, "/spans"));
    assert_eq!(body["trace_id"], json!("11111111-1111-4111-8111-111111111111"));
    assert_eq!(body["parent_id"], json!("22222222-2222-4222-8222-222222222222"));
    assert_eq!(body["spans"][0]["model"], json!("m2"));
}

#[test]
fn an_update_without_its_create_stays_one() {
    let id = "22222222-2222-4222-8222-222222222222";
    let body = json!({ "span_id": id, "output": ["o"], "status_code": 404, "duration_ns": 5, "tags": ["t"] });
    let mut orphan = view(&[patch(&format!("/projects/p/spans/{id}"), &body)]);
    orphan.spans[0].facts.model = Field::Set("m".to_owned());
    let plan = Galileo.plan(&orphan, None, &outward());
    let expected = json!({ "span_id": id, "output": ["o"], "status_code": 404, "tags": ["t"], "duration_ns": 5 });
    assert_eq!(writes(&plan), [(Method::PATCH, format!("/spans/{id}"), 1, expected)]);
    assert_eq!(lost(&plan), [(format!("span {id}").as_str(), "model")]);
    assert!(Galileo.plan(&orphan, Some(&orphan), &outward()).writes.is_empty());

    let id = "11111111-1111-4111-8111-111111111111";
    let orphan = view(&[patch(&format!("/projects/p/traces/{id}"), &json!({ "output": "o", "is_complete": true }))]);
    let plan = Galileo.plan(&orphan, None, &outward());
    let expected = json!({ "trace_id": id, "output": "o", "is_complete": true });
    assert_eq!(writes(&plan), [(Method::PATCH, format!("/traces/{id}"), 2, expected)]);
}

#[test]
fn what_is_gone_is_deleted_by_filter() {
    let shown = foreign(vec![foreign_span(1, None, Kind::Tool)]);
    let filter = |id: &str| json!({ "filters": [{ "type": "id", "column_id": "id", "operator": "eq", "value": id }] });
    let gone = plan(&View { id: native(0), ..View::default() }, &shown);
    let trace = filter("01a1fba6-5334-4c4b-aaa2-000000000000");
    assert_eq!(writes(&gone), [(Method::POST, "/traces/delete".to_owned(), 3, trace)]);
    let gone = plan(&foreign(Vec::new()), &shown);
    let span = filter("01a1fba6-5334-4c4b-aaa2-000000000001");
    assert_eq!(writes(&gone), [(Method::POST, "/spans/delete".to_owned(), 3, span)]);
}

#[test]
fn what_cannot_be_taken_back_is_a_loss() {
    let mut shown = foreign(Vec::new());
    shown.trace.as_mut().unwrap().facts.tags = Field::Set(Tags::Set(vec!["a".to_owned(), "b".to_owned()]));
    let mut now = shown.clone();
    let facts = &mut now.trace.as_mut().unwrap().facts;
    facts.output = Field::Absent;
    facts.tags = Field::Set(Tags::Set(vec!["b".to_owned()]));
    let plan = plan(&now, &shown);
    assert!(plan.writes.is_empty());
    let trace = format!("trace {}", native(0));
    assert_eq!(lost(&plan), [(trace.as_str(), "output"), (trace.as_str(), "tags")]);
}
