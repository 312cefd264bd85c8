//! Reads: what the vendor answers, decoded, and what our clients get.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;
use serde_json::json;

use crate::canonical::Field;
use crate::canonical::Item;
use crate::canonical::Kind;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Target;
use crate::contract::Answer;
use crate::contract::Dialect;
use crate::contract::Known;
use crate::contract::VendorProject;
use crate::contract::Wanted;
use crate::contract::Whereabouts;

use super::super::Opik;

const TRACE: &str = "01a1fba5-0529-7a67-93b3-ec1dee103bed";
const SPAN: &str = "01a1fba5-052a-7aaf-aefa-3542a7e79f69";
const PROJECT: &str = "01a1fba5-052f-73af-bf66-dae687584df0";

fn wanted() -> Wanted {
    let project = VendorProject { name: "proj r".to_owned(), stream: String::new() };
    Wanted { trace: Some(TRACE.to_owned()), span: None, project, in_stream: false }
}

fn answer(status: u16, body: &Value) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: Bytes::from(body.to_string()) }
}

fn trace() -> Value {
    json!({
        "id": TRACE, "project_id": PROJECT, "name": "t", "start_time": "2026-11-21T01:07:38.409060Z",
        "end_time": "2026-11-21T01:07:38.409551Z", "input": {"q": 1}, "metadata": {"providers": ["openai"], "k": 1},
        "usage": {"prompt_tokens": 3}, "total_estimated_cost": 0.1, "created_at": "2026-01-01T00:00:00Z",
        "created_by": "admin", "last_updated_at": "2026-11-21T01:07:38.409073Z", "last_updated_by": "admin",
        "duration": 0.491, "span_count": 1, "newer": true,
        "feedback_scores": [
            {"name": "q", "value": 0.5, "source": "sdk", "created_by": "admin",
                "value_by_author": {"admin": {"value": 0.5, "source": "sdk"}}},
            {"name": "r", "value": 0.5, "source": "ui", "value_by_author": {
                "ann": {"value": 0, "source": "ui"}, "bob": {"value": 1, "source": "ui", "reason": "good"}}},
        ],
    })
}

fn span() -> Value {
    json!({
        "id": SPAN, "trace_id": TRACE, "project_id": PROJECT, "project_name": "proj r", "name": "s", "type": "llm",
        "start_time": "2026-11-21T01:07:38.409319Z", "end_time": "2026-11-21T01:07:38.409385Z",
        "metadata": {"provider": "openai"}, "provider": "openai", "last_updated_at": "2026-11-21T01:07:38.409326Z",
    })
}

fn read(trace: &Answer, spans: &Answer, project: &Answer) -> Result<Option<Vec<Item>>, String> {
    Opik.read_answer(&wanted(), &[trace.clone(), spans.clone(), project.clone()], &Known::new())
}

fn page(total: usize, rows: &[Value]) -> Answer {
    answer(200, &json!({"page": 1, "size": rows.len(), "total": total, "content": rows}))
}

fn project() -> Answer {
    answer(200, &json!({"id": PROJECT, "name": "proj r", "visibility": "private"}))
}

