//! What the ledger tells about itself: sizes, totals, health.

use std::time::Duration;

use crate::pipeline::ledger::Seq;

/// What the ledger tells about itself.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// Whether an append would be taken.
    pub ready: bool,
    /// Why not, when it would not.
    pub not_ready: Option<String>,
    /// The highest durable sequence.
    pub head: Seq,
    /// Records held now.
    pub records: u64,
    /// Bytes that the ledger's files take.
    pub bytes: u64,
    /// Bytes free on the disk, where the system says.
    pub free_bytes: Option<u64>,
    /// Items of all records ever appended.
    pub items: u64,
    /// Records that were acknowledged once and are missing, as the high-water mark proves.
    pub lost: u64,
    /// Records that could not be read and were put aside, ever.
    pub quarantined: u64,
    /// How often the store was found damaged as a whole and was salvaged, ever.
    pub salvaged: u64,
    /// Damaged files of such salvages that are still kept aside.
    pub aside: u64,
    /// Bytes that wait for the writer.
    pub queued_bytes: u64,
    /// The last error of the store, if there was one since it was opened.
    pub last_error: Option<String>,
    /// The writer's groups.
    pub commits: Commits,
}

/// The groups that the writer has flushed since the ledger was opened.
#[derive(Clone, Debug, Default)]
pub struct Commits {
    /// Groups flushed.
    pub groups: u64,
    /// Calls (appends, settles, facts) that rode in them.
    pub calls: u64,
    /// The largest group, in calls.
    pub largest: u64,
    /// Time of the last group, from begin to durable.
    pub last: Duration,
    /// Time of all groups.
    pub total: Duration,
    /// Groups by time: one count for each of [`COMMIT_BOUNDS`], and one for slower.
    pub buckets: [u64; COMMIT_BOUNDS.len() + 1],
}

/// Upper bounds of [`Commits::buckets`].
pub const COMMIT_BOUNDS: [Duration; 8] = [
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_secs(1),
];
