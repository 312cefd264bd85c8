//! One due trace: what it should look like at the vendor, and what to send for it.

use std::sync::Arc;
use std::time::Duration;

use super::Destination;
use super::Route;
use super::book::Forgone;
use super::book::Gaps;
use super::book::Row;
use super::book::TraceState;
use crate::canonical::Id;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::View;
use crate::contract::FlushMode;
use crate::contract::Outward;
use crate::contract::Plan;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::lost::Lost;
use crate::pipeline::outward::Outwards;
use crate::pipeline::undone;

/// A trace that is to be sent now.
pub(super) struct Job {
    pub(super) key: SubjectKey,
    pub(super) items: Arc<TraceItems>,
    pub(super) view: View,
    pub(super) shown: Option<View>,
    pub(super) shown_upto: Seq,
    pub(super) upto: Seq,
    pub(super) out: Outward,
    pub(super) project: Arc<str>,
    /// Whether rows go out as they change.
    pub(super) eager: bool,
    /// Whether a request may have been applied although it failed.
    pub(super) maybe: bool,
    /// Rows that were refused the last time: they are not there.
    pub(super) refused: Vec<Row>,
}

/// Where a destination is in the ledger.
#[derive(Clone, Debug, Default)]
pub(super) struct Position {
    /// The record after which its routes began.
    pub(super) start: Seq,
    /// Records up to here have been noted, but for the gaps.
    pub(super) cursor: Seq,
    pub(super) gaps: Gaps,
    /// What was given up unread.
    pub(super) forgone: Arc<Forgone>,
}

/// What looking at a due trace gave.
pub(super) enum Look {
    /// Send it.
    Send(Box<Job>),
    /// Look again at that time.
    Later(Time),
    /// It is an orphan that this trace adopted.
    Adopted(SubjectKey),
    /// Nothing that is new of it can be read any more, up to that record.
    Unreadable(Seq, Arc<TraceItems>),
    /// It is an orphan whose create never came: of what, and up to which record.
    NoCreate(Target, Seq),
}

/// Folds a due trace and decides.
pub(super) fn look(
    outwards: &Outwards,
    destination: &Destination,
    (key, state): (SubjectKey, &TraceState),
    position: &Position,
    now: Time,
) -> Result<Look, LedgerError> {
    let looked = look_upto(outwards, destination, (key, state), position, (state.frozen, now))?;
    // A crash leaves what was only looked at as a try that may have been applied. What was not to be sent
    // then was not.
    match (state.frozen, looked) {
        (Some(_), Look::Later(_)) => look_upto(outwards, destination, (key, state), position, (None, now)),
        (_, looked) => Ok(looked),
    }
}

/// Folds a due trace up to a record, by default the newest noted, and decides.
fn look_upto(
    outwards: &Outwards,
    destination: &Destination,
    (key, state): (SubjectKey, &TraceState),
    position: &Position,
    (frozen, now): (Option<Seq>, Time),
) -> Result<Look, LedgerError> {
    let items = outwards.traces.load(&state.project, key)?;
    let no_create = || Look::NoCreate(items.target(), items.last_upto(position.cursor));
    let Some(route) = destination.routes.get(&state.project) else { return Ok(no_create()) };
    let after = state.shown.unwrap_or(state.first.saturating_sub(1));
    let lost = items.lost.iter().copied().filter(|seq| *seq > after && *seq <= position.cursor).max();
    if let Some(lost) = lost.filter(|_| items.last_upto(position.cursor) <= after) {
        return Ok(Look::Unreadable(lost, items));
    }
    let waited = now.0 - state.first_at.0 >= nanos(route.orphan_wait);
    if !items.is_placed() {
        return Ok(match outwards.homes.adopted(&state.project, key)? {
            Some(trace) => Look::Adopted(trace),
            None if waited => no_create(),
            None => Look::Later(now.plus(1_000_000_000)),
        });
    }
    let upto = frozen.unwrap_or_else(|| items.last_upto(position.cursor));
    let shown_upto = state.shown.unwrap_or_else(|| earlier(&items.seqs, (key, state.first), position));
    let eager = route.flush == FlushMode::Eager;
    let mut view = if eager { items.changed(shown_upto, upto) } else { items.view(upto) };
    if eager && !state.rows.is_empty() {
        bring_back(&mut view, items.view(upto), &state.rows);
    }
    let orphan = is_partial(&view) || view.scores.iter().any(|score| items.is_orphan(score, upto));
    let due = match too_early(&view, &items, state, route, orphan && !waited) {
        Some(_) if state.is_of_the_future(now) && view.complete => None,
        due => due,
    };
    if let Some(due) = due.filter(|due| *due > now) {
        return Ok(Look::Later(due));
    }
    let mut shown = before(&items, eager, shown_upto, upto);
    if let Some(shown) = &mut shown {
        leave_out(shown, &state.rows);
    }
    outwards.dress(&state.project, &items, &mut view);
    if let Some(shown) = &mut shown {
        outwards.dress(&state.project, &items, shown);
    }
    let out = outwards.outward(&state.project, &items, &view, destination.dialect, route);
    let (project, maybe, refused) = (Arc::clone(&state.project), state.frozen.is_some(), state.rows.clone());
    Ok(Look::Send(Box::new(Job { key, items, view, shown, shown_upto, upto, out, project, eager, maybe, refused })))
}

