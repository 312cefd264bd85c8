//! Reading the ledger for one destination: the fresh lane follows the head, the late lane reads the gaps.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;

use super::book::Book;
use super::book::Lane;
use super::book::News;
use super::job;
use super::ship::Shipper;
use crate::canonical::Time;
use crate::contract::FlushMode;
use crate::pipeline::admission::Admission;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::traces::Traces;

/// Records read at once, and their bytes.
const READ_RECORDS: usize = 64;
const READ_BYTES: usize = 2 * 1024 * 1024;
/// Waiting items of a lane above which no more is read for it: the rest waits in the ledger. What is
/// written as it comes needs no more than the next requests hold, which the cache of decoded records
/// keeps; what waits to be settled is more.
const EAGER_ITEMS: u64 = 5_000;
const SETTLED_ITEMS: u64 = 20_000;
/// Of a destination's share of the disk, each lane reads one part in so many at the most: what is given up
/// when the share is used up need not have been read.
const PART: u64 = 4;
/// How old the next record must be for the fresh lane to leave it to the late one: after a start, and
/// where the destination cannot keep up.
const OLD_AT_START_NS: i64 = 5_000_000_000;
const OLD_WHEN_FULL_NS: i64 = 30_000_000_000;
/// What is younger is never left.
const YOUNG_NS: i64 = 1_000_000_000;

/// One destination's reader.
#[derive(Clone)]
pub(super) struct Reader {
    shipper: Arc<Shipper>,
    ledger: Arc<dyn Ledger>,
    traces: Arc<Traces>,
    book: Arc<Mutex<Book>>,
    /// When the newest record that the fresh lane has read was accepted, or when it had read all.
    newest: Arc<AtomicI64>,
}

/// What to read next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Range {
    lane: Lane,
    after: Seq,
    upto: Seq,
}

impl Reader {
    /// A reader of a destination's book.
    pub(super) fn new(
        shipper: Arc<Shipper>,
        ledger: &Arc<dyn Ledger>,
        traces: &Arc<Traces>,
        book: &Arc<Mutex<Book>>,
    ) -> Self {
        Self {
            shipper,
            ledger: Arc::clone(ledger),
            traces: Arc::clone(traces),
            book: Arc::clone(book),
            newest: Arc::default(),
        }
    }

    /// What to read next; `None`: nothing, or there is no room. `sends`: the destination is written to, so
    /// that what is accepted now could be shown now.
    pub(super) fn next(&self, head: Seq, now: Time, sends: bool) -> Option<Range> {
        let mut book = self.book.lock();
        if book.cursor < head && sends && self.is_behind(&book, now) {
            let old = self.last_before(book.cursor, head, now.plus(-YOUNG_NS));
            book.skip_to(old);
        }
        if book.cursor < head && !self.is_full(&book, Lane::Fresh) {
            return Some(Range { lane: Lane::Fresh, after: book.cursor, upto: head });
        }
        let gap = book.gaps.first().filter(|_| !self.is_full(&book, Lane::Late))?;
        Some(Range { lane: Lane::Late, after: gap.after, upto: gap.upto })
    }

    /// How far the fresh lane is behind what is accepted now, where it could go on: what waits for traces to
    /// settle, or for a limit of the vendor, waits for nothing of ours.
    pub(super) fn behind(&self, head: Seq, now: Time) -> Duration {
        let waits = !self.is_eager() || self.shipper.destination.client.must_wait().is_some();
        if waits || self.book.lock().cursor >= head {
            self.newest.store(now.0, Ordering::Relaxed);
        }
        Duration::from_nanos(u64::try_from(now.0 - self.newest.load(Ordering::Relaxed)).unwrap_or_default())
    }

    fn most(&self) -> u64 {
        if self.is_eager() { EAGER_ITEMS } else { SETTLED_ITEMS }
    }

    /// Bytes of what waits in a lane above which no more is read for it.
    fn most_bytes(&self) -> u64 {
        self.shipper.destination.backlog.size.div_ceil(PART)
    }

    fn is_full(&self, book: &Book, lane: Lane) -> bool {
        book.pending_in(lane) >= self.most() || book.stored_in(lane) >= self.most_bytes()
    }

