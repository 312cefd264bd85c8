//! What must be sent so that Galileo shows a trace (`design.md §5`).
//!
//! A trace goes as one tree. Afterwards little can change there (`wire/galileo.md §4.4`): input,
//! output, status, tags that are added, duration; everything else is a recorded loss. New spans follow
//! by `POST …/spans` while the trace is open; once it has been called complete, old servers refuse
//! them (§8), so the whole tree is sent again, which replaces by id (§7.2).

mod body;
mod metadata;
mod metrics;
mod payload;
mod place;
mod row;
mod sessions;
mod sheet;
mod update;

use std::collections::HashMap;
use std::collections::HashSet;

use crate::canonical::Facts;
use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Score;
use crate::canonical::Target;
use crate::canonical::View;
use crate::contract::Outward;
use crate::contract::Plan;
use crate::dialects::galileo::wire;

use body::Address;
pub(super) use row::show_id;
use sheet::Sheet;

/// Plans the way from what was last shown to what should be.
pub(super) fn plan(view: &View, shown: Option<&View>, out: &Outward) -> Plan {
    let address = Address::of(view, out);
    if is_gone(view) && shown.is_some_and(|shown| !is_gone(shown)) {
        return Plan { writes: vec![address.delete(Target::Trace(view.id))], ..Plan::default() };
    }
    let nothing = View::default();
    let before = shown.unwrap_or(&nothing);
    let was_complete = before.complete;
    let complete = view.complete || was_complete;
    let old = Sheet::of(before, was_complete, out);
    let new = Sheet::of(view, complete, out);
    let mut plan = Plan::default();
    let late = new.spans.keys().any(|id| !old.spans.contains_key(id));
    let whole = new.trace.as_ref().filter(|_| old.trace.is_none() || (was_complete && late));
    if let Some(trace) = whole {
        plan.losses.extend(trace.losses.iter().cloned());
        plan.losses.extend(new.spans.values().flat_map(|placed| placed.row.losses.iter().cloned()));
        plan.writes.extend(sessions::writes(&address, view));
        plan.writes.push(address.trace(view, trace, &new, complete));
        plan.anew = true;
    } else {
        add_spans(&address, &old, &new, &mut plan);
        change_spans(&address, (before, view), (&old, &new), &mut plan);
        change_trace(&address, (before, view), (&old, &new), complete, &mut plan);
    }
    update::partial(&address, before, view, &mut plan);
    lose_waiting(&new, &mut plan);
    let kept = if whole.is_some() { Sheet::default() } else { old };
    lose_scores(before, view, (&kept, &new), &mut plan);
    delete_spans(&address, before, view, &mut plan);
    plan
}

/// The tree of a view as reads show it: nothing waits.
pub(super) fn tree(view: &View, out: &Outward) -> Tree {
    let sheet = Sheet::of(view, true, out);
    let spans = sheet.nested(|_| true);
    Tree { trace: sheet.trace.map(|row| row.step), spans: spans.into_iter().map(|(_, _, step)| step).collect() }
}

/// One span with its subtree as reads show it, and the vendor's id of its parent.
pub(super) fn subtree(view: &View, span: Id, out: &Outward) -> Option<(wire::Step, Option<String>)> {
    let sheet = Sheet::of(view, true, out);
    let mut inside = HashSet::from([span]);
    for (id, placed) in &sheet.spans {
        if let place::Under::Span(parent) = placed.under
            && inside.contains(&parent)
        {
            inside.insert(*id);
        }
    }
    let (_, under, step) = sheet.nested(|id| inside.contains(&id)).into_iter().find(|(id, ..)| *id == span)?;
    let parent = match under {
        place::Under::Trace => None,
        place::Under::Span(parent) | place::Under::Elsewhere(parent) => Some(show_id(parent, view.id, out)),
    };
    Some((step, parent))
}

/// A trace's steps, nested.
pub(super) struct Tree {
    /// The trace record, where its create is held.
    pub(super) trace: Option<wire::Step>,
    /// The top-level spans.
    pub(super) spans: Vec<wire::Step>,
}

fn is_gone(view: &View) -> bool {
    view.trace.is_none() && view.spans.is_empty()
}

