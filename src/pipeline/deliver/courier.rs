//! The task that reconciles one destination with the ledger.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Destination;
use super::TraceState;
use super::aloft::Aloft;
use super::backlog::Backlog;
use super::book::Book;
use super::book::Ending;
use super::book::Lane;
use super::book::Most;
use super::breaker::Leave;
use super::control::Control;
use super::job::Position;
use super::kept;
use super::letter;
use super::letter::Refused;
use super::missing::Missing;
use super::reader::Reader;
use super::retry;
use super::ship::Outcome;
use super::ship::Shipper;
use super::tell;
use crate::canonical::Time;
use crate::contract::Clock;
use crate::contract::FlushMode;
use crate::contract::State;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::homes::Homes;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::outward::Outwards;
use crate::pipeline::story::Story;
use crate::pipeline::strain::Strain;
use crate::pipeline::traces::Traces;
use crate::telemetry::alarm::Alarms;
use crate::telemetry::metrics;

/// Waiting items at which an eager destination is written to without waiting.
const EAGER_ITEMS: u64 = 500;
/// One shipment in so many is of the late lane, where both have something due.
const TURNS: usize = 4;
/// Bytes of decoded items in a shipment.
const SHIPMENT_BYTES: u64 = 4 * 1024 * 1024;
/// Shipments that may wait to see what they sent, beside those that send.
const CONFIRMING: usize = 64;
/// When to look again at what is of the future.
const SOON_NS: i64 = 1_000_000_000;
const SAVE_EVERY: Duration = Duration::from_millis(500);
/// How long requests on their way may take once told to stop.
const FINISH_WITHIN: Duration = Duration::from_secs(2);

