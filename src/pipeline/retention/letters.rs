//! Dead letters that have been kept long enough, or are too many: their traces are given up, the oldest
//! first, and no longer hold back the requests that they are in.

use std::sync::Arc;

use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::retention::LetterBounds;
use crate::telemetry::metrics;

/// Gives up a dead trace at a destination; how many items that is. A trace that is not dead (any more), or
/// at a destination that is not configured, stays.
pub type GiveUp = Arc<dyn Fn(&str, SubjectKey) -> u64 + Send + Sync>;

/// Gives up what is past the bounds. Its courier takes the letters back with its next step.
pub(super) fn give_up(
    ledger: &dyn Ledger,
    keep: &LetterBounds,
    give_up: &GiveUp,
    now_ns: i64,
) -> Result<(), LedgerError> {
    let age = i64::try_from(keep.age.as_nanos()).unwrap_or(i64::MAX);
    for (destination, trace) in ledger.old_letters(now_ns.saturating_sub(age), keep.size)? {
        let items = give_up(&destination, trace);
        if items > 0 {
            metrics::letters_expired(&destination, items);
            tracing::warn!(%destination, items, "a dead letter was kept as long as dead letters are: it is given up");
        }
    }
    Ok(())
}