/// What the vendor was last shown of what the view holds. Where rows are sent as they change, that is
/// needed for what goes away only: the whole of a deleted trace, scores taken back.
fn before(items: &TraceItems, eager: bool, shown_upto: Seq, upto: Seq) -> Option<View> {
    if shown_upto == 0 {
        return None;
    }
    if !eager || items.is_gone(upto) {
        return Some(items.view(shown_upto));
    }
    let scores = items.taken_back(shown_upto, upto);
    (!scores.is_empty()).then(|| View { id: items.view_id(), scores, ..View::default() })
}

/// When to look again, if not now; a retry does not wait again for what it waited for before.
fn too_early(view: &View, items: &TraceItems, state: &TraceState, route: &Route, orphan: bool) -> Option<Time> {
    if orphan {
        return Some(state.first_at.plus(nanos(route.orphan_wait)));
    }
    if route.flush == FlushMode::Eager || state.attempts > 0 {
        return None;
    }
    let only_scores = view.trace.is_none() && view.spans.is_empty();
    let wait = match (view.complete || only_scores, is_partial(view)) {
        (true, _) => route.quiet.unwrap_or(items.quiet),
        (false, true) => route.orphan_wait,
        (false, false) => route.idle,
    };
    Some(items.last_at.plus(nanos(wait)))
}

/// Whether there are rows of which only updates are held.
fn is_partial(view: &View) -> bool {
    view.trace.as_ref().is_some_and(|trace| !trace.whole) || view.spans.iter().any(|span| !span.whole)
}

/// The newest record of the trace before this news: everything up to it was settled, unless it is
/// older than the route or lies above what has not been read yet, or was given up before it was.
pub(super) fn earlier(seqs: &[Seq], (key, first): (SubjectKey, Seq), position: &Position) -> Seq {
    let unread = position.gaps.first_of(seqs);
    let forgone = position.forgone.first_of(key, seqs);
    let first = [unread, forgone].into_iter().flatten().fold(first, Seq::min);
    let before = seqs.iter().copied().take_while(|seq| *seq < first).last().unwrap_or_default();
    if before > position.start { before } else { 0 }
}

/// Adds the rows that were refused the last time to those that have changed.
fn bring_back(view: &mut View, whole: View, rows: &[Row]) {
    if rows.contains(&Row::Trace) && view.trace.is_none() {
        view.trace = whole.trace;
    }
    let refused = |id: Id| rows.contains(&Row::Span(id.stem()));
    for span in whole.spans.into_iter().filter(|span| refused(span.facts.id)) {
        if view.span(span.facts.id).is_none() {
            view.spans.push(span);
        }
    }
    if rows.contains(&Row::Scores) {
        view.scores = whole.scores;
    }
}

/// Takes the rows that were refused the last time out of what is shown.
pub(super) fn leave_out(shown: &mut View, rows: &[Row]) {
    if rows.contains(&Row::Trace) {
        shown.trace = None;
    }
    shown.spans.retain(|span| !rows.contains(&Row::Span(span.facts.id.stem())));
    if rows.contains(&Row::Scores) {
        shown.scores.clear();
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// When news of a trace makes it due, before it is looked at.
pub(super) fn due(route: &Route, quiet: Duration, at: Time) -> Time {
    match route.flush {
        FlushMode::Eager => at.plus(1_000_000_000),
        FlushMode::Settled => at.plus(nanos(route.quiet.unwrap_or(quiet))),
    }
}

impl Job {
    /// Plans it, now that the vendor project is known; and what of it is lost by coming late.
    pub(super) fn plan(&self, destination: &Destination) -> (Plan, Lost) {
        let mut plan = destination.dialect.plan(&self.view, self.shown.as_ref(), &self.out);
        // Of a trace left with nothing the plan deletes the whole, unless it is of some rows only.
        if !self.view.spans.is_empty() || (self.eager && !self.items.is_gone(self.upto)) {
            let deletes = undone::span_deletes(&self.items, &self.view, &plan, (self.shown_upto, self.upto));
            plan.losses.extend(deletes);
        }
        if self.shown_upto == 0 {
            return (plan, Lost::default());
        }
        let lost = Lost::of(&plan, destination.dialect, &self.view, &self.out);
        (plan, lost)
    }
}
