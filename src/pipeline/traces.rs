//! What is known of traces that something is being done with: a bounded cache over the ledger.
//!
//! The hot path decodes a request once, for all destinations; what has fallen out is decoded again
//! from its records. Nothing here is state: it can be thrown away at any time.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;

use crate::canonical::Field;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Payload;
use crate::pipeline::admission::Admission;
use crate::pipeline::admission::Items;
use crate::pipeline::fold::Past;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Place;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::recent::Recent;
use crate::pipeline::record::Dialects;
use crate::pipeline::retention::stub;

/// More traces than this are never held, however small.
const MAX_TRACES: usize = 50_000;

/// Records read at once to complete a trace.
const CHUNK: usize = 64;

/// The cache.
pub struct Traces {
    ledger: Arc<dyn Ledger>,
    dialects: Dialects,
    recent: Recent,
    cache: Mutex<Cache>,
    budget: usize,
}

struct Cache {
    traces: LruCache<SubjectKey, Cached>,
    bytes: usize,
}

#[derive(Default)]
struct Cached {
    items: Arc<TraceItems>,
    bytes: usize,
}

impl Traces {
    /// An empty cache that holds about `budget` bytes of decoded items.
    pub fn new(ledger: Arc<dyn Ledger>, dialects: Dialects, budget: usize) -> Self {
        let capacity = NonZeroUsize::new(MAX_TRACES).unwrap_or(NonZeroUsize::MIN);
        let cache = Mutex::new(Cache { traces: LruCache::new(capacity), bytes: 0 });
        // Traces share their items with the records they came in. What was read back must hold what a courier
        // reads ahead, or each trace of it would have its records read and decoded once more.
        let part = budget / 12;
        Self { ledger, dialects, recent: Recent::new(6 * part, 5 * part), cache, budget: 3 * part }
    }

    /// Holds a decoded record that is about to be appended.
    pub fn expect(&self, place: Place, admission: Admission) {
        self.recent.expect(place, admission);
    }

    /// Records above `after`, ascending, up to both limits, decoded: like [`Ledger::range`], but from
    /// memory where they are held. Those of projects that are not wanted may have no items.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn range(
        &self,
        after: Seq,
        records: usize,
        bytes: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Arc<Admission>>, LedgerError> {
        let missing = match self.recent.run(after, records) {
            Ok(run) => return Ok(run),
            Err(missing) => missing,
        };
        let admit = |record: &Record| match wanted(&record.project) {
            true => self.admit(record),
            false => Arc::new(Admission { homes: Some(Vec::new()), ..Admission::unread(record) }),
        };
        Ok(self.ledger.range(after, missing, bytes)?.iter().map(admit).collect())
    }

    /// Decodes a record, or finds it decoded.
    pub fn admit(&self, record: &Record) -> Arc<Admission> {
        self.recent.get(record.seq).unwrap_or_else(|| {
            let admission = Arc::new(Admission::of(&self.dialects, record));
            self.recent.put(Arc::clone(&admission));
            admission
        })
    }

    /// Every item accepted about a trace, read from the ledger where the cache lacks it.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn load(&self, project: &str, trace: SubjectKey) -> Result<Arc<TraceItems>, LedgerError> {
        // Of what comes meanwhile the index may tell before it can be read.
        let head = self.ledger.head();
        let mut seqs = self.ledger.seqs_of(trace)?;
        seqs.retain(|seq| *seq <= head);
        let held = self.cache.lock().traces.get(&trace).map(|cached| Arc::clone(&cached.items)).unwrap_or_default();
        let is_missing = |seq: &Seq| held.seqs.binary_search(seq).is_err() && !held.lost.contains(seq);
        let missing: Vec<Seq> = seqs.into_iter().filter(is_missing).collect();
        if missing.is_empty() && !held.needs_past() {
            return Ok(held);
        }
        let (admissions, lost) = self.admissions(missing)?;
        let spans = match admissions.iter().any(|admission| has_strays(admission)) {
            true => spans(project, trace, &held, &admissions),
            false => HashSet::new(),
        };
        // What makes room is let go of after the lock, on which every courier waits.
        let (whole, _gone) = {
            let mut cache = self.cache.lock();
            let wanted = |home: &SubjectKey| *home == trace || spans.contains(home);
            let whole = cache.add((trace, held), (&admissions, &lost), wanted);
            (whole, cache.shrink(self.budget))
        };
        if !whole.needs_past() {
            return Ok(whole);
        }
        let past = self.past(project, trace)?;
        Ok(self.cache.lock().recall(trace, whole, past))
    }

    /// What is remembered of a trace whose records have gone.
    fn past(&self, project: &str, trace: SubjectKey) -> Result<Option<Arc<Past>>, LedgerError> {
        let stubs = self.ledger.stubs(trace)?;
        let stub = stubs.iter().find(|stub| stub.trace == trace && *stub.project == *project);
        Ok(stub.and_then(|stub| stub::past(&self.dialects, stub)).map(Arc::new))
    }

    /// Drops traces whose records have gone.
    pub fn forget(&self, traces: impl IntoIterator<Item = SubjectKey>) {
        let mut cache = self.cache.lock();
        for trace in traces {
            if let Some(cached) = cache.traces.pop(&trace) {
                cache.bytes -= cached.bytes;
            }
        }
    }

    /// Records by sequence, decoded, and those of them that cannot be read or decoded any more.
    fn admissions(&self, mut seqs: Vec<Seq>) -> Result<(Vec<Arc<Admission>>, Vec<Seq>), LedgerError> {
        let mut admissions = Vec::with_capacity(seqs.len());
        seqs.retain(|seq| match self.recent.get(*seq) {
            Some(admission) => {
                admissions.push(admission);
                false
            }
            None => true,
        });
        for chunk in seqs.chunks(CHUNK) {
            admissions.extend(self.get(chunk.to_vec())?.iter().map(|record| self.admit(record)));
        }
        admissions.sort_unstable_by_key(|admission| admission.seq);
        let read = |seq: &Seq| {
            let found = admissions.binary_search_by_key(seq, |admission| admission.seq);
            found.is_ok_and(|at| admissions[at].homes.is_some())
        };
        seqs.retain(|seq| !read(seq));
        Ok((admissions, seqs))
    }

    /// Those of these records that can be read; the ledger puts the others aside.
    fn get(&self, mut seqs: Vec<Seq>) -> Result<Vec<Record>, LedgerError> {
        loop {
            match self.ledger.get(&seqs) {
                Err(LedgerError::Corrupt(corrupt)) => seqs.retain(|seq| *seq != corrupt),
                read => return read,
            }
        }
    }
}

