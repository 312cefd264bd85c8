//! A vendor's answer as one to what was asked for: with the ids that were asked for, which a hash or
//! another dialect's form hides there, and with the vendor's own times.

use std::time::Duration;

use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::View;
use crate::canonical::ids;
use crate::contract::Dialect;
use crate::contract::Found;
use crate::contract::Outward;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::Seq;
use crate::pipeline::outward::own_ms;
use crate::pipeline::record;

use super::forms::Form;
use super::native;

/// A vendor's items as a view, shown to our clients by the dialect's own rule; what was asked for may have
/// been known by another id.
pub(super) fn found(
    mut items: Vec<Item>,
    (asked, target): (&Target, &Target),
    form: &Form,
    dialect: &dyn Dialect,
) -> Option<Found> {
    if let Some(asked) = target.trace() {
        name_trace(&mut items, asked, form);
    }
    if let Target::Span { span, .. } = target {
        name_span(&mut items, *span, form, dialect);
    }
    let view = view(items);
    let (native, _) = native(&view, target)?;
    let natural = trace_ms(&view);
    let shown = match asked {
        Target::Trace(id) | Target::Span { span: id, .. } => shown_at(*id, native, natural),
        Target::Session(_) => None,
    };
    let out = Outward { trace_ms: shown.unwrap_or(natural), ..Outward::default() };
    Some(Found { view, native, out })
}

/// Everything is of the trace asked for. What the vendor's own form hides is known from what was asked;
/// what the reserved key tells stands, if it is that trace's id in another dialect's form.
fn name_trace(items: &mut [Item], asked: Id, form: &Form) {
    let record = items.iter().find(|item| matches!(item.op, Op::Trace(_))).or(items.first());
    let Some(told) = record.and_then(Item::trace) else { return };
    let is_told = told.stem() == asked.stem() && form.wanted.trace.as_deref() != Some(&told.to_string());
    let name = if is_told { told } else { asked };
    for item in items {
        match &mut item.op {
            Op::Trace(trace) => trace.id = name,
            Op::Span(span) => span.trace = Some(name),
            Op::Score(score) => name_target(&mut score.target, name),
            Op::DeleteScore { target, .. } | Op::Delete(target) => name_target(target, name),
        }
    }
}

fn name_target(target: &mut Target, name: Id) {
    match target {
        Target::Trace(id) => *id = name,
        Target::Span { trace, .. } => *trace = Some(name),
        Target::Session(_) => {}
    }
}

/// Gives the span asked for its id; of a span that was asked for alone, the answer begins with it.
fn name_span(items: &mut [Item], asked: Id, form: &Form, dialect: &dyn Dialect) {
    let wanted = form.wanted.span.as_deref();
    let spans = || items.iter().filter(|item| matches!(item.op, Op::Span(_))).filter_map(Item::span);
    let is_it = |id: &Id| {
        let trace = items.iter().find_map(Item::trace).unwrap_or(*id);
        wanted == Some(&id.to_string()) || wanted == Some(&dialect.show_id(*id, trace, &form.out))
    };
    if spans().any(|id| id.stem() == asked.stem() && wanted != Some(&id.to_string())) {
        return;
    }
    let first = spans().next().filter(|_| form.wanted.trace.is_none());
    let Some(held) = spans().find(is_it).or(first) else { return };
    for item in items {
        match &mut item.op {
            Op::Span(span) => {
                if span.id == held {
                    span.id = asked;
                }
                if span.parent == Field::Set(held) {
                    span.parent = Field::Set(asked);
                }
            }
            Op::Score(score) => name_judged(&mut score.target, held, asked),
            Op::Trace(_) | Op::DeleteScore { .. } | Op::Delete(_) => {}
        }
    }
}

fn name_judged(target: &mut Target, held: Id, asked: Id) {
    if let Target::Span { span, .. } = target
        && *span == held
    {
        *span = asked;
    }
}

/// The items folded, each as of the vendor's own time.
fn view(items: Vec<Item>) -> View {
    let mut held = TraceItems::default();
    for (seq, item) in (1..).zip(items) {
        let at = at(&item);
        held.add(seq, at, Duration::ZERO, (0..).zip(record::share(vec![item])));
    }
    held.view(Seq::MAX)
}

/// When the vendor changed a row last; where it does not say, when what the row tells was over.
fn at(item: &Item) -> Time {
    let over = |start: &Field<Time>, end: &Field<Time>, duration: &Field<i64>| {
        let start = start.cloned();
        let lasted = start.zip(duration.cloned()).map(|(start, duration)| Time(start.0.saturating_add(duration)));
        end.cloned().or(lasted).or(start)
    };
    let own = match &item.op {
        Op::Trace(trace) => over(&trace.start, &trace.end, &trace.duration),
        Op::Span(span) => over(&span.start, &span.end, &span.duration),
        Op::Score(score) => Some(score.at),
        Op::DeleteScore { .. } | Op::Delete(_) => None,
    };
    let version = match item.rank {
        Rank::Open { version } | Rank::Complete { version, .. } => version,
        Rank::Patch => None,
    };
    version.or(own).unwrap_or_default()
}

/// The trace's time: what its id carries, else when it began.
fn trace_ms(view: &View) -> i64 {
    match view.id {
        Id::Uuid(bytes) if bytes[6] >> 4 == 7 => ids::embedded_ms(&bytes),
        _ => view.start().map_or(0, Time::millis),
    }
}

/// The time in the id asked for, where that is what a dialect with timed ids showed for the native one.
fn shown_at(asked: Id, native: Id, natural: i64) -> Option<i64> {
    let is_timed = |id: Id| matches!(id, Id::Uuid(bytes) if bytes[6] >> 4 == 7);
    if is_timed(asked) && !is_timed(native) { own_ms(asked, natural) } else { None }
}
