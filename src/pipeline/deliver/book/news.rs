//! What a book is told: news of a trace, what a shipment may hold, how one ended.

use std::sync::Arc;

use super::Row;
use crate::canonical::Time;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;

/// News of a trace.
pub(in super::super) struct News<'a> {
    pub(in super::super) trace: SubjectKey,
    pub(in super::super) project: &'a Arc<str>,
    pub(in super::super) seq: Seq,
    pub(in super::super) at: Time,
    pub(in super::super) items: u64,
    /// About how many bytes these take, decoded.
    pub(in super::super) bytes: u64,
    /// How many bytes of their record are theirs, as stored.
    pub(in super::super) stored: f64,
    pub(in super::super) due: Time,
}

/// What a shipment holds at the most; a trace that has more goes alone.
#[derive(Clone, Copy)]
pub(in super::super) struct Most {
    pub(in super::super) rows: usize,
    pub(in super::super) bytes: u64,
}

/// How a shipment of a trace ended, where something of it was shown or refused.
pub(in super::super) struct Ending {
    /// Sent up to this record.
    pub(in super::super) upto: Seq,
    /// Items noted after it.
    pub(in super::super) newer: u64,
    /// Items refused for good.
    pub(in super::super) dead: u64,
    /// The rows they are about.
    pub(in super::super) rows: Vec<Row>,
    /// Why.
    pub(in super::super) why: Option<String>,
    /// Records of it that were sent lie in a gap.
    pub(in super::super) ahead: bool,
    /// Records of it had been given up unread: that it is shown now must be remembered.
    pub(in super::super) scarred: bool,
    pub(in super::super) now: Time,
    /// Noted and not to be had any more.
    pub(in super::super) lost: Unreadable,
}

/// Items of a trace in records that cannot be read any more.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Unreadable {
    /// The records.
    pub(in super::super) seqs: Vec<Seq>,
    /// How many items.
    pub(in super::super) items: u64,
}