/// Whether a record has items that name a span and not its trace, and so may be filed under the span.
fn has_strays(admission: &Admission) -> bool {
    admission.items().any(|(_, items)| items.iter().any(|(_, item)| item.trace().is_none()))
}

/// The spans of a trace, as all that is known of it says.
fn spans(project: &str, trace: SubjectKey, held: &TraceItems, admissions: &[Arc<Admission>]) -> HashSet<SubjectKey> {
    let mut spans = held.span_keys(project);
    for admission in admissions {
        let mut own = TraceItems::default();
        own.add(admission.seq, admission.at, admission.quiet, of(admission, |home| *home == trace));
        spans.extend(own.span_keys(project));
    }
    spans
}

/// A record's items whose home is wanted.
fn of(admission: &Admission, wanted: impl Fn(&SubjectKey) -> bool) -> Items {
    admission.items().filter(|(home, _)| wanted(home)).flat_map(|(_, items)| items).cloned().collect()
}

impl Cache {
    /// Adds a trace's items of some records to what is held of it; the whole trace.
    fn add(
        &mut self,
        (trace, held): (SubjectKey, Arc<TraceItems>),
        (admissions, lost): (&[Arc<Admission>], &[Seq]),
        wanted: impl Fn(&SubjectKey) -> bool,
    ) -> Arc<TraceItems> {
        let mut cached = self.take(trace, held);
        let whole = Arc::make_mut(&mut cached.items);
        whole.lost.extend(lost);
        for admission in admissions {
            let items = of(admission, &wanted);
            if !items.is_empty() && whole.seqs.binary_search(&admission.seq).is_err() {
                cached.bytes += items.iter().map(|(_, item)| weight(item)).sum::<usize>();
                whole.add(admission.seq, admission.at, admission.quiet, items);
            }
        }
        self.bytes += cached.bytes;
        let whole = Arc::clone(&cached.items);
        if let Some((_, evicted)) = self.traces.push(trace, cached) {
            self.bytes -= evicted.bytes;
        }
        whole
    }

    /// Adds what is remembered of a trace; the whole trace.
    fn recall(&mut self, trace: SubjectKey, whole: Arc<TraceItems>, past: Option<Arc<Past>>) -> Arc<TraceItems> {
        let mut cached = self.take(trace, whole);
        Arc::make_mut(&mut cached.items).recall(past);
        self.bytes += cached.bytes;
        let whole = Arc::clone(&cached.items);
        if let Some((_, evicted)) = self.traces.push(trace, cached) {
            self.bytes -= evicted.bytes;
        }
        whole
    }

    /// Takes a trace out; `held` is what was seen of it a moment ago, in case it has made room since. What
    /// is cached holds no less, and is let go of here, so that adding need not copy it.
    fn take(&mut self, trace: SubjectKey, held: Arc<TraceItems>) -> Cached {
        match self.traces.pop(&trace) {
            Some(cached) => {
                self.bytes -= cached.bytes;
                cached
            }
            None => Cached { bytes: held.items().map(|item| weight(item)).sum(), items: held },
        }
    }

    /// The least used traces make room.
    fn shrink(&mut self, budget: usize) -> Vec<Cached> {
        let mut gone = Vec::new();
        while self.bytes > budget {
            let Some((_, cached)) = self.traces.pop_lru() else { break };
            self.bytes -= cached.bytes;
            gone.push(cached);
        }
        gone
    }
}

/// About how many bytes an item takes.
fn weight(item: &Item) -> usize {
    let payload = |payload: &Field<Payload>| payload.get().map_or(0, |payload| payload.0.text().len());
    let own = match &item.op {
        Op::Trace(trace) => size_of_val(trace.as_ref()) + payload(&trace.input) + payload(&trace.output),
        Op::Span(span) => {
            let metadata = span.metadata.get().map_or(0, |metadata| metadata.raw().text().len());
            size_of_val(span.as_ref()) + payload(&span.input) + payload(&span.output) + metadata
        }
        Op::Score(score) => size_of_val(score.as_ref()),
        Op::DeleteScore { .. } | Op::Delete(_) => 0,
    };
    own + 768
}
