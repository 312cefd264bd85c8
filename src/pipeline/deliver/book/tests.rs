//! The books balance whatever happens to a trace, and after any restart.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Target;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::Open;

const TRACE: SubjectKey = SubjectKey(1);
const ORPHAN: SubjectKey = SubjectKey(2);
const OTHER: SubjectKey = SubjectKey(3);
const LONG_AGO: Time = Time(0);
const LATER: Time = Time(60_000_000_000);

fn note_in(book: &mut Book, trace: SubjectKey, seq: Seq, lane: Lane) {
    book.read(seq, lane, 1);
    let project: Arc<str> = "p".into();
    let (at, due) = (LONG_AGO, Time(1));
    book.note(&News { trace, project: &project, seq, at, items: 1, bytes: 1_000, stored: 300.0, due }, lane);
}

fn note(book: &mut Book, trace: SubjectKey, seq: Seq) {
    note_in(book, trace, seq, Lane::Fresh);
}

fn take(book: &mut Book) -> Vec<(SubjectKey, TraceState)> {
    let mut taken = book.take_due(Time(9), Lane::Fresh, most(10), false);
    taken.extend(book.take_due(Time(9), Lane::Late, most(10), false));
    taken
}

fn most(rows: usize) -> Most {
    Most { rows, bytes: u64::MAX }
}

fn ending(upto: Seq, newer: u64) -> Ending {
    Ending {
        upto,
        newer,
        dead: 0,
        rows: Vec::new(),
        why: None,
        ahead: false,
        scarred: false,
        now: Time(1),
        lost: Unreadable::default(),
    }
}

fn balanced(book: &Book) -> bool {
    let Counters { accepted, delivered, dead, filtered, expired, quarantined } = book.counters.clone();
    accepted == delivered + dead + filtered + expired + quarantined + book.pending()
}

/// The book as a restart finds it after this settled step.
fn again(book: &mut Book, everything: bool) -> Book {
    let settle = book.settle(LATER, everything).unwrap();
    restore(settle.base, settle.gaps, settle.counters, settle.opened)
}

fn restore(base: Seq, gaps: Vec<Gap>, counters: Counters, open: Vec<Open>) -> Book {
    let count = |_: &Open| -> Result<Left, Infallible> { unreachable!("notes say how many items they hold") };
    Book::restore((base, gaps), counters, open, count).unwrap()
}

#[test]
fn an_orphan_adopted_on_the_way_is_sent_again_and_not_taken_for_shown() {
    let mut book = Book::default();
    note(&mut book, ORPHAN, 1);
    note(&mut book, TRACE, 2);
    assert_eq!(take(&mut book).len(), 2);
    book.adopt(ORPHAN, TRACE, Time(1));
    book.shown(TRACE, ending(2, 0));
    assert_eq!((book.counters.delivered, book.pending()), (1, 1));
    let again = take(&mut book);
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].0, again[0].1.shown, again[0].1.first), (TRACE, Some(0), 1));
    book.shown(TRACE, ending(2, 0));
    assert_eq!((book.counters.delivered, book.pending(), book.open()), (2, 0, 0));
    assert!(balanced(&book));
}

#[test]
fn what_cannot_be_read_any_more_is_neither_shown_nor_dead() {
    for parks in [false, true] {
        let mut book = Book::default();
        for seq in 1..=3 {
            note(&mut book, TRACE, seq);
        }
        let mut book = again(&mut book, true);
        note(&mut book, TRACE, 4);
        take(&mut book);
        // Of four items, one below the base and the one above it.
        let lost = Unreadable { seqs: vec![2, 4], items: 2 };
        let ending = Ending { lost, dead: 1, ..ending(4, 0) };
        if parks {
            book.park(TRACE, ending);
        } else {
            book.shown(TRACE, ending);
        }
        let ends = (book.counters.delivered, book.counters.dead, book.counters.quarantined, book.pending());
        assert_eq!(ends, if parks { (0, 2, 2, 0) } else { (1, 1, 2, 0) });
        assert!(balanced(&book));
        let settle = book.settle(LATER, true).unwrap();
        assert_eq!((settle.base, settle.counters.accepted, settle.counters.quarantined), (4, 4, 2));
        assert!(balanced(&restore(settle.base, settle.gaps, settle.counters, settle.opened)));
    }
}

