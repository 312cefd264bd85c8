//! Requests to items.

use super::*;
use crate::canonical::Completion;
use crate::canonical::Field;
use crate::canonical::Kind;
use crate::canonical::Rank;
use crate::canonical::ScoreValue;
use crate::canonical::Status;
use crate::canonical::Tags;

const WHOLE: Rank = Rank::Complete { version: None, replaces: false };

fn fixture(name: &str) -> Vec<Item> {
    let (_, call) = fixtures().into_iter().find(|(path, _)| path.ends_with(name)).unwrap();
    PandaProbe.decode(&call, &SEED).unwrap().items
}

#[test]
fn reads_a_whole_trace_of_the_python_sdk() {
    let items = fixture("context_managers/001.json");
    assert_eq!(items.iter().map(|item| item.path.as_str()).collect::<Vec<_>>(), ["trace", "spans[0]", "spans[1]"]);
    assert!(items.iter().all(|item| item.rank == WHOLE && item.origin == "pandaprobe"));
    let printed = fold(&items).print();
    assert_eq!(
        printed["trace"],
        json!({
            "id": "cc047292-1458-468b-80eb-02bdbbcb9674",
            "project": {"name": "capture"},
            "name": "ctx-trace",
            "start": 1_795_223_317_323_207_000_i64,
            "end": 1_795_223_317_323_457_000_i64,
            "input": {"messages": [{"content": "hi", "role": "user"}]},
            "output": {"messages": [{"content": "hello", "role": "assistant"}]},
            "tags": {"set": ["a", "b"]},
            "metadata": {"set": {"extra": true, "plan": "pro"}},
            "session": "s-1",
            "user": "u-1",
            "environment": "staging",
            "release": "v1.2.3",
        })
    );
    assert_eq!(
        printed["spans"][1],
        json!({
            "id": "4baebb2a-3a8d-4245-887b-e1f9b044a341",
            "parent": "29b5457c-8aa9-492a-895f-c1948f571b33",
            "project": {"name": "capture"},
            "name": "llm",
            "kind": "llm",
            "start": 1_795_223_317_323_299_000_i64,
            "end": 1_795_223_317_323_314_000_i64,
            "first_token": 1_795_223_317_323_306_000_i64,
            "status": "ok",
            "input": {"messages": [{"content": "hi", "role": "user"}]},
            "output": {"messages": [{"content": "hello", "role": "assistant"}]},
            "model": "gpt-x",
            "provider": "acme",
            "model_parameters": {"max_tokens": 64, "temperature": 0.2},
            "temperature": 0.2,
            "usage": {"input": 10, "output": 5, "total": 15, "reasoning": 2, "cache_read": 3},
            "cost": {"total": 0.0123, "parts": {"prompt": 0.01, "completion": 0.0023}},
        })
    );
}

#[test]
fn an_error_marks_span_and_trace() {
    let items = fixture("errors/001.json");
    let Op::Trace(trace) = &items[0].op else { panic!("a trace comes first") };
    assert_eq!((trace.status.get(), trace.completion), (Some(&Status::Error), Completion::ClosedWhole));
    let Op::Span(span) = &items[1].op else { panic!("then its spans") };
    assert_eq!(span.status, Field::Set(Status::Error));
    assert_eq!(span.error.get().unwrap().message.as_deref(), Some("tool broke"));
}

#[test]
fn what_a_body_leaves_out_derives_from_the_record() {
    let body = json!({"name": "t", "started_at": 1_795_223_343, "spans": [{"name": "s", "started_at": "2026-11-21"}]});
    let (one, two) = (post("/traces", &body).unwrap(), post("/traces", &body).unwrap());
    assert_eq!((one.items[0].trace(), one.items[1].span()), (two.items[0].trace(), two.items[1].span()));
    assert_eq!(one.items[0].trace(), Some(Id::derived(&[7; 16], "trace_id")));
    assert_eq!(one.items[1].span(), Some(Id::derived(&[7; 16], "spans[0].span_id")));
    let Op::Span(span) = &one.items[1].op else { panic!("a span") };
    assert_eq!((span.start.cloned(), span.kind.cloned()), (Time::parse("2026-11-21T00:00:00Z"), Some(Kind::Other)));
    let Op::Trace(trace) = &one.items[0].op else { panic!("a trace") };
    assert_eq!(trace.start.cloned(), Some(Time(1_795_223_343_000_000_000)));
}

