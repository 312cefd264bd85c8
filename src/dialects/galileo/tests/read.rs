//! Records, from the vendor and for its clients.

use http::HeaderMap;
use serde_json::Value;
use serde_json::json;

use super::body;
use super::encode::foreign;
use super::encode::foreign_span;
use super::encode::json_payload;
use super::encode::native;
use super::encode::outward;
use super::out;
use super::scenario;
use super::view;
use super::view_of;
use crate::canonical::Facts;
use crate::canonical::Field;
use crate::canonical::Item;
use crate::canonical::Kind;
use crate::canonical::View;
use crate::contract::Answer;
use crate::contract::Dialect;
use crate::contract::Found;
use crate::contract::Wanted;
use crate::dialects::galileo::Galileo;
use crate::dialects::galileo::read;
use crate::dialects::galileo::read::Home;

fn ask(wanted: &Wanted, status: u16, body: &Value) -> Result<Option<Vec<Item>>, String> {
    let answer = Answer { status, headers: HeaderMap::new(), body: body.to_string().into() };
    Galileo.read_answer(wanted, &[answer], &out().known)
}

fn wanted(span: Option<&str>) -> Wanted {
    Wanted { trace: Some("t".to_owned()), span: span.map(str::to_owned), project: out().project, in_stream: false }
}

/// A step that we sent, as the vendor would show it.
fn recorded(mut step: Value, trace: &str, parent: &str, session: &str) -> Value {
    let id = step["id"].as_str().unwrap().to_owned();
    let children = step["spans"].take();
    let record = step.as_object_mut().unwrap();
    record.insert("trace_id".into(), trace.into());
    record.insert("project_id".into(), "p1".into());
    record.insert("run_id".into(), "s1".into());
    record.insert("session_id".into(), session.into());
    record.insert("metric_info".into(), json!({ "quality": { "status_type": "success" } }));
    if !parent.is_empty() {
        record.insert("parent_id".into(), parent.into());
    }
    let children = children.as_array().cloned().unwrap_or_default();
    let children: Vec<_> = children.into_iter().map(|child| recorded(child, trace, &id, session)).collect();
    record.insert("spans".into(), children.into());
    step
}

fn shown(view: &View) -> Value {
    let sent = body(&Galileo.plan(view, None, &outward()).writes[0])["traces"][0].clone();
    let id = sent["id"].as_str().unwrap().to_owned();
    recorded(sent, &id, "", "5e551015-0000-4000-8000-000000000000")
}

#[test]
fn what_was_sent_is_read_back_as_it_was() {
    let mut llm = foreign_span(2, Some(1), Kind::Embedding);
    llm.facts.input = json_payload(&json!({ "text": ["a"] }));
    let there = foreign(vec![foreign_span(1, None, Kind::Step), llm, foreign_span(3, Some(2), Kind::Tool)]);
    let items = ask(&wanted(None), 200, &shown(&there)).unwrap().unwrap();
    let back = view_of(items);
    assert!(back.complete);
    let (mine, held) = (there.trace.as_ref().unwrap(), back.trace.as_ref().unwrap());
    assert_eq!(mine.facts.difference(&held.facts), [], "with the session's own text");
    for (mine, held) in there.spans.iter().zip(&back.spans) {
        let mut expected = mine.facts.clone();
        // Their ids are found by their time, which only the other dialect's rule does.
        expected.parent = held.facts.parent.clone();
        assert_eq!(expected.difference(&held.facts), []);
    }
    assert_eq!(back.spans[2].facts.parent, Field::Set(native(2)), "told, because it was lifted");
}

#[test]
fn what_is_not_there_or_elsewhere_is_none() {
    assert_eq!(ask(&wanted(None), 404, &json!({ "detail": "x" })).unwrap().map(|items| items.len()), None);
    let mut record = shown(&foreign(Vec::new()));
    record["project_id"] = json!("other");
    assert!(ask(&wanted(None), 200, &record).unwrap().is_none());
    let stub = json!({ "type": "stub_trace", "id": "01a1fba6-5334-4c4b-aaa2-000000000000", "spans": [] });
    assert!(ask(&wanted(None), 200, &stub).unwrap().is_none());
    assert!(ask(&wanted(None), 503, &Value::Null).is_err());
    assert!(ask(&wanted(None), 200, &json!([])).is_err());
}

#[test]
fn a_span_is_read_with_its_trace_and_parent() {
    let there = foreign(vec![foreign_span(1, None, Kind::Agent), foreign_span(2, Some(1), Kind::Tool)]);
    let record = shown(&there)["spans"][0]["spans"][0].clone();
    let items = ask(&wanted(Some("s")), 200, &record).unwrap().unwrap();
    assert_eq!(items.len(), 1);
    let back = view_of(items);
    assert_eq!(back.spans[0].facts.trace.unwrap().to_string(), "01a1fba6-5334-4c4b-aaa2-000000000000");
    assert_eq!(back.spans[0].facts.parent.get().unwrap().to_string(), "01a1fba6-5334-4c4b-aaa2-000000000001");
}

#[test]
fn reads_go_to_the_projects_paths() {
    let paths = |span: Option<&str>| {
        let requests = Galileo.read(&wanted(span), &out().known);
        requests.into_iter().map(|request| request.path).collect::<Vec<_>>()
    };
    assert_eq!(paths(None), ["/v2/projects/p1/traces/t"]);
    assert_eq!(paths(Some("s")), ["/v2/projects/p1/spans/s"]);
}

fn home() -> Home {
    Home { project: "p".to_owned(), run: "r".to_owned(), session: "s".to_owned() }
}

fn json_of(raw: &crate::canonical::Raw) -> Value {
    serde_json::from_str(raw.text()).unwrap()
}

#[test]
fn clients_see_records_of_their_own_shape() {
    let view = view(&scenario("py_batch"));
    let found = Found { native: view.id, view, out: outward() };
    let record = json_of(&read::render_trace(&found, &home()));
    for key in ["id", "trace_id", "session_id", "project_id", "run_id", "input", "metrics", "tags", "user_metadata"] {
        assert!(record.get(key).is_some(), "{key}");
    }
    assert_eq!(record["type"], json!("trace"));
    assert_eq!(record["trace_id"], record["id"]);
    assert_eq!((&record["is_complete"], &record["session_id"]), (&json!(true), &json!("s")));
    for span in record["spans"].as_array().unwrap() {
        assert_eq!((&span["parent_id"], &span["trace_id"]), (&record["id"], &record["id"]));
        assert!(span["spans"].as_array().is_none_or(|list| list.iter().all(|child| child["parent_id"] == span["id"])));
    }
}

#[test]
fn a_foreign_trace_is_shown_without_what_is_ours() {
    let mut silent = foreign_span(2, Some(1), Kind::Llm);
    (silent.facts.input, silent.facts.output) = (Field::Absent, Field::Absent);
    let view = foreign(vec![foreign_span(1, None, Kind::Other), silent]);
    let mut found = Found { native: native(2), view, out: outward() };
    let span = json_of(&read::render_span(&found, &home()).unwrap());
    assert_eq!(span["parent_id"], json!("01a1fba6-5334-4c4b-aaa2-000000000001"));
    assert_eq!(span["user_metadata"], json!({}));
    assert_eq!((&span["input"], &span["output"]["role"]), (&json!([]), &json!("assistant")));
    found.view.trace = None;
    let stub = json_of(&read::render_trace(&found, &home()));
    assert_eq!((&stub["type"], &stub["spans"][0]["type"]), (&json!("stub_trace"), &json!("workflow")));
    assert_eq!(stub["spans"][0]["parent_id"], stub["id"]);
}
