//! What a courier knows: which traces are not settled at its destination, when each is due, what it has
//! not looked at yet, and the count of items by outcome. The books must balance: accepted = outcomes +
//! pending.
//!
//! There are two lanes. The *fresh* lane follows the head of the ledger. Where it falls behind, the
//! records in between become *gaps*, which the *late* lane reads when it has room; so what is accepted
//! now does not wait for a backlog, and memory does not grow with it.

mod forgone;
mod gaps;
mod keep;
#[cfg(test)]
mod model;
mod news;
mod policy;
mod revive;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::sync::Arc;

pub(super) use forgone::Forgone;
pub(super) use gaps::Gaps;
pub(super) use keep::Left;
pub(super) use news::Ending;
pub(super) use news::Most;
pub(super) use news::News;
pub(super) use news::Unreadable;
pub use state::Lane;
pub use state::Row;
pub(super) use state::SET_BACK_NS;
pub use state::State;
pub use state::TraceState;

use crate::canonical::Time;
use crate::pipeline::ledger::Counters;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::Letter;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;

/// A courier's memory.
#[derive(Debug, Default)]
pub struct Book {
    /// Records up to here have been noted, but for the gaps.
    pub cursor: Seq,
    /// Items by outcome.
    pub counters: Counters,
    /// What the late lane has not read yet.
    pub gaps: Gaps,
    traces: HashMap<SubjectKey, TraceState>,
    due: [BTreeSet<(Time, SubjectKey)>; 2],
    waiting: [u64; 2],
    /// Bytes of the records of what waits, as stored.
    stored: [u64; 2],
    /// Traces that stand in no exception, by their first record.
    firsts: BTreeSet<(Seq, SubjectKey)>,
    changed: HashSet<SubjectKey>,
    closed: HashSet<SubjectKey>,
    base: Seq,
    /// Where the cursor stood when the book was opened.
    opened: Seq,
    /// Records above the base, in order.
    noted: VecDeque<Noted>,
    /// Items routed here by records up to the base, and those of them that nobody can read.
    at_base: AtBase,
    /// The end of the newest gap that was opened.
    skipped: Seq,
    /// The gaps as last settled.
    kept_gaps: Gaps,
    /// What was given up unread.
    forgone: Arc<Forgone>,
    /// Traces that were given up, by their last record.
    given: BTreeSet<(Seq, SubjectKey)>,
    kept_forgone: Arc<Forgone>,
    letters: Vec<Letter>,
    withdrawn: HashSet<SubjectKey>,
    /// Traces whose notes could not be read when the book was opened: they are sent again.
    pub(super) doubted: Vec<SubjectKey>,
    /// Whether the next step is stored whatever has changed.
    untold: bool,
    /// Items that stand as dead or given up although their records are above the base, so that they will
    /// be noted again: counted against what is delivered from then on.
    debt: u64,
    /// Of new traces, one in so many is taken on; 0 and 1: all.
    one_in: u64,
}

/// A record above the base.
#[derive(Debug)]
struct Noted {
    seq: Seq,
    items: u64,
    unreadable: u64,
    /// Items of traces that were not taken on.
    left_out: u64,
    traces: Vec<(SubjectKey, u64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct AtBase {
    accepted: u64,
    quarantined: u64,
}

/// What retention must not take away.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    /// Everything above is needed.
    pub base: Seq,
    /// These are needed.
    pub gaps: Vec<Gap>,
    /// All of these is needed.
    pub traces: HashSet<SubjectKey>,
}

impl Book {
    /// Notes that a record has been read, by which lane, and how many items it routed here.
    pub(super) fn read(&mut self, seq: Seq, lane: Lane, items: u64) {
        self.counters.accepted += items;
        match lane {
            Lane::Fresh => {
                self.cursor = self.cursor.max(seq);
                if items > 0 {
                    self.noted.push_back(Noted { seq, items, unreadable: 0, left_out: 0, traces: Vec::new() });
                }
            }
            Lane::Late => {
                self.gaps.read(seq);
                self.at_base.accepted += items;
            }
        }
    }