#[test]
fn a_running_trace_is_open_and_so_are_its_spans_without_an_end() {
    let body = json!({"trace_id": TRACE, "name": "t", "status": "RUNNING", "started_at": "2026-11-21T01:00:00Z", "spans": [
        {"span_id": SPAN, "name": "a", "started_at": "2026-11-21T01:00:00Z"},
        {"span_id": CHILD, "name": "b", "started_at": "2026-11-21T01:00:00Z", "ended_at": "2026-11-21T01:00:01Z"}]});
    let ranks: Vec<_> = post("/traces", &body).unwrap().items.into_iter().map(|item| item.rank).collect();
    assert_eq!(ranks, [Rank::Open { version: None }, Rank::Open { version: None }, WHOLE]);
}

#[test]
fn null_clears_in_an_update_and_says_nothing_in_a_creation() {
    let created = post(
        "/traces",
        &json!({"trace_id": TRACE, "name": "t", "started_at": "2026-11-21T01:00:00Z",
        "input": null, "session_id": null, "metadata": {}, "tags": []}),
    );
    let Op::Trace(trace) = &created.unwrap().items[0].op else { panic!("a trace") };
    assert_eq!((&trace.input, &trace.session), (&Field::Absent, &Field::Absent));
    assert_eq!((&trace.metadata, &trace.tags), (&Field::Absent, &Field::Absent));
    let items = patch(
        &format!("/traces/{TRACE}"),
        &json!({"input": null, "session_id": null, "name": null, "status": null, "tags": ["x"], "metadata": {"a": null},
            "started_at": "2020-01-01T00:00:00Z"}),
    );
    let Op::Trace(trace) = &items[0].op else { panic!("a trace") };
    assert_eq!((items[0].rank, trace.id), (Rank::Patch, id(TRACE)));
    assert_eq!((&trace.input, &trace.session), (&Field::Null, &Field::Null));
    assert_eq!((&trace.name, &trace.status, &trace.start), (&Field::Absent, &Field::Absent, &Field::Absent));
    assert_eq!(trace.tags.get(), Some(&Tags::Set(vec!["x".to_owned()])));
    assert_eq!(trace.metadata.get().unwrap().raw().text(), r#"{"a":null}"#);
}

#[test]
fn a_second_post_adds_tags_and_merges_metadata() {
    let mut again = small();
    again["tags"] = json!(["b", "a"]);
    again["metadata"] = json!({"extra": 1});
    let (one, two) = (post("/traces", &small()).unwrap().items, post("/traces", &again).unwrap().items);
    let printed = fold(one.iter().chain(&two)).print();
    assert_eq!(printed["trace"]["tags"], json!({"set": ["a", "b"]}));
    assert_eq!(printed["trace"]["metadata"], json!({"set": {"plan": "pro", "extra": 1}}));
}

#[test]
fn spans_are_added_and_changed() {
    let path = format!("/traces/{TRACE}/spans");
    let added =
        post(&path, &json!([{"span_id": SPAN, "name": "late", "kind": "TOOL", "started_at": "2026-01-01T00:00:00Z"}]));
    let added = added.unwrap().items;
    assert_eq!((added[0].path.as_str(), added[0].rank), ("[0]", Rank::Open { version: None }));
    assert_eq!((added[0].trace(), added[0].span()), (Some(id(TRACE)), Some(id(SPAN))));
    let changed = patch(&format!("{path}/{SPAN}"), &json!({"status": "UNSET", "error": null, "parent_span_id": CHILD}));
    let Op::Span(span) = &changed[0].op else { panic!("a span") };
    assert_eq!((&span.status, &span.error, &span.parent), (&Field::Null, &Field::Null, &Field::Absent));
}

#[test]
fn words_newer_than_we_know_are_kept_and_go_home() {
    let mut body = small();
    body["spans"][0]["kind"] = json!("ORACLE");
    body["flavour"] = json!({"x": 1.0});
    let items = post("/traces", &body).unwrap().items;
    let Op::Span(span) = &items[1].op else { panic!("a span") };
    assert_eq!(span.kind, Field::Absent);
    let plan = PandaProbe.plan(&fold(&items), None, &out());
    let sent = row_of(&plan.writes[0]);
    assert_eq!((&sent["spans"][0]["kind"], &sent["flavour"]), (&json!("ORACLE"), &json!({"x": 1.0})));
    assert_eq!(plan.losses, []);
}

#[test]
fn scores_have_a_type_and_may_name_a_span() {
    let body =
        json!({"trace_id": TRACE, "name": "relevance", "value": "0.90", "reason": "r", "metadata": {"rater": "u1"}});
    let items = post("/evaluations/trace-scores", &body).unwrap().items;
    let Op::Score(score) = &items[0].op else { panic!("a score") };
    assert_eq!((&score.target, &score.value), (&Target::Trace(id(TRACE)), &ScoreValue::Number(0.9)));
    assert_eq!((score.verbatim.as_deref(), score.source.as_deref()), (Some("0.90"), Some("ANNOTATION")));
    assert_eq!((score.metadata.as_ref().unwrap().text(), score.at), (r#"{"rater":"u1"}"#, SEED.at));
    let body = json!({"trace_id": TRACE, "name": "ok", "value": "True", "data_type": "BOOLEAN", "metadata": {"span_id": SPAN}});
    let items = post("/evaluations/trace-scores", &body).unwrap().items;
    let Op::Score(score) = &items[0].op else { panic!("a score") };
    assert_eq!(score.target, Target::Span { trace: Some(id(TRACE)), span: id(SPAN) });
    assert_eq!((&score.value, &score.metadata), (&ScoreValue::Bool(true), &None));
}

#[test]
fn a_delete_names_its_trace() {
    let items = PandaProbe.decode(&call(Method::DELETE, &format!("/traces/{TRACE}"), ""), &SEED).unwrap().items;
    assert!(matches!(items[0].op, Op::Delete(Target::Trace(trace)) if trace == id(TRACE)));
}

fn check_refused(path: &str, body: &str, field: &str, rule: &str) {
    match PandaProbe.decode(&call(Method::POST, path, body), &SEED) {
        Err(Refusal::Invalid { path, rule: found }) => {
            assert_eq!(path, field);
            assert!(found.contains(rule), "{found}");
        }
        other => panic!("{body} gave {other:?}"),
    }
}

#[test]
fn bad_bodies_are_refused_with_the_path() {
    check_refused("/traces", r#"{"name": }"#, "9", "JSON decode error");
    check_refused("/traces", r#"[]"#, "", "expected an object");
    check_refused("/traces", r#"{"name":"t"}"#, "started_at", "required");
    check_refused("/traces", r#"{"name":5,"started_at":"2026-01-01T00:00:00Z"}"#, "name", "expected a string");
    check_refused("/traces", r#"{"name":"t","started_at":"yesterday"}"#, "started_at", "valid datetime");
    check_refused("/traces", r#"{"name":"t","started_at":1,"trace_id":"x"}"#, "trace_id", "valid UUID");
    check_refused("/traces", r#"{"name":"t","started_at":1,"metadata":[]}"#, "metadata", "dictionary");
    let spans =
        r#"{"name":"t","started_at":1,"spans":[{"name":"s","started_at":1},{"name":"s","kind":7,"started_at":1}]}"#;
    check_refused("/traces", spans, "spans[1].kind", "expected a string");
    let null = r#"{"name":"t","started_at":1,"spans":[{"name":"s","started_at":1,"span_id":null}]}"#;
    check_refused("/traces", null, "spans[0].span_id", "string");
    check_refused("/traces/x/spans", "[]", "path.trace_id", "valid UUID");
    check_refused(&format!("/traces/{TRACE}/spans"), "[]", "", "at least 1");
    let score = |value: &str| format!(r#"{{"trace_id":"{TRACE}","name":"n","value":{value}}}"#);
    check_refused("/evaluations/trace-scores", &score("0.5"), "value", "expected a string");
    check_refused("/evaluations/trace-scores", &score(r#""nan""#), "value", "NUMERIC");
}

#[test]
fn a_project_is_named_in_every_request_by_the_vendors_rules() {
    for (name, rule) in [
        (None, "Project scope required."),
        (Some("  "), "Project scope required."),
        (Some("a/b"), "X-Project-Name must start and end"),
        (Some("-a"), "X-Project-Name must start and end"),
    ] {
        let mut call = call(Method::POST, "/traces", &small().to_string());
        call.headers = name.map(|name| ("x-project-name".to_owned(), name.to_owned())).into_iter().collect();
        let refusal = PandaProbe.decode(&call, &SEED).unwrap_err();
        assert!(
            matches!(&refusal, Refusal::Invalid { path, rule: found } if path == "x-project-name" && found.starts_with(rule))
        );
    }
}

#[test]
fn lengths_and_ranges_of_this_vendor_alone_are_no_reason_to_refuse() {
    let mut body = small();
    body["name"] = json!("n".repeat(600));
    body["spans"][0]["token_usage"] = json!({"prompt_tokens": 9_999_999_999_i64});
    assert_eq!(post("/traces", &body).unwrap().items.len(), 2);
    let score = json!({"trace_id": TRACE, "name": "n", "value": "4.5"});
    assert_eq!(post("/evaluations/trace-scores", &score).unwrap().items.len(), 1);
}
