//! Rows of other dialects: what the vendor has no place for comes back through the reserved key.

use bytes::Bytes;
use http::HeaderMap;
use indexmap::IndexMap;
use serde_json::Value;
use serde_json::json;

use crate::canonical::ClientProject;
use crate::canonical::Cost;
use crate::canonical::ErrorInfo;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Kind;
use crate::canonical::Metadata;
use crate::canonical::Op;
use crate::canonical::Payload;
use crate::canonical::Raw;
use crate::canonical::Span;
use crate::canonical::SpanView;
use crate::canonical::Status;
use crate::canonical::Tags;
use crate::canonical::Time;
use crate::canonical::Trace;
use crate::canonical::TraceView;
use crate::canonical::Usage;
use crate::canonical::View;
use crate::canonical::complement::Keep;
use crate::contract::Answer;
use crate::contract::Dialect;
use crate::contract::Known;
use crate::contract::Outward;
use crate::contract::Wanted;

use super::super::Opik;
use super::MS;
use super::alone;
use super::items;
use super::json as read;
use super::out;

const TRACE: &str = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
const SPAN: &str = "7a1f0f6e-54a1-4c6c-9d6e-0b1a2c3d4e5f";

fn id(text: &str) -> Id {
    Id::parse(text).expect("a UUID")
}

fn set<T>(value: T) -> Field<T> {
    Field::Set(value)
}

fn text(value: &str) -> Field<String> {
    Field::Set(value.to_owned())
}

fn raw(value: Value) -> Raw {
    Raw::of(&value)
}

fn nanos(after: i64) -> Time {
    Time(MS * 1_000_000 + after)
}

fn trace() -> TraceView {
    let facts = Trace {
        id: id(TRACE),
        project: set(ClientProject {
            id: Some("p1".to_owned()),
            stream_id: Some("s1".to_owned()),
            ..ClientProject::default()
        }),
        name: text("t"),
        start: set(nanos(1)),
        first_token: set(nanos(1_234_567)),
        status: set(Status::Ok),
        http_code: set(201),
        input: set(Payload(raw(json!("{\"a\":1.0}")))),
        output: set(Payload(raw(json!(7)))),
        usage: set(Usage { input: Some(3), ..Usage::default() }),
        cost: set(Cost { total: Some(0.5), ..Cost::default() }),
        tags: set(Tags::Set(vec!["b".to_owned(), "a".to_owned(), "b".to_owned()])),
        dataset_input: text("d"),
        user: text("u"),
        environment: text(&"e".repeat(200)),
        source: text("evaluator"),
        ..Trace::default()
    };
    TraceView { facts, whole: true, origin: "alpha", version: nanos(0), inferred_end: Some(nanos(9_000)) }
}

fn span() -> SpanView {
    let facts = Span {
        id: id(SPAN),
        trace: Some(id(TRACE)),
        ended: true,
        parent: set(Id::OtelSpan([0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74])),
        name: text("s"),
        kind: set(Kind::Agent),
        agent_type: text("planner"),
        start: set(nanos(0)),
        end: set(nanos(5_000)),
        error: set(ErrorInfo { message: Some("m".to_owned()), ..ErrorInfo::default() }),
        input: set(Payload(raw(json!([{"role": "user", "content": "hi"}])))),
        output: set(Payload(raw(json!([{"content": "doc"}])))),
        usage: set(Usage {
            input: Some(3),
            output: Some(4),
            other: IndexMap::from([("num_x_tokens".to_owned(), raw(json!(1.5)))]),
            ..Usage::default()
        }),
        cost: set(Cost { total: Some(0.5), parts: IndexMap::from([("input".to_owned(), raw(json!(0.1)))]) }),
        metadata: set(Metadata::Set(raw(json!(["not", "an", "object"])))),
        step_number: set(2),
        ..Span::default()
    };
    SpanView { facts, whole: true, origin: "beta", version: nanos(0), inferred_end: None }
}

