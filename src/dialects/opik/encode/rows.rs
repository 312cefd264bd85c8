//! Traces and spans: facts to one row.

use std::borrow::Cow;

use indexmap::IndexMap;

use crate::canonical::Extra;
use crate::canonical::Facts;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Raw;
use crate::canonical::Span;
use crate::canonical::SpanView;
use crate::canonical::Trace;
use crate::canonical::TraceView;
use crate::canonical::complement::Ids;
use crate::contract::Outward;

use super::super::settings::NAME;
use super::super::wire;
use super::lose;
use super::reserve;
use super::values;
use super::values::Row;
use super::vendor_id;

/// A trace's whole row, the reserved key in it, without a version.
pub(super) fn trace(view: &TraceView, out: &Outward, losses: &mut Vec<Loss>) -> wire::Trace {
    let row = bare_trace(view, out, losses);
    if view.origin != NAME || reserve::trace_ids(view, out) != Ids::default() {
        return reserve::trace(view, row, out, losses);
    }
    homeless(("trace", view.facts.id), &view.facts, HOMELESS_TRACE, losses);
    row
}

/// A span's whole row, the reserved key in it, without a version.
pub(super) fn span(view: &SpanView, trace: Id, out: &Outward, losses: &mut Vec<Loss>) -> wire::Span {
    let row = bare_span(view, trace, out, losses);
    if view.origin != NAME || reserve::span_ids(view, trace, out) != Ids::default() {
        return reserve::span(view, trace, row, out, losses);
    }
    homeless(("span", view.facts.id), &view.facts, HOMELESS_SPAN, losses);
    row
}

/// A trace's row with what the vendor has a place for.
pub(in crate::dialects::opik) fn bare_trace(view: &TraceView, out: &Outward, losses: &mut Vec<Loss>) -> wire::Trace {
    let facts = &view.facts;
    let mut row = Row { subject: ("trace", facts.id), own: view.origin == NAME, losses };
    wire::Trace {
        id: Field::Set(vendor_id(facts.id, facts.id, out)),
        project_name: Field::Set(out.project.name.clone()),
        project_id: Field::Absent,
        name: facts.name.clone(),
        start_time: facts.start.clone().map(|time| time.exact()),
        end_time: Field::from(view.end()).map(|time| time.exact()),
        input: row.payload(&facts.input),
        output: row.payload(&facts.output),
        metadata: values::metadata(values::held(&facts.metadata), &kept_trace(facts)),
        tags: row.tags(&facts.tags),
        tags_to_add: Field::Absent,
        tags_to_remove: Field::Absent,
        error_info: row.error(&facts.status, &facts.error),
        last_updated_at: Field::Absent,
        ttft: row.ttft(&facts.start, &facts.first_token, &facts.first_token_after),
        thread_id: facts.session.clone(),
        source: row.source(&facts.source),
        environment: row.environment(&facts.environment),
        extra: extra(&facts.extra),
    }
}

/// A span's row with what the vendor has a place for.
pub(in crate::dialects::opik) fn bare_span(
    view: &SpanView,
    trace: Id,
    out: &Outward,
    losses: &mut Vec<Loss>,
) -> wire::Span {
    let facts = &view.facts;
    let mut row = Row { subject: ("span", facts.id), own: view.origin == NAME, losses };
    wire::Span {
        id: Field::Set(vendor_id(facts.id, trace, out)),
        project_name: Field::Set(out.project.name.clone()),
        project_id: Field::Absent,
        trace_id: Field::Set(vendor_id(trace, trace, out)),
        parent_span_id: facts.parent.clone().map(|parent| vendor_id(parent, trace, out)),
        name: facts.name.clone(),
        kind: kind(facts),
        start_time: facts.start.clone().map(|time| time.exact()),
        end_time: Field::from(view.end()).map(|time| time.exact()),
        input: row.payload(&facts.input),
        output: row.payload(&facts.output),
        metadata: values::metadata(values::held(&facts.metadata), &kept_span(facts)),
        model: facts.model.clone(),
        provider: facts.provider.clone(),
        usage: row.usage(&facts.usage),
        total_estimated_cost: row.cost(&facts.cost),
        tags: row.tags(&facts.tags),
        tags_to_add: Field::Absent,
        tags_to_remove: Field::Absent,
        error_info: row.error(&facts.status, &facts.error),
        last_updated_at: Field::Absent,
        ttft: row.ttft(&facts.start, &facts.first_token, &facts.first_token_after),
        source: row.source(&facts.source),
        environment: row.environment(&facts.environment),
        extra: extra(&facts.extra),
    }
}

