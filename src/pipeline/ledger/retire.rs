//! What retention takes away, and what it leaves: stubs.

use std::sync::Arc;

use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;

/// One step of retention, stored whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Retire {
    /// Records that nothing needs any more; each leaves its sequence and CRC.
    pub gone: Vec<Gone>,
    /// Records that are replaced by the part of them that is still needed.
    pub carved: Vec<Carved>,
    /// What is to be remembered of the traces that go.
    pub stubs: Vec<Stub>,
    /// Stubs that one of these takes over from, by id: facts do not go with them.
    pub superseded: Vec<u64>,
    /// Facts that nothing needs any more, by space and key.
    pub facts: Vec<(String, Vec<u8>)>,
    /// What is to be forgotten of what was remembered.
    pub forget: Option<Forget>,
    /// At most so many free pages are given back to the disk.
    pub pages: u32,
}

/// The end of stubs, a bounded number a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forget {
    /// Those of traces whose newest item was accepted before this, nanoseconds since the epoch.
    pub before_ns: i64,
    /// Spaces whose facts, filed under a trace's key (big-endian), go with its newest stub.
    pub spaces: Vec<String>,
}

/// A record that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Which.
    pub seq: Seq,
    /// Every trace that it is indexed under.
    pub traces: Vec<SubjectKey>,
}

/// A record that shrinks.
#[derive(Clone, Debug)]
pub struct Carved {
    /// The record as it is to be held: its body, items and traces are those that stay.
    pub record: Record,
    /// Every subject that stays, for [`find`](super::Ledger::find).
    pub subjects: Vec<SubjectKey>,
    /// Traces that it is no longer indexed under.
    pub dropped: Vec<SubjectKey>,
}

/// What is remembered of a trace whose records have gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stub {
    /// Given by the ledger; 0 in a draft.
    pub id: u64,
    /// The trace.
    pub trace: SubjectKey,
    /// The project it belongs to.
    pub project: Arc<str>,
    /// When its newest item was accepted, nanoseconds since the epoch.
    pub at_ns: i64,
    /// Subjects that are to lead here beside the trace; empty when read.
    pub subjects: Vec<SubjectKey>,
    /// Retention's own words; opaque here.
    pub note: Vec<u8>,
}

/// What a step of retention did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// Bytes of records that went, as they were stored.
    pub bytes: u64,
    /// Pages given back to the disk.
    pub pages: u64,
    /// Bytes inside the store that hold nothing now, and are used again.
    pub slack: u64,
    /// Stubs forgotten.
    pub forgotten: u64,
}