/// One destination's courier.
pub struct Courier {
    shipper: Arc<Shipper>,
    ledger: Arc<dyn Ledger>,
    traces: Arc<Traces>,
    book: Arc<Mutex<Book>>,
    reader: Reader,
    backlog: Arc<Backlog>,
    head: watch::Receiver<Seq>,
    alarms: Arc<Alarms>,
    /// Which lane is served first, in [`TURNS`].
    turn: usize,
    /// Bytes that are on their way.
    aloft: Aloft,
    /// How often the ledger had been salvaged when it was last told everything.
    salvaged: AtomicU64,
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
    /// The alarms that stand.
    pub alarms: Arc<Alarms>,
    /// Random numbers from 0 to 1, for jitter.
    pub dice: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Whether the machine keeps up.
    pub strain: Arc<Strain>,
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
        kept::begin(&*ledger, &name).await?;
        let (book, start) = kept::recall(&*ledger, &shared.traces, &name)?;
        kept::doubt(&book, &name, &shared.alarms, (shared.clock)());
        let sizes = kept::sizes(&*ledger, &name)?;
        let book = Arc::new(Mutex::new(book));
        let shipper = Arc::new(Shipper {
            destination: Arc::clone(&destination),
            outwards: Arc::clone(&shared.outwards),
            clock: Arc::clone(&shared.clock),
            dice: Arc::clone(&shared.dice),
            strain: Arc::clone(&shared.strain),
            story: Arc::clone(&shared.story),
            control: Arc::default(),
            sizes,
            missing: Missing::default(),
            once: Default::default(),
            confirming: AtomicUsize::new(0),
            start,
            written: Mutex::default(),
        });
        let traces = Arc::clone(&shared.traces);
        let reader = Reader::new(Arc::clone(&shipper), &ledger, &traces, &book);
        let backlog = Arc::new(Backlog::new(destination, &ledger, &book, shipper.now()));
        let (head, alarms) = (ledger.watch(), Arc::clone(&shared.alarms));
        let (aloft, salvaged) = (Aloft::default(), ledger.status().salvaged.into());
        Ok(Self { shipper, ledger, traces, book, reader, backlog, head, alarms, turn: 0, aloft, salvaged })
    }

    /// What it knows, for pages, `explain` and the books.
    pub fn book(&self) -> Arc<Mutex<Book>> {
        Arc::clone(&self.book)
    }

    /// Its destination's switches.
    pub fn control(&self) -> Arc<Control> {
        Arc::clone(&self.shipper.control)
    }

    /// What waits for its destination.
    pub fn backlog(&self) -> Arc<Backlog> {
        Arc::clone(&self.backlog)
    }

    /// The record after which the destination's routes began.
    pub fn start(&self) -> Seq {
        self.shipper.start
    }

    /// Reconciles until told to stop; then lets what is on its way end, and saves.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut shipping: JoinSet<Shipped> = JoinSet::new();
        let mut save = tokio::time::interval(SAVE_EVERY);
        let control = self.control();
        loop {
            self.recover();
            let more = self.read().await;
            self.dispatch(&mut shipping);
            let wake = self.wake(&shipping);
            tokio::select! {
                () = stop.cancelled() => break,
                _ = save.tick() => self.save(false).await,
                Some(shipped) = shipping.join_next() => self.settle(shipped.unwrap_or_default()),
                changed = self.head.changed(), if !more => if changed.is_err() { break },
                () = std::future::ready(()), if more => {}
                () = control.woken() => {}
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
        self.shipper.now()
    }

    /// Reads the next records and notes what they say; whether there may be more at once.
    async fn read(&mut self) -> bool {
        let head = *self.head.borrow_and_update();
        let (now, reader) = (self.now(), self.reader.clone());
        let sends = self.shipper.control.leave(now) == Leave::Send;
        if sends {
            self.shipper.strain.behind(now, reader.behind(head, now));
        }
        match reader.next(head, now, sends) {
            Some(range) => tokio::task::spawn_blocking(move || reader.read(range)).await.unwrap_or(false),
            None => false,
        }
    }

    /// The destination is back: what waits for another try may go, and what was accepted while it was surely
    /// away is left to the late lane, so that what came since does not wait for it.
    fn recover(&mut self) {
        let Some(away) = self.shipper.control.take_recovered() else { return };
        let mut book = self.book.lock();
        book.hasten(self.now());
        if book.gaps.has_room() {
            book.skip_to(away);
        }
    }

    /// Starts shipments while there are slots and due traces.
    fn dispatch(&mut self, shipping: &mut JoinSet<Shipped>) {
        let destination = Arc::clone(&self.shipper.destination);
        loop {
            let now = self.now();
            let probe = match self.shipper.control.leave(now) {
                Leave::Send => false,
                Leave::Probe => true,
                Leave::Wait(_) | Leave::Probing => return,
            };
            if self.is_full(shipping) || destination.client.must_wait().is_some() {
                return;
            }
            let rows = if probe { 1 } else { destination.dialect.info().batch_rows.max(1) };
            let (taken, position) = self.take(now, rows);
            if taken.is_empty() {
                return;
            }
            if probe {
                self.shipper.control.probe(now, *self.head.borrow());
            }
            let share = self.aloft.share(taken.iter().map(|(_, state)| state.bytes()).sum());
            let ship = Arc::clone(&self.shipper).ship(taken, position);
            let control = self.control();
            shipping.spawn(async move {
                let shipped = ship.await;
                drop(share);
                if probe {
                    control.probed();
                }
                shipped
            });
        }
    }

    /// Takes what is due, from each lane in turn: what is accepted now goes before a backlog, which never
    /// stands still.
    fn take(&mut self, now: Time, rows: usize) -> (Vec<(SubjectKey, TraceState)>, Position) {
        let eager = self.destination().routes.values().any(|route| route.flush == FlushMode::Eager);
        let mut book = self.book.lock();
        let all = eager && book.pending() >= EAGER_ITEMS;
        let (first, other) = if self.turn == 0 { (Lane::Late, Lane::Fresh) } else { (Lane::Fresh, Lane::Late) };
        let most = Most { rows, bytes: SHIPMENT_BYTES };
        let mut taken = book.take_due(now, first, most, all);
        if taken.is_empty() {
            taken = book.take_due(now, other, most, all);
        } else {
            self.turn = (self.turn + 1) % TURNS;
        }
        let position = Position {
            start: self.shipper.start,
            cursor: book.cursor,
            gaps: book.gaps.clone(),
            forgone: book.forgone(),
        };
        (taken, position)
    }

    /// Whether there are as many shipments as there may be: as many as requests, and those that only wait to
    /// see; or as many bytes.
    fn is_full(&self, shipping: &JoinSet<Shipped>) -> bool {
        let (_, limit) = self.destination().client.gate().figures();
        let slots = limit + self.shipper.confirming.load(Ordering::Relaxed).min(CONFIRMING);
        shipping.len() >= slots || self.aloft.is_full()
    }

    /// How long to sleep when nothing happens.
    fn wake(&self, shipping: &JoinSet<Shipped>) -> Duration {
        let now = self.now();
        let from = match self.shipper.control.leave(now) {
            Leave::Wait(next) => next,
            Leave::Probing => return SAVE_EVERY,
            Leave::Send | Leave::Probe => now,
        };
        if self.is_full(shipping) {
            return SAVE_EVERY;
        }
        let bucket = self.destination().client.must_wait().unwrap_or_default();
        let due = self.book.lock().next_due().unwrap_or(Time(i64::MAX)).max(from);
        let nanos = u64::try_from(due.0.saturating_sub(now.0)).unwrap_or_default();
        Duration::from_nanos(nanos).max(bucket).clamp(Duration::from_millis(1), SAVE_EVERY)
    }

    /// Notes how traces fared.
    fn settle(&mut self, shipped: Shipped) {
        for (key, outcome) in shipped {
            self.settle_one(key, outcome);
        }
    }

    fn settle_one(&mut self, key: SubjectKey, outcome: Outcome) {
        match outcome {
            Outcome::Later(due) => self.later(key, due),
            Outcome::Adopted(trace) => {
                let now = self.now();
                self.book.lock().adopt(key, trace, now);
            }
            Outcome::Failed { why, floor, frozen, stop } => self.failed(key, (why, floor, frozen), stop),
            Outcome::Shown { upto, refused, lacks } => self.shown(key, upto, &refused, lacks.as_deref()),
            Outcome::Parked { upto, refused, lacks } => self.parked(key, upto, &refused, lacks.as_deref()),
        }
    }

    /// Looks at a trace again when that is due; soon, where the clock was set back since.
    fn later(&self, key: SubjectKey, due: Time) {
        let (now, mut book) = (self.now(), self.book.lock());
        let of_the_future = book.trace(key).is_some_and(|state| state.is_of_the_future(now));
        book.again(key, if of_the_future { due.min(now.plus(SOON_NS)) } else { due }, None);
    }

    fn shown(&self, key: SubjectKey, upto: Seq, refused: &[Refused], lacks: Option<&TraceItems>) {
        if !self.believes(key, refused) {
            return self.failed(key, (letter::text(refused), None, None), false);
        }
        let Some(state) = self.book.lock().trace(key).cloned() else { return };
        let now = self.now();
        if lacks.is_none() {
            let after = Duration::from_nanos(u64::try_from(now.0 - state.first_at.0).unwrap_or_default());
            metrics::shown(&self.destination().name, after);
        }
        let (newer, past) = (self.newer(key, &state, upto), self.past(key, upto));
        let dead = refused.iter().map(|refused| refused.items).sum();
        let lost = self.book.lock().unreadable_of(&state, newer, lacks);
        let ending = Ending { lost, ..letter::ending(upto, newer, refused, past, now) };
        let mut book = self.book.lock();
        let before = book.counters.dead;
        book.shown(key, Ending { dead, ..ending });
        let dead = book.counters.dead - before;
        if dead > 0 {
            book.file(letter::letters((key, &state), refused, dead, &self.seqs(key, upto), now));
        }
    }

    fn parked(&self, key: SubjectKey, upto: Seq, refused: &[Refused], lacks: Option<&TraceItems>) {
        if !self.believes(key, refused) {
            return self.failed(key, (letter::text(refused), None, None), false);
        }
        let Some(state) = self.book.lock().trace(key).cloned() else { return };
        let now = self.now();
        let newer = self.newer(key, &state, upto);
        let lost = self.book.lock().unreadable_of(&state, newer, lacks);
        let mut book = self.book.lock();
        let dead = book.park(key, Ending { lost, ..letter::ending(upto, newer, refused, (false, false), now) });
        if dead > 0 {
            book.file(letter::letters((key, &state), refused, dead, &self.seqs(key, upto), now));
            drop(book);
            // The reason quotes the vendor, who may quote the trace: the letter shows it, a log may not.
            let destination = &self.destination().name;
            tracing::warn!(%destination, trace = key.0, items = dead, "a trace was refused for good: see the dead letters");
        }
    }

    /// Whether refusals are the traces' own fault, as far as anybody can tell.
    fn believes(&self, key: SubjectKey, refused: &[Refused]) -> bool {
        let (now, control) = (self.now(), &self.shipper.control);
        let by_vendor = refused.iter().find(|refused| matches!(refused.reason, "rejected" | "missing_parent"));
        if by_vendor.is_some() && control.distrusts(now) {
            return false;
        }
        let why = by_vendor.map(Refused::text);
        !control.settled(now, key, why.as_deref())
    }

    fn failed(&self, key: SubjectKey, (why, floor, frozen): (String, Option<Duration>, Option<Seq>), stop: bool) {
        let (now, control) = (self.now(), &self.shipper.control);
        let Some(attempts) = self.book.lock().trace(key).map(|state| state.attempts) else { return };
        let wait = retry::wait(attempts, floor, (self.shipper.dice)());
        let destination = &self.destination().name;
        metrics::retried(destination);
        tracing::debug!(%destination, wait_ms = wait.as_millis(), "a delivery failed; trying again");
        if stop {
            control.refused_credential(now, &why);
        } else if floor.is_some() {
            control.hold(now, wait, &why);
        }
        let until = now.plus(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX));
        self.book.lock().again(key, until, Some((why, frozen)));
    }

    /// Items of a trace noted after a record.
    fn newer(&self, key: SubjectKey, state: &TraceState, upto: Seq) -> u64 {
        if let Some(newer) = state.newer(upto) {
            return newer;
        }
        let (cursor, gaps) = {
            let book = self.book.lock();
            (book.cursor, book.gaps.clone())
        };
        let noted = |seq: Seq| seq > upto && seq <= cursor && !gaps.hold(seq);
        self.traces.load(&state.project, key).map_or(1, |items| items.count_where(noted))
    }

    /// Whether a record of a trace, up to one, lies in a gap, and whether one was given up unread.
    fn past(&self, key: SubjectKey, upto: Seq) -> (bool, bool) {
        let (gaps, forgone) = {
            let book = self.book.lock();
            (book.gaps.clone(), book.forgone())
        };
        if gaps.is_empty() && forgone.is_empty() {
            return (false, false);
        }
        let seqs = self.seqs(key, upto);
        (gaps.first_of(&seqs).is_some(), forgone.first_of(key, &seqs).is_some())
    }

    fn seqs(&self, key: SubjectKey, upto: Seq) -> Vec<Seq> {
        let mut seqs = self.ledger.seqs_of(key).unwrap_or_default();
        seqs.retain(|seq| *seq <= upto);
        seqs
    }

    async fn save(&self, everything: bool) {
        let now = self.now();
        if !everything {
            self.look_for_a_new_key(now);
            Arc::clone(&self.backlog).police(now).await;
        }
        let salvaged = self.ledger.status().salvaged;
        if self.salvaged.swap(salvaged, Ordering::Relaxed) != salvaged {
            self.book.lock().settle_all();
        }
        let name = &self.destination().name;
        let settle = {
            let mut book = self.book.lock();
            let facts = kept::facts(name, &book, &self.shipper.sizes);
            book.settle(now, everything).map(|settle| Settle { facts, ..settle })
        };
        if let Some(settle) = settle
            && let Err(error) = self.ledger.settle(name, settle.clone()).await
        {
            tracing::error!(destination = %name, %error, "progress could not be stored; it will be repeated");
            self.book.lock().unsettle(settle);
        }
        tell::tell(&self.shipper, &self.backlog, &self.alarms, now);
    }

    /// A key that was not taken may have been replaced since.
    fn look_for_a_new_key(&self, now: Time) {
        let control = &self.shipper.control;
        if control.condition(now).state == State::Credential && self.destination().client.renew() {
            control.resume(now);
        }
    }
}
