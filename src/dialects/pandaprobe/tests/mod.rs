//! What the dialect says and understands; inputs are captures of the SDKs where there is one.

mod carve;
mod decode;
mod encode;
mod home;
mod plan;
mod robust;
mod routes;
mod vendor;

use std::path::Path;

use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use serde_json::Value;
use serde_json::json;

use super::PandaProbe;
use crate::canonical::Completion;
use crate::canonical::Facts;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Raw;
use crate::canonical::SpanView;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::Trace;
use crate::canonical::TraceView;
use crate::canonical::View;
use crate::contract::Answer;
use crate::contract::Call;
use crate::contract::Decoded;
use crate::contract::Dialect;
use crate::contract::Outward;
use crate::contract::Refusal;
use crate::contract::Seed;
use crate::contract::VendorProject;
use crate::contract::Write;

const SEED: Seed = Seed { record: [7; 16], at: Time(1_795_223_343_924_000_000) };
const TRACE: &str = "5b8efff7-9803-4103-9269-b633813fc60c";
const SPAN: &str = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
const CHILD: &str = "3c90c3cc-0d44-4b50-8888-8dd25736052b";

fn call(method: Method, path: &str, body: &str) -> Call {
    Call {
        method,
        path: path.to_owned(),
        query: String::new(),
        headers: vec![("x-project-name".to_owned(), "demo".to_owned())],
        body: Bytes::from(body.to_owned()),
    }
}

fn post(path: &str, body: &Value) -> Result<Decoded, Refusal> {
    PandaProbe.decode(&call(Method::POST, path, &body.to_string()), &SEED)
}

fn patch(path: &str, body: &Value) -> Vec<Item> {
    PandaProbe.decode(&call(Method::PATCH, path, &body.to_string()), &SEED).unwrap().items
}

/// A small trace, posted.
fn small() -> Value {
    json!({
        "trace_id": TRACE, "name": "turn", "status": "COMPLETED", "started_at": "2026-11-21T01:00:00Z",
        "ended_at": "2026-11-21T01:00:02Z", "input": "hi", "tags": ["a"], "metadata": {"plan": "pro"},
        "spans": [{"span_id": SPAN, "name": "llm", "kind": "LLM", "status": "OK",
            "started_at": "2026-11-21T01:00:01Z", "ended_at": "2026-11-21T01:00:02Z"}],
    })
}

/// The items laid over each other in order: enough of a fold for one dialect's tests.
fn fold<'a>(items: impl IntoIterator<Item = &'a Item>) -> View {
    let mut view = View { complete: true, ..View::default() };
    for item in items {
        match &item.op {
            Op::Trace(trace) => {
                view.id = trace.id;
                let empty = TraceView { facts: Trace { id: trace.id, ..Trace::default() }, ..TraceView::default() };
                let held = view.trace.get_or_insert(empty);
                held.facts.overlay(trace);
                held.facts.completion = held.facts.completion.max(trace.completion);
                view.complete = held.facts.completion == Completion::ClosedWhole;
                held.facts = std::mem::take(&mut held.facts).settled();
                (held.whole, held.origin) = (held.whole || item.creates(), item.origin);
            }
            Op::Span(span) => {
                view.id = span.trace.unwrap_or_default();
                if view.span(span.id).is_none() {
                    let mut empty = SpanView { origin: item.origin, ..SpanView::default() };
                    (empty.facts.id, empty.facts.trace) = (span.id, span.trace);
                    view.spans.push(empty);
                }
                let held = view.spans.iter_mut().find(|held| held.facts.id == span.id).unwrap();
                held.facts.overlay(span);
                held.facts.ended |= span.ended;
                held.facts = std::mem::take(&mut held.facts).settled();
                held.whole |= item.creates();
            }
            Op::Score(score) => {
                view.id = score.target.trace().unwrap_or_default();
                view.scores.retain(|held| held.target != score.target || held.name != score.name);
                view.scores.push((**score).clone());
            }
            Op::Delete(Target::Trace(_)) => view = View { id: view.id, complete: true, ..View::default() },
            Op::Delete(_) | Op::DeleteScore { .. } => {}
        }
    }
    view
}

fn out() -> Outward {
    let project = VendorProject { name: "demo".to_owned(), stream: String::new() };
    Outward { project, trace_ms: 1_795_223_343_924, ..Outward::default() }
}

fn row_of(write: &Write) -> Value {
    serde_json::from_slice(&write.row).unwrap()
}

/// A write as the vendor would get it, decoded as if it came to us.
fn receive(write: &Write) -> Vec<Item> {
    let headers = write.headers.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let call = Call {
        method: write.method.clone(),
        path: write.path.clone(),
        query: String::new(),
        headers,
        body: write.row.clone(),
    };
    PandaProbe.decode(&call, &SEED).unwrap().items
}

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: Bytes::from(body.to_owned()) }
}

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

fn raw(value: Value) -> Raw {
    Raw::of(&value)
}

/// Every request of every scenario, by `scenario/number`.
fn fixtures() -> Vec<(String, Call)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pandaprobe");
    let mut out = Vec::new();
    for scenario in std::fs::read_dir(root).unwrap() {
        for file in std::fs::read_dir(scenario.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let fixture: indexmap::IndexMap<String, Raw> = serde_json::from_str(&text).unwrap();
            let headers: indexmap::IndexMap<String, String> = fixture["headers"].read().unwrap();
            let call = Call {
                method: fixture["method"].as_string().unwrap().parse().unwrap(),
                path: fixture["path"].as_string().unwrap(),
                query: String::new(),
                headers: headers.into_iter().collect(),
                body: Bytes::from(fixture["body"].text().to_owned()),
            };
            let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
            out.push((name, call));
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(out.len() >= 20, "the fixtures are there");
    out
}
