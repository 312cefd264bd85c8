//! What must stay, as of one look at every destination.

use std::collections::HashSet;

use crate::pipeline::deliver::Pins;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::retention::AskPins;

/// What all destinations still need. What becomes old later is not needed less; what is accepted
/// later lies above every base.
pub(super) struct Needs {
    /// Everything above is needed.
    pub(super) base: Seq,
    gaps: Vec<Gap>,
    traces: HashSet<SubjectKey>,
}

impl Needs {
    /// Asks every destination, and the dead letters.
    pub(super) fn ask(ledger: &dyn Ledger, pins: &AskPins) -> Result<Self, LedgerError> {
        // The head first: a record accepted after it is above it, whatever the destinations say.
        let mut needs = Self { base: ledger.head(), gaps: Vec::new(), traces: HashSet::new() };
        for Pins { base, gaps, traces } in pins() {
            needs.base = needs.base.min(base);
            needs.gaps.extend(gaps);
            needs.traces.extend(traces);
        }
        // After the destinations: what died in between was open there.
        needs.traces.extend(ledger.lettered()?);
        Ok(needs)
    }

    /// Whether a trace is open or dead somewhere.
    pub(super) fn names(&self, trace: SubjectKey) -> bool {
        self.traces.contains(&trace)
    }

    /// Whether a record has still to be looked at somewhere.
    pub(super) fn wants(&self, seq: Seq) -> bool {
        seq > self.base || self.gaps.iter().any(|gap| gap.after < seq && seq <= gap.upto)
    }
}
