//! The task that reconciles one destination with the ledger.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Destination;
use super::book::Book;
use super::book::News;
use super::job;
use super::retry;
use super::ship::Outcome;
use super::ship::Shipper;
use crate::canonical::Time;
use crate::contract::Clock;
use crate::contract::FlushMode;
use crate::pipeline::homes::Homes;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Open;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::outward::Outwards;
use crate::pipeline::story::Story;
use crate::pipeline::subject;
use crate::pipeline::traces::Traces;

/// Records read at once, and their bytes.
const READ_RECORDS: usize = 64;
const READ_BYTES: usize = 4 * 1024 * 1024;
/// Waiting items above which nothing more is read: the rest waits in the ledger.
const WINDOW_ITEMS: u64 = 50_000;
/// Waiting items at which an eager destination is written to without waiting.
const EAGER_ITEMS: u64 = 500;
const SAVE_EVERY: Duration = Duration::from_millis(500);
/// How long requests on their way may take once told to stop.
const FINISH_WITHIN: Duration = Duration::from_secs(2);
const STOP_PAUSE: Duration = Duration::from_secs(60);
const STARTS: &str = "starts";

/// One destination's courier.
pub struct Courier {
    shipper: Arc<Shipper>,
    ledger: Arc<dyn Ledger>,
    traces: Arc<Traces>,
    book: Arc<Mutex<Book>>,
    head: watch::Receiver<Seq>,
    dice: Arc<dyn Fn() -> f64 + Send + Sync>,
    paused_until: Time,
    failures: u32,
}

/// What every courier shares.
pub struct Shared {
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// The cache of traces.
    pub traces: Arc<Traces>,
    /// Which trace a span is in.
    pub homes: Arc<Homes>,
    /// From views to encodes.
    pub outwards: Arc<Outwards>,
    /// The wall clock.
    pub clock: Clock,
    /// Tells what is shown.
    pub story: Arc<Story>,
    /// Random numbers from 0 to 1, for jitter.
    pub dice: Arc<dyn Fn() -> f64 + Send + Sync>,
}

type Shipped = Vec<(SubjectKey, Outcome)>;

