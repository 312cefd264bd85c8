//! What a courier knows: which traces are not settled at its destination, when each is due, and the
//! count of items by outcome. The books must balance: accepted = outcomes + pending.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::canonical::Time;
use crate::pipeline::ledger::Counters;
use crate::pipeline::ledger::Open;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::SubjectKey;

/// Traces waiting longer than this are listed as exceptions, so that the base can move on.
const LIST_AFTER_NS: i64 = 5_000_000_000;

/// A courier's memory.
#[derive(Debug, Default)]
pub struct Book {
    /// Records up to here have been noted.
    pub cursor: Seq,
    /// Items by outcome.
    pub counters: Counters,
    traces: HashMap<SubjectKey, TraceState>,
    due: BTreeSet<(Time, SubjectKey)>,
    firsts: BTreeSet<(Seq, SubjectKey)>,
    waiting_items: u64,
    changed: HashSet<SubjectKey>,
    closed: HashSet<SubjectKey>,
    base: Seq,
    /// Records above the base and how many items each routed here.
    noted: VecDeque<(Seq, u64)>,
    /// Items routed here by records up to the base.
    accepted_at_base: u64,
}

/// One trace that is not settled here.
#[derive(Clone, Debug)]
pub struct TraceState {
    /// Its project.
    pub project: Arc<str>,
    /// What it is doing.
    pub state: State,
    /// The record up to which it is shown; `None`: not looked up yet.
    pub shown: Option<Seq>,
    /// The first record not shown.
    pub first: Seq,
    /// The newest record noted.
    pub last: Seq,
    /// Items not shown.
    pub items: u64,
    /// Items given up on, until something new is accepted.
    pub dead: u64,
    /// When the first of them was accepted.
    pub first_at: Time,
    /// When the newest was accepted.
    pub last_at: Time,
    /// When to look at it next.
    pub due: Time,
    /// Tries so far.
    pub attempts: u32,
    /// A try that may have been applied: send up to this record again, and nothing newer.
    pub frozen: Option<Seq>,
    /// The last error, or why it is parked.
    pub why: Option<String>,
    /// Orphans adopted while it was on its way, and so not part of what was sent: the first record and
    /// how many items.
    adopted: Option<(Seq, u64)>,
    listed: bool,
}

/// What a trace is doing.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waiting to be due.
    Waiting,
    /// On its way.
    Sending,
    /// Refused for good; waits for something new.
    Parked,
}

/// What stands in an exception's note.
#[derive(Deserialize, Serialize)]
struct Note {
    state: State,
    attempts: u32,
    first_at: Time,
    last_at: Time,
    dead: u64,
    frozen: Option<Seq>,
    why: Option<String>,
}

/// News of a trace.
pub(super) struct News<'a> {
    pub(super) trace: SubjectKey,
    pub(super) project: &'a Arc<str>,
    pub(super) seq: Seq,
    pub(super) at: Time,
    pub(super) items: u64,
    pub(super) due: Time,
}

impl Book {
    /// The book as last settled, with every exception's items up to the base counted by the caller.
    /// What was delivered follows: everything accepted up to the base that no exception holds.
    pub(super) fn restore(base: Seq, counters: Counters, open: Vec<(Open, u64)>) -> Self {
        let accepted_at_base = counters.accepted;
        let mut book = Self { cursor: base, base, counters, accepted_at_base, ..Self::default() };
        book.counters.dead = 0;
        for (open, items) in open {
            let Ok(note) = serde_json::from_slice::<Note>(&open.note) else { continue };
            let parked = note.state == State::Parked;
            let state = TraceState {
                project: open.project,
                state: if parked { State::Parked } else { State::Waiting },
                shown: Some(open.shown),
                first: open.first,
                last: open.last,
                items: if parked { 0 } else { items },
                dead: if parked { note.dead } else { 0 },
                first_at: note.first_at,
                last_at: note.last_at,
                due: note.last_at,
                attempts: note.attempts,
                frozen: note.frozen,
                why: note.why,
                adopted: None,
                listed: true,
            };
            book.counters.dead += state.dead;
            book.put(open.trace, state);
        }
        let Counters { accepted, dead, filtered, expired, quarantined, .. } = book.counters;
        let elsewhere = dead + filtered + expired + quarantined + book.waiting_items;
        book.counters.delivered = accepted.saturating_sub(elsewhere);
        book
    }