fn view() -> View {
    View { id: id(TRACE), trace: Some(trace()), spans: vec![span()], ..View::default() }
}

/// The rows that a view becomes.
fn rows(out: &Outward) -> (Value, Value) {
    let plan = Opik.plan(&view(), None, out);
    (read(&plan.writes[0].row), read(&plan.writes[1].row))
}

fn back(path: &str, row: &Value) -> Item {
    items("POST", path, &row.to_string()).remove(0)
}

#[test]
fn native_places_are_used_first() {
    let (trace, span) = rows(&out());
    assert_eq!(trace["id"], "01a1fbaf-9b40-7b50-8888-8dd25736052a".replace("01a1fbaf-9b40", &prefix()));
    assert_eq!(trace["input"], json!({"a": 1.0}));
    assert_eq!(trace["output"], json!({"value": 7}));
    assert_eq!(trace["tags"], json!(["b", "a"]));
    assert_eq!(trace["end_time"], "2026-11-21T01:10:00.000009Z");
    assert_eq!(trace["metadata"]["user_id"], "u");
    assert_eq!(trace["environment"], "e".repeat(150));
    assert_eq!(trace.get("source"), None);
    assert_eq!(span["trace_id"], trace["id"]);
    assert_eq!(span["type"], "general");
    assert_eq!(span["input"], json!({"messages": [{"role": "user", "content": "hi"}]}));
    assert_eq!(span["output"], json!({"documents": [{"content": "doc"}]}));
    assert_eq!(span["usage"], json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}));
    assert_eq!(span["error_info"], json!({"exception_type": "Error", "message": "m", "traceback": "m"}));
    assert_eq!(span["metadata"]["value"], json!(["not", "an", "object"]));
    assert_eq!(span["metadata"]["_spangate"]["src"], "beta");
}

/// The first twelve digits of an id that was given the trace's time.
fn prefix() -> String {
    let digits = format!("{MS:012x}");
    format!("{}-{}", &digits[..8], &digits[8..])
}

#[test]
fn the_way_back_is_the_identity() {
    let (trace_row, span_row) = rows(&out());
    let Op::Trace(found) = back("/v1/private/traces", &trace_row).op else { panic!("a trace") };
    assert_eq!(Trace { completion: found.completion, ..trace().facts }, *found);
    let Op::Span(found) = back("/v1/private/spans", &span_row).op else { panic!("a span") };
    assert_eq!(span().facts, *found);
}

#[test]
fn an_edit_at_the_vendor_wins() {
    let (_, mut row) = rows(&out());
    row["type"] = "tool".into();
    row["input"] = json!({"edited": true});
    let Op::Span(found) = back("/v1/private/spans", &row).op else { panic!("a span") };
    assert_eq!(found.kind, set(Kind::Tool));
    assert_eq!(found.input, set(Payload(raw(json!({"edited": true})))));
    assert_eq!(found.agent_type, text("planner"));
}

#[test]
fn a_key_copied_from_another_row_is_ignored() {
    let (trace_row, mut row) = rows(&out());
    row["id"] = trace_row["id"].clone();
    let Op::Span(found) = back("/v1/private/spans", &row).op else { panic!("a span") };
    assert_eq!(found.id, id(trace_row["id"].as_str().expect("an id")));
    assert_eq!(found.kind, set(Kind::Other));
}

#[test]
fn what_the_key_may_not_hold_is_a_loss() {
    let off = Outward { keep: Keep::Off, ..out() };
    let plan = Opik.plan(&view(), None, &off);
    assert_eq!(read(&plan.writes[0].row)["metadata"], json!({"user_id": "u"}));
    assert_eq!(read(&plan.writes[1].row)["metadata"], json!(["not", "an", "object"]));
    let lost = |path: &str| plan.losses.iter().any(|loss| loss.path == path && !loss.carried);
    assert!(lost("kind") && lost("http_code") && lost("status"), "{:?}", plan.losses);
    let ids = Outward { keep: Keep::Ids, ..out() };
    let (trace, _) = rows(&ids);
    assert_eq!(trace["metadata"]["_spangate"], json!({"v": 1, "src": "alpha", "ids": {"t": TRACE}}));
}