/// A span's token counts, as its row shows them.
pub(in crate::dialects::opik) fn counts(view: &SpanView) -> impl Iterator<Item = (Cow<'static, str>, i64)> {
    let mut row = Row { subject: ("span", view.facts.id), own: view.origin == NAME, losses: &mut Vec::new() };
    let counts = row.usage(&view.facts.usage).take().map(|wire::Counts(counts)| counts).unwrap_or_default();
    counts.into_iter().filter_map(|(key, count)| match count {
        wire::Count::Integer(count) => Some((key, count)),
        wire::Count::Other(_) => None,
    })
}

/// What an update may say of a trace: no id, no start, and metadata only if it is known, because an
/// update replaces it whole (`wire/opik.md §6.4`).
pub(super) fn trace_update(view: &TraceView, out: &Outward, losses: &mut Vec<Loss>) -> wire::Trace {
    let mut row = bare_trace(view, out, losses);
    let subject = format!("trace {}", view.facts.id);
    row.id = Field::Absent;
    row.start_time = Field::Absent;
    row.metadata =
        patched_metadata(row.metadata, view.facts.metadata.is_set(), &kept_trace(&view.facts), &subject, losses);
    row.metadata = reserve::told(row.metadata, view.origin, reserve::trace_ids(view, out), out);
    row
}

/// What an update may say of a span.
pub(super) fn span_update(view: &SpanView, trace: Id, out: &Outward, losses: &mut Vec<Loss>) -> wire::Span {
    let mut row = bare_span(view, trace, out, losses);
    let subject = format!("span {}", view.facts.id);
    row.id = Field::Absent;
    row.start_time = Field::Absent;
    row.metadata =
        patched_metadata(row.metadata, view.facts.metadata.is_set(), &kept_span(&view.facts), &subject, losses);
    row.metadata = reserve::told(row.metadata, view.origin, reserve::span_ids(view, trace, out), out);
    row
}

fn patched_metadata(
    metadata: Field<Raw>,
    known: bool,
    kept: &[(&str, Option<Raw>)],
    subject: &str,
    losses: &mut Vec<Loss>,
) -> Field<Raw> {
    if known {
        return metadata;
    }
    for (key, _) in kept.iter().filter(|(_, value)| value.is_some()) {
        lose(losses, subject, key, "stands in metadata, which an update replaces whole");
    }
    Field::Absent
}

/// What we keep in a trace's metadata for want of a field.
fn kept_trace(facts: &Trace) -> [(&'static str, Option<Raw>); 2] {
    [("user_id", facts.user.get().map(Raw::of)), ("release", facts.release.get().map(Raw::of))]
}

/// What we keep in a span's metadata for want of a field.
fn kept_span(facts: &Span) -> [(&'static str, Option<Raw>); 3] {
    [
        ("user_id", facts.user.get().map(Raw::of)),
        ("release", facts.release.get().map(Raw::of)),
        ("model_parameters", model_parameters(facts)),
    ]
}

/// The model's parameters; a temperature that stands alone is one of them.
fn model_parameters(facts: &Span) -> Option<Raw> {
    let alone = || facts.temperature.get().map(|temperature| Raw::of(&IndexMap::from([("temperature", temperature)])));
    facts.model_parameters.cloned().or_else(alone)
}

fn extra(field: &Field<Extra>) -> IndexMap<String, Raw> {
    field.get().filter(|extra| extra.dialect == NAME).map(|extra| extra.members.clone()).unwrap_or_default()
}

/// The vendor's type of a span.
pub(in crate::dialects::opik) fn kind(facts: &Span) -> Field<String> {
    values::kind(&facts.kind, facts.model.is_set() && facts.usage.is_set())
}

/// What another dialect's update put on a row of this one's, which has no key to carry it.
fn homeless<T: Facts>((kind, id): (&str, Id), facts: &T, paths: &[&str], losses: &mut Vec<Loss>) {
    for path in paths.iter().filter(|path| facts.has(path)) {
        lose(losses, &format!("{kind} {id}"), path, "no native home");
    }
}

/// Facts of a trace that its row has no place for.
const HOMELESS_TRACE: &[&str] = &[
    "pending",
    "http_code",
    "redacted_input",
    "redacted_output",
    "usage",
    "cost",
    "dataset_input",
    "dataset_output",
    "dataset_metadata",
    "external_id",
];

/// Facts of a span that its row has no place for.
const HOMELESS_SPAN: &[&str] = &[
    "agent_type",
    "http_code",
    "redacted_input",
    "redacted_output",
    "temperature",
    "tools",
    "finish_reason",
    "tool_call_id",
    "events",
    "control",
    "dataset_input",
    "dataset_output",
    "dataset_metadata",
    "session",
    "step_number",
    "external_id",
];