    /// Notes that a record says something about a trace; to be called after [`Book::read`].
    pub(super) fn note(&mut self, news: &News<'_>, lane: Lane) {
        if self.is_left_out(news.trace) {
            self.leave_out(news, lane);
            return;
        }
        if let Some(noted) = self.noted.back_mut().filter(|noted| noted.seq == news.seq) {
            noted.traces.push((news.trace, news.items));
        }
        let known = self.take(news.trace);
        if let Some(state) = known.as_ref().filter(|state| state.shown.is_some_and(|shown| shown >= news.seq)) {
            // It was read with its trace, ahead of its turn.
            self.deliver(news.items);
            let state = state.clone();
            self.put(news.trace, state);
            return;
        }
        let mut state = known.unwrap_or_else(|| TraceState::new(news, lane));
        if state.given > 0 && news.seq <= state.last {
            // It was given up with the rest: it stood behind, or was noted before a restart.
            self.counters.expired += news.items;
            state.given += news.items;
            state.first = state.first.min(news.seq);
            self.put(news.trace, state);
            return;
        }
        self.revive(news.trace, &mut state);
        state.state = if state.state == State::Ahead { State::Waiting } else { state.state };
        state.add(news.items, news.bytes, news.stored);
        state.count_since(news.seq, news.items);
        state.first = state.first.min(news.seq);
        state.last = state.last.max(news.seq);
        state.last_at = state.last_at.max(news.at);
        state.due = if state.attempts > 0 { state.due } else { news.due };
        self.put(news.trace, state);
    }

    /// Takes a shipment's worth of a lane's traces that are due (all, when `all`), and marks them sending.
    pub(super) fn take_due(&mut self, now: Time, lane: Lane, most: Most, all: bool) -> Vec<(SubjectKey, TraceState)> {
        let mut taken = Vec::new();
        let (mut rows, mut bytes) = (0, 0);
        while rows < most.rows && bytes < most.bytes {
            let Some((due, key)) = self.due[lane as usize].first().copied() else { break };
            let fresh = self.traces.get(&key).is_some_and(|state| state.attempts == 0);
            if due > now && !(all && fresh) {
                break;
            }
            let Some(mut state) = self.take(key) else { break };
            state.state = State::Sending;
            state.flying = Some(self.cursor);
            state.since = 0;
            rows += usize::try_from(state.items.max(1)).unwrap_or(usize::MAX);
            bytes += state.bytes();
            self.put(key, state.clone());
            taken.push((key, state));
        }
        taken
    }

    /// Settles a trace up to a record; what was accepted since stays, what was refused is dead.
    pub(super) fn shown(&mut self, key: SubjectKey, ending: Ending) {
        let Some(mut state) = self.take(key) else { return };
        let Ending { upto, newer, dead, rows, why, ahead, scarred, now, lost } = ending;
        let adopted = state.adopted.take();
        let newer = newer + adopted.map_or(0, |(_, items)| items);
        let upto = adopted.map_or(upto, |(first, _)| upto.min(first - 1));
        let done = state.items.saturating_sub(newer);
        let lost = self.lose(key, &lost, done);
        let dead = dead.min(done - lost);
        self.deliver(done - lost - dead);
        // With news, what was refused is tried again; only what is parked is dead.
        let parked = if newer > 0 { 0 } else { dead };
        self.counters.dead += parked;
        state.dead = parked;
        state.items = newer + dead - parked;
        state.shown = Some(upto);
        // What is parked tells how often it was tried, this time included.
        state.attempts = if parked > 0 { state.attempts + 1 } else { 0 };
        state.frozen = None;
        state.flying = None;
        state.why = why;
        state.rows = rows;
        state.first = upto + 1;
        state.state = match (newer, parked) {
            (1.., _) => State::Waiting,
            (0, 1..) => State::Parked,
            (0, 0) if scarred => return self.forgo(key, state, 0),
            (0, 0) if ahead => State::Ahead,
            (0, 0) => return self.drop_listing(key, &state),
        };
        state.due = now;
        self.put(key, state);
    }

