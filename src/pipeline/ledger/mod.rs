//! The ledger: every accepted request, durably, once, in one gap-free sequence.
//!
//! **What is kept.** One *record* a request, as it came: body verbatim (compressed when
//! that pays), who sent it, when, a CRC and its own sequence number. No serialized form
//! of the canonical model is ever stored; items are what decoding a record gives today.
//! Beside the records stand an index from trace to records, for each record a sorted
//! table of the subjects in it, what each destination has settled, and *facts* (small
//! values by space and key: minted ids, names, pins).
//!
//! **The promise.** When `append` resolves, the record survives a power loss (with
//! durability `fsync`) or the death of the process (`os`). One writer takes all that
//! waits while the last flush runs and flushes it as one group, so the price of a flush
//! is shared and nobody waits for a timer. A commit that fails leaves an unknown state:
//! the waiting calls get [`LedgerError::Unknown`], the store is reopened through its own
//! recovery, and the commit is never tried again, because a second fsync may report
//! success for pages that the first one dropped.
//!
//! **What is checked.** A record carries its sequence and a CRC over all of it; both are
//! verified on each read, and a bad or missing one is [`LedgerError::Corrupt`] with its
//! number, so that a reader can step over it; it is put aside and counted
//! ([`Status::quarantined`]). Its items stay counted, and its traces go on naming it. What a destination has
//! settled, and a fact, carry CRCs too: what is not what was written is not believed, and sent again at
//! worst. A high-water mark stands outside the store: if the store
//! ends below it, accepted data is missing, and [`Status::lost`] says how much. A store
//! that is damaged as a whole, whether a write meets that or a read, is kept aside, and what
//! can be read of it goes into a new one ([`Status::salvaged`]): a start never needs a hand.
//!
//! **What goes.** Retention takes records away, or puts a part of one in its place, under
//! the same sequence. What is gone leaves a range with its CRCs and is stepped over; of
//! each trace a [`Stub`] is left, found by any subject in it. While the disk is down to
//! its reserve, appends are refused and everything else goes on.
//!
//! **Keys are hashes.** A [`SubjectKey`] may collide. Every answer by key is a list of
//! candidates; the reader decides by what the decoded record says.
//!
//! Any engine passes the suite in `conformance`; `sqlite` is the embedded one.

#[cfg(test)]
mod conformance;
mod error;
mod letter;
mod record;
mod retire;
mod settled;
mod sqlite;
mod status;

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::watch;

pub use error::LedgerError;
pub use error::OpenError;
pub use letter::Letter;
pub use letter::Letters;
pub use record::Draft;
pub use record::Outline;
pub use record::Place;
pub use record::Record;
pub use record::Weight;
pub use retire::Carved;
pub use retire::Forget;
pub use retire::Gone;
pub use retire::Retire;
pub use retire::Retired;
pub use retire::Stub;
pub use settled::Counters;
pub use settled::Fact;
pub use settled::Gap;
pub use settled::Open;
pub use settled::Progress;
pub use settled::Settle;
pub use sqlite::Durability;
pub use sqlite::FreeSpace;
pub use sqlite::Options;
pub use sqlite::Sqlite;
pub use sqlite::ensure_free;
pub use status::COMMIT_BOUNDS;
pub use status::Commits;
pub use status::Status;

/// A record's place in the ledger: from 1, without gaps. 0 stands before the first.
pub type Seq = u64;

/// First 8 bytes of a hash of (project, native id); computed by the caller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SubjectKey(pub u64);