#[test]
fn a_restart_finds_what_is_above_the_base_unreadable_by_itself() {
    let mut book = Book::default();
    note(&mut book, OTHER, 1);
    note(&mut book, TRACE, 2);
    take(&mut book);
    let lost = Unreadable { seqs: vec![2], items: 1 };
    book.shown(TRACE, Ending { lost, ..ending(2, 0) });
    book.unreadable(3, Lane::Fresh, 1);
    let settle = book.settle(Time(1), false);
    assert!(settle.is_none(), "the base does not pass what waits");
    assert_eq!((book.counters.quarantined, book.pending()), (2, 1));
    assert!(balanced(&book));
}

#[test]
fn a_note_that_cannot_be_read_makes_its_trace_wait_from_its_beginning() {
    let mut book = Book::default();
    note(&mut book, TRACE, 1);
    note(&mut book, OTHER, 2);
    let mut settle = book.settle(LATER, true).unwrap();
    let mut held = TraceItems::default();
    let op = Op::Delete(Target::Trace(Id::default()));
    let item = Item { path: String::new(), origin: "made up", rank: Rank::Patch, op };
    held.add(1, Time(5), Duration::ZERO, [(0, Arc::new(item))]);
    settle.opened.iter_mut().find(|open| open.trace == TRACE).unwrap().note[3] ^= 0x80;
    let held = Arc::new(held);
    let load = |_: &Open| -> Result<Left, Infallible> { Ok(Left { held: Arc::clone(&held), lost: 0, at: Time(9) }) };
    let mut book = Book::restore((settle.base, settle.gaps), settle.counters, settle.opened, load).unwrap();
    let state = book.trace(TRACE).unwrap();
    assert_eq!((state.state, state.shown, state.first, state.last, state.items), (State::Waiting, Some(0), 1, 1, 1));
    assert_eq!((state.first_at, book.pending(), &book.doubted[..]), (Time(5), 2, &[TRACE][..]));
    assert!(balanced(&book));
    // The next step stores a note that can be read.
    let settle = book.settle(LATER, false).unwrap();
    assert_eq!(settle.opened.len(), 1);
    assert_eq!(restore(settle.base, settle.gaps, settle.counters, settle.opened).doubted, []);
}

#[test]
fn a_trace_of_which_neither_note_nor_record_can_be_read_is_not_taken_for_shown() {
    let mut book = Book::default();
    note(&mut book, TRACE, 1);
    note(&mut book, OTHER, 2);
    let mut settle = book.settle(LATER, true).unwrap();
    settle.opened.iter_mut().find(|open| open.trace == TRACE).unwrap().note.clear();
    let load = |_: &Open| -> Result<Left, Infallible> {
        // Its record held more than this trace.
        Ok(Left { held: Arc::default(), lost: 7, at: Time(5) })
    };
    let mut book = Book::restore((settle.base, settle.gaps), settle.counters, settle.opened, load).unwrap();
    assert_eq!((book.counters.delivered, book.pending(), book.debt()), (0, 2, 0));
    assert_eq!(book.trace(TRACE).unwrap().last_at, Time(5));
    let lost = Unreadable { seqs: vec![1], items: 1 };
    book.shown(TRACE, Ending { lost, ..ending(1, 0) });
    assert_eq!((book.counters.quarantined, book.counters.delivered, book.pending()), (1, 0, 1));
    assert!(balanced(&book));
}

#[test]
fn a_step_that_could_not_be_stored_is_said_again() {
    let mut book = Book::default();
    note(&mut book, TRACE, 1);
    let lost = book.settle(LATER, true).unwrap();
    assert!(book.settle(LATER, true).is_none());
    book.unsettle(lost.clone());
    let again = book.settle(LATER, true).unwrap();
    assert_eq!((again.base, &again.opened), (lost.base, &lost.opened));
    assert_eq!(again.counters, lost.counters);
}

