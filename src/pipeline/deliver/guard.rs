//! The guard against refusals in mass: when most of what is sent is refused for good within a minute, it
//! is the vendor (a broken deployment, a changed schema) or the configuration that is wrong, and not each
//! row. The destination then pauses with its backlog whole, instead of parking all of it.

use std::collections::HashSet;
use std::collections::VecDeque;

use crate::canonical::Time;
use crate::pipeline::ledger::SubjectKey;

/// So many traces refused within [`LOOK_BACK_NS`], and at least half of those that were settled.
pub(super) const TRACES: usize = 20;
const LOOK_BACK_NS: i64 = 60_000_000_000;
/// How long an operator's word that refusals are to be parked holds.
const ALLOWED_NS: i64 = 600_000_000_000;
/// No more than this is remembered of a minute.
const MOST: usize = 2_000;

/// One destination's guard.
#[derive(Debug, Default)]
pub(super) struct Guard {
    newest: VecDeque<(Time, SubjectKey, bool)>,
    tripped: bool,
    allowed_until: Option<Time>,
}

impl Guard {
    /// A trace was shown, or refused for good (in part counts as refused). Whether refusals have now
    /// come in mass.
    pub(super) fn note(&mut self, now: Time, trace: SubjectKey, refused: bool) -> bool {
        self.newest.push_back((now, trace, refused));
        while self.newest.len() > MOST || self.newest.front().is_some_and(|(at, ..)| now.0 - at.0 > LOOK_BACK_NS) {
            self.newest.pop_front();
        }
        let trips = refused && !self.tripped && self.allowed_until.is_none_or(|until| now > until) && self.in_mass();
        self.tripped |= trips;
        trips
    }

    /// Whether refusals came in mass and nobody has looked yet.
    pub(super) fn is_tripped(&self) -> bool {
        self.tripped
    }

    /// The vendor takes things again.
    pub(super) fn clear(&mut self) {
        self.tripped = false;
        self.newest.clear();
    }

    /// An operator has looked: what is refused in the next minutes is parked.
    pub(super) fn allow(&mut self, now: Time) {
        self.clear();
        self.allowed_until = Some(now.plus(ALLOWED_NS));
    }

    fn in_mass(&self) -> bool {
        let traces = |refused: bool| {
            let of = self.newest.iter().filter(|(_, _, held)| *held == refused);
            of.map(|(_, trace, _)| *trace).collect::<HashSet<_>>().len()
        };
        let refused = traces(true);
        refused >= TRACES && refused >= traces(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trip(guard: &mut Guard, traces: u64, refused: bool) -> bool {
        (0..traces).map(|n| guard.note(Time(1), SubjectKey(n), refused)).fold(false, |any, one| any | one)
    }

    #[test]
    fn twenty_refused_traces_of_thirty_trip_it() {
        let mut guard = Guard::default();
        assert!(!trip(&mut guard, 10, false));
        assert!(!trip(&mut guard, 19, true));
        assert!(guard.note(Time(1), SubjectKey(99), true));
        assert!(guard.is_tripped());
    }

    #[test]
    fn the_same_trace_again_and_a_few_among_many_do_not() {
        let mut guard = Guard::default();
        for _ in 0..50 {
            assert!(!guard.note(Time(1), SubjectKey(1), true));
        }
        let mut guard = Guard::default();
        trip(&mut guard, 100, false);
        assert!(!trip(&mut guard, 40, true));
    }

    #[test]
    fn an_operator_who_has_looked_lets_refusals_be_parked() {
        let mut guard = Guard::default();
        assert!(trip(&mut guard, 30, true));
        guard.allow(Time(2));
        assert!(!trip(&mut guard, 30, true));
        assert!(!guard.note(Time(600_000_000_000), SubjectKey(1), true));
        for n in 0..19 {
            assert!(!guard.note(Time(700_000_000_000), SubjectKey(n), true));
        }
        assert!(guard.note(Time(700_000_000_000), SubjectKey(77), true));
    }
}
