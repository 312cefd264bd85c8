//! What the writer tells everybody else: the head and its health.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::pipeline::ledger::COMMIT_BOUNDS;
use crate::pipeline::ledger::Commits;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Status;
use crate::pipeline::ledger::sqlite::known::Known;
use crate::pipeline::ledger::sqlite::schema::Tail;
use crate::telemetry::metrics;

/// Written by the writer, read by all.
pub(super) struct Shared {
    /// Grows when another file takes the store's place.
    epoch: AtomicU64,
    head: watch::Sender<Seq>,
    health: Mutex<Health>,
    /// The records of traces that were asked for lately.
    pub(super) known: Known,
}

struct Health {
    /// Why no append is taken; `None` when one is.
    stopped: Option<String>,
    tail: Tail,
    last_error: Option<String>,
    commits: Commits,
}

impl Shared {
    /// A ledger that ends at `tail` and takes appends.
    pub(super) fn new(tail: Tail) -> Self {
        Self {
            epoch: AtomicU64::new(0),
            head: watch::Sender::new(tail.seq),
            health: Mutex::new(Health { stopped: None, tail, last_error: None, commits: Commits::default() }),
            known: Known::default(),
        }
    }

    /// The highest durable sequence.
    pub(super) fn head(&self) -> Seq {
        *self.head.borrow()
    }

    /// Which file the store is in, by a number that only grows.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Another file has taken the store's place.
    pub(super) fn replaced(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Follows the head.
    pub(super) fn watch(&self) -> watch::Receiver<Seq> {
        self.head.subscribe()
    }

    /// The part of the status that the writer knows.
    pub(super) fn status(&self) -> Status {
        let health = self.health.lock();
        Status {
            ready: health.stopped.is_none(),
            not_ready: health.stopped.clone(),
            head: self.head(),
            records: health.tail.records,
            items: health.tail.items,
            lost: health.tail.lost,
            quarantined: health.tail.quarantined,
            salvaged: health.tail.salvaged,
            last_error: health.last_error.clone(),
            commits: health.commits.clone(),
            ..Status::default()
        }
    }

    /// A group is durable.
    pub(super) fn flushed(&self, calls: usize, took: Duration, tail: Tail, appended: bool) {
        let mut health = self.health.lock();
        health.tail = tail;
        let commits = &mut health.commits;
        commits.groups += 1;
        commits.calls += calls as u64;
        commits.largest = commits.largest.max(calls as u64);
        commits.last = took;
        commits.total += took;
        let slot = COMMIT_BOUNDS.partition_point(|bound| *bound < took);
        commits.buckets[slot] += 1;
        drop(health);
        metrics::committed(took);
        if appended {
            self.head.send_replace(tail.seq);
        }
    }

    /// Something failed that does not stop the writer.
    pub(super) fn failed(&self, reason: &str) {
        self.health.lock().last_error = Some(reason.to_owned());
    }

    /// The store was opened again and ends at `tail`.
    pub(super) fn reopened(&self, tail: Tail) {
        self.known.clear();
        let mut health = self.health.lock();
        health.stopped = None;
        health.tail = tail;
        drop(health);
        self.head.send_if_modified(|head| {
            let moved = *head != tail.seq;
            *head = tail.seq;
            moved
        });
    }

    /// The store cannot be opened; appends fail until it can.
    pub(super) fn stuck(&self, reason: &str) {
        self.known.clear();
        let mut health = self.health.lock();
        health.stopped = Some(reason.to_owned());
        health.last_error = Some(reason.to_owned());
    }

    /// No more appends, by request.
    pub(super) fn closed(&self) {
        self.known.clear();
        self.health.lock().stopped = Some(String::from("the ledger is closed"));
    }
}
