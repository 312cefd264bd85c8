//! What is given up because too much waits: unread records, old traces, all but a sample of new ones.

use super::Book;
use super::State;
use super::TraceState;
use crate::canonical::Time;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;

impl Book {
    /// Gives up what nobody has read yet, up to a record, as a policy says; `items` of it were routed
    /// here.
    pub(in super::super) fn expire_unread(&mut self, upto: Seq, items: u64) {
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
            let Some(state) = self.take(key) else { continue };
            items += state.items;
            freed += state.stored();
            self.drop_listing(key, &state);
        }
        self.counters.expired += items;
        items
    }

    /// Bytes of the records of what waits, as stored.
    pub(in super::super) fn stored(&self) -> u64 {
        self.stored.iter().sum()
    }

    /// Takes on one new trace in so many (0 or 1: all); the others count as expired.
    pub(in super::super) fn sample(&mut self, one_in: u64) {
        self.one_in = one_in;
    }

    /// How many new traces there are to one that is taken on.
    pub fn one_in(&self) -> u64 {
        self.one_in.max(1)
    }

    pub(super) fn is_left_out(&self, trace: SubjectKey) -> bool {
        self.one_in > 1 && !trace.0.is_multiple_of(self.one_in) && !self.traces.contains_key(&trace)
    }
}