#[test]
fn carried_losses_name_their_path() {
    let plan = Opik.plan(&view(), None, &out());
    let carried = |path: &str| plan.losses.iter().any(|loss| loss.path == path && loss.carried);
    assert!(["kind", "agent_type", "metadata", "cost", "end"].into_iter().all(carried), "{:?}", plan.losses);
    assert!(plan.losses.iter().all(|loss| loss.carried || loss.path == "usage.num_x_tokens"), "{:?}", plan.losses);
}

#[test]
fn scoped_ids_are_hashed_everywhere_alike() {
    let scoped = Outward { scope: Some("here".to_owned()), ..out() };
    let (trace, span) = rows(&scoped);
    let (plain, _) = rows(&out());
    assert_ne!(trace["id"], plain["id"]);
    assert_eq!(span["trace_id"], trace["id"]);
}

#[test]
fn hashed_ids_come_back_from_the_vendor() {
    let scoped = Outward { scope: Some("here".to_owned()), ..out() };
    let (mut trace_row, mut span_row) = rows(&scoped);
    trace_row["project_id"] = "p".into();
    span_row["project_id"] = "p".into();
    let answers = [trace_row, json!({"total": 1, "content": [span_row]}), json!({"id": "p", "name": "proj"})]
        .map(|body| Answer { status: 200, headers: HeaderMap::new(), body: Bytes::from(body.to_string()) });
    let wanted = Wanted { trace: Some(String::new()), span: None, project: out().project, in_stream: false };
    let items = Opik.read_answer(&wanted, &answers, &Known::new()).expect("fine").expect("found");
    let [Op::Trace(found), Op::Span(below)] = [&items[0].op, &items[1].op] else { panic!("a trace and a span") };
    assert_eq!((found.id, below.id, below.trace), (id(TRACE), id(SPAN), Some(id(TRACE))));
    assert_eq!((&found.http_code, &below.kind), (&set(201), &set(Kind::Agent)));
    assert_eq!((&below.parent, &found.project), (&span().facts.parent, &trace().facts.project));
}

/// A row of this dialect needs the key only where the vendor gets another id than the client's.
#[test]
fn hashed_ids_of_its_own_rows_are_told_too() {
    const OWN: &str = "01a1fba6-5334-7c4b-aaa2-e4ea076c6c6d";
    let row = json!({"id": OWN, "name": "t", "start_time": "2026-11-21T01:10:00Z", "metadata": {"k": 1}});
    let call = |row: &Value| json!({"traces": [row]}).to_string();
    let view = |row: &Value| alone(&items("POST", "/v1/private/traces/batch", &call(row))[0]);
    let metadata = |row: &Value, out: &Outward| {
        let plan = Opik.plan(&view(row), None, out);
        assert!(plan.losses.is_empty(), "{:?}", plan.losses);
        read(&plan.writes[0].row)["metadata"].clone()
    };
    let scoped = Outward { scope: Some("here".to_owned()), ..out() };
    let told = json!({"v": 1, "src": "opik", "ids": {"t": OWN}});
    assert_eq!(metadata(&row, &out()), json!({"k": 1}));
    assert_eq!(metadata(&row, &scoped), json!({"k": 1, "_spangate": told}));
    assert_eq!(metadata(&row, &Outward { trace_ms: MS, retimed: true, ..out() })["_spangate"], told);
    assert_eq!(metadata(&row, &Outward { keep: Keep::Off, ..scoped.clone() }), json!({"k": 1}));
    let update = r#"{"project_name":"p","metadata":{"k":2}}"#;
    let item = &items("PATCH", &format!("/v1/private/traces/{OWN}"), update)[0];
    let plan = Opik.plan(&alone(item), None, &scoped);
    assert_eq!(read(&plan.writes[0].row)["metadata"], json!({"k": 2, "_spangate": told}));
}
