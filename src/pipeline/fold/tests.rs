//! What only a fold in steps shows; whole folds are tested with every fixture, in any order.

use std::sync::Arc;
use std::time::Duration;

use super::TraceItems;
use crate::canonical::Completion;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Span;
use crate::canonical::Time;
use crate::canonical::Trace;

fn trace() -> Id {
    Id::parse("01a1fba9-a639-7577-8f69-a2172cedfe3e").unwrap()
}

fn span() -> Id {
    Id::parse("01a1fba9-a63c-7506-a223-e9bdca1fb83f").unwrap()
}

fn open(op: Op) -> Item {
    Item { path: String::new(), origin: "made up", rank: Rank::Open { version: None }, op }
}

/// An open trace with an open span, in one record each.
fn begun() -> TraceItems {
    let record = |items: &mut TraceItems, seq, op| {
        items.add(seq, Time(seq as i64 * 1_000), Duration::ZERO, [(0, Arc::new(open(op)))]);
    };
    let mut items = TraceItems::default();
    let start = Field::Set(Time(500));
    record(&mut items, 1, Op::Trace(Box::new(Trace { id: trace(), start: start.clone(), ..Trace::default() })));
    let facts = Span { id: span(), trace: Some(trace()), start, ..Span::default() };
    record(&mut items, 2, Op::Span(Box::new(facts)));
    items
}

fn over(items: &mut TraceItems) {
    let facts = Trace { id: trace(), completion: Completion::ClosedWhole, ..Trace::default() };
    let item = Item { rank: Rank::Patch, ..open(Op::Trace(Box::new(facts))) };
    items.add(3, Time(3_000), Duration::ZERO, [(0, Arc::new(item))]);
}

#[test]
fn a_trace_that_is_over_ends_its_spans_when_that_was_said() {
    let mut items = begun();
    assert_eq!(items.view(9).spans[0].end(), None);
    over(&mut items);
    let view = items.view(9);
    assert!(view.complete && view.spans[0].facts.ended);
    assert_eq!(view.spans[0].end(), Some(Time(3_000)));
}

#[test]
fn the_end_of_a_trace_is_news_of_every_span_it_ends() {
    let mut items = begun();
    assert_eq!(items.changed(1, 9).spans.len(), 1);
    assert!(items.changed(2, 9).spans.is_empty());
    over(&mut items);
    assert_eq!(items.changed(2, 9).spans[0].end(), Some(Time(3_000)));
    assert!(items.changed(3, 9).spans.is_empty());
}
