//! Tests of the dialect as a whole, on what its SDKs really sent.

mod any;
mod carve;
mod client;
mod decode;
mod encode;
mod read;
mod routes;
mod sessions;
mod there_and_back;
mod update;
mod verdicts;

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use bytes::Bytes;
use http::Method;
use indexmap::IndexMap;
use serde_json::Value;

use super::Galileo;
use crate::canonical::Completion;
use crate::canonical::Facts;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::SpanView;
use crate::canonical::Time;
use crate::canonical::TraceView;
use crate::canonical::View;
use crate::contract::Call;
use crate::contract::Decoded;
use crate::contract::Dialect;
use crate::contract::Known;
use crate::contract::Outward;
use crate::contract::Refusal;
use crate::contract::Seed;
use crate::contract::VendorProject;
use crate::contract::Write;

/// When everything here is accepted.
const AT: Time = Time(1_790_000_000_000_000_000);

/// Every recorded request of a scenario, in order.
fn scenario(name: &str) -> Vec<Call> {
    let mut files = files_in(&fixtures().join(name));
    files.sort();
    files.iter().map(|file| recorded(file)).collect()
}

/// Every recorded request of all scenarios.
fn all_recorded() -> Vec<(String, Call)> {
    let mut folders = files_in(&fixtures());
    folders.sort();
    let name = |folder: &PathBuf| folder.file_name().unwrap().to_string_lossy().into_owned();
    folders.iter().flat_map(|folder| scenario(&name(folder)).into_iter().map(|call| (name(folder), call))).collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/galileo")
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn recorded(file: &Path) -> Call {
    let request: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let method = Method::from_bytes(request["method"].as_str().unwrap().as_bytes()).unwrap();
    call(method, request["path"].as_str().unwrap(), &request["body"])
}

fn call(method: Method, path: &str, body: &Value) -> Call {
    let body = Bytes::from(body.to_string());
    Call { method, path: path.to_owned(), query: String::new(), headers: Vec::new(), body }
}

fn post(path: &str, body: &Value) -> Call {
    call(Method::POST, path, body)
}

fn patch(path: &str, body: &Value) -> Call {
    call(Method::PATCH, path, body)
}

fn seed() -> Seed {
    Seed { record: [7; 16], at: AT }
}

fn decode(call: &Call) -> Result<Decoded, Refusal> {
    Galileo.decode(call, &seed())
}

/// What requests fold to: creates in order, then updates. Enough of the fold rule for these tests.
fn view(calls: &[Call]) -> View {
    let mut items: Vec<Item> = calls.iter().flat_map(|call| decode(call).unwrap().items).collect();
    items.sort_by_key(|item| !item.creates());
    view_of(items)
}

fn view_of(items: Vec<Item>) -> View {
    let mut view = View::default();
    let mut spans: IndexMap<Id, SpanView> = IndexMap::new();
    for item in items {
        let (whole, origin) = (item.creates(), item.origin);
        match item.op {
            Op::Trace(facts) => {
                let fresh = TraceView { whole, origin, version: AT, ..TraceView::default() };
                let held = view.trace.get_or_insert(fresh);
                held.facts.overlay(&facts);
                held.facts.id = facts.id;
                held.facts.completion = held.facts.completion.max(facts.completion);
                view.id = facts.id;
            }
            Op::Span(facts) => {
                let fresh = SpanView { whole, origin, version: AT, ..SpanView::default() };
                let held = spans.entry(facts.id).or_insert(fresh);
                held.facts.overlay(&facts);
                held.facts.id = facts.id;
                held.facts.trace = held.facts.trace.or(facts.trace);
                held.facts.ended |= facts.ended;
            }
            Op::Score(score) => view.scores.push(*score),
            Op::DeleteScore { .. } | Op::Delete(_) => {}
        }
    }
    if let Some(trace) = &mut view.trace {
        trace.facts = trace.facts.clone().settled();
        trace.facts.resolve();
        view.complete = trace.whole && trace.facts.completion == Completion::ClosedWhole;
    } else if let Some(span) = spans.values().find_map(|span| span.facts.trace) {
        view.id = span;
    }
    view.spans = spans.into_values().collect();
    for span in &mut view.spans {
        span.facts = span.facts.clone().settled();
        span.facts.project = crate::canonical::Field::Absent;
        span.facts.resolve();
    }
    view
}

/// To a project whose ids are known.
fn out() -> Outward {
    let known = [("project_id", "p1"), ("log_stream_id", "s1")];
    Outward {
        project: VendorProject { name: "demo".to_owned(), stream: "default".to_owned() },
        known: known.map(|(key, id)| (key.to_owned(), id.to_owned())).into_iter().collect::<Known>(),
        ..Outward::default()
    }
}

fn body(write: &Write) -> Value {
    serde_json::from_slice(&write.row).unwrap()
}

/// A value without members that are null, as both SDKs and the vendor read them.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        Value::Array(list) => list.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// As a client's own ids are shown: verbatim where they are version 4 already.
fn outward_of_clients() -> Outward {
    Outward::default()
}