    /// Notes that a record has been read, and how many items it routed here.
    pub(super) fn read(&mut self, seq: Seq, items: u64) {
        self.cursor = self.cursor.max(seq);
        self.counters.accepted += items;
        if items > 0 {
            self.noted.push_back((seq, items));
        }
    }

    /// Notes that a record says something about a trace.
    pub(super) fn note(&mut self, news: &News<'_>) {
        let mut state = self.take(news.trace).unwrap_or_else(|| TraceState {
            project: Arc::clone(news.project),
            state: State::Waiting,
            shown: None,
            first: news.seq,
            last: news.seq,
            items: 0,
            dead: 0,
            first_at: news.at,
            last_at: news.at,
            due: news.due,
            attempts: 0,
            frozen: None,
            why: None,
            adopted: None,
            listed: false,
        });
        self.revive(&mut state);
        state.items += news.items;
        state.last = state.last.max(news.seq);
        state.last_at = state.last_at.max(news.at);
        state.due = if state.attempts > 0 { state.due } else { news.due };
        self.put(news.trace, state);
    }

    /// Looks at an orphan again: what it waits for has come.
    pub(super) fn wake(&mut self, orphan: SubjectKey, due: Time) {
        if !self.traces.get(&orphan).is_some_and(|state| state.state != State::Sending) {
            return;
        }
        let Some(mut state) = self.take(orphan) else { return };
        self.revive(&mut state);
        state.due = state.due.min(due);
        self.put(orphan, state);
    }

    /// Makes what was given up wait again.
    fn revive(&mut self, state: &mut TraceState) {
        if state.state == State::Parked {
            self.counters.dead -= state.dead;
            state.items += state.dead;
            state.dead = 0;
            state.state = State::Waiting;
            state.attempts = 0;
            state.why = None;
        }
    }

    /// Takes up to `rows` items' worth of traces that are due (all, when `all`), and marks them sending.
    pub(super) fn take_due(&mut self, now: Time, rows: usize, all: bool) -> Vec<(SubjectKey, TraceState)> {
        let mut taken = Vec::new();
        let mut count = 0;
        while count < rows {
            let Some((due, key)) = self.due.first().copied() else { break };
            let fresh = self.traces.get(&key).is_some_and(|state| state.attempts == 0);
            if due > now && !(all && fresh) {
                break;
            }
            let Some(mut state) = self.take(key) else { break };
            state.state = State::Sending;
            count += usize::try_from(state.items.max(1)).unwrap_or(usize::MAX);
            self.put(key, state.clone());
            taken.push((key, state));
        }
        taken
    }

    /// Settles a trace up to a record; what was accepted since stays. `dead` of its items were given up.
    pub(super) fn shown(&mut self, key: SubjectKey, upto: Seq, newer: u64, dead: u64, why: Option<String>, now: Time) {
        let Some(mut state) = self.take(key) else { return };
        let adopted = state.adopted.take();
        let newer = newer + adopted.map_or(0, |(_, items)| items);
        let upto = adopted.map_or(upto, |(first, _)| upto.min(first - 1));
        let done = state.items.saturating_sub(newer);
        let dead = dead.min(done);
        self.counters.delivered += done - dead;
        self.counters.dead += dead;
        state.dead += dead;
        state.items = newer;
        state.shown = Some(upto);
        state.attempts = 0;
        state.frozen = None;
        state.why = why;
        if newer == 0 && dead == 0 {
            self.drop_listing(key, &state);
            return;
        }
        state.state = if newer > 0 { State::Waiting } else { State::Parked };
        state.first = upto + 1;
        state.due = now;
        self.put(key, state);
    }

    /// Looks at a trace again later.
    pub(super) fn again(&mut self, key: SubjectKey, due: Time, failed: Option<(String, Option<Seq>)>) {
        let Some(mut state) = self.take(key) else { return };
        state.state = State::Waiting;
        state.adopted = None;
        state.due = due;
        if let Some((why, frozen)) = failed {
            state.attempts += 1;
            state.why = Some(why);
            state.frozen = frozen;
        }
        self.put(key, state);
    }

