//! Updates of what a vendor does not have: a row that is about to come, or one that never will.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::canonical::Time;
use crate::pipeline::ledger::SubjectKey;

/// How long a vendor may say that it does not have what a write is about; then it is refused for good
/// (`reliability.md §2.8`).
const PATIENCE_NS: i64 = 900_000_000_000;

/// Since when traces wait for something to be there. A restart begins anew.
#[derive(Debug, Default)]
pub(super) struct Missing(Mutex<HashMap<SubjectKey, Time>>);

impl Missing {
    /// The vendor does not have what a write of a trace is about; whether that has lasted too long.
    pub(super) fn is_lasting(&self, trace: SubjectKey, now: Time) -> bool {
        let mut since = self.0.lock();
        // What has waited so long without being asked for again is settled otherwise.
        since.retain(|_, since| now.0 - since.0 < 8 * PATIENCE_NS);
        now.0 - since.entry(trace).or_insert(now).0 >= PATIENCE_NS
    }

    /// The trace is settled.
    pub(super) fn is_over(&self, trace: SubjectKey) {
        let mut since = self.0.lock();
        if !since.is_empty() {
            since.remove(&trace);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_an_hour_is_long() {
        let (missing, trace, minute) = (Missing::default(), SubjectKey(1), 60_000_000_000);
        assert!(!missing.is_lasting(trace, Time(0)));
        assert!(!missing.is_lasting(trace, Time(14 * minute)));
        assert!(missing.is_lasting(trace, Time(15 * minute)));
        missing.is_over(trace);
        assert!(!missing.is_lasting(trace, Time(16 * minute)));
    }
}
