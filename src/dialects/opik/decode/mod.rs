//! From the vendor's requests to items: `decode` dispatches on method and path.

mod at;
mod metadata;
mod rows;
mod scores;

use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Raw;
use crate::canonical::Target;
use crate::contract::Call;
use crate::contract::Decoded;
use crate::contract::Refusal;
use crate::contract::Seed;

use super::settings::NAME;
use super::wire;

pub(super) use at::At;
pub(super) use at::Form;
pub(super) use at::derived;
pub(super) use rows::provided;
pub(super) use rows::rank;
pub(super) use rows::span;
pub(super) use rows::trace;
pub(super) use scores::judged;
pub(super) use scores::number;

/// How long a trace stays quiet before it counts as settled (`design.md §3`).
const QUIET: Duration = Duration::from_secs(5);

/// What a request says.
///
/// # Errors
/// What the vendor would refuse whole: `Malformed` for what its JSON reader stops at, `Invalid` for
/// a missing required field; `NotFound` for a path that carries nothing.
pub(super) fn decode(call: &Call, seed: &Seed) -> Result<Decoded, Refusal> {
    let mut reader = Reader { seed, out: Decoded { quiet: QUIET, ..Decoded::default() } };
    let path = call.path.strip_prefix("/v1/private").unwrap_or(&call.path).trim_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("POST", [rows @ ("traces" | "spans")]) => reader.create(rows, "", &body(call)?)?,
        ("POST", [rows @ ("traces" | "spans"), "batch"]) => reader.creates(rows, call)?,
        ("PATCH", [rows @ ("traces" | "spans"), "batch"]) => reader.updates(rows, body(call)?)?,
        ("PATCH", [rows @ ("traces" | "spans"), id]) => reader.update(rows, id, "", &body(call)?, false)?,
        ("POST", ["traces", "delete"]) => reader.deletes(body(call)?)?,
        ("DELETE", [rows @ ("traces" | "spans"), id]) => reader.delete(rows, id, "")?,
        ("PUT", ["traces", "threads", "feedback-scores"]) => reader.scores(None, body(call)?)?,
        ("POST", ["traces", "threads", "feedback-scores", "delete"]) => reader.delete_thread_scores(body(call)?)?,
        ("PUT", [rows @ ("traces" | "spans"), "feedback-scores"]) => reader.scores(Some(rows), body(call)?)?,
        ("PUT", [rows @ ("traces" | "spans"), id, "feedback-scores"]) => reader.score_of(rows, id, &body(call)?)?,
        ("POST", [rows @ ("traces" | "spans"), id, "feedback-scores", "delete"]) => {
            reader.delete_score(rows, id, body(call)?)?;
        }
        _ => return Err(Refusal::NotFound { what: "path", id: call.path.clone() }),
    }
    Ok(reader.out)
}

/// The body as a type.
fn body<T: DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
    serde_json::from_slice(&call.body).map_err(|error| Refusal::Malformed { message: error.to_string() })
}

/// Collects the items of one request.
struct Reader<'a> {
    seed: &'a Seed,
    out: Decoded,
}