    fn is_eager(&self) -> bool {
        self.shipper.destination.routes.values().all(|route| route.flush == FlushMode::Eager)
    }

    /// Whether the fresh lane is so full, or so far behind after a start, that what is accepted now would
    /// wait for what was accepted long ago.
    fn is_behind(&self, book: &Book, now: Time) -> bool {
        let old = match self.is_full(book, Lane::Fresh) {
            true => OLD_WHEN_FULL_NS,
            false if book.is_new() => OLD_AT_START_NS,
            false => return false,
        };
        let room = book.pending() < 2 * self.most() && book.stored() < 2 * self.most_bytes();
        room && book.gaps.has_room() && self.accepted_after(book.cursor).is_some_and(|at| now.0 - at.0 > old)
    }

    /// The last record above `after`, up to the head, that was accepted before a time; `after` where none was.
    fn last_before(&self, after: Seq, head: Seq, time: Time) -> Seq {
        let (mut before, mut since) = (after, head);
        while before < since {
            let middle = before + (since - before) / 2;
            match self.accepted_after(middle) {
                Some(at) if at < time => before = middle + 1,
                _ => since = middle,
            }
        }
        before
    }

    /// When the next record above one was accepted.
    fn accepted_after(&self, after: Seq) -> Option<Time> {
        self.ledger.first_after(after).ok().flatten().map(|(_, at)| Time(at))
    }

    /// Reads and notes; whether there may be more at once.
    pub(super) fn read(&self, range: Range) -> bool {
        let Range { lane, after, upto } = range;
        let records = usize::try_from(upto - after).unwrap_or(READ_RECORDS).min(READ_RECORDS);
        let routed = |project: &str| self.shipper.destination.routes.contains_key(project);
        match self.traces.range(after, records, READ_BYTES, routed) {
            Ok(admissions) => {
                let within: Vec<_> = admissions.iter().take_while(|admission| admission.seq <= upto).collect();
                within.iter().for_each(|admission| self.note(admission, lane));
                if within.is_empty() {
                    // Retention took what was there.
                    self.book.lock().read(upto, lane, 0);
                }
                true
            }
            Err(LedgerError::Corrupt(seq)) => {
                tracing::error!(seq, "a record is corrupt and is stepped over");
                let items = self.items_of(seq);
                self.book.lock().unreadable(seq, lane, items);
                true
            }
            Err(error) => {
                tracing::error!(%error, "the ledger cannot be read");
                false
            }
        }
    }

    /// How many items a record that cannot be read routed here.
    fn items_of(&self, seq: Seq) -> u64 {
        let weights = self.ledger.weigh(seq - 1, seq).unwrap_or_default();
        let routed = |project: &Arc<str>| self.shipper.destination.routes.contains_key(project);
        weights.iter().filter(|(project, _)| routed(project)).map(|(_, weight)| weight.items).sum()
    }

    /// Notes what one record says about each trace it names.
    fn note(&self, admission: &Admission, lane: Lane) {
        let Admission { seq, at, project, count, quiet, homes, created, bytes, stored } = admission;
        if lane == Lane::Fresh {
            self.newest.store(at.0, Ordering::Relaxed);
        }
        let mut book = self.book.lock();
        let Some(route) = self.shipper.destination.routes.get(project) else {
            book.read(*seq, lane, 0);
            return;
        };
        let Some(homes) = homes else {
            tracing::error!(seq, "a record cannot be decoded any more and is quarantined");
            book.unreadable(*seq, lane, u64::from(*count));
            return;
        };
        let all: u64 = homes.iter().map(|(_, items)| items.len() as u64).sum();
        book.read(*seq, lane, all);
        // What is of the future was accepted before the clock was set back.
        let due = job::due(route, *quiet, (*at).min(self.shipper.now()));
        for (trace, items) in homes {
            let items = items.len() as u64;
            let bytes = *bytes as u64 * items / all.max(1);
            let stored = *stored as f64 * items as f64 / all.max(1) as f64;
            book.note(&News { trace: *trace, project, seq: *seq, at: *at, items, bytes, stored, due }, lane);
        }
        for span in created {
            book.wake(*span, due);
        }
    }
}
