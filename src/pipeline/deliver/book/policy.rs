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

    /// Gives up what waits and is older than a time, oldest first; how many items.
    pub(in super::super) fn expire_waiting(&mut self, before: Time) -> u64 {
        let old = |(_, state): &(&SubjectKey, &TraceState)| state.state == State::Waiting && state.last_at < before;
        let keys: Vec<SubjectKey> = self.traces.iter().filter(old).map(|(key, _)| *key).collect();
        let mut items = 0;
        for key in keys {
            let Some(state) = self.take(key) else { continue };
            items += state.items;
            self.drop_listing(key, &state);
        }
        self.counters.expired += items;
        items
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
