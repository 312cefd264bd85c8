//! Spans: inside a trace, added to one, changed.

use super::How;
use super::Reader;
use super::item;
use super::join;
use super::row;
use super::trace::rank;
use super::uuid;
use super::values;
use crate::canonical::ClientProject;
use crate::canonical::ErrorInfo;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Kind;
use crate::canonical::Op;
use crate::canonical::Payload;
use crate::canonical::Rank;
use crate::canonical::Raw;
use crate::canonical::Span;
use crate::canonical::Status;
use crate::canonical::complement;
use crate::contract::Refusal;
use crate::dialects::pandaprobe::wire;

/// What a span learns from the trace it is posted with.
pub(super) struct Owner {
    /// The trace's native id.
    pub(super) trace: Id,
    /// Its project.
    pub(super) project: Field<ClientProject>,
    /// Whether it has ended, and every span with it.
    pub(super) closed: bool,
}

/// `POST /traces/{id}/spans`: a bare array of 1 to 500.
pub(super) fn create(trace: Id, body: &Raw, reader: &mut Reader) -> Result<Vec<Item>, Refusal> {
    let Some(rows) = body.elements() else {
        return Err(super::invalid("", "", "Input should be a valid list"));
    };
    if rows.is_empty() {
        return Err(super::invalid("", "", "List should have at least 1 item after validation, not 0"));
    }
    let owner = Owner { trace, project: Field::Set(reader.project.clone()), closed: false };
    rows.iter().enumerate().map(|(at, raw)| item_of(raw, &format!("[{at}]"), &owner, reader)).collect()
}

/// `PATCH /traces/{id}/spans/{id}`. Ids, parent and start in it are ignored, as the server does.
pub(super) fn change(trace: Id, id: Id, body: &Raw, reader: &mut Reader) -> Result<Vec<Item>, Refusal> {
    let row: wire::Span = row(body, "")?;
    let row = wire::Span { started_at: Field::Absent, parent_span_id: Field::Absent, ..row };
    let mut span = facts(row, How::Patch, "", reader)?;
    (span.id, span.trace) = (id, Some(trace));
    Ok(vec![item("span", Rank::Patch, Op::Span(Box::new(span)))])
}

/// A created span.
pub(super) fn item_of(raw: &Raw, path: &str, owner: &Owner, reader: &mut Reader) -> Result<Item, Refusal> {
    let mut row: wire::Span = row(raw, path)?;
    if !row.started_at.is_set() {
        return Err(super::invalid(path, "started_at", "Field required"));
    }
    let shown = match &row.span_id {
        Field::Set(id) => uuid(id, &join(path, "span_id"))?,
        Field::Null => return Err(super::invalid(path, "span_id", "UUID input should be a string")),
        Field::Absent => super::derived(&reader.seed, path, "span_id"),
    };
    let reserved = values::reserved(&mut row.metadata);
    let mut span = facts(row, How::Create, path, reader)?;
    let complete = owner.closed || span.end.is_set();
    span.id = reserved.id(|ids| ids.span.as_ref()).unwrap_or(shown);
    span.trace = Some(reserved.id(|ids| ids.trace.as_ref()).unwrap_or(owner.trace));
    span.project = owner.project.clone();
    span.ended = complete;
    if complete && span.kind.is_absent() && !span.extra.get().is_some_and(|extra| extra.members.contains_key("kind")) {
        span.kind = Field::Set(Kind::Other);
    }
    if let (Field::Set(parent), Some(native)) = (&mut span.parent, reserved.id(|ids| ids.parent.as_ref())) {
        *parent = native;
    }
    if let Some(reserved) = &reserved.complement {
        complement::restore(&mut span, reserved);
    }
    span.metadata = std::mem::take(&mut span.metadata).map(values::merging);
    Ok(item(path, rank(complete), Op::Span(Box::new(span))))
}

/// A row's own facts; its ids and the reserved key are left to the caller.
pub(in crate::dialects::pandaprobe) fn facts(
    row: wire::Span,
    how: How,
    path: &str,
    reader: &mut Reader,
) -> Result<Span, Refusal> {
    let wire::Span {
        span_id: _,
        trace_id: _,
        parent_span_id,
        name,
        kind,
        status,
        input,
        output,
        model,
        token_usage,
        metadata,
        started_at,
        ended_at,
        error,
        completion_start_time,
        model_parameters,
        cost,
        latency_ms: _,
        time_to_first_token_ms: _,
        mut extra,
    } = row;
    let mut metadata = values::metadata(metadata, how, path)?;
    let provider = values::provider(&mut metadata, how);
    let model_parameters = values::object(how.clearable(model_parameters), path, "model_parameters")?;
    Ok(Span {
        parent: match parent_span_id.take() {
            Some(parent) => Field::Set(uuid(&parent, &join(path, "parent_span_id"))?),
            None => Field::Absent,
        },
        project: Field::Set(reader.project.clone()),
        name: name.null_is_absent(),
        kind: kind_of(kind, &mut extra),
        start: values::time_field(started_at.null_is_absent(), &join(path, "started_at"), reader)?,
        end: values::time_field(how.clearable(ended_at), &join(path, "ended_at"), reader)?,
        first_token: {
            let field = how.clearable(completion_start_time);
            values::time_field(field, &join(path, "completion_start_time"), reader)?
        },
        status: status_of(status, how, &mut extra),
        error: how.clearable(error).map(|text| ErrorInfo { message: Some(text), ..ErrorInfo::default() }),
        input: how.clearable(input).map(Payload),
        output: how.clearable(output).map(Payload),
        model: how.clearable(model),
        provider,
        temperature: values::temperature(&model_parameters, how),
        model_parameters,
        usage: values::object(how.clearable(token_usage), path, "token_usage")?.map(|raw| values::usage(&raw)),
        cost: values::object(how.clearable(cost), path, "cost")?.map(|raw| values::cost(&raw)),
        metadata,
        extra: values::extra(extra),
        ..Span::default()
    })
}

/// Whether we know a kind; a newer one is kept as it came.
pub(in crate::dialects::pandaprobe) fn kind_known(kind: &str) -> bool {
    known_kind(kind).is_some()
}

fn known_kind(kind: &str) -> Option<Kind> {
    Some(match kind {
        "AGENT" => Kind::Agent,
        "TOOL" => Kind::Tool,
        "LLM" => Kind::Llm,
        "RETRIEVER" => Kind::Retriever,
        "CHAIN" => Kind::Workflow,
        "EMBEDDING" => Kind::Embedding,
        "OTHER" => Kind::Other,
        _ => return None,
    })
}

fn kind_of(kind: Field<String>, extra: &mut values::Members) -> Field<Kind> {
    let Some(kind) = kind.take() else { return Field::Absent };
    known_kind(&kind).map_or_else(
        || {
            extra.insert("kind".to_owned(), Raw::of(&kind));
            Field::Absent
        },
        Field::Set,
    )
}

fn status_of(status: Field<String>, how: How, extra: &mut values::Members) -> Field<Status> {
    let Some(status) = status.take() else { return Field::Absent };
    match status.as_str() {
        "OK" => Field::Set(Status::Ok),
        "ERROR" => Field::Set(Status::Error),
        "UNSET" if how == How::Patch => Field::Null,
        "UNSET" => Field::Absent,
        newer => {
            extra.insert("status".to_owned(), Raw::of(newer));
            Field::Absent
        }
    }
}
