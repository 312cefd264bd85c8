//! What can change after a step was sent, and the loss of what cannot (`wire/galileo.md §4.4`).

use super::body::Address;
use super::payload;
use super::row;
use crate::canonical::Facts;
use crate::canonical::Field;
use crate::canonical::Loss;
use crate::canonical::Payload;
use crate::canonical::Raw;
use crate::canonical::SpanView;
use crate::canonical::Tags;
use crate::canonical::Target;
use crate::canonical::TraceView;
use crate::canonical::View;
use crate::contract::Plan;
use crate::dialects::galileo::settings::NAME;
use crate::dialects::galileo::wire;

/// The facts that an update can change, and those that are no part of a row.
const CHANGEABLE: [&str; 9] =
    ["input", "output", "status", "http_code", "tags", "end", "duration", "project", "session"];

/// The update that leads from one row to another; `None` when there is none. `paths` are the facts
/// that differ.
pub(super) fn change(
    old: &wire::Step,
    new: &wire::Step,
    paths: &[&'static str],
    target: &Target,
    plan: &mut Plan,
) -> Option<wire::Update> {
    let mut lose = |path: &str, why: &str| plan.losses.push(loss(target, path, why));
    for path in paths.iter().filter(|path| !CHANGEABLE.contains(path)) {
        lose(path, "cannot change once it is sent");
    }
    let mut changed = |path: &str, old: &Field<Raw>, new: &Field<Raw>| {
        if old.is_set() && !new.is_set() {
            lose(path, "cannot be taken back once it is sent");
        }
        if old == new { Field::Absent } else { new.clone() }
    };
    let mut update = wire::Update {
        input: changed("input", &old.input, &new.input),
        output: changed("output", &old.output, &new.output),
        ..wire::Update::default()
    };
    if old.status_code != new.status_code {
        update.status_code = new.status_code.clone();
    }
    let duration =
        |step: &wire::Step| step.metrics.get().and_then(|raw| raw.members()?.get("duration_ns")?.read().ok());
    if duration(old) != duration(new) {
        update.duration_ns = duration(new).into();
    }
    let (had, has) = (old.tags.cloned().unwrap_or_default(), new.tags.cloned().unwrap_or_default());
    if had.iter().any(|tag| !has.contains(tag)) {
        lose("tags", "tags are only added there");
    }
    let added: Vec<String> = has.into_iter().filter(|tag| !had.contains(tag)).collect();
    if !added.is_empty() {
        update.tags = Field::Set(added);
    }
    (update != wire::Update::default()).then_some(update)
}

/// The form of payloads that changed: the reserved key, which would carry it, cannot follow.
pub(super) fn lose_form(change: Option<&wire::Update>, whole: &[Loss], plan: &mut Plan) {
    let Some(change) = change else { return };
    for (path, payload) in [("input", &change.input), ("output", &change.output)] {
        let formed = whole.iter().find(|loss| loss.carried && loss.path == path);
        if let Some(formed) = formed.filter(|_| payload.is_set()) {
            let why = "it changed as text, and the reserved key still has what it was".to_owned();
            plan.losses.push(Loss { why, carried: false, ..formed.clone() });
        }
    }
}

/// A trace's input and output can be changed to strings only.
pub(super) fn as_text(update: &mut wire::Update) {
    for payload in [&mut update.input, &mut update.output] {
        *payload = std::mem::take(payload).map(|raw| payload::text(&Payload(raw)));
    }
}

/// Rows of which only updates are held, as the vendor's own updates.
pub(super) fn partial(address: &Address<'_>, before: &View, view: &View, plan: &mut Plan) {
    if let Some(trace) = view.trace.as_ref().filter(|trace| !trace.whole) {
        let was = before.trace.as_ref().map(|trace| trace_update(trace, before.complete));
        let now = trace_update(trace, trace.facts.completion != crate::canonical::Completion::Open);
        let target = Target::Trace(view.id);
        if was.as_ref() != Some(&now) {
            lose_others(&trace.facts, &target, plan);
            plan.writes.extend(sendable(now).map(|update| address.change(target, update, 2)));
        }
    }
    for span in view.spans.iter().filter(|span| !span.whole) {
        let was = before.span(span.facts.id).map(span_update);
        let now = span_update(span);
        let target = Target::Span { trace: Some(view.id), span: span.facts.id };
        if was.as_ref() != Some(&now) {
            lose_others(&span.facts, &target, plan);
            plan.writes.extend(sendable(now).map(|update| address.change(target, update, 1)));
        }
    }
}

fn trace_update(trace: &TraceView, complete: bool) -> wire::Update {
    let facts = &trace.facts;
    let mut update = wire::Update {
        input: raw(&facts.input),
        output: raw(&facts.output),
        status_code: row::status_code(&facts.status, &facts.http_code),
        tags: facts.tags.clone().map(|tags: Tags| tags.list().to_vec()),
        is_complete: complete.then_some(true).into(),
        duration_ns: facts.duration.clone(),
        ..wire::Update::default()
    };
    as_text(&mut update);
    update
}

fn span_update(span: &SpanView) -> wire::Update {
    let facts = &span.facts;
    let given = |payload: &Field<Payload>, into: fn(&str, &Payload) -> Raw| -> Field<Raw> {
        let word = row::word(span);
        payload.get().map(|payload| if span.origin == NAME { payload.0.clone() } else { into(&word, payload) }).into()
    };
    wire::Update {
        input: given(&facts.input, payload::input),
        output: given(&facts.output, payload::output),
        status_code: row::status_code(&facts.status, &facts.http_code),
        tags: facts.tags.clone().map(|tags: Tags| tags.list().to_vec()),
        duration_ns: facts.duration.clone(),
        ..wire::Update::default()
    }
}

fn raw(payload: &Field<Payload>) -> Field<Raw> {
    payload.get().map(|payload| payload.0.clone()).into()
}

fn sendable(update: wire::Update) -> Option<wire::Update> {
    (update != wire::Update::default()).then_some(update)
}

/// What an update cannot change. An end without a start is no duration.
fn lose_others<T: Facts>(facts: &T, target: &Target, plan: &mut Plan) {
    let others = facts.print().into_keys().filter(|path| *path == "end" || !CHANGEABLE.contains(path));
    plan.losses.extend(others.map(|path| loss(target, path, "cannot change once it is sent")));
}

fn loss(target: &Target, path: &str, why: &str) -> Loss {
    Loss { subject: target.to_string(), path: path.to_owned(), why: why.to_owned(), carried: false }
}