#[test]
fn news_that_comes_while_a_trace_is_looked_at_is_not_put_off() {
    let mut book = Book::default();
    note(&mut book, TRACE, 1);
    note(&mut book, OTHER, 2);
    assert_eq!(take(&mut book).len(), 2);
    note(&mut book, TRACE, 3);
    book.again(TRACE, LATER, None);
    book.again(OTHER, LATER, None);
    assert_eq!(book.trace(TRACE).unwrap().due, Time(1));
    assert_eq!(book.trace(OTHER).unwrap().due, LATER);
    take(&mut book);
    book.again(TRACE, LATER, None);
    assert_eq!(book.trace(TRACE).unwrap().due, LATER);
}

#[test]
fn what_is_parked_comes_back_with_news_and_the_books_balance() {
    let mut book = Book::default();
    note(&mut book, TRACE, 1);
    take(&mut book);
    assert_eq!(book.park(TRACE, ending(1, 0)), 1);
    assert_eq!((book.counters.dead, book.pending()), (1, 0));
    assert!(take(&mut book).is_empty());
    note(&mut book, TRACE, 2);
    assert_eq!((book.counters.dead, book.pending()), (0, 2));
    take(&mut book);
    book.shown(TRACE, ending(2, 0));
    assert_eq!((book.counters.delivered, book.open()), (2, 0));
    assert!(balanced(&book));
}

#[test]
fn a_dead_trace_can_be_replayed_or_given_up() {
    let mut book = Book::default();
    note(&mut book, TRACE, 1);
    note(&mut book, OTHER, 2);
    take(&mut book);
    book.park(TRACE, ending(1, 0));
    book.shown(OTHER, Ending { dead: 1, rows: vec![Row::Scores], ..ending(2, 0) });
    assert_eq!(book.counters.dead, 2);
    assert_eq!((book.replay(TRACE, Time(5)), book.replay(TRACE, Time(5))), (1, 0));
    assert_eq!((book.discard(OTHER), book.discard(OTHER)), (1, 0));
    let Counters { dead, expired, .. } = book.counters;
    assert_eq!((dead, expired, book.pending()), (0, 1, 1));
    assert!(balanced(&book));
    let settle = book.settle(LATER, false).unwrap();
    let mut withdrawn = settle.withdrawn;
    withdrawn.sort_unstable();
    assert_eq!(withdrawn, [TRACE, OTHER]);
}

#[test]
fn the_base_stops_below_what_is_not_settled_and_a_restart_counts_the_same() {
    let mut book = Book::default();
    note(&mut book, TRACE, 1);
    note(&mut book, ORPHAN, 2);
    take(&mut book);
    book.shown(TRACE, ending(1, 0));
    let settle = book.settle(Time(1), false).unwrap();
    assert_eq!((settle.base, settle.counters.accepted, settle.opened.len()), (1, 1, 0));
    let again = again(&mut book, true);
    assert_eq!((again.cursor, again.counters.accepted), (2, 2));
    assert_eq!((again.counters.delivered, again.pending()), (1, 1));
}

#[test]
fn a_gap_is_read_by_the_late_lane_while_the_fresh_one_goes_on() {
    let mut book = Book::default();
    note(&mut book, TRACE, 1);
    book.skip_to(10);
    assert_eq!((book.cursor, book.is_unread(5), book.is_unread(1)), (10, true, false));
    note(&mut book, OTHER, 11);
    assert_eq!((book.pending_in(Lane::Late), book.pending_in(Lane::Fresh)), (1, 1));
    note_in(&mut book, ORPHAN, 2, Lane::Late);
    assert_eq!(book.gaps.first(), Some(Gap { after: 2, upto: 10 }));
    assert!(balanced(&book));
    // Everything below the base that is not settled stands as an exception or a gap.
    let settle = book.settle(Time(1), false).unwrap();
    assert_eq!((settle.base, &*settle.gaps), (10, &[Gap { after: 2, upto: 10 }][..]));
    let mut opened: Vec<SubjectKey> = settle.opened.iter().map(|open| open.trace).collect();
    opened.sort_unstable();
    assert_eq!(opened, [TRACE, ORPHAN]);
    let mut again = restore(settle.base, settle.gaps, settle.counters, settle.opened);
    assert_eq!((again.cursor, again.counters.accepted, again.pending()), (10, 2, 2));
    note(&mut again, OTHER, 11);
    for seq in 3..=10 {
        again.read(seq, Lane::Late, 0);
    }
    assert!(again.gaps.is_empty() && balanced(&again));
}