#[test]
fn a_trace_is_read_with_its_spans_and_its_project() {
    let requests = Opik.read(&wanted(), &Known::new());
    let sent: Vec<_> = requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect();
    assert_eq!(
        sent,
        [
            format!("GET /v1/private/traces/{TRACE}"),
            format!("GET /v1/private/spans?project_name=proj%20r&trace_id={TRACE}&page=1&size=1000&truncate=false"),
            "POST /v1/private/projects/retrieve".to_owned(),
        ]
    );
    assert_eq!(requests[2].body.as_deref(), Some(&br#"{"name":"proj r"}"#[..]));
}

#[test]
fn an_answer_is_facts_without_what_only_the_server_writes() {
    let items = read(&answer(200, &trace()), &page(1, &[span()]), &project()).expect("fine").expect("found");
    let Op::Trace(found) = &items[0].op else { panic!("a trace") };
    assert!(matches!(items[0].rank, Rank::Complete { version: Some(_), replaces: true }));
    assert_eq!(found.metadata.get().map(|metadata| metadata.raw().text()), Some(r#"{"k":1}"#));
    assert_eq!(found.project.get().and_then(|project| project.name.as_deref()), Some("proj r"));
    let extra: Vec<_> = found.extra.get().expect("unknown fields").members.keys().collect();
    assert_eq!(extra, ["newer"]);
    let Op::Span(found) = &items[4].op else { panic!("a span, not {:?}", items[4]) };
    assert_eq!((&found.kind, &found.metadata), (&Field::Set(Kind::Llm), &Field::Absent));
    let scores: Vec<_> = items[1..4]
        .iter()
        .map(|item| {
            let Op::Score(score) = &item.op else { panic!("a score") };
            assert!(matches!(score.target, Target::Trace(_)));
            (score.name.as_str(), score.author.as_deref(), score.verbatim.as_deref(), score.reason.as_deref())
        })
        .collect();
    assert_eq!(
        scores,
        [
            ("q", None, Some("0.5"), None),
            ("r", Some("ann"), Some("0"), None),
            ("r", Some("bob"), Some("1"), Some("good")),
        ]
    );
}

#[test]
fn what_is_not_there_or_not_ours_is_none() {
    let missing = answer(404, &json!({"code": 404, "message": "Trace id: x not found"}));
    assert!(matches!(read(&missing, &page(0, &[]), &project()), Ok(None)));
    let other = answer(200, &json!({"id": "01a1fba5-052f-73af-bf66-000000000000", "name": "proj r"}));
    assert!(matches!(read(&answer(200, &trace()), &page(0, &[]), &other), Ok(None)));
    assert!(matches!(read(&answer(200, &trace()), &page(0, &[]), &missing), Ok(None)));
}

#[test]
fn an_answer_that_is_no_answer_is_an_error() {
    let broken = answer(503, &json!({}));
    assert_eq!(read(&broken, &page(0, &[]), &project()).expect_err("bad"), "the trace: the answer was 503");
    let short = page(2, &[span()]);
    assert!(read(&answer(200, &trace()), &short, &project()).is_err_and(|error| error.contains("more than 1 spans")));
    let odd = answer(200, &json!({"id": 7}));
    assert!(read(&odd, &page(0, &[]), &project()).is_err());
    assert!(Opik.read_answer(&wanted(), &[], &Known::new()).is_err());
}

#[test]
fn a_span_alone_is_read_by_its_id() {
    let alone = Wanted { trace: None, span: Some(SPAN.to_owned()), ..wanted() };
    assert_eq!(Opik.read(&alone, &Known::new()).len(), 2);
    let answers = [answer(200, &span()), project()];
    let items = Opik.read_answer(&alone, &answers, &Known::new()).expect("fine").expect("found");
    assert!(matches!(&items[0].op, Op::Span(span) if span.id.to_string() == SPAN));
}

#[test]
fn a_row_tells_which_project_it_is_in() {
    let ask = |answers: &[Answer]| match Opik.whereabouts(&wanted(), answers) {
        Whereabouts::Ask(request) => format!("{} {}", request.method, request.path),
        Whereabouts::In(name) => format!("in {name}"),
        Whereabouts::Unknown => "unknown".to_owned(),
    };
    let row = answer(200, &trace());
    assert_eq!(ask(&[]), format!("GET /v1/private/traces/{TRACE}"));
    assert_eq!(ask(std::slice::from_ref(&row)), format!("GET /v1/private/projects/{PROJECT}"));
    assert_eq!(ask(&[row.clone(), project()]), "in proj r");
    assert_eq!(ask(&[answer(404, &json!({}))]), "unknown");
    assert_eq!(ask(&[row, answer(403, &json!({}))]), "unknown");
}
