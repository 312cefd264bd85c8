//! The one thread that writes.
//!
//! It takes what waits, up to a bound, runs all of it in one transaction, and answers when
//! the commit has returned. While it flushes, the next group gathers by itself; there is no
//! timer. See the module doc of `ledger` for what a failed commit means.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use std::time::Instant;

use rusqlite::Connection;
use rusqlite::ErrorCode;

use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::OpenError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::sqlite::Durability;
use crate::pipeline::ledger::sqlite::lock::Layout;
use crate::pipeline::ledger::sqlite::lock::failed;
use crate::pipeline::ledger::sqlite::quarantine::is_damage;
use crate::pipeline::ledger::sqlite::salvage;
use crate::pipeline::ledger::sqlite::schema;
use crate::pipeline::ledger::sqlite::schema::Tail;
use crate::pipeline::ledger::sqlite::shared::Shared;
use crate::pipeline::ledger::sqlite::watermark::Watermark;
use crate::pipeline::ledger::sqlite::weights::Sums;
use crate::pipeline::ledger::sqlite::work::Answer;
use crate::pipeline::ledger::sqlite::work::Batch;
use crate::pipeline::ledger::sqlite::work::Job;
use crate::pipeline::ledger::sqlite::work::Work;

const MOST_JOBS: usize = 512;
const MOST_BYTES: usize = 8 << 20;
const MARK_EVERY: Duration = Duration::from_secs(1);

/// How a transaction is made durable; a value, so that a test can make it fail.
pub(super) type Commit = fn(&Connection) -> rusqlite::Result<()>;

/// The commit of every writer outside tests.
pub(super) fn commit(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch("COMMIT")
}

/// What the writing thread owns.
pub(super) struct Writer {
    at: Layout,
    durability: Durability,
    commit: Commit,
    /// None after a failed reopen; the next group tries again.
    conn: Option<Connection>,
    tail: Tail,
    mark: Watermark,
    marked: Instant,
    shared: Arc<Shared>,
}

impl Writer {
    /// Opens the store for writing and compares it with the high-water mark.
    pub(super) fn open(at: &Layout, durability: Durability, commit: Commit, now: Instant) -> Result<Self, OpenError> {
        let mut mark = Watermark::open(&at.mark).map_err(failed("open high-water mark", &at.mark))?;
        let (conn, tail) = recover(at, durability, mark.seq())?;
        // A mark that is too low proves less; a ledger that does not open proves nothing.
        if mark.seq() != tail.seq
            && let Err(error) = mark.write(tail.seq)
        {
            tracing::warn!(%error, "ledger high-water mark not written");
        }
        Ok(Self {
            at: at.clone(),
            durability,
            commit,
            conn: Some(conn),
            tail,
            mark,
            marked: now,
            shared: Arc::new(Shared::new(tail)),
        })
    }

    /// What the writer tells the rest of the ledger.
    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Serves the queue until it is closed, or all senders are gone.
    pub(super) fn run(mut self, queue: &Receiver<Job>) {
        while let Some(first) = self.wait(queue) {
            let (group, alone) = gather(first, queue);
            self.serve(group);
            match alone {
                Some(Job { work: Work::Mend { epoch, reason, mended }, .. }) => {
                    // Who asked waits for it.
                    let _ = mended.send(self.mend(epoch, &reason));
                }
                Some(closing) => {
                    let outcome = self.finish();
                    drop(self);
                    // Nobody waits when the caller has gone: the ledger is closed all the same.
                    let _ = closing.reply.send(outcome.map(|()| Answer::Done));
                    return;
                }
                None => {}
            }
        }
    }