/// Spans that were not shown, with everything under them; their parents are there.
fn add_spans(address: &Address<'_>, old: &Sheet, new: &Sheet, plan: &mut Plan) {
    let is_new = |id: Id| !old.spans.contains_key(&id);
    let added = new.spans.iter().filter(|(id, _)| is_new(**id));
    plan.losses.extend(added.flat_map(|(_, placed)| placed.row.losses.iter().cloned()));
    for (id, under, step) in new.nested(is_new) {
        plan.writes.push(address.span(id, under, &step));
    }
}

/// Spans shown that differ now.
fn change_spans(address: &Address<'_>, (before, view): (&View, &View), (old, new): (&Sheet, &Sheet), plan: &mut Plan) {
    let was: HashMap<Id, _> = before.spans.iter().map(|span| (span.facts.id, span)).collect();
    for span in &view.spans {
        let id = span.facts.id;
        let (Some(was), Some(shown), Some(now)) = (was.get(&id), old.spans.get(&id), new.spans.get(&id)) else {
            continue;
        };
        let target = Target::Span { trace: Some(view.id), span: id };
        let paths: Vec<_> = span.facts.difference(&was.facts).into_iter().map(|(path, _)| path).collect();
        let change = update::change(&shown.row.step, &now.row.step, &paths, &target, plan);
        update::lose_form(change.as_ref(), &now.row.losses, plan);
        plan.writes.extend(change.map(|change| address.change(target, change, 1)));
    }
}

/// The trace record, where it differs now, and that it is complete.
fn change_trace(
    address: &Address<'_>,
    (before, view): (&View, &View),
    (old, new): (&Sheet, &Sheet),
    complete: bool,
    plan: &mut Plan,
) {
    let (Some(was), Some(now), Some(shown), Some(row)) = (&before.trace, &view.trace, &old.trace, &new.trace) else {
        return;
    };
    let target = Target::Trace(view.id);
    let paths: Vec<_> = now.facts.difference(&was.facts).into_iter().map(|(path, _)| path).collect();
    let change = update::change(&shown.step, &row.step, &paths, &target, plan);
    update::lose_form(change.as_ref(), &row.losses, plan);
    let completes = complete && !before.complete;
    if change.is_none() && !completes {
        return;
    }
    let mut change = change.unwrap_or_default();
    update::as_text(&mut change);
    // Left out it would be read as false (`wire/galileo.md §4.4`).
    change.is_complete = Some(complete).into();
    plan.writes.push(address.change(target, change, 2));
}

/// What a partial settle holds back.
fn lose_waiting(new: &Sheet, plan: &mut Plan) {
    plan.losses.extend(new.waiting.iter().map(|span| Loss {
        subject: Target::Span { trace: None, span: *span }.to_string(),
        path: "span".to_owned(),
        why: "waits for its end, or for its parent".to_owned(),
        carried: false,
    }));
}

/// Scores on what was sent without them, and on what is not sent at all.
fn lose_scores(before: &View, view: &View, (old, new): (&Sheet, &Sheet), plan: &mut Plan) {
    let gone = |span: &Id| !new.spans.contains_key(span) && !new.waiting.contains(span);
    for score in &view.scores {
        let late = match &score.target {
            Target::Trace(_) => old.trace.is_some() || new.trace.is_none(),
            Target::Span { span, .. } => old.spans.contains_key(span) || gone(span),
            Target::Session(_) => true,
        };
        if late && !before.scores.iter().any(|shown| says_the_same(shown, score)) {
            plan.losses.push(metrics::loss(score, "value", "scores go with the creation only"));
        }
    }
}

fn says_the_same(a: &Score, b: &Score) -> bool {
    a.target == b.target && a.name == b.name && a.value == b.value
}

/// Spans shown that are no more.
fn delete_spans(address: &Address<'_>, before: &View, view: &View, plan: &mut Plan) {
    let held: HashSet<Id> = view.spans.iter().map(|span| span.facts.id).collect();
    for span in before.spans.iter().filter(|span| span.whole && !held.contains(&span.facts.id)) {
        plan.writes.push(address.delete(Target::Span { trace: Some(view.id), span: span.facts.id }));
    }
}
