//! Tests of the dialect: its fixtures decoded, encoded, served and mistreated.

mod carve;
mod decode;
mod encode;
mod exchange;
mod foreign;
mod hostile;
mod late;
mod reads;
mod routes;
mod verdicts;

use std::fs;
use std::path::Path;

use bytes::Bytes;
use serde_json::Value;

use crate::canonical::Facts;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::SpanView;
use crate::canonical::Time;
use crate::canonical::TraceView;
use crate::canonical::View;
use crate::canonical::ids::embedded_ms;
use crate::contract::Call;
use crate::contract::Decoded;
use crate::contract::Dialect;
use crate::contract::Outward;
use crate::contract::Plan;
use crate::contract::Refusal;
use crate::contract::Seed;
use crate::contract::VendorProject;

use super::Opik;

/// 2026-11-21T01:10:00Z: near the times inside the fixtures' ids.
const MS: i64 = 1_795_223_400_000;

fn seed() -> Seed {
    Seed { record: [7; 16], at: Time(MS * 1_000_000) }
}

fn call(method: &str, path: &str, body: &str) -> Call {
    Call {
        method: method.parse().expect("a method"),
        path: path.to_owned(),
        query: String::new(),
        headers: Vec::new(),
        body: Bytes::from(body.to_owned()),
    }
}

fn decode(method: &str, path: &str, body: &str) -> Result<Decoded, Refusal> {
    Opik.decode(&call(method, path, body), &seed())
}

/// The items of a request that must be fine.
fn items(method: &str, path: &str, body: &str) -> Vec<Item> {
    decode(method, path, body).expect("the request is fine").items
}

/// The requests of a scenario, in order.
fn scenario(name: &str) -> Vec<Call> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/opik").join(name);
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("a scenario").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files.iter().map(|file| request(&fs::read_to_string(file).expect("a readable file"))).collect()
}

fn request(text: &str) -> Call {
    let value: Value = serde_json::from_str(text).expect("a fixture is JSON");
    let text = |key: &str| value[key].as_str().expect("a fixture has method and path").to_owned();
    call(&text("method"), &text("path"), &value["body"].to_string())
}

const SCENARIOS: [&str; 8] = [
    "js_low",
    "py_cli_export",
    "py_feedback",
    "py_lowlevel",
    "py_lowlevel_nobatch",
    "py_reads",
    "py_track_error",
    "py_track_nested",
];

/// Where rows go in these tests.
fn out() -> Outward {
    let project = VendorProject { name: "proj".to_owned(), stream: String::new() };
    Outward { trace_ms: MS, project, ..Outward::default() }
}

/// A view of one item, as if it were all there is.
fn alone(item: &Item) -> View {
    let (whole, origin, version) = (item.rank != Rank::Patch, item.origin, Time(MS * 1_000_000 + 1_000));
    match &item.op {
        Op::Trace(trace) => {
            let mut facts = trace.as_ref().clone().settled();
            facts.resolve();
            let record = TraceView { whole, origin, version, inferred_end: None, facts };
            View { id: trace.id, trace: Some(record), ..View::default() }
        }
        Op::Span(span) => {
            let mut facts = span.as_ref().clone().settled();
            facts.resolve();
            let row = SpanView { whole, origin, version, inferred_end: None, facts };
            View { id: span.trace.expect("a span names its trace"), spans: vec![row], ..View::default() }
        }
        Op::Score(score) => {
            let id = score.target.trace().unwrap_or_default();
            View { id, scores: vec![score.as_ref().clone()], ..View::default() }
        }
        Op::DeleteScore { .. } | Op::Delete(_) => View::default(),
    }
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("a body is JSON")
}

/// The same way out, with the time that the item's own trace id carries.
fn own_time(item: &Item, out: Outward) -> Outward {
    let Some(Id::Uuid(trace)) = item.trace() else { return out };
    Outward { trace_ms: embedded_ms(&trace), ..out }
}

fn plan_is_empty(plan: &Plan) -> bool {
    plan.writes.is_empty() && plan.losses.is_empty()
}
