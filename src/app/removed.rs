//! Destinations that were taken out of the configuration while something waited for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::pipeline::deliver;
use crate::pipeline::deliver::Destination;
use crate::pipeline::explain::Entry;
use crate::pipeline::explain::Roster;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::traces::Traces;
use crate::telemetry::alarm::Alarms;
use crate::telemetry::alarm::Kind;

/// Raises an alarm if items wait for a destination that the last start had and this one has not. It goes
/// out when the destination is back; the next start takes the configuration as meant.
pub(super) fn tell(
    (ledger, traces): (&dyn Ledger, &Traces),
    destinations: &BTreeMap<String, Arc<Destination>>,
    alarms: &Alarms,
    now_ns: i64,
) -> Result<(), LedgerError> {
    let Some(before) = Roster::load(ledger)? else { return Ok(()) };
    let mut waits = Vec::new();
    for (name, entry) in before.destinations.iter().filter(|(name, _)| !destinations.contains_key(*name)) {
        match waiting(ledger, traces, name, entry)? {
            0 => {}
            items => waits.push(format!("{items} items for {name}")),
        }
    }
    if !waits.is_empty() {
        let text = format!("destinations were taken out of the configuration while items waited: {}", waits.join(", "));
        alarms.raise(Kind::Removed, None, &text, now_ns);
    }
    Ok(())
}

/// Items of every trace that is not settled there, and of what it has not looked at.
fn waiting(ledger: &dyn Ledger, traces: &Traces, name: &str, entry: &Entry) -> Result<u64, LedgerError> {
    let (book, _) = deliver::recall(ledger, traces, name)?;
    let head = Gap { after: book.cursor, upto: ledger.head() };
    let mut items = book.pending();
    for gap in book.gaps.all().chain([head]) {
        let weights = ledger.weigh(gap.after, gap.upto)?;
        let routed = weights.iter().filter(|(project, _)| entry.routes.contains_key(*project));
        items += routed.map(|(_, weight)| weight.items).sum::<u64>();
    }
    Ok(items)
}