impl Reader<'_> {
    /// Reads a batch in one go; where that fails, row by row, to say which one and why.
    fn creates(&mut self, rows: &str, call: &Call) -> Result<(), Refusal> {
        let path = |at: usize| format!("{rows}[{at}]");
        let list = if rows == "spans" {
            if let Some(list) = body::<wire::Spans>(call).ok().and_then(|batch| batch.spans.take()) {
                return (0..).zip(list).try_for_each(|(at, row)| self.create_span(&path(at), row));
            }
            body::<wire::Batch>(call)?.spans
        } else {
            if let Some(list) = body::<wire::Traces>(call).ok().and_then(|batch| batch.traces.take()) {
                return (0..).zip(list).try_for_each(|(at, row)| self.create_trace(&path(at), row));
            }
            body::<wire::Batch>(call)?.traces
        };
        let list = list.take().ok_or_else(|| missing(rows))?;
        list.iter().enumerate().try_for_each(|(at, row)| self.create(rows, &path(at), row))
    }

    fn create(&mut self, rows: &str, path: &str, row: &Raw) -> Result<(), Refusal> {
        let at = At::new(path, Form::Create, &mut self.out.losses);
        if rows == "spans" {
            let row = at.read(row)?;
            self.create_span(path, row)
        } else {
            let row = at.read(row)?;
            self.create_trace(path, row)
        }
    }

    fn create_span(&mut self, path: &str, row: wire::Span) -> Result<(), Refusal> {
        let mut at = At::new(path, Form::Create, &mut self.out.losses);
        let id = at.own_id(&row.id, self.seed, row.trace_id.get().map(String::as_str))?;
        let rank = rank(&row.end_time, &row.last_updated_at, &at)?;
        let op = Op::Span(Box::new(span(row, id, &mut at)?));
        self.push(path, rank, op);
        Ok(())
    }

    fn create_trace(&mut self, path: &str, row: wire::Trace) -> Result<(), Refusal> {
        let mut at = At::new(path, Form::Create, &mut self.out.losses);
        let id = at.own_id(&row.id, self.seed, None)?;
        let rank = rank(&row.end_time, &row.last_updated_at, &at)?;
        let op = Op::Trace(Box::new(trace(row, id, &mut at)?));
        self.push(path, rank, op);
        Ok(())
    }

    fn updates(&mut self, rows: &str, batch: wire::PatchBatch) -> Result<(), Refusal> {
        let ids = batch.ids.take().ok_or_else(|| missing("ids"))?;
        let update = batch.update.take().ok_or_else(|| missing("update"))?;
        let merge = batch.merge_tags.take().unwrap_or_default();
        ids.iter().enumerate().try_for_each(|(at, id)| self.update(rows, id, &format!("ids[{at}]"), &update, merge))
    }

    fn update(&mut self, rows: &str, id: &str, path: &str, row: &Raw, merge: bool) -> Result<(), Refusal> {
        let mut at = At::new(path, Form::Update { merge_tags: merge }, &mut self.out.losses);
        let id = at.id("id", id)?;
        let op = if rows == "spans" {
            let row = at.read(row)?;
            Op::Span(Box::new(span(row, id, &mut at)?))
        } else {
            let row = at.read(row)?;
            Op::Trace(Box::new(trace(row, id, &mut at)?))
        };
        self.push(path, Rank::Patch, op);
        Ok(())
    }

    fn deletes(&mut self, batch: wire::Ids) -> Result<(), Refusal> {
        let ids = batch.ids.take().ok_or_else(|| missing("ids"))?;
        ids.iter().enumerate().try_for_each(|(at, id)| self.delete("traces", id, &format!("ids[{at}]")))
    }

    fn delete(&mut self, rows: &str, id: &str, path: &str) -> Result<(), Refusal> {
        let target = self.target(rows, id, path)?;
        self.push(path, Rank::Patch, Op::Delete(target));
        Ok(())
    }

    /// What an id in a path or an id list names.
    fn target(&mut self, rows: &str, id: &str, path: &str) -> Result<Target, Refusal> {
        let id = At::new(path, Form::Create, &mut self.out.losses).id("id", id)?;
        Ok(subject(rows, id))
    }

    fn push(&mut self, path: &str, rank: Rank, op: Op) {
        self.out.items.push(Item { path: path.to_owned(), origin: NAME, rank, op });
    }
}

fn subject(rows: &str, id: Id) -> Target {
    if rows == "spans" { Target::Span { trace: None, span: id } } else { Target::Trace(id) }
}

fn missing(path: &str) -> Refusal {
    Refusal::Invalid { path: path.to_owned(), rule: "must not be null".to_owned() }
}
