//! The embedded engine: SQLite, chosen for its recovery and not for its speed.
//!
//! Thousands of simulated power losses without an acknowledged record lost, opens on a
//! full disk and within milliseconds with gigabytes, and `sqlite3` as the operator's tool.
//!
//! A draft is compressed and encoded where `append` runs ([`envelope`], [`subjects`]); the
//! one [`writer`] gives it a place and flushes a group at a time ([`work`]); [`readers`]
//! answer [`query`]s from the last commit; [`lock`] holds the directory and [`watermark`]
//! stands outside the database.

#[cfg(test)]
mod bench;
mod envelope;
mod letters;
mod lock;
mod query;
mod readers;
mod schema;
mod shared;
mod subjects;
mod tables;
#[cfg(test)]
mod tests;
mod watermark;
mod weights;
mod work;
mod writer;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
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
use tokio::sync::watch;

use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Letter;
use crate::pipeline::ledger::Letters;
use crate::pipeline::ledger::OpenError;
use crate::pipeline::ledger::Progress;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::Status;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::Weight;
use crate::pipeline::ledger::sqlite::envelope::Sealer;
use crate::pipeline::ledger::sqlite::lock::Layout;
use crate::pipeline::ledger::sqlite::readers::Readers;
use crate::pipeline::ledger::sqlite::shared::Shared;
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

/// What a success reply outlives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A power loss: every group is flushed to the disk.
    #[default]
    Fsync,
    /// The death of the process: the operating system flushes when it likes.
    Os,
}

/// How to open the embedded ledger.
#[derive(Clone, Debug)]
pub struct Options {
    /// The state directory; made with mode 0700 where it is missing.
    pub dir: PathBuf,
    /// What a success reply outlives.
    pub durability: Durability,
    /// Look at a stopped gateway's directory; every writing call is refused.
    pub read_only: bool,
    /// Bytes that may wait for the writer before an append is [`LedgerError::Full`].
    pub queue_bytes: usize,
}

impl Options {
    /// A ledger in `dir` with fsync and a queue of 64 MiB.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), durability: Durability::Fsync, read_only: false, queue_bytes: 64 << 20 }
    }
}

/// A ledger in one SQLite database. Dropping it is as safe as killing the process.
pub struct Sqlite {
    at: Layout,
    readers: Readers,
    shared: Arc<Shared>,
    sealer: Arc<Sealer>,
    /// Bytes that may still be queued.
    room: Arc<Semaphore>,
    queue_bytes: usize,
    /// None when read-only.
    queue: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    lock: Mutex<Option<File>>,
}

