//! What was refused or given up: until when, and waiting again.

use super::Book;
use super::State;
use super::TraceState;
use crate::canonical::Time;
use crate::pipeline::ledger::SubjectKey;

impl Book {
    /// Looks at an orphan again: what it waits for has come.
    pub(in super::super) fn wake(&mut self, orphan: SubjectKey, due: Time) {
        if !self.traces.get(&orphan).is_some_and(|state| !matches!(state.state, State::Sending | State::Ahead)) {
            return;
        }
        let Some(mut state) = self.take(orphan) else { return };
        self.revive(orphan, &mut state);
        state.due = state.due.min(due);
        self.put(orphan, state);
    }

    /// Makes what was given up wait again.
    pub(super) fn revive(&mut self, key: SubjectKey, state: &mut TraceState) {
        if state.state == State::Forgone {
            self.counters.expired = self.counters.expired.saturating_sub(state.given);
            state.items += state.given;
            state.given = 0;
            state.attempts = 0;
            state.state = State::Waiting;
        }
        if state.state == State::Parked {
            self.counters.dead -= state.dead;
            state.items += state.dead;
            state.dead = 0;
            state.state = State::Waiting;
            state.attempts = 0;
            state.why = None;
            self.withdraw(key);
        }
    }

    /// Makes a dead trace wait again, due at once; how many items that is.
    pub fn replay(&mut self, trace: SubjectKey, now: Time) -> u64 {
        if self.traces.get(&trace).is_none_or(|state| state.dead == 0) {
            return 0;
        }
        let Some(mut state) = self.take(trace) else { return 0 };
        let items = state.dead;
        self.revive(trace, &mut state);
        state.due = now;
        self.put(trace, state);
        items
    }

    /// Gives a dead trace up: its items count as expired; how many that is.
    pub fn discard(&mut self, trace: SubjectKey) -> u64 {
        if !self.traces.get(&trace).is_some_and(|state| state.state == State::Parked) {
            return 0;
        }
        let Some(mut state) = self.take(trace) else { return 0 };
        let dead = std::mem::take(&mut state.dead);
        self.counters.dead -= dead;
        self.withdraw(trace);
        self.forgo(trace, state, dead);
        dead
    }
}