    /// Gives a trace up until something new is accepted about it.
    pub(super) fn park(&mut self, key: SubjectKey, upto: Seq, newer: u64, why: String, now: Time) {
        let Some(mut state) = self.take(key) else { return };
        let newer = newer + state.adopted.take().map_or(0, |(_, items)| items);
        let dead = state.items.saturating_sub(newer);
        self.counters.dead += dead;
        state.dead += dead;
        state.items = newer;
        state.why = Some(why);
        state.frozen = None;
        state.state = State::Parked;
        if newer > 0 {
            self.counters.dead -= state.dead;
            state.items += state.dead;
            state.dead = 0;
            state.state = State::Waiting;
            state.due = now;
        }
        state.last = state.last.max(upto);
        self.put(key, state);
    }

    /// Moves an orphan's items to the trace that adopted it.
    pub(super) fn adopt(&mut self, orphan: SubjectKey, trace: SubjectKey, due: Time) {
        let Some(state) = self.take(orphan) else { return };
        self.drop_listing(orphan, &state);
        self.counters.dead -= state.dead;
        let items = state.items + state.dead;
        let news = News { trace, project: &state.project, seq: state.last, at: state.last_at, items, due };
        self.note(&news);
        if let Some(mut adopted) = self.take(trace) {
            if adopted.state == State::Sending {
                let (first, held) = adopted.adopted.unwrap_or((state.first, 0));
                adopted.adopted = Some((first.min(state.first), held + items));
            }
            adopted.first = adopted.first.min(state.first);
            adopted.shown = None;
            self.put(trace, adopted);
        }
    }

    /// The orphans and others that are in a state, by key.
    pub fn traces(&self) -> impl Iterator<Item = (&SubjectKey, &TraceState)> {
        self.traces.iter()
    }

    /// What is known of one trace; `None`: settled, or never heard of.
    pub fn trace(&self, key: SubjectKey) -> Option<&TraceState> {
        self.traces.get(&key)
    }

    /// Items that wait or are on their way.
    pub fn pending(&self) -> u64 {
        self.waiting_items
    }

    /// How many traces are not settled.
    pub fn open(&self) -> usize {
        self.traces.len()
    }

