//! The trace's row.

use super::Comparison;
use super::Notes;
use super::Row;
use super::compare;
use super::hygiene;
use super::insert_key;
use super::native;
use super::payload::payload;
use super::reader;
use super::shown;
use super::values;
use super::with_key;
use crate::canonical::Completion;
use crate::canonical::Field;
use crate::canonical::Raw;
use crate::canonical::Span;
use crate::canonical::SpanView;
use crate::canonical::Status;
use crate::canonical::Time;
use crate::canonical::Trace;
use crate::canonical::TraceView;
use crate::canonical::View;
use crate::canonical::complement::Ids;
use crate::canonical::complement::Keep;
use crate::contract::Outward;
use crate::dialects::pandaprobe::decode;
use crate::dialects::pandaprobe::settings;
use crate::dialects::pandaprobe::wire;

/// The view's trace as a row; made up for spans of another dialect that have none.
pub(super) fn row(view: &View, out: &Outward) -> Option<Row<wire::Trace>> {
    match &view.trace {
        Some(trace) => Some(held(trace, view, out)),
        None => synthetic(view, out),
    }
}

fn held(trace: &TraceView, view: &View, out: &Outward) -> Row<wire::Trace> {
    let mut notes = Notes::default();
    let mut wire = bare(trace, view, out, &mut notes);
    if !trace.whole && wire.started_at.is_set() {
        notes.add("start", "cannot be changed");
    }
    let comparison = Comparison {
        subject: format!("trace {}", view.id),
        origin: trace.origin,
        mine: &trace.facts,
        held: decode::trace_facts(wire.clone(), decode::How::Create, "", &mut reader(out)).unwrap_or_default(),
        ids: native(view.id, out).map(|id| Ids { trace: Some(id), ..Ids::default() }),
        whole: trace.whole,
    };
    let (reserved, mut losses) = compare(comparison, notes, out.keep);
    with_key(&mut wire.metadata, reserved, &mut losses);
    losses.extend(view.session_losses());
    Row { native: view.id, wire, whole: trace.whole, losses }
}

fn bare(trace: &TraceView, view: &View, out: &Outward, notes: &mut Notes) -> wire::Trace {
    let is_native = trace.origin == settings::NAME;
    // One that was inferred is for dialects that had a way to say it.
    let end = if is_native { trace.facts.end.cloned() } else { trace.end() };
    // What the vendor has no field for is left to the comparison.
    let Trace {
        id,
        completion,
        project: _,
        name,
        start,
        end: _,
        duration: _,
        first_token: _,
        first_token_after: _,
        status,
        pending,
        http_code: _,
        error: _,
        input,
        output,
        redacted_input: _,
        redacted_output: _,
        usage: _,
        cost: _,
        tags,
        metadata,
        dataset_input: _,
        dataset_output: _,
        dataset_metadata: _,
        session,
        user,
        environment,
        release,
        source: _,
        external_id: _,
        extra,
    } = &trace.facts;
    let mut extra = values::extra(extra);
    let newer = values::newer(&mut extra, "status", decode::status_known).filter(|_| !status.is_set());
    let ended = view.complete || *completion == Completion::ClosedWhole;
    let start = start.cloned().or_else(|| trace.whole.then(|| start_of(view, out)));
    wire::Trace {
        trace_id: Field::Set(shown(*id, *id, out)),
        name: named(name, "trace", trace.whole, notes),
        status: newer.or_else(|| state(status.get(), *completion, pending, ended, trace.whole)).into(),
        input: payload("input", input, is_native, notes),
        output: payload("output", output, is_native, notes),
        metadata: values::metadata(metadata, notes),
        started_at: values::time(start),
        ended_at: values::time(end),
        session_id: values::key_text("session", session, notes),
        user_id: values::key_text("user", user, notes),
        tags: tags.get().map(|tags| tags.list().iter().map(|tag| hygiene::text(tag).into_owned()).collect()).into(),
        environment: values::text("environment", environment, values::TEXT_LENGTH, notes),
        release: values::text("release", release, values::TEXT_LENGTH, notes),
        extra,
        ..wire::Trace::default()
    }
}

/// A name; the vendor needs one of at least one character.
pub(super) fn named(name: &Field<String>, default: &str, whole: bool, notes: &mut Notes) -> Field<String> {
    let name = values::text("name", name, values::NAME_LENGTH, notes);
    match name.get() {
        Some(text) if !text.is_empty() => name,
        _ if whole => Field::Set(default.to_owned()),
        _ => Field::Absent,
    }
}

/// The earliest start that anything says.
pub(super) fn start_of(view: &View, out: &Outward) -> Time {
    view.start().unwrap_or(Time(out.trace_ms.saturating_mul(1_000_000)))
}

fn state(
    status: Option<&Status>,
    completion: Completion,
    pending: &Field<bool>,
    ended: bool,
    whole: bool,
) -> Option<String> {
    let failed = status == Some(&Status::Error);
    let word = match () {
        () if !whole && !failed && completion == Completion::Open => return None,
        () if failed && (ended || !whole) => "ERROR",
        () if ended || !whole => "COMPLETED",
        () if pending.get() == Some(&true) => "PENDING",
        () => "RUNNING",
    };
    Some(word.to_owned())
}

/// A trace for spans that came without one: the vendor has no span outside a trace. Spans that its
/// own clients added to a trace belong to one that is already there.
fn synthetic(view: &View, out: &Outward) -> Option<Row<wire::Trace>> {
    let top = top(view)?;
    let end = view.spans.iter().map(SpanView::end).collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max());
    let Span { name, session, user, environment, release, .. } = &top.facts;
    let facts = Trace {
        id: view.id,
        name: name.clone(),
        start: Field::Set(start_of(view, out)),
        end: end.filter(|_| view.complete).into(),
        session: session.clone(),
        user: user.clone(),
        environment: environment.clone(),
        release: release.clone(),
        ..Trace::default()
    };
    let trace = TraceView { facts, whole: true, origin: top.origin, version: top.version, inferred_end: None };
    let mut wire = bare(&trace, view, out, &mut Notes::default());
    if out.keep != Keep::Off {
        insert_key(&mut wire.metadata, Raw::of(&mark(&trace, out)));
    }
    Some(Row { native: view.id, wire, whole: true, losses: Vec::new() })
}

fn mark(trace: &TraceView, out: &Outward) -> serde_json::Value {
    let mut mark = serde_json::json!({"v": 1, "src": trace.origin, "synthetic": true});
    if let Some(id) = native(trace.facts.id, out) {
        mark["ids"] = serde_json::json!({"t": id});
    }
    mark
}

/// The earliest of the spans whose parent is not held.
fn top(view: &View) -> Option<&SpanView> {
    let whole = view.spans.iter().filter(|span| span.whole && span.origin != settings::NAME);
    let is_child = |span: &SpanView| span.facts.parent.get().is_some_and(|parent| view.span(*parent).is_some());
    whole.min_by_key(|span| (is_child(span), span.facts.start.cloned()))
}
