//! The embedded engine: SQLite, chosen for its recovery and not for its speed.
//!
//! Thousands of simulated power losses without an acknowledged record lost, opens on a
//! full disk and within milliseconds with gigabytes, and `sqlite3` as the operator's tool.
//!
//! A draft is compressed and encoded where `append` runs ([`envelope`], [`subjects`]); the
//! one [`writer`] gives it a place and flushes a group at a time ([`work`]); [`readers`]
//! answer [`query`]s from the last commit; [`lock`] holds the directory and [`watermark`]
//! stands outside the database. [`settled`] checks what couriers wrote. [`retention`] takes
//! away, [`quarantine`] puts aside one record, [`salvage`] a whole file.

#[cfg(test)]
mod bench;
mod door;
mod envelope;
mod first_page;
mod gone;
mod known;
mod letters;
mod lock;
mod options;
mod outline;
mod quarantine;
mod query;
mod readers;
mod rescue;
mod rescue_settled;
mod retention;
mod salvage;
mod schema;
mod settled;
mod shared;
mod space;
mod stubs;
mod subjects;
mod tables;
#[cfg(test)]
mod tests;
mod watermark;
mod weights;
mod work;
mod writer;

use std::collections::HashSet;
use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::sync::oneshot;

pub use self::lock::ensure_free;

use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::OpenError;
use crate::pipeline::ledger::Retire;
use crate::pipeline::ledger::Retired;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Status;
use crate::pipeline::ledger::sqlite::envelope::Sealer;
use crate::pipeline::ledger::sqlite::lock::Layout;
use crate::pipeline::ledger::sqlite::readers::Reader;
use crate::pipeline::ledger::sqlite::readers::Readers;
use crate::pipeline::ledger::sqlite::retention::Step;
use crate::pipeline::ledger::sqlite::shared::Shared;
use crate::pipeline::ledger::sqlite::space::Space;
use crate::pipeline::ledger::sqlite::watermark::Watermark;
use crate::pipeline::ledger::sqlite::work::Answer;
use crate::pipeline::ledger::sqlite::work::Job;
use crate::pipeline::ledger::sqlite::work::Sealed;
use crate::pipeline::ledger::sqlite::work::Work;
use crate::pipeline::ledger::sqlite::writer::Commit;
use crate::pipeline::ledger::sqlite::writer::Writer;

/// A body that takes milliseconds to compress leaves the async worker; a common one takes
/// less than the way to another thread and back.
const LONG: usize = 1 << 20;

pub use options::Durability;
pub use options::FreeSpace;
pub use options::Options;

/// A ledger in one SQLite database. Dropping it is as safe as killing the process.
pub struct Sqlite {
    at: Layout,
    readers: Readers,
    shared: Arc<Shared>,
    sealer: Arc<Sealer>,
    space: Space,
    /// Bytes that may still be queued.
    room: Arc<Semaphore>,
    queue_bytes: usize,
    /// None when read-only.
    queue: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    lock: Mutex<Option<File>>,
    /// Records that the writer was told to look at.
    suspects: Mutex<HashSet<Seq>>,
}

