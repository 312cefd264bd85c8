//! What each destination has settled, and the small values that stand beside it.

use std::sync::Arc;

use crate::pipeline::ledger::Letter;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;

/// Items by outcome at one destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Items routed to this destination.
    pub accepted: u64,
    /// Shown there, or superseded before they were sent.
    pub delivered: u64,
    /// In the dead-letter list.
    pub dead: u64,
    /// Held back by a rule of the route.
    pub filtered: u64,
    /// Given up by a policy.
    pub expired: u64,
    /// Unreadable here.
    pub quarantined: u64,
}

/// A trace that one destination does not show in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Which trace.
    pub trace: SubjectKey,
    /// The project it belongs to.
    pub project: Arc<str>,
    /// The highest record whose items of this trace are shown there; 0 = nothing shown yet.
    pub shown: Seq,
    /// The first record of the trace.
    pub first: Seq,
    /// The last record of the trace that the courier has seen.
    pub last: Seq,
    /// The courier's own words (parked reason, attempts, next try); opaque here.
    pub note: Vec<u8>,
}

/// Records that a destination has not looked at yet: above `after`, up to `upto`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// The last record before them.
    pub after: Seq,
    /// The last of them.
    pub upto: Seq,
}

/// How far one destination has got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Everything up to here is settled there, except what `open` lists.
    pub base: Seq,
    /// Items by outcome, as last settled.
    pub counters: Counters,
    /// The exceptions, by trace in ascending order.
    pub open: Vec<Open>,
    /// Stretches up to the base that it has not looked at yet, ascending.
    pub gaps: Vec<Gap>,
}

/// A courier's step, stored whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Settle {
    /// The new base.
    pub base: Seq,
    /// The new counters; absolute, not differences.
    pub counters: Counters,
    /// Traces to keep open: replaces what was held of (destination, trace).
    pub opened: Vec<Open>,
    /// Traces to drop from the open list; applied before `opened`.
    pub closed: Vec<SubjectKey>,
    /// Facts to write over what is held.
    pub facts: Vec<Fact>,
    /// Every gap there is now; replaces what was held.
    pub gaps: Vec<Gap>,
    /// Dead letters to put; one of the same trace and target is replaced and keeps its id.
    pub letters: Vec<Letter>,
    /// Traces whose letters are taken back; applied before `letters`.
    pub withdrawn: Vec<SubjectKey>,
}

/// A small value by space and key, such as a minted id or a pinned name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The family of keys.
    pub space: String,
    /// The key inside the space.
    pub key: Vec<u8>,
    /// What is held.
    pub value: Vec<u8>,
}
