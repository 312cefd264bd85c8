//! Views of other dialects to rows.

use indexmap::IndexMap;

use super::*;
use crate::canonical::ClientProject;
use crate::canonical::Cost;
use crate::canonical::ErrorInfo;
use crate::canonical::Field;
use crate::canonical::Kind;
use crate::canonical::Metadata;
use crate::canonical::Payload;
use crate::canonical::Session;
use crate::canonical::Span;
use crate::canonical::Status;
use crate::canonical::Tags;
use crate::canonical::Usage;
use crate::canonical::complement::Keep;

fn set<T>(value: T) -> Field<T> {
    Field::Set(value)
}

fn at(text: &str) -> Field<Time> {
    Field::Set(Time::parse(text).unwrap())
}

fn text(text: &str) -> Field<String> {
    Field::Set(text.to_owned())
}

fn span(facts: Span) -> SpanView {
    SpanView {
        facts: Span { trace: Some(id(TRACE)), ended: true, ..facts },
        whole: true,
        origin: "other",
        ..SpanView::default()
    }
}

/// A trace as another dialect may bring it: what this vendor has, and much that it has not.
pub(super) fn foreign() -> View {
    let project = ClientProject { name: Some("demo".to_owned()), ..ClientProject::default() };
    let trace = Trace {
        id: id(TRACE),
        project: set(project.clone()),
        name: text("turn"),
        start: at("2026-11-21T01:00:00.000000001Z"),
        end: at("2026-11-21T01:00:02Z"),
        input: set(Payload(Raw::parse(r#"[{"role":"user","content":"hi"}]"#).unwrap())),
        output: set(Payload(Raw::of("hello"))),
        tags: set(Tags::Set(vec!["b".to_owned(), "a".to_owned()])),
        metadata: set(Metadata::Set(raw(json!({"k": 1})))),
        session: text("s"),
        source: text("sdk"),
        ..Trace::default()
    };
    let llm = Span {
        id: id(CHILD),
        parent: set(id(SPAN)),
        project: set(project.clone()),
        name: text("chat"),
        kind: set(Kind::Llm),
        start: at("2026-11-21T01:00:01Z"),
        end: at("2026-11-21T01:00:02Z"),
        status: set(Status::Error),
        error: set(ErrorInfo {
            kind: Some("ValueError".to_owned()),
            message: Some("bad".to_owned()),
            stack: Some("line 1".to_owned()),
        }),
        output: set(Payload(Raw::parse(r#"{"content":"hello","role":"assistant"}"#).unwrap())),
        input: set(Payload(Raw::of("{\"q\": 1.0}"))),
        model: text("gpt-x"),
        provider: text("acme"),
        temperature: set(0.5),
        usage: set(Usage { input: Some(3_000_000_000), output: Some(2), cache_write: Some(4), ..Usage::default() }),
        cost: set(Cost { total: Some(0.25), parts: IndexMap::new() }),
        tags: set(Tags::Set(vec!["t".to_owned()])),
        ..Span::default()
    };
    let root = Span {
        id: id(SPAN),
        project: set(project),
        name: text(""),
        kind: set(Kind::Guardrail),
        start: at("2026-11-21T01:00:00Z"),
        metadata: set(Metadata::Set(raw(json!(["no object"])))),
        ..Span::default()
    };
    View {
        id: id(TRACE),
        trace: Some(TraceView { facts: trace, whole: true, origin: "other", ..TraceView::default() }),
        spans: vec![span(root), span(llm)],
        complete: true,
        ..View::default()
    }
}

#[test]
fn a_foreign_trace_is_one_post_in_the_vendors_shapes() {
    let plan = PandaProbe.plan(&foreign(), None, &out());
    assert_eq!(plan.writes.len(), 1);
    let write = &plan.writes[0];
    assert_eq!((write.stage, write.method.as_str(), write.path.as_str()), (0, "POST", "/traces"));
    assert_eq!(write.headers[0], ("x-project-name", "demo".to_owned()));
    let mut sent = row_of(write);
    let reserved = |row: &mut Value| row["metadata"].as_object_mut().unwrap().remove("_spangate").unwrap();
    let trace_key = reserved(&mut sent);
    let root_key = reserved(&mut sent["spans"][0]);
    let llm_key = reserved(&mut sent["spans"][1]);
    assert_eq!(
        sent,
        json!({
            "trace_id": TRACE,
            "name": "turn",
            "status": "COMPLETED",
            "input": {"messages": [{"role": "user", "content": "hi"}]},
            "output": "hello",
            "metadata": {"k": 1},
            "started_at": "2026-11-21T01:00:00.000000Z",
            "ended_at": "2026-11-21T01:00:02.000000Z",
            "session_id": "s",
            "tags": ["b", "a"],
            "spans": [
                {
                    "span_id": SPAN,
                    "name": "guardrail",
                    "kind": "OTHER",
                    "status": "UNSET",
                    "metadata": {"value": ["no object"]},
                    "started_at": "2026-11-21T01:00:00.000000Z",
                },
                {
                    "span_id": CHILD,
                    "parent_span_id": SPAN,
                    "name": "chat",
                    "kind": "LLM",
                    "status": "ERROR",
                    "input": {"q": 1.0},
                    "output": {"messages": [{"content": "hello", "role": "assistant"}]},
                    "model": "gpt-x",
                    "token_usage": {"prompt_tokens": 2_147_483_647, "completion_tokens": 0, "cache_creation_tokens": 4},
                    "metadata": {"provider": "acme"},
                    "started_at": "2026-11-21T01:00:01.000000Z",
                    "ended_at": "2026-11-21T01:00:02.000000Z",
                    "error": "ValueError: bad",
                    "model_parameters": {"temperature": 0.5},
                    "cost": {"total": 0.25},
                },
            ],
        })
    );
    assert_eq!(
        trace_key["c"],
        json!({"start": 1_795_222_800_000_000_001_i64, "input": {"as": "messages"}, "source": "sdk"})
    );
    assert_eq!(root_key["c"], json!({"name": "", "kind": "guardrail", "metadata": {"set": ["no object"]}}));
    assert_eq!(
        llm_key["c"],
        json!({
            "error": {"type": "ValueError", "message": "bad", "stack": "line 1"},
            "input": {"as": "text"},
            "output": {"as": "message"},
            "model_parameters": null,
            "usage": {"input": 3_000_000_000_i64, "output": 2, "cache_write": 4},
            "tags": {"set": ["t"]},
        })
    );
}

#[test]
fn what_has_no_home_is_a_loss_with_its_reason() {
    let plan = PandaProbe.plan(&foreign(), None, &out());
    let losses: Vec<_> = plan
        .losses
        .iter()
        .filter(|loss| loss.subject.contains(CHILD))
        .map(|loss| (loss.path.as_str(), loss.why.as_str(), loss.carried))
        .collect();
    assert_eq!(
        losses,
        [
            ("error", "no native home", true),
            ("input", "no native home", true),
            ("output", "no native home", true),
            ("usage", "a token count that is no int4, clamped", true),
            ("tags", "no native home", true),
        ]
    );
}

#[test]
fn the_way_there_and_back_is_the_identity() {
    let view = foreign();
    let plan = PandaProbe.plan(&view, None, &out());
    assert_eq!(fold(&receive(&plan.writes[0])).print(), view.print());
}

#[test]
fn an_edit_at_the_vendor_wins() {
    let view = foreign();
    let mut plan = PandaProbe.plan(&view, None, &out());
    let mut sent = row_of(&plan.writes[0]);
    sent["spans"][1]["error"] = json!("mended");
    sent["spans"][1]["kind"] = json!("TOOL");
    plan.writes[0].row = Bytes::from(sent.to_string());
    let back = fold(&receive(&plan.writes[0]));
    let llm = back.span(id(CHILD)).unwrap();
    assert_eq!(llm.facts.error.get().unwrap().message.as_deref(), Some("mended"));
    assert_eq!(llm.facts.kind, Field::Set(Kind::Tool));
    assert_eq!(llm.facts.tags, view.span(id(CHILD)).unwrap().facts.tags);
}

#[test]
fn hashed_ids_lead_back_by_the_reserved_key() {
    let view = foreign();
    let scoped = Outward { scope: Some("project".to_owned()), ..out() };
    let write = PandaProbe.plan(&view, None, &scoped).writes.remove(0);
    let sent = row_of(&write);
    assert_ne!(sent["trace_id"], json!(TRACE));
    assert_eq!(sent["spans"][1]["parent_span_id"], sent["spans"][0]["span_id"]);
    assert_eq!(fold(&receive(&write)).print(), view.print());
}

#[test]
fn span_ids_of_eight_bytes_follow_the_common_rule() {
    let mut view = foreign();
    view.id = Id::OtelTrace(0x5b8efff798038103d269b633813fc60c_u128.to_be_bytes());
    view.trace.as_mut().unwrap().facts.id = view.id;
    view.spans.truncate(1);
    view.spans[0].facts.id = Id::OtelSpan(0xeee19b7ec3c1b174_u64.to_be_bytes());
    let sent = row_of(&PandaProbe.plan(&view, None, &out()).writes[0]);
    assert_eq!(sent["trace_id"], json!("5b8efff7-9803-8103-d269-b633813fc60c"));
    assert_eq!(sent["spans"][0]["span_id"], json!("eee19b7e-c3c1-4311-afe9-46d65487b174"));
}

#[test]
fn without_the_reserved_key_the_losses_say_so() {
    let plan = PandaProbe.plan(&foreign(), None, &Outward { keep: Keep::Off, ..out() });
    assert!(!String::from_utf8_lossy(&plan.writes[0].row).contains("_spangate"));
    assert!(plan.losses.iter().any(|loss| loss.path == "source" && !loss.carried));
}

#[test]
fn spans_without_a_trace_get_one_that_vanishes_on_the_way_back() {
    let view = View { trace: None, complete: false, ..foreign() };
    let write = PandaProbe.plan(&view, None, &out()).writes.remove(0);
    let sent = row_of(&write);
    assert_eq!((&sent["name"], &sent["status"]), (&json!("trace"), &json!("RUNNING")));
    assert_eq!(sent["started_at"], json!("2026-11-21T01:00:00.000000Z"));
    assert_eq!(sent["metadata"]["_spangate"], json!({"v": 1, "src": "other", "synthetic": true}));
    let mut back = fold(&receive(&write));
    back.complete = false;
    assert_eq!(back.print(), view.print());
}

#[test]
fn an_open_trace_is_running() {
    let view = View { complete: false, ..foreign() };
    assert_eq!(row_of(&PandaProbe.plan(&view, None, &out()).writes[0])["status"], json!("RUNNING"));
}

#[test]
fn what_the_store_cannot_hold_is_cut_and_counted() {
    let mut view = foreign();
    let trace = view.trace.as_mut().unwrap();
    trace.facts.name = text(&"n".repeat(600));
    trace.facts.session = text(&"s".repeat(300));
    trace.facts.user = text("u\0");
    trace.facts.input = set(Payload(Raw::parse(r#""a\u0000\ud800b""#).unwrap()));
    trace.facts.output = set(Payload(Raw::parse(&format!("{}{}", "[".repeat(300), "]".repeat(300))).unwrap()));
    let plan = PandaProbe.plan(&view, None, &out());
    let sent = row_of(&plan.writes[0]);
    let length = |key: &str| sent[key].as_str().unwrap().len();
    assert_eq!((length("name"), length("session_id"), length("output")), (512, 255, 600));
    assert_eq!((&sent["user_id"], &sent["input"]), (&json!("u"), &json!("ab")));
    assert!(!String::from_utf8_lossy(&plan.writes[0].row).contains("u0000"));
    let why = |path: &str| {
        plan.losses.iter().find(|loss| loss.subject.starts_with("trace") && loss.path == path).unwrap().why.as_str()
    };
    assert_eq!(why("name"), "longer than 512 characters, cut");
    assert_eq!(why("session"), "longer than 255 characters, cut and hashed");
    assert_eq!(why("user"), "NUL cannot be stored");
    assert_eq!(why("input"), "characters or numbers that cannot be stored");
    assert_eq!(why("output"), "nests too deep, sent as text");
}

#[test]
fn a_payload_of_great_depth_comes_back_and_is_said() {
    let mut view = foreign();
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    view.spans[1].facts.output = set(Payload(Raw::parse(&deep).unwrap()));
    let plan = PandaProbe.plan(&view, None, &out());
    assert!(
        plan.losses
            .iter()
            .any(|loss| loss.path == "output" && loss.why == "nests too deep, sent as text" && loss.carried)
    );
    assert_eq!(fold(&receive(&plan.writes[0])).spans[1].facts.output, view.spans[1].facts.output);
}

#[test]
fn a_complement_of_great_depth_is_dropped_but_not_the_ids() {
    let mut view = foreign();
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    view.spans[1].facts.metadata = set(Metadata::Set(Raw::parse(&format!("{{\"a\":{deep}}}")).unwrap()));
    let plan = PandaProbe.plan(&view, None, &Outward { scope: Some("p".to_owned()), ..out() });
    let sent = row_of(&plan.writes[0]);
    assert_eq!(
        sent["spans"][1]["metadata"]["_spangate"],
        json!({"v": 1, "src": "other", "ids": {"t": TRACE, "s": CHILD, "p": SPAN}})
    );
    assert!(plan.losses.iter().any(|loss| loss.subject.contains(CHILD) && loss.path == "metadata" && !loss.carried));
}

#[test]
fn what_an_update_cannot_change_is_a_loss() {
    let mut view = foreign();
    view.trace = None;
    view.spans.iter_mut().for_each(|span| span.whole = false);
    let plan = PandaProbe.plan(&view, None, &out());
    assert!(plan.writes.iter().all(|write| write.method == Method::PATCH));
    assert!(!String::from_utf8_lossy(&plan.writes[1].row).contains("_spangate"));
    let losses: Vec<_> = plan
        .losses
        .iter()
        .filter(|loss| loss.subject.contains(CHILD) && !loss.carried)
        .map(|loss| loss.path.as_str())
        .collect();
    assert_eq!(losses, ["error", "input", "output", "usage", "tags", "parent", "start"]);
}

#[test]
fn what_is_said_of_a_session_is_lost() {
    let session = Session { id: "s".to_owned(), name: Some("support".to_owned()), ..Session::default() };
    let view = View { sessions: vec![session], ..foreign() };
    let lost = |shown: Option<&View>| {
        let losses = PandaProbe.plan(&view, shown, &out()).losses.into_iter();
        losses.filter(|loss| loss.path.starts_with("session.")).collect::<Vec<_>>()
    };
    let losses = lost(None);
    assert_eq!(losses.iter().map(|loss| (&*loss.path, loss.carried)).collect::<Vec<_>>(), [("session.name", false)]);
    assert_eq!(lost(Some(&view)), []);
}