impl Sqlite {
    /// Opens the directory, makes it where it is missing, and recovers what a crash left.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        Self::open_with(options, writer::commit)
    }

    fn open_with(options: Options, commit: Commit) -> Result<Self, OpenError> {
        let at = Layout::of(&options.dir);
        if options.read_only {
            return Self::open_read_only(at);
        }
        let lock = lock::hold(&at)?;
        let writer = Writer::open(&at, options.durability, commit, Instant::now())?;
        let shared = writer.shared();
        let readers = Readers::open(&at)?;
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
            room: Arc::new(Semaphore::new(queue_bytes)),
            queue_bytes,
            queue: Some(queue),
            thread: Some(thread),
            lock: Mutex::new(Some(lock)),
        })
    }

    fn open_read_only(at: Layout) -> Result<Self, OpenError> {
        let lock = lock::hold_shared(&at)?;
        let mark = Watermark::peek(&at.mark);
        let conn = schema::reader(&at)?;
        let tail = schema::tail(&conn, mark).map_err(|error| schema::refused(&at, &error))?;
        let shared = Shared::new(tail);
        shared.closed();
        Ok(Self {
            readers: Readers::open(&at)?,
            at,
            shared: Arc::new(shared),
            sealer: Arc::default(),
            room: Arc::new(Semaphore::new(0)),
            queue_bytes: 0,
            queue: None,
            thread: None,
            lock: Mutex::new(Some(lock)),
        })
    }

    async fn append(&self, draft: Draft) -> Result<Seq, LedgerError> {
        let mut permit = self.room_for(draft.head.len() + draft.body.len())?;
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

impl Ledger for Sqlite {
    fn append(&self, draft: Draft) -> BoxFuture<'_, Result<Seq, LedgerError>> {
        self.append(draft).boxed()
    }

    fn head(&self) -> Seq {
        self.shared.head()
    }

    fn watch(&self) -> watch::Receiver<Seq> {
        self.shared.watch()
    }

    fn range(&self, after: Seq, max_records: usize, max_bytes: usize) -> Result<Vec<Record>, LedgerError> {
        let head = self.head();
        self.readers.lease()?.read(|reader| query::range(reader, after, head, max_records, max_bytes))
    }

    fn get(&self, seqs: &[Seq]) -> Result<Vec<Record>, LedgerError> {
        let head = self.head();
        self.readers.lease()?.read(|reader| query::get(reader, seqs, head))
    }

    fn seqs_of(&self, trace: SubjectKey) -> Result<Vec<Seq>, LedgerError> {
        self.readers.lease()?.read(|reader| query::seqs_of(&reader.conn, trace))
    }

    fn find(&self, subject: SubjectKey, limit: usize) -> Result<Vec<Seq>, LedgerError> {
        self.readers.lease()?.read(|reader| query::find(&reader.conn, subject, limit))
    }

    fn alias(&self, trace: SubjectKey, seqs: &[Seq]) -> BoxFuture<'_, Result<(), LedgerError>> {
        let seqs = seqs.to_vec();
        self.done(Work::Alias { trace, seqs })
    }

    fn progress(&self, destination: &str) -> Result<Progress, LedgerError> {
        self.readers.lease()?.read(|reader| query::progress(&mut reader.conn, destination))
    }

    fn settle(&self, destination: &str, settle: Settle) -> BoxFuture<'_, Result<(), LedgerError>> {
        let destination = destination.to_owned();
        self.done(Work::Settle { destination, settle })
    }

    fn fact(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, LedgerError> {
        self.readers.lease()?.read(|reader| query::fact(&reader.conn, space, key))
    }

    fn facts(&self, space: &str) -> Result<Vec<Fact>, LedgerError> {
        self.readers.lease()?.read(|reader| query::facts(&reader.conn, space))
    }

    fn put_if_absent(&self, facts: Vec<Fact>) -> BoxFuture<'_, Result<Vec<Vec<u8>>, LedgerError>> {
        self.put(facts).boxed()
    }

    fn replace(&self, facts: Vec<Fact>) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.done(Work::Replace(facts))
    }

    fn newest(&self, limit: usize, before: Option<Seq>) -> Result<Vec<Record>, LedgerError> {
        let head = self.head();
        let last = before.map_or(head, |before| before.saturating_sub(1).min(head));
        self.readers.lease()?.read(|reader| query::newest(reader, last, limit))
    }

    fn weigh(&self, after: Seq, upto: Seq) -> Result<BTreeMap<Arc<str>, Weight>, LedgerError> {
        let upto = upto.min(self.head());
        self.readers.lease()?.read(|reader| weights::weigh(&mut reader.conn, after, upto))
    }

    fn first_after(&self, after: Seq) -> Result<Option<(Seq, i64)>, LedgerError> {
        self.readers.lease()?.read(|reader| weights::first_after(&reader.conn, after))
    }

    fn letters(&self, wanted: &Letters) -> Result<Vec<Letter>, LedgerError> {
        self.readers.lease()?.read(|reader| letters::select(&reader.conn, wanted))
    }

    fn count_letters(&self, wanted: &Letters) -> Result<u64, LedgerError> {
        self.readers.lease()?.read(|reader| letters::count(&reader.conn, wanted))
    }

    fn status(&self) -> Status {
        let size = |path| std::fs::metadata(path).map_or(0, |file| file.len());
        Status {
            bytes: size(&self.at.db) + size(&self.at.wal) + size(&self.at.mark),
            queued_bytes: (self.queue_bytes - self.room.available_permits().min(self.queue_bytes)) as u64,
            ..self.shared.status()
        }
    }

    fn close(&self) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.shut().boxed()
    }
}

// The writer answers each kind of work with its own kind of answer.
fn mismatch(answer: &Answer) -> LedgerError {
    LedgerError::Store(format!("unexpected answer {answer:?}"))
}
