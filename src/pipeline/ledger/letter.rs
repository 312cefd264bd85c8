//! Dead letters: what a destination refused for good, and why.

use std::sync::Arc;

use bytes::Bytes;

use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;

/// One refusal: of a trace, or of one row or score in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Given by the ledger, ascending, never twice; 0 in a draft.
    pub id: u64,
    /// Who refused; filled when read.
    pub destination: Arc<str>,
    /// The project of the trace.
    pub project: Arc<str>,
    /// The trace.
    pub trace: SubjectKey,
    /// What in it was refused, as `explain` names it.
    pub target: String,
    /// How many items that is.
    pub items: u64,
    /// A short class, such as `rejected`, `no create` or `oversize`.
    pub reason: String,
    /// The vendor's words, cut.
    pub why: String,
    /// The vendor's status, if it answered.
    pub status: Option<u16>,
    /// The last request as sent, `METHOD path`, an empty line, the body; cut, and without a credential.
    pub request: Bytes,
    /// The last answer, cut.
    pub answer: Bytes,
    /// How often it was tried.
    pub attempts: u32,
    /// When its first item was accepted, nanoseconds since the epoch.
    pub first_at_ns: i64,
    /// When it was given up, nanoseconds since the epoch.
    pub dead_at_ns: i64,
    /// The records that hold its items.
    pub seqs: Vec<Seq>,
}

/// Which dead letters are meant: all that is set must hold. The default means every one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letters {
    /// Of this destination.
    pub destination: Option<String>,
    /// Of this project.
    pub project: Option<String>,
    /// With this in the reason or in the vendor's words.
    pub reason: Option<String>,
    /// Given up at this time or later, nanoseconds since the epoch.
    pub from_ns: Option<i64>,
    /// Given up at this time or earlier, nanoseconds since the epoch.
    pub to_ns: Option<i64>,
    /// With one of these ids; none: any.
    pub ids: Vec<u64>,
    /// With an id above this.
    pub above: u64,
    /// At most so many, the lowest ids first; 0: no bound.
    pub limit: usize,
}