    /// When the next trace is due.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.due.first().map(|(due, _)| *due)
    }

    /// What to store: the base that everything below is settled, and the exceptions that changed.
    pub(super) fn settle(&mut self, now: Time, everything: bool) -> Option<Settle> {
        let old: Vec<SubjectKey> = self
            .firsts
            .iter()
            .map(|(_, key)| *key)
            .take_while(|key| everything || now.0 - self.traces[key].first_at.0 > LIST_AFTER_NS)
            .collect();
        for key in old {
            if let Some(state) = self.traces.get_mut(&key) {
                state.listed = true;
                self.firsts.remove(&(state.first, key));
                self.changed.insert(key);
            }
        }
        let base = self.firsts.first().map_or(self.cursor, |(first, _)| first - 1).max(self.base);
        if base == self.base && self.changed.is_empty() && self.closed.is_empty() {
            return None;
        }
        self.base = base;
        let changed = std::mem::take(&mut self.changed);
        let opened = changed.into_iter().filter_map(|key| Some(self.exception(key, self.traces.get(&key)?))).collect();
        let closed = std::mem::take(&mut self.closed).into_iter().collect();
        while let Some((_, items)) = self.noted.pop_front_if(|(seq, _)| *seq <= base) {
            self.accepted_at_base += items;
        }
        let counters = Counters { accepted: self.accepted_at_base, ..self.counters.clone() };
        Some(Settle { base, counters, opened, closed, ..Settle::default() })
    }

    fn exception(&self, trace: SubjectKey, state: &TraceState) -> Open {
        let note = Note {
            state: state.state,
            attempts: state.attempts,
            first_at: state.first_at,
            last_at: state.last_at,
            dead: state.dead,
            frozen: state.frozen,
            why: state.why.clone(),
        };
        Open {
            trace,
            project: Arc::clone(&state.project),
            shown: state.shown.unwrap_or_default(),
            first: state.first,
            last: state.last,
            note: serde_json::to_vec(&note).unwrap_or_default(),
        }
    }

    fn put(&mut self, key: SubjectKey, state: TraceState) {
        self.waiting_items += state.items;
        if state.state == State::Waiting {
            self.due.insert((state.due, key));
        }
        if state.listed {
            self.changed.insert(key);
        } else {
            self.firsts.insert((state.first, key));
        }
        self.closed.remove(&key);
        self.traces.insert(key, state);
    }

    fn take(&mut self, key: SubjectKey) -> Option<TraceState> {
        let state = self.traces.remove(&key)?;
        self.waiting_items -= state.items;
        self.due.remove(&(state.due, key));
        self.firsts.remove(&(state.first, key));
        Some(state)
    }

    fn drop_listing(&mut self, key: SubjectKey, state: &TraceState) {
        if state.listed {
            self.changed.remove(&key);
            self.closed.insert(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: SubjectKey = SubjectKey(1);
    const ORPHAN: SubjectKey = SubjectKey(2);

    fn note(book: &mut Book, trace: SubjectKey, seq: Seq) {
        book.read(seq, 1);
        book.note(&News { trace, project: &"p".into(), seq, at: Time(0), items: 1, due: Time(0) });
    }

    fn balanced(book: &Book) -> bool {
        book.counters.accepted == book.counters.delivered + book.counters.dead + book.pending()
    }

    #[test]
    fn an_orphan_adopted_on_the_way_is_sent_again_and_not_taken_for_shown() {
        let mut book = Book::default();
        note(&mut book, ORPHAN, 1);
        note(&mut book, TRACE, 2);
        let taken = book.take_due(Time(1), 10, false);
        assert_eq!(taken.len(), 2);
        book.adopt(ORPHAN, TRACE, Time(1));
        book.shown(TRACE, 2, 0, 0, None, Time(1));
        assert_eq!((book.counters.delivered, book.pending()), (1, 1));
        let again = book.take_due(Time(1), 10, false);
        assert_eq!(again.len(), 1);
        assert_eq!((again[0].0, again[0].1.shown, again[0].1.first), (TRACE, Some(0), 1));
        book.shown(TRACE, 2, 0, 0, None, Time(1));
        assert_eq!((book.counters.delivered, book.pending(), book.open()), (2, 0, 0));
        assert!(balanced(&book));
    }

    #[test]
    fn what_is_parked_comes_back_with_news_and_the_books_balance() {
        let mut book = Book::default();
        note(&mut book, TRACE, 1);
        book.take_due(Time(1), 10, false);
        book.park(TRACE, 1, 0, "no".to_owned(), Time(1));
        assert_eq!((book.counters.dead, book.pending()), (1, 0));
        assert!(book.take_due(Time(9), 10, false).is_empty());
        note(&mut book, TRACE, 2);
        assert_eq!((book.counters.dead, book.pending()), (0, 2));
        book.take_due(Time(9), 10, false);
        book.shown(TRACE, 2, 0, 0, None, Time(9));
        assert_eq!((book.counters.delivered, book.open()), (2, 0));
        assert!(balanced(&book));
    }

    #[test]
    fn the_base_stops_below_what_is_not_settled_and_a_restart_counts_the_same() {
        let mut book = Book::default();
        note(&mut book, TRACE, 1);
        note(&mut book, ORPHAN, 2);
        book.take_due(Time(1), 10, false);
        book.shown(TRACE, 1, 0, 0, None, Time(1));
        let settle = book.settle(Time(1), false).unwrap();
        assert_eq!((settle.base, settle.counters.accepted, settle.opened.len()), (1, 1, 0));
        let settle = book.settle(Time(1), true).unwrap();
        assert_eq!((settle.base, settle.counters.accepted, settle.opened.len()), (2, 2, 1));
        let open = settle.opened.into_iter().map(|open| (open, 1)).collect();
        let again = Book::restore(settle.base, settle.counters, open);
        assert_eq!((again.counters.accepted, again.counters.delivered, again.pending()), (2, 1, 1));
    }
}