    /// Looks at a trace again later.
    pub(super) fn again(&mut self, key: SubjectKey, due: Time, failed: Option<(String, Option<Seq>)>) {
        let Some(mut state) = self.take(key) else { return };
        // What came while it was looked at knows better than the look, which did not see it.
        let unseen = failed.is_none() && state.flying.is_some_and(|flying| state.last > flying);
        state.due = if unseen { due.min(state.due) } else { due };
        if let Some((why, frozen)) = failed {
            state.attempts += 1;
            state.why = Some(why);
            state.freeze(frozen);
        }
        state.state = State::Waiting;
        state.adopted = None;
        state.flying = None;
        self.put(key, state);
    }

    /// Gives a trace up until something new is accepted about it; how many of its items are dead now.
    pub(super) fn park(&mut self, key: SubjectKey, ending: Ending) -> u64 {
        let Some(mut state) = self.take(key) else { return 0 };
        let Ending { upto, newer, rows, why, now, lost, .. } = ending;
        let newer = newer + state.adopted.take().map_or(0, |(_, items)| items);
        let mut dead = state.items.saturating_sub(newer);
        state.why = why;
        state.rows = rows;
        state.frozen = None;
        state.flying = None;
        state.last = state.last.max(upto);
        if newer > 0 {
            // There is news already: try all of it again.
            state.state = State::Waiting;
            state.due = now;
            self.put(key, state);
            return 0;
        }
        dead -= self.lose(key, &lost, dead);
        self.counters.dead += dead;
        state.dead += dead;
        state.items = 0;
        state.attempts += 1;
        state.state = State::Parked;
        self.put(key, state);
        dead
    }

    /// Moves an orphan's items to the trace that adopted it.
    pub(super) fn adopt(&mut self, orphan: SubjectKey, trace: SubjectKey, due: Time) {
        let Some(state) = self.take(orphan) else { return };
        self.drop_listing(orphan, &state);
        self.withdraw(orphan);
        self.counters.dead -= state.dead;
        self.counters.expired = self.counters.expired.saturating_sub(state.given);
        let items = state.items + state.dead + state.given;
        // What a restart will note again counts among the items of the one that has them now.
        for (key, _) in self.noted.iter_mut().flat_map(|noted| &mut noted.traces) {
            *key = if *key == orphan { trace } else { *key };
        }
        let mut adopted = self.take(trace).unwrap_or_else(|| {
            let (project, seq, at) = (&state.project, state.last, state.last_at);
            TraceState::new(&News { trace, project, seq, at, items: 0, bytes: 0, stored: 0.0, due }, state.lane)
        });
        self.revive(trace, &mut adopted);
        adopted.state = if adopted.state == State::Ahead { State::Waiting } else { adopted.state };
        if adopted.state == State::Sending {
            let (first, held) = adopted.adopted.unwrap_or((state.first, 0));
            adopted.adopted = Some((first.min(state.first), held + items));
        } else {
            adopted.since_frozen = None;
        }
        adopted.add(items, items * state.heft, items as f64 * state.share);
        adopted.first = adopted.first.min(state.first);
        adopted.last = adopted.last.max(state.last);
        adopted.last_at = adopted.last_at.max(state.last_at);
        adopted.due = if adopted.attempts > 0 { adopted.due } else { due };
        adopted.shown = None;
        self.put(trace, adopted);
    }

    /// Lets everything that waits for another try go now: the destination is back. So goes what waits for a
    /// time that the clock, set back, is long to reach.
    pub(super) fn hasten(&mut self, now: Time) {
        let goes = |(_, state): &(&SubjectKey, &TraceState)| {
            state.state == State::Waiting && (state.attempts > 0 || state.is_of_the_future(now))
        };
        let keys: Vec<SubjectKey> = self.traces.iter().filter(goes).map(|(key, _)| *key).collect();
        for key in keys {
            if let Some(mut state) = self.take(key) {
                state.due = state.due.min(now);
                self.put(key, state);
            }
        }
    }