#[test]
fn what_was_shown_ahead_of_its_turn_is_delivered_when_the_late_lane_reads_it() {
    let mut book = Book::default();
    book.skip_to(10);
    note(&mut book, TRACE, 11);
    take(&mut book);
    book.shown(TRACE, Ending { ahead: true, ..ending(11, 0) });
    assert_eq!((book.open(), book.pending()), (0, 0));
    let mut book = again(&mut book, true);
    note_in(&mut book, TRACE, 4, Lane::Late);
    assert_eq!((book.counters.delivered, book.pending()), (2, 0));
    assert!(take(&mut book).is_empty() && balanced(&book));
    book.expire_unread(10, 5);
    assert_eq!((book.counters.expired, book.gaps.is_empty()), (5, true));
    assert!(balanced(&book));
}

#[test]
fn a_crash_between_a_refusal_and_the_base_does_not_count_it_twice() {
    let mut book = Book::default();
    note(&mut book, OTHER, 1);
    note(&mut book, TRACE, 2);
    book.take_due(Time(1), Lane::Fresh, most(9), false);
    book.park(TRACE, ending(2, 0));
    // OTHER is still on its way, so the base stays below both; TRACE is listed because it is old.
    let settle = book.settle(Time(1), false);
    assert!(settle.is_none());
    let settle = book.settle(LATER, false).unwrap();
    assert_eq!((settle.base, settle.opened.len()), (2, 2));
    let again = restore(settle.base, settle.gaps, settle.counters, settle.opened);
    assert_eq!((again.counters.dead, again.pending(), again.counters.accepted), (1, 1, 2));
    assert!(balanced(&again));
}

#[test]
fn an_orphan_adopted_above_the_base_is_not_counted_twice_after_a_crash() {
    let mut book = Book::default();
    note(&mut book, OTHER, 1);
    note(&mut book, ORPHAN, 2);
    note(&mut book, TRACE, 3);
    take(&mut book);
    book.adopt(ORPHAN, TRACE, Time(1));
    // As if only TRACE were old enough to be listed: the base stays below it.
    book.firsts.retain(|(_, key)| *key == OTHER);
    book.traces.get_mut(&TRACE).unwrap().listed = true;
    book.changed.insert(TRACE);
    let settle = book.settle(Time(1), false).unwrap();
    assert_eq!((settle.base, settle.opened.len()), (0, 1));
    let mut again = restore(settle.base, settle.gaps, settle.counters, settle.opened);
    assert_eq!((again.pending(), again.counters.accepted), (0, 0));
    note(&mut again, OTHER, 1);
    note(&mut again, ORPHAN, 2);
    note(&mut again, TRACE, 3);
    again.adopt(ORPHAN, TRACE, Time(1));
    assert_eq!((again.pending(), again.counters.accepted), (3, 3));
    assert!(balanced(&again));
}

#[test]
fn what_waits_too_long_expires_and_samples_leave_new_traces_out() {
    let mut book = Book::default();
    note(&mut book, TRACE, 1);
    assert_eq!(book.expire_waiting(Time(1), u64::MAX), 1);
    assert_eq!((book.counters.expired, book.pending(), book.open()), (1, 0, 0));
    book.sample(2);
    note(&mut book, OTHER, 2);
    note(&mut book, ORPHAN, 3);
    assert_eq!((book.counters.expired, book.pending()), (2, 1));
    assert!(balanced(&book));
}