    // The mark is written, and a lost store opened again, while nothing waits; `serve` does
    // the same when the queue never empties.
    fn wait(&mut self, queue: &Receiver<Job>) -> Option<Job> {
        while self.conn.is_none() || self.mark.seq() != self.tail.seq {
            match queue.recv_timeout(MARK_EVERY.saturating_sub(self.marked.elapsed())) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Timeout) => {
                    self.raise_mark();
                    if self.conn.is_none() {
                        self.reopen();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        queue.recv().ok()
    }

    fn serve(&mut self, mut group: Vec<Job>) {
        if group.is_empty() {
            return;
        }
        let begun = Instant::now();
        let mut outcome = self.attempt(&mut group);
        if let Err(failure) = &outcome
            && failure.damaged
            && !failure.committing
        {
            // Nothing of it was stored: it is done over on what was salvaged.
            self.recover_from(failure);
            outcome = self.attempt(&mut group);
        }
        match outcome {
            Ok((answers, tail, vacuumed)) => {
                let appended = tail.seq > self.tail.seq;
                self.tail = tail;
                group.iter().zip(&answers).for_each(|(job, answer)| job.work.placed(answer, &self.shared.known));
                self.shared.flushed(group.len(), begun.elapsed(), tail, appended);
                for (Job { work, reply, .. }, answer) in group.into_iter().zip(answers) {
                    drop(work);
                    // A caller that has gone keeps its record: its client will ask again.
                    let _ = reply.send(Ok(answer));
                }
                if vacuumed {
                    self.shorten();
                }
            }
            Err(failure) => {
                self.recover_from(&failure);
                for job in group {
                    let _ = job.reply.send(Err(failure.error.clone()));
                }
            }
        }
        if self.marked.elapsed() >= MARK_EVERY {
            self.raise_mark();
        }
    }

    fn attempt(&mut self, group: &mut [Job]) -> Result<(Vec<Answer>, Tail, bool), Failure> {
        let Some(conn) = &self.conn else {
            return Err(Failure::closed());
        };
        let (answers, tail, vacuumed) = apply(conn, group, self.tail).map_err(Failure::before_commit)?;
        (self.commit)(conn).map_err(|error| Failure::in_commit(&error))?;
        Ok((answers, tail, vacuumed))
    }

    // Pages that were given back leave the file when the log is copied into it.
    fn shorten(&self) {
        let Some(conn) = &self.conn else { return };
        if let Err(error) = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!(%error, "the ledger's log was not copied");
        }
    }

    fn recover_from(&mut self, failure: &Failure) {
        tracing::error!(error = failure.reason, "ledger group failed: {}", failure.error);
        self.shared.failed(&failure.reason);
        let clean = failure.rolls_back
            && self.conn.as_ref().is_some_and(|conn| conn.is_autocommit() || conn.execute_batch("ROLLBACK").is_ok());
        if failure.damaged {
            self.salvage(&failure.reason);
        } else if !clean {
            self.reopen();
        }
    }

    // Damage that a reader met in the file of an epoch: another reader may have met it before.
    fn mend(&mut self, epoch: u64, reason: &str) -> Result<(), LedgerError> {
        if self.shared.epoch() == epoch {
            self.shared.failed(reason);
            self.salvage(reason);
        }
        match self.shared.epoch() > epoch && self.conn.is_some() {
            true => Ok(()),
            false => Err(LedgerError::Damaged(reason.to_owned())),
        }
    }

    // A page that cannot be written would fail every group that needs it, for ever.
    fn salvage(&mut self, reason: &str) {
        self.conn = None;
        let mark = self.tail.seq.max(self.mark.seq());
        match salvage::salvage(&self.at, mark, reason) {
            Ok(()) => self.shared.replaced(),
            Err(error) => tracing::error!(%error, "the ledger could not be salvaged"),
        }
        self.reopen();
    }

    fn reopen(&mut self) {
        self.conn = None;
        let mark = self.tail.seq.max(self.mark.seq());
        match recover(&self.at, self.durability, mark) {
            Ok((conn, tail)) => {
                self.conn = Some(conn);
                self.tail = tail;
                self.shared.reopened(tail);
            }
            Err(error) => {
                tracing::error!(%error, "ledger does not open again");
                self.shared.stuck(&error.to_string());
            }
        }
    }

    fn raise_mark(&mut self) {
        self.marked = Instant::now();
        if self.mark.seq() == self.tail.seq {
            return;
        }
        if let Err(error) = self.mark.write(self.tail.seq) {
            tracing::warn!(%error, "ledger high-water mark not written");
            self.shared.failed(&error.to_string());
        }
    }

    fn finish(&mut self) -> Result<(), LedgerError> {
        self.raise_mark();
        let Some(conn) = &self.conn else {
            return Err(Failure::closed().error);
        };
        // Blocked by a reader it copies less, which the next open makes up for.
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(|error| LedgerError::Store(error.to_string()))
    }
}

impl Drop for Writer {
    // However the thread ends, nobody may think that it takes appends.
    fn drop(&mut self) {
        self.shared.closed();
    }
}

fn gather(first: Job, queue: &Receiver<Job>) -> (Vec<Job>, Option<Job>) {
    let mut group = Vec::new();
    let mut bytes = 0;
    let mut next = Some(first);
    while let Some(job) = next {
        if matches!(job.work, Work::Close | Work::Mend { .. }) {
            return (group, Some(job));
        }
        bytes += job.work.weight();
        group.push(job);
        if group.len() >= MOST_JOBS || bytes >= MOST_BYTES {
            break;
        }
        next = queue.try_recv().ok();
    }
    (group, None)
}

fn apply(conn: &Connection, group: &mut [Job], tail: Tail) -> rusqlite::Result<(Vec<Answer>, Tail, bool)> {
    conn.execute_batch("BEGIN IMMEDIATE")?;
    let mut batch = Batch { conn, tail, sums: Sums::default(), vacuumed: false };
    let answers = group.iter_mut().map(|job| job.work.apply(&mut batch)).collect::<rusqlite::Result<_>>()?;
    batch.sums.keep(conn)?;
    if batch.tail != tail {
        schema::keep_totals(conn, &batch.tail)?;
    }
    Ok((answers, batch.tail, batch.vacuumed))
}

// A store that does not open because it is damaged is salvaged, once.
fn recover(at: &Layout, durability: Durability, mark: Seq) -> Result<(Connection, Tail), OpenError> {
    salvage::finish(at)?;
    match look(at, durability, mark) {
        Err(OpenError::Corrupt { reason, .. }) => {
            salvage::salvage(at, mark, &reason)?;
            look(at, durability, mark)
        }
        found => found,
    }
}

// Opens through SQLite's own recovery, and compares what it finds with the mark.
fn look(at: &Layout, durability: Durability, mark: Seq) -> Result<(Connection, Tail), OpenError> {
    let mut conn = schema::writer(at, durability)?;
    let refused = |error| schema::refused(at, &error);
    let tail = schema::tail(&conn, mark).map_err(refused)?;
    if schema::keep_loss(&mut conn, &tail).map_err(refused)? {
        tracing::error!(ledger.lost = tail.lost, ledger.head = tail.seq, dir = %at.dir.display(),
            "acknowledged records are missing from the ledger");
    }
    Ok((conn, tail))
}

/// Why a group was not stored, and what has to happen before the next one.
struct Failure {
    error: LedgerError,
    reason: String,
    /// Whether a rollback leaves the connection good.
    rolls_back: bool,
    /// Whether the store itself is damaged.
    damaged: bool,
    /// Whether it may have been stored all the same.
    committing: bool,
}

impl Failure {
    fn before_commit(error: rusqlite::Error) -> Self {
        let reason = error.to_string();
        let full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
        let damaged = is_damage(&error);
        Self {
            damaged,
            error: match full {
                true => LedgerError::DiskFull,
                false => LedgerError::Store(reason.clone()),
            },
            reason,
            rolls_back: full,
            committing: false,
        }
    }

    fn in_commit(error: &rusqlite::Error) -> Self {
        Self {
            error: LedgerError::Unknown,
            reason: error.to_string(),
            rolls_back: false,
            damaged: is_damage(error),
            committing: true,
        }
    }

    fn closed() -> Self {
        let reason = String::from("the database did not open again");
        Self { error: LedgerError::Store(reason.clone()), reason, rolls_back: false, damaged: false, committing: false }
    }
}