impl Courier {
    /// Takes up where the destination was left; a new one starts with what is accepted from now on.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn open(destination: Arc<Destination>, shared: &Shared) -> Result<Self, LedgerError> {
        let ledger = Arc::clone(&shared.ledger);
        let name = destination.name.to_string();
        let head = ledger.head();
        let start =
            Fact { space: STARTS.to_owned(), key: name.clone().into_bytes(), value: head.to_be_bytes().to_vec() };
        ledger.put_if_absent(vec![start]).await?;
        let (book, start) = recall(&*ledger, &shared.traces, &name)?;
        let book = Arc::new(Mutex::new(book));
        let shipper = Arc::new(Shipper {
            destination,
            outwards: Arc::clone(&shared.outwards),
            clock: Arc::clone(&shared.clock),
            story: Arc::clone(&shared.story),
            start,
        });
        let (traces, dice) = (Arc::clone(&shared.traces), Arc::clone(&shared.dice));
        let head = ledger.watch();
        Ok(Self { shipper, ledger, traces, book, head, dice, paused_until: Time(0), failures: 0 })
    }

    /// What it knows, for pages, `explain` and the books.
    pub fn book(&self) -> Arc<Mutex<Book>> {
        Arc::clone(&self.book)
    }

    /// The record after which the destination's routes began.
    pub fn start(&self) -> Seq {
        self.shipper.start
    }

    /// Reconciles until told to stop; then lets what is on its way end, and saves.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut shipping: JoinSet<Shipped> = JoinSet::new();
        let mut save = tokio::time::interval(SAVE_EVERY);
        loop {
            let read = self.read().await;
            self.dispatch(&mut shipping);
            let wake = self.wake(&shipping);
            tokio::select! {
                () = stop.cancelled() => break,
                _ = save.tick() => self.save(false).await,
                Some(shipped) = shipping.join_next() => self.settle(shipped.unwrap_or_default()),
                changed = self.head.changed(), if !read => if changed.is_err() { break },
                () = std::future::ready(()), if read => {}
                () = tokio::time::sleep(wake) => {}
            }
        }
        let finish = async {
            while let Some(shipped) = shipping.join_next().await {
                self.settle(shipped.unwrap_or_default());
            }
        };
        // What does not end in time is sent again after the next start, which every vendor takes.
        let _ = tokio::time::timeout(FINISH_WITHIN, finish).await;
        self.save(true).await;
    }

    fn destination(&self) -> &Destination {
        &self.shipper.destination
    }

    fn now(&self) -> Time {
        Time((self.shipper.clock)())
    }

    /// Reads the next records and notes what they say; whether there may be more at once.
    async fn read(&mut self) -> bool {
        let (cursor, open) = {
            let book = self.book.lock();
            (book.cursor, book.pending())
        };
        if open >= WINDOW_ITEMS || *self.head.borrow_and_update() <= cursor {
            return false;
        }
        let (ledger, traces, book) = (Arc::clone(&self.ledger), Arc::clone(&self.traces), Arc::clone(&self.book));
        let shipper = Arc::clone(&self.shipper);
        let read = move || read(&shipper, &*ledger, &traces, &book, cursor);
        tokio::task::spawn_blocking(read).await.unwrap_or(false)
    }

    /// Starts shipments while there are slots and due traces.
    fn dispatch(&mut self, shipping: &mut JoinSet<Shipped>) {
        let now = self.now();
        if now < self.paused_until {
            return;
        }
        let eager = self.destination().routes.values().any(|route| route.flush == FlushMode::Eager);
        let rows = self.destination().dialect.info().batch_rows.max(1);
        while shipping.len() < self.destination().in_flight {
            let (taken, cursor) = {
                let mut book = self.book.lock();
                let all = eager && book.pending() >= EAGER_ITEMS;
                (book.take_due(now, rows, all), book.cursor)
            };
            if taken.is_empty() {
                return;
            }
            shipping.spawn(Arc::clone(&self.shipper).ship(taken, cursor));
        }
    }

    /// How long to sleep when nothing happens.
    fn wake(&self, shipping: &JoinSet<Shipped>) -> Duration {
        if shipping.len() >= self.destination().in_flight {
            return SAVE_EVERY;
        }
        let due = self.book.lock().next_due().unwrap_or(Time(i64::MAX)).max(self.paused_until);
        let nanos = u64::try_from(due.0.saturating_sub(self.now().0)).unwrap_or_default();
        Duration::from_nanos(nanos).clamp(Duration::from_millis(1), SAVE_EVERY)
    }

    /// Notes how traces fared.
    fn settle(&mut self, shipped: Shipped) {
        for (key, outcome) in shipped {
            self.settle_one(key, outcome);
        }
    }

    fn settle_one(&mut self, key: SubjectKey, outcome: Outcome) {
        let now = self.now();
        let book = Arc::clone(&self.book);
        let mut book = book.lock();
        let Some(state) = book.trace(key).cloned() else { return };
        let newer = |upto: Seq| match state.last > upto {
            true => self.newer(&state.project, key, upto, book.cursor),
            false => 0,
        };
        match outcome {
            Outcome::Shown { upto, dead, why } => {
                let newer = newer(upto);
                book.shown(key, upto, newer, dead, why, now);
                self.failures = 0;
            }
            Outcome::Later(due) => book.again(key, due, None),
            Outcome::Adopted(trace) => book.adopt(key, trace, now),
            Outcome::Parked { upto, why } => {
                let newer = newer(upto);
                let destination = &self.destination().name;
                // The reason quotes the vendor, who may quote the trace: `explain` shows it, a log may not.
                tracing::error!(%destination, trace = key.0, "a trace was refused for good and is parked");
                book.park(key, upto, newer, why, now);
            }
            Outcome::Failed { why, floor, frozen, stop } => {
                let wait = retry::wait(state.attempts, floor, (self.dice)());
                let wait = if stop { STOP_PAUSE } else { wait };
                let destination = &self.destination().name;
                if stop {
                    tracing::error!(%destination, "the vendor does not take our credential; waiting");
                } else {
                    tracing::debug!(%destination, wait_ms = wait.as_millis(), "a delivery failed; trying again");
                }
                let until = now.plus(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX));
                self.failures += 1;
                if stop || floor.is_some() || self.failures > 3 {
                    self.paused_until = self.paused_until.max(until);
                }
                book.again(key, until, Some((why, frozen)));
            }
        }
    }

    /// Items of a trace noted after a record.
    fn newer(&self, project: &str, key: SubjectKey, upto: Seq, cursor: Seq) -> u64 {
        self.traces.load(project, key).map_or(1, |items| items.count_between(upto, cursor))
    }

    async fn save(&self, everything: bool) {
        let now = self.now();
        let settle = self.book.lock().settle(now, everything);
        let Some(settle) = settle else { return };
        if let Err(error) = self.ledger.settle(&self.destination().name, settle).await {
            tracing::error!(destination = %self.destination().name, %error, "progress could not be stored; it will be repeated");
        }
    }
}

