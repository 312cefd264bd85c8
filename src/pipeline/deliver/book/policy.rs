//! What is given up because too much waits: unread records, old traces, all but a sample of new ones.

use std::sync::Arc;

use super::Book;
use super::Forgone;
use super::Lane;
use super::News;
use super::State;
use super::TraceState;
use crate::canonical::Time;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;

/// Traces whose giving up is remembered one by one; of the oldest beyond, all records from their first to
/// their last are taken for given up, so that a vendor that is dead for long takes no memory.
const MOST_GIVEN: usize = 10_000;

impl Book {
    /// Gives up what nobody has read yet, up to a record, as a policy says; `items` of it were routed
    /// here.
    pub(in super::super) fn expire_unread(&mut self, upto: Seq, items: u64) {
        if let (Some(first), 1..) = (self.gaps.first(), items) {
            self.forgone_mut().add(Gap { after: first.after, upto: upto.min(first.upto) });
        }
        self.gaps.read(upto);
        self.counters.accepted += items;
        self.counters.expired += items;
        self.at_base.accepted += items;
    }

    /// Gives up what waits and is older than a time, oldest first, until so many bytes are given up; how
    /// many items.
    pub(in super::super) fn expire_waiting(&mut self, before: Time, bytes: u64) -> u64 {
        let old = |(_, state): &(&SubjectKey, &TraceState)| state.state == State::Waiting && state.last_at < before;
        let mut old: Vec<_> = self.traces.iter().filter(old).map(|(key, state)| (state.last_at, *key)).collect();
        old.sort_unstable();
        let (mut items, mut freed) = (0, 0);
        for (_, key) in old {
            if freed >= bytes {
                break;
            }
            let Some(mut state) = self.take(key) else { continue };
            freed += state.stored();
            let given = std::mem::take(&mut state.items);
            items += given;
            self.forgo(key, state, given);
        }
        items
    }

    /// Bytes of the records of what waits, as stored.
    pub(in super::super) fn stored(&self) -> u64 {
        self.stored.iter().sum()
    }

    /// The same of one lane.
    pub(in super::super) fn stored_in(&self, lane: Lane) -> u64 {
        self.stored[lane as usize]
    }

    /// Gives up so many items of a trace; it waits for news.
    pub(super) fn forgo(&mut self, key: SubjectKey, mut state: TraceState, items: u64) {
        self.counters.expired += items;
        state.given += items;
        state.state = State::Forgone;
        state.adopted = None;
        state.listed = true;
        self.put(key, state);
        while self.given.len() > MOST_GIVEN
            && let Some((_, oldest)) = self.given.first().copied()
            && let Some(state) = self.take(oldest)
        {
            self.forgone_mut().add(Gap { after: state.first - 1, upto: state.last });
            self.drop_listing(oldest, &state);
        }
    }

    /// Whether any of these records of a trace was given up before it was looked at, and has not been shown
    /// since.
    pub fn is_forgone(&self, trace: SubjectKey, seqs: &[Seq]) -> bool {
        !self.traces.contains_key(&trace) && self.forgone.first_of(trace, seqs).is_some()
    }

    /// Forgets what was given up of records that the ledger does not hold any more.
    pub(in super::super) fn forget_forgone(&mut self, first_held: Seq) {
        self.forgone_mut().forget_below(first_held);
        while let Some((_, key)) = self.given.first().copied().filter(|(last, _)| *last < first_held)
            && let Some(state) = self.take(key)
        {
            self.drop_listing(key, &state);
        }
    }

    /// What was given up unread.
    pub(in super::super) fn forgone(&self) -> Arc<Forgone> {
        Arc::clone(&self.forgone)
    }

    pub(super) fn forgone_mut(&mut self) -> &mut Forgone {
        Arc::make_mut(&mut self.forgone)
    }

    /// The same, where it is not what was last settled.
    pub(in super::super) fn forgone_news(&self) -> Option<&Forgone> {
        Some(&*self.forgone).filter(|forgone| **forgone != *self.kept_forgone)
    }

    /// As it was kept.
    pub(in super::super) fn recall_forgone(&mut self, kept: Forgone) {
        self.forgone = Arc::new(kept);
        self.kept_forgone = Arc::clone(&self.forgone);
    }

    /// Takes on one new trace in so many (0 or 1: all); the others count as expired.
    pub(in super::super) fn sample(&mut self, one_in: u64) {
        self.one_in = one_in;
        self.forgone_mut().end_sample();
    }

    /// How many new traces there are to one that is taken on.
    pub fn one_in(&self) -> u64 {
        self.one_in.max(1)
    }

    /// Gives news of a trace up that is not taken on.
    pub(super) fn leave_out(&mut self, news: &News<'_>, lane: Lane) {
        self.counters.expired += news.items;
        if let Some(noted) = self.noted.back_mut().filter(|noted| noted.seq == news.seq) {
            noted.left_out += news.items;
        }
        let one_in = self.one_in;
        self.forgone_mut().sampled(news.seq, one_in, lane);
    }

    pub(super) fn is_left_out(&self, trace: SubjectKey) -> bool {
        self.one_in > 1 && !trace.0.is_multiple_of(self.one_in) && !self.traces.contains_key(&trace)
    }
}