#[test]
fn what_waits_for_another_try_goes_when_the_destination_is_back() {
    let mut book = Book::default();
    note(&mut book, TRACE, 1);
    take(&mut book);
    book.again(TRACE, LATER, Some(("down".to_owned(), Some(1))));
    assert!(take(&mut book).is_empty());
    book.hasten(Time(2));
    let taken = take(&mut book);
    assert_eq!((taken[0].1.attempts, taken[0].1.frozen), (1, Some(1)));
}

#[test]
fn a_try_that_may_have_been_applied_is_known_after_a_restart() {
    let mut book = Book::default();
    note(&mut book, TRACE, 1);
    take(&mut book);
    note(&mut book, TRACE, 2);
    let mut book = again(&mut book, true);
    let taken = take(&mut book);
    assert_eq!((taken[0].1.frozen, taken[0].1.items), (Some(1), 2));
}

#[test]
fn a_shipment_is_full_by_rows_or_by_bytes() {
    let taken = |most: Most| {
        let mut book = Book::default();
        (1..=4).for_each(|n| note(&mut book, SubjectKey(n), n));
        book.take_due(Time(9), Lane::Fresh, most, false).len()
    };
    assert_eq!(taken(Most { rows: 3, bytes: 9_000 }), 3);
    assert_eq!(taken(Most { rows: 9, bytes: 1_500 }), 2);
    assert_eq!(taken(Most { rows: 9, bytes: 1 }), 1, "what is larger goes alone");
}

#[test]
fn what_waits_weighs_its_share_of_its_records_until_it_does_not_wait() {
    let mut book = Book::default();
    (1..=3).for_each(|seq| note(&mut book, TRACE, seq));
    note(&mut book, OTHER, 4);
    assert_eq!((book.stored(), book.stored_in(Lane::Fresh)), (1_200, 1_200));
    take(&mut book);
    note(&mut book, TRACE, 5);
    book.shown(TRACE, ending(4, 1));
    book.park(OTHER, ending(4, 0));
    assert_eq!(book.stored(), 300);
    book.replay(OTHER, Time(5));
    assert_eq!(book.stored(), 600);
    book.skip_to(9);
    assert_eq!((book.stored_in(Lane::Fresh), book.stored_in(Lane::Late)), (0, 600));
    assert_eq!(again(&mut book, true).stored(), 600);
}

#[test]
fn the_oldest_of_what_waits_is_given_up_first_and_no_more_than_must_be() {
    let mut book = Book::default();
    let project: Arc<str> = "p".into();
    for (trace, at) in [(TRACE, 3), (OTHER, 1), (ORPHAN, 2)] {
        book.read(1, Lane::Fresh, 2);
        let (at, due) = (Time(at), Time(9));
        book.note(&News { trace, project: &project, seq: 1, at, items: 2, bytes: 9, stored: 50.0, due }, Lane::Fresh);
    }
    assert_eq!((book.expire_waiting(Time(9), 51), book.stored()), (4, 50));
    assert!(book.trace(TRACE).is_some());
    assert_eq!((book.expire_waiting(Time(3), 51), book.expire_waiting(Time(4), 0)), (0, 0));
    assert!(balanced(&book));
}

#[test]
fn of_very_many_that_are_given_up_the_oldest_are_remembered_as_a_range() {
    let mut book = Book::default();
    for seq in 1..=10_003 {
        note(&mut book, SubjectKey(seq), seq);
    }
    assert_eq!(book.expire_waiting(LATER, u64::MAX), 10_003);
    assert_eq!((book.traces.len(), book.counters.expired, book.pending()), (10_000, 10_003, 0));
    for (trace, is_range, is_known) in [(1, true, false), (3, true, false), (4, false, true), (10_003, false, true)] {
        let key = SubjectKey(trace);
        assert_eq!((book.is_forgone(key, &[trace]), book.trace(key).is_some()), (is_range, is_known), "{trace}");
    }
    // Retention takes the records away, and with them what was remembered.
    book.forget_forgone(10_003);
    assert_eq!((book.traces.len(), book.is_forgone(SubjectKey(1), &[1])), (1, false));
    assert!(balanced(&book));
}