/// A destination's book as last settled, and the record after which its routes began.
///
/// # Errors
/// When the ledger cannot be read.
pub fn recall(ledger: &dyn Ledger, traces: &Traces, destination: &str) -> Result<(Book, Seq), LedgerError> {
    let start = ledger.fact(STARTS, destination.as_bytes())?.and_then(|held| held.try_into().ok());
    let start = start.map(Seq::from_be_bytes).unwrap_or_default();
    let progress = ledger.progress(destination)?;
    let base = progress.base.max(start);
    let mut open = Vec::new();
    for exception in progress.open {
        open.push(count(traces, exception, base)?);
    }
    Ok((Book::restore(base, progress.counters, open), start))
}

/// Counts an exception's items up to the base; what lies above will be noted again.
fn count(traces: &Traces, open: Open, base: Seq) -> Result<(Open, u64), LedgerError> {
    let items = traces.load(&open.project, open.trace)?;
    let count = items.count_between(open.shown, base);
    Ok((open, count))
}

/// Reads records after the cursor and notes those routed here; whether there may be more.
fn read(shipper: &Shipper, ledger: &dyn Ledger, traces: &Traces, book: &Mutex<Book>, cursor: Seq) -> bool {
    match ledger.range(cursor, READ_RECORDS, READ_BYTES) {
        Ok(records) => {
            for record in &records {
                note(shipper, traces, book, record);
            }
            !records.is_empty()
        }
        Err(LedgerError::Corrupt(seq)) => {
            tracing::error!(seq, "a record is corrupt and is stepped over");
            book.lock().read(seq, 0);
            true
        }
        Err(error) => {
            tracing::error!(%error, "the ledger cannot be read");
            false
        }
    }
}

/// Notes what one record says about each trace it names.
fn note(shipper: &Shipper, traces: &Traces, book: &Mutex<Book>, record: &Record) {
    let Some(route) = shipper.destination.routes.get(&record.project) else {
        book.lock().read(record.seq, 0);
        return;
    };
    let admission = traces.sort(record);
    let mut book = book.lock();
    let Some(admission) = admission else {
        tracing::error!(seq = record.seq, "a record cannot be decoded any more and is quarantined");
        book.read(record.seq, u64::from(record.items));
        book.counters.quarantined += u64::from(record.items);
        return;
    };
    book.read(record.seq, admission.homes.iter().map(|(_, items)| items.len() as u64).sum());
    let at = Time(record.at_ns);
    let due = job::due(route, admission.quiet, at);
    for (trace, items) in &admission.homes {
        let items = items.len() as u64;
        book.note(&News { trace: *trace, project: &record.project, seq: record.seq, at, items, due });
    }
    let items = admission.homes.iter().flat_map(|(_, items)| items);
    let created = items.filter(|(_, item)| item.creates()).filter_map(|(_, item)| item.span());
    for span in created {
        book.wake(subject::span(&record.project, span), due);
    }
    drop(book);
    traces.admit(&admission);
}