    /// Whether nothing has been read since the book was opened.
    pub(super) fn is_new(&self) -> bool {
        self.cursor == self.opened
    }

    /// Leaves what lies between the cursor and the head to the late lane, with all that is noted.
    pub(super) fn skip_to(&mut self, head: Seq) {
        if head <= self.cursor {
            return;
        }
        self.gaps.add(Gap { after: self.cursor, upto: head });
        (self.cursor, self.skipped) = (head, head);
        let fresh = |(_, state): &(&SubjectKey, &TraceState)| state.lane == Lane::Fresh;
        let keys: Vec<SubjectKey> = self.traces.iter().filter(fresh).map(|(key, _)| *key).collect();
        for key in keys {
            if let Some(mut state) = self.take(key) {
                state.lane = Lane::Late;
                self.put(key, state);
            }
        }
    }

    /// Keeps dead letters with the next settled step.
    pub(super) fn file(&mut self, letters: Vec<Letter>) {
        self.letters.extend(letters);
    }

    fn withdraw(&mut self, trace: SubjectKey) {
        self.letters.retain(|letter| letter.trace != trace);
        self.withdrawn.insert(trace);
    }

    /// The traces that are not settled, orphans among them.
    pub fn traces(&self) -> impl Iterator<Item = (&SubjectKey, &TraceState)> {
        self.traces.iter().filter(|(_, state)| !matches!(state.state, State::Ahead | State::Forgone))
    }

    /// What is known of one trace; `None`: settled, or never heard of.
    pub fn trace(&self, key: SubjectKey) -> Option<&TraceState> {
        self.traces.get(&key).filter(|state| !state.is_settled())
    }

    /// Whether a record has not been looked at yet.
    pub fn is_unread(&self, seq: Seq) -> bool {
        seq > self.cursor || self.gaps.hold(seq)
    }

    /// Whether what a record says of a trace has not been looked at yet, nor shown ahead of its turn.
    pub fn is_unread_of(&self, trace: SubjectKey, seq: Seq) -> bool {
        let shown = self.traces.get(&trace).and_then(|state| state.shown).unwrap_or_default();
        self.is_unread(seq) && seq > shown
    }

    /// Items that wait or are on their way.
    pub fn pending(&self) -> u64 {
        self.waiting[0] + self.waiting[1]
    }

    /// The same of one lane.
    pub(super) fn pending_in(&self, lane: Lane) -> u64 {
        self.waiting[lane as usize]
    }

    /// How many traces are not settled.
    pub fn open(&self) -> usize {
        self.traces().count()
    }

    /// When the first item that waits was accepted.
    pub fn oldest(&self) -> Option<Time> {
        self.traces().filter(|(_, state)| state.items > 0).map(|(_, state)| state.first_at).min()
    }

    /// When the next trace is due.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.due.iter().filter_map(|lane| lane.first()).map(|(due, _)| *due).min()
    }

    #[cfg(test)]
    fn debt(&self) -> u64 {
        self.debt
    }

    fn deliver(&mut self, items: u64) {
        let paid = self.debt.min(items);
        self.debt -= paid;
        self.counters.delivered += items - paid;
    }

    fn put(&mut self, key: SubjectKey, state: TraceState) {
        self.waiting[state.lane as usize] += state.items;
        self.stored[state.lane as usize] += state.stored();
        if state.state == State::Waiting {
            self.due[state.lane as usize].insert((state.due, key));
        }
        if state.state == State::Forgone {
            self.given.insert((state.last, key));
        }
        if state.listed {
            self.changed.insert(key);
        } else {
            self.firsts.insert((state.first, key));
        }
        // An exception that is to be dropped is dropped even when the trace is open again: a settled step
        // drops before it opens.
        self.traces.insert(key, state);
    }

    fn take(&mut self, key: SubjectKey) -> Option<TraceState> {
        let state = self.traces.remove(&key)?;
        self.waiting[state.lane as usize] -= state.items;
        self.stored[state.lane as usize] -= state.stored();
        self.due[state.lane as usize].remove(&(state.due, key));
        self.given.remove(&(state.last, key));
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
