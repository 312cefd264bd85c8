//! Records: on their way in, as held, and what they weigh.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;

/// A request on its way into the ledger.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The record's own random id; ids that the body leaves out derive from it.
    pub id: [u8; 16],
    /// Accept time, nanoseconds since the epoch.
    pub at_ns: i64,
    /// The unit of tenancy, as configured.
    pub project: Arc<str>,
    /// The name of the gateway key; never the key.
    pub key: Arc<str>,
    /// The wire format of the body.
    pub dialect: &'static str,
    /// Small JSON by `accept` (method, path, query, headers that carry meaning); opaque here.
    pub head: Bytes,
    /// The body as it came, decompressed.
    pub body: Bytes,
    /// How many items the body decodes to.
    pub items: u32,
    /// Traces to index: one index row each.
    pub traces: Vec<SubjectKey>,
    /// Every subject in the body, for [`Ledger::find`]; `traces` are added if left out.
    pub subjects: Vec<SubjectKey>,
    /// Told its sequence.
    pub place: Place,
}

/// Learns a record's sequence, and what it takes as stored, once it is durable, and before
/// [`Ledger::head`](super::Ledger::head) says that it is: who reads up to the head finds every place below
/// it known.
#[derive(Clone, Debug, Default)]
pub struct Place(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    seq: AtomicU64,
    stored: AtomicU64,
}

impl Place {
    /// The sequence, once there is one.
    pub fn seq(&self) -> Option<Seq> {
        Some(self.0.seq.load(Ordering::Acquire)).filter(|seq| *seq > 0)
    }

    /// Bytes that the record takes as stored, once it has a sequence.
    pub fn stored(&self) -> u64 {
        self.0.stored.load(Ordering::Relaxed)
    }

    /// Whether nobody else holds it any more: what it does not know by now it never will.
    pub fn is_left(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Tells the sequence and the bytes.
    pub(super) fn tell(&self, seq: Seq, stored: u64) {
        self.0.stored.store(stored, Ordering::Relaxed);
        self.0.seq.store(seq, Ordering::Release);
    }
}

/// A request as the ledger holds it, its CRC and sequence verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its place in the ledger.
    pub seq: Seq,
    /// The record's own random id.
    pub id: [u8; 16],
    /// Accept time, nanoseconds since the epoch.
    pub at_ns: i64,
    /// The unit of tenancy it was accepted under.
    pub project: Arc<str>,
    /// The name of the gateway key that sent it.
    pub key: Arc<str>,
    /// The wire format of the body.
    pub dialect: Arc<str>,
    /// What `accept` wrote beside the body.
    pub head: Bytes,
    /// The body as it came.
    pub body: Bytes,
    /// How many items the body decoded to when it was accepted.
    pub items: u32,
    /// The traces it was appended under; later aliases are in the index only.
    pub traces: Vec<SubjectKey>,
    /// Bytes that it takes as stored.
    pub stored: u64,
}

/// What a stretch of the ledger holds of one project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Records held.
    pub records: u64,
    /// Items in them.
    pub items: u64,
    /// Bytes that they take as stored.
    pub bytes: u64,
}

/// A record from outside: its body is neither read nor checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its place in the ledger.
    pub seq: Seq,
    /// Accept time, nanoseconds since the epoch.
    pub at_ns: i64,
    /// The unit of tenancy it was accepted under.
    pub project: Arc<str>,
    /// Bytes that it takes as stored.
    pub bytes: u64,
    /// The traces it was appended under.
    pub traces: Vec<SubjectKey>,
}
