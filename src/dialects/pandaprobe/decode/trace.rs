//! Traces: created, changed, and as the server shows them.

use super::How;
use super::Reader;
use super::item;
use super::join;
use super::row;
use super::span;
use super::uuid;
use super::values;
use crate::canonical::Completion;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Payload;
use crate::canonical::Rank;
use crate::canonical::Raw;
use crate::canonical::Status;
use crate::canonical::Tags;
use crate::canonical::Trace;
use crate::canonical::complement;
use crate::contract::Refusal;
use crate::dialects::pandaprobe::wire;

/// `POST /traces`.
pub(super) fn create(body: &Raw, reader: &mut Reader) -> Result<Vec<Item>, Refusal> {
    let row: wire::Trace = row(body, "")?;
    if !row.started_at.is_set() {
        return Err(super::invalid("", "started_at", "Field required"));
    }
    items(row, reader)
}

/// `GET /traces/{id}`, answered: the same items as a creation's.
pub(in crate::dialects::pandaprobe) fn answer(body: &Raw, reader: &mut Reader) -> Result<Vec<Item>, Refusal> {
    items(row(body, "")?, reader)
}

/// `PATCH /traces/{id}`. Ids, start and spans in it are ignored, as the server does.
pub(super) fn change(id: Id, body: &Raw, reader: &mut Reader) -> Result<Vec<Item>, Refusal> {
    let row: wire::Trace = row(body, "")?;
    let row = wire::Trace { started_at: Field::Absent, ..row };
    let mut trace = facts(row, How::Patch, "", reader)?;
    trace.id = id;
    Ok(vec![item("trace", Rank::Patch, Op::Trace(Box::new(trace)))])
}

fn items(mut row: wire::Trace, reader: &mut Reader) -> Result<Vec<Item>, Refusal> {
    let shown = match &row.trace_id {
        Field::Set(id) => uuid(id, "trace_id")?,
        Field::Null => return Err(super::invalid("", "trace_id", "UUID input should be a string")),
        Field::Absent => super::derived(&reader.seed, "", "trace_id"),
    };
    let spans = std::mem::take(&mut row.spans).take().unwrap_or_default();
    let reserved = values::reserved(&mut row.metadata);
    let mut trace = facts(row, How::Create, "", reader)?;
    trace.id = reserved.id(|ids| ids.trace.as_ref()).unwrap_or(shown);
    if let Some(reserved) = &reserved.complement {
        complement::restore(&mut trace, reserved);
    }
    let owner = span::Owner {
        trace: trace.id,
        project: trace.project.clone(),
        closed: trace.completion == Completion::ClosedWhole,
    };
    let mut items = Vec::with_capacity(spans.len() + 1);
    if !reserved.synthetic {
        let rank = rank(owner.closed);
        as_posted(&mut trace);
        items.push(item("trace", rank, Op::Trace(Box::new(trace))));
    }
    for (at, raw) in spans.iter().enumerate() {
        items.push(span::item_of(raw, &format!("spans[{at}]"), &owner, reader)?);
    }
    Ok(items)
}

pub(super) fn rank(complete: bool) -> Rank {
    if complete { Rank::Complete { version: None, replaces: false } } else { Rank::Open { version: None } }
}

/// A second POST adds its tags and merges its metadata (`wire/pandaprobe.md §5.1`).
fn as_posted(trace: &mut Trace) {
    trace.metadata = std::mem::take(&mut trace.metadata).map(values::merging);
    trace.tags = std::mem::take(&mut trace.tags).map(|tags| match tags {
        Tags::Set(add) => Tags::Change { add, remove: Vec::new() },
        change @ Tags::Change { .. } => change,
    });
}

/// A row's own facts; the id and the reserved key are left to the caller.
pub(in crate::dialects::pandaprobe) fn facts(
    row: wire::Trace,
    how: How,
    path: &str,
    reader: &mut Reader,
) -> Result<Trace, Refusal> {
    let wire::Trace {
        trace_id: _,
        project_id: _,
        name,
        status,
        input,
        output,
        metadata,
        started_at,
        ended_at,
        session_id,
        user_id,
        tags,
        environment,
        release,
        spans: _,
        total_tokens: _,
        total_cost: _,
        mut extra,
    } = row;
    let end = values::time_field(how.clearable(ended_at), &join(path, "ended_at"), reader)?;
    let said = state(status, how, end.is_set(), &mut extra);
    Ok(Trace {
        completion: said.completion,
        project: Field::Set(reader.project.clone()),
        name: name.null_is_absent(),
        start: values::time_field(started_at.null_is_absent(), &join(path, "started_at"), reader)?,
        end,
        status: said.status,
        pending: said.pending,
        input: how.clearable(input).map(Payload),
        output: how.clearable(output).map(Payload),
        tags: values::tags(tags, how),
        metadata: values::metadata(metadata, how, path)?,
        session: how.clearable(session_id),
        user: how.clearable(user_id),
        environment: how.clearable(environment),
        release: how.clearable(release),
        extra: values::extra(extra),
        ..Trace::default()
    })
}

/// Whether we know a trace status; a newer one is kept as it came.
pub(in crate::dialects::pandaprobe) fn status_known(status: &str) -> bool {
    matches!(status, "PENDING" | "RUNNING" | "COMPLETED" | "ERROR")
}

struct State {
    completion: Completion,
    status: Field<Status>,
    pending: Field<bool>,
}

/// What a status says; a creation without one is completed, a word we do not know goes to `extra`.
fn state(status: Field<String>, how: How, ended: bool, extra: &mut values::Members) -> State {
    let status = match (status.take(), how) {
        (Some(status), _) => status,
        (None, How::Create) => "COMPLETED".to_owned(),
        (None, How::Patch) => {
            return State { completion: Completion::Open, status: Field::Absent, pending: Field::Absent };
        }
    };
    let reset = || if how == How::Patch { Field::Null } else { Field::Absent };
    let (completion, status, pending) = match status.as_str() {
        "COMPLETED" => (Completion::ClosedWhole, reset(), None),
        "ERROR" => (Completion::ClosedWhole, Field::Set(Status::Error), None),
        "RUNNING" => (Completion::Open, reset(), None),
        "PENDING" => (Completion::Open, reset(), Some(true)),
        newer => {
            extra.insert("status".to_owned(), Raw::of(newer));
            (if ended { Completion::ClosedWhole } else { Completion::Open }, Field::Absent, None)
        }
    };
    State {
        completion,
        status,
        pending: pending.map_or_else(|| if how == How::Patch { Field::Null } else { Field::Absent }, Field::Set),
    }
}