/// The ledger as the rest of the pipeline sees it.
///
/// Writing calls resolve when what they wrote is durable. A writing future that is dropped
/// may or may not have stored its part. Reading calls block on the disk for a moment and
/// never wait for the writer.
pub trait Ledger: Send + Sync + 'static {
    /// Stores one record; its sequence is known, and the record durable, when it resolves.
    fn append(&self, draft: Draft) -> BoxFuture<'_, Result<Seq, LedgerError>>;

    /// The highest durable sequence; 0 when there is none.
    fn head(&self) -> Seq;

    /// Follows [`Ledger::head`]: changes after each commit that appended.
    fn watch(&self) -> watch::Receiver<Seq>;

    /// Records above `after`, ascending, up to both limits (bytes of head and body); at
    /// least one if there is any. Ends before a corrupt record; starting at one is
    /// [`LedgerError::Corrupt`], and a reader may go on with `after` set to its number. What
    /// retention took away is stepped over.
    fn range(&self, after: Seq, max_records: usize, max_bytes: usize) -> Result<Vec<Record>, LedgerError>;

    /// The records named, in the order named. Left out is what was never given, what retention took
    /// away, and what was found unreadable before.
    fn get(&self, seqs: &[Seq]) -> Result<Vec<Record>, LedgerError>;

    /// Records indexed under `trace`, ascending; those that were found unreadable among them.
    fn seqs_of(&self, trace: SubjectKey) -> Result<Vec<Seq>, LedgerError>;

    /// Records whose subject table names `subject`, newest first. A scan over all tables; a
    /// damaged table counts as naming everything.
    fn find(&self, subject: SubjectKey, limit: usize) -> Result<Vec<Seq>, LedgerError>;

    /// Indexes records that are held under one more trace (a patch that named a span only,
    /// and whose trace became known).
    fn alias(&self, trace: SubjectKey, seqs: &[Seq]) -> BoxFuture<'_, Result<(), LedgerError>>;

    /// What was last settled for a destination; the default for one never heard of.
    fn progress(&self, destination: &str) -> Result<Progress, LedgerError>;

    /// Stores one step of a courier in one transaction, in the order of the calls.
    fn settle(&self, destination: &str, settle: Settle) -> BoxFuture<'_, Result<(), LedgerError>>;

    /// The value held under a key.
    fn fact(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, LedgerError>;

    /// Every fact of a space, by key in ascending order.
    fn facts(&self, space: &str) -> Result<Vec<Fact>, LedgerError>;

    /// Stores each fact whose key is free; gives the values now held, in the order asked.
    fn put_if_absent(&self, facts: Vec<Fact>) -> BoxFuture<'_, Result<Vec<Vec<u8>>, LedgerError>>;

    /// Stores facts over what is held.
    fn replace(&self, facts: Vec<Fact>) -> BoxFuture<'_, Result<(), LedgerError>>;

    /// Records below `before` (or from the head), descending. Corrupt ones are as in
    /// [`Ledger::range`] when first found, and stepped over later.
    fn newest(&self, limit: usize, before: Option<Seq>) -> Result<Vec<Record>, LedgerError>;

    /// What the records above `after` up to `upto` weigh, by project. Cheap for any stretch: no body
    /// is looked at.
    fn weigh(&self, after: Seq, upto: Seq) -> Result<BTreeMap<Arc<str>, Weight>, LedgerError>;

    /// The first record held above `after`, and its accept time in nanoseconds.
    fn first_after(&self, after: Seq) -> Result<Option<(Seq, i64)>, LedgerError>;

    /// What stands above `after`, ascending, at most `limit` records; cheap, and unchecked.
    fn outline(&self, after: Seq, limit: usize) -> Result<Vec<Outline>, LedgerError>;

    /// Takes away what retention names, in one transaction; what is not held any more is left out.
    fn retire(&self, retire: Retire) -> BoxFuture<'_, Result<Retired, LedgerError>>;

    /// What is remembered of traces that `subject`, a trace or something in one, led to; newest first.
    fn stubs(&self, subject: SubjectKey) -> Result<Vec<Stub>, LedgerError>;

    /// Dead letters, by id in ascending order.
    fn letters(&self, wanted: &Letters) -> Result<Vec<Letter>, LedgerError>;

    /// The traces that have a dead letter anywhere.
    fn lettered(&self) -> Result<HashSet<SubjectKey>, LedgerError>;

    /// The dead letters that were given up before a time, and the oldest of those that hold more than so
    /// many bytes of requests and answers together: destination and trace of each, the oldest first.
    fn old_letters(&self, before_ns: i64, bytes: u64) -> Result<Vec<(Arc<str>, SubjectKey)>, LedgerError>;

    /// How many dead letters there are, whatever the limit.
    fn count_letters(&self, wanted: &Letters) -> Result<u64, LedgerError>;

    /// Sizes, totals and health.
    fn status(&self) -> Status;

    /// Finishes what waits, writes the high-water mark and gives the directory back.
    fn close(&self) -> BoxFuture<'_, Result<(), LedgerError>>;
}