impl Sqlite {
    /// Opens the directory, makes it where it is missing, and recovers what a crash left.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        Self::open_with(options, writer::commit)
    }

    fn open_with(options: Options, commit: Commit) -> Result<Self, OpenError> {
        let at = Layout::of(&options.dir);
        if options.read_only {
            return Self::open_read_only(at, options);
        }
        let lock = lock::hold(&at)?;
        let writer = Writer::open(&at, options.durability, commit, Instant::now())?;
        let shared = writer.shared();
        let readers = Readers::open(&at, &shared)?;
        let (queue, jobs) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name(String::from("ledger"))
            .spawn(move || writer.run(&jobs))
            .map_err(lock::failed("start a thread for", &at.db))?;
        let queue_bytes = options.queue_bytes.clamp(1, Semaphore::MAX_PERMITS);
        Ok(Self {
            at,
            readers,
            shared,
            sealer: Arc::default(),
            space: Space::new(options.dir, options.free_space, options.disk_reserve),
            room: Arc::new(Semaphore::new(queue_bytes)),
            queue_bytes,
            queue: Some(queue),
            thread: Some(thread),
            lock: Mutex::new(Some(lock)),
            suspects: Mutex::default(),
        })
    }

    fn open_read_only(at: Layout, options: Options) -> Result<Self, OpenError> {
        let lock = lock::hold_shared(&at)?;
        let mark = Watermark::peek(&at.mark);
        let conn = schema::reader(&at)?;
        let tail = schema::tail(&conn, mark).map_err(|error| schema::refused(&at, &error))?;
        let shared = Arc::new(Shared::new(tail));
        shared.closed();
        Ok(Self {
            readers: Readers::open(&at, &shared)?,
            at,
            shared,
            sealer: Arc::default(),
            space: Space::new(options.dir, options.free_space, 0),
            room: Arc::new(Semaphore::new(0)),
            queue_bytes: 0,
            queue: None,
            thread: None,
            lock: Mutex::new(Some(lock)),
            suspects: Mutex::default(),
        })
    }

    async fn append(&self, draft: Draft) -> Result<Seq, LedgerError> {
        let bytes = draft.head.len() + draft.body.len();
        let mut permit = self.room_for(bytes)?;
        self.space.admit(bytes)?;
        let sealed = self.seal(draft).await?;
        // What compression saved goes back to the queue; what the tables add is small.
        let saved = permit.num_permits().saturating_sub(sealed.weight());
        drop(permit.split(saved));
        match self.ask(Work::Append(sealed), Some(permit)).await? {
            Answer::Appended(seq) => Ok(seq),
            answer => Err(mismatch(&answer)),
        }
    }

    async fn seal(&self, draft: Draft) -> Result<Sealed, LedgerError> {
        if draft.body.len() < LONG {
            return Sealed::new(&self.sealer, draft);
        }
        let sealer = Arc::clone(&self.sealer);
        tokio::task::spawn_blocking(move || Sealed::new(&sealer, draft))
            .await
            .map_err(|error| LedgerError::Store(error.to_string()))?
    }

    // One draft larger than the queue may still go alone.
    fn room_for(&self, bytes: usize) -> Result<OwnedSemaphorePermit, LedgerError> {
        if self.queue.is_none() {
            return Err(LedgerError::ReadOnly);
        }
        let permits = u32::try_from(bytes.min(self.queue_bytes)).unwrap_or(u32::MAX);
        Arc::clone(&self.room).try_acquire_many_owned(permits).map_err(|_| LedgerError::Full)
    }

    async fn retire(&self, retire: Retire) -> Result<Retired, LedgerError> {
        let sealer = Arc::clone(&self.sealer);
        let step = tokio::task::spawn_blocking(move || Step::new(&sealer, retire))
            .await
            .map_err(|error| LedgerError::Store(error.to_string()))??;
        match self.ask(Work::Retire(step), None).await? {
            Answer::Retired(retired) => Ok(retired),
            answer => Err(mismatch(&answer)),
        }
    }

    // What is damaged is not read past: the writer salvages the store, and it is asked again.
    fn read<T>(&self, query: impl Fn(&mut Reader) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        let epoch = self.shared.epoch();
        match self.readers.lease()?.read(&query) {
            Err(LedgerError::Damaged(reason)) if self.queue.is_some() => {
                self.mend(epoch, reason)?;
                self.readers.lease()?.read(query)
            }
            read => read,
        }
    }

    // Waits for the writer as one waits for a disk: a reader may stand anywhere.
    fn mend(&self, epoch: u64, reason: String) -> Result<(), LedgerError> {
        let queue = self.queue.as_ref().ok_or(LedgerError::ReadOnly)?;
        let (mended, answer) = mpsc::channel();
        let (reply, _) = oneshot::channel();
        let job = Job { work: Work::Mend { epoch, reason, mended }, reply, _permit: None };
        queue.send(job).map_err(|_| LedgerError::Closed)?;
        answer.recv().map_err(|_| LedgerError::Closed)?
    }

    // A record that cannot be read is looked at by the writer, who puts it aside.
    fn suspect<T>(&self, read: Result<T, LedgerError>) -> Result<T, LedgerError> {
        if let (Err(LedgerError::Corrupt(seq)), Some(queue)) = (&read, &self.queue)
            && self.suspects.lock().insert(*seq)
        {
            let (reply, _) = oneshot::channel();
            // A closed queue has nobody left to put anything aside.
            let _ = queue.send(Job { work: Work::Inspect(*seq), reply, _permit: None });
        }
        read
    }

    async fn put(&self, facts: Vec<Fact>) -> Result<Vec<Vec<u8>>, LedgerError> {
        match self.ask(Work::PutIfAbsent(facts), None).await? {
            Answer::Held(values) => Ok(values),
            answer => Err(mismatch(&answer)),
        }
    }

    async fn ask(&self, work: Work, permit: Option<OwnedSemaphorePermit>) -> Result<Answer, LedgerError> {
        let queue = self.queue.as_ref().ok_or(LedgerError::ReadOnly)?;
        let (reply, answer) = oneshot::channel();
        let job = Job { work, reply, _permit: permit };
        queue.send(job).map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }

    fn done(&self, work: Work) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.ask(work, None).map(|answer| answer.map(|_| ())).boxed()
    }

    async fn shut(&self) -> Result<(), LedgerError> {
        self.readers.close();
        let outcome = match self.ask(Work::Close, None).await {
            // Nothing to finish, or finished before.
            Ok(_) | Err(LedgerError::ReadOnly | LedgerError::Closed) => Ok(()),
            Err(error) => Err(error),
        };
        self.lock.lock().take();
        outcome
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        drop(self.queue.take());
        // The writer ends with the group in hand; the directory must not be given back before.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Sqlite {
    fn health(&self) -> Status {
        let size = |path| std::fs::metadata(path).map_or(0, |file| file.len());
        let (free_bytes, full) = self.space.state();
        let status = self.shared.status();
        Status {
            ready: status.ready && !full,
            not_ready: if full { Some("the disk is down to its reserve".to_owned()) } else { status.not_ready },
            free_bytes,
            bytes: size(&self.at.db) + size(&self.at.wal) + size(&self.at.mark),
            aside: salvage::aside(&self.at),
            queued_bytes: (self.queue_bytes - self.room.available_permits().min(self.queue_bytes)) as u64,
            ..status
        }
    }
}

// The writer answers each kind of work with its own kind of answer.
fn mismatch(answer: &Answer) -> LedgerError {
    LedgerError::Store(format!("unexpected answer {answer:?}"))
}
