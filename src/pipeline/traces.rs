//! The decoded items of traces that something is being done with: a bounded cache over the ledger.
//!
//! The hot path decodes a request once, for all destinations; what has fallen out is decoded again
//! from its records. Nothing here is state: it can be thrown away at any time.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;

use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Time;
use crate::pipeline::fold::Past;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::record;
use crate::pipeline::record::Dialects;
use crate::pipeline::retention::stub;
use crate::pipeline::subject;

/// More traces than this are never held, however small.
const MAX_TRACES: usize = 50_000;

/// The cache.
pub struct Traces {
    ledger: Arc<dyn Ledger>,
    dialects: Dialects,
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

/// Items with their position in the record.
pub type Items = Vec<(u32, Arc<Item>)>;

/// A record's items by the trace they are about, ready to be admitted.
pub struct Admission {
    /// The record.
    pub seq: Seq,
    /// When it was accepted.
    pub at: Time,
    /// How long its traces should be quiet.
    pub quiet: Duration,
    /// Its items by home.
    pub homes: Vec<(SubjectKey, Items)>,
}

impl Traces {
    /// An empty cache that holds about `budget` bytes of decoded items.
    pub fn new(ledger: Arc<dyn Ledger>, dialects: Dialects, budget: usize) -> Self {
        let capacity = NonZeroUsize::new(MAX_TRACES).unwrap_or(NonZeroUsize::MIN);
        Self { ledger, dialects, cache: Mutex::new(Cache { traces: LruCache::new(capacity), bytes: 0 }), budget }
    }

    /// Adds a record's items; the least used traces make room.
    pub fn admit(&self, admission: &Admission) {
        let mut cache = self.cache.lock();
        for (home, items) in &admission.homes {
            cache.add(*home, admission, items);
        }
        cache.shrink(self.budget);
    }

    /// Decodes a record and sorts its items by home; `None` when it cannot be decoded any more.
    pub fn sort(&self, record: &Record) -> Option<Admission> {
        let decoded = record::decode(&self.dialects, record)?;
        let homes: Vec<SubjectKey> = decoded.items.iter().map(|item| home(record, item)).collect();
        Some(sort(record.seq, Time(record.at_ns), &homes, decoded.quiet, record::share(decoded.items)))
    }

    /// Every item accepted about a trace, read from the ledger where the cache lacks it.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn load(&self, project: &str, trace: SubjectKey) -> Result<Arc<TraceItems>, LedgerError> {
        let seqs = self.ledger.seqs_of(trace)?;
        let held = self.cache.lock().traces.get(&trace).map(|cached| Arc::clone(&cached.items));
        let held = held.unwrap_or_default();
        let missing: Vec<Seq> = seqs.into_iter().filter(|seq| held.seqs.binary_search(seq).is_err()).collect();
        if missing.is_empty() && !held.needs_past() {
            return Ok(held);
        }
        let mut whole = held.as_ref().clone();
        let mut orphans = Vec::new();
        for chunk in missing.chunks(64) {
            for admission in self.ledger.get(chunk)?.iter().filter_map(|record| self.sort(record)) {
                take(trace, admission, &mut whole, &mut orphans);
            }
        }
        let spans = whole.span_keys(project);
        for (span, admission, items) in orphans {
            if spans.contains(&span) {
                whole.add(admission.seq, admission.at, admission.quiet, items);
            }
        }
        if whole.needs_past() {
            whole.recall(self.past(project, trace)?);
        }
        let whole = Arc::new(whole);
        let mut cache = self.cache.lock();
        cache.put(trace, Arc::clone(&whole));
        cache.shrink(self.budget);
        Ok(whole)
    }
}

impl Traces {
    /// What is remembered of a trace whose records have gone.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn past(&self, project: &str, trace: SubjectKey) -> Result<Option<Arc<Past>>, LedgerError> {
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
}

type Orphan = (SubjectKey, Admission, Vec<(u32, Arc<Item>)>);

/// Adds a record's items of one trace; those filed under one of its spans wait until its spans are known.
fn take(trace: SubjectKey, mut admission: Admission, whole: &mut TraceItems, orphans: &mut Vec<Orphan>) {
    let homes = std::mem::take(&mut admission.homes);
    if let Some((_, items)) = homes.iter().find(|(home, _)| *home == trace) {
        whole.add(admission.seq, admission.at, admission.quiet, items.iter().cloned());
        return;
    }
    if let [(span, items)] = homes.as_slice() {
        orphans.push((*span, admission, items.clone()));
    }
}

/// An item's home as it was filed: a statement that names a span only stands under the one trace (or
/// orphan) that its record was filed under.
fn home(record: &Record, item: &Item) -> SubjectKey {
    let home = subject::home(&record.project, item);
    match record.traces.as_slice() {
        [only] if item.trace().is_none() => *only,
        _ => home,
    }
}

/// Sorts a record's items by home (`homes` by position).
pub fn sort(seq: Seq, at: Time, filed: &[SubjectKey], quiet: Duration, items: Vec<(u32, Arc<Item>)>) -> Admission {
    let mut homes: Vec<(SubjectKey, Items)> = Vec::new();
    for ((position, item), home) in items.into_iter().zip(filed) {
        match homes.iter_mut().rev().find(|(key, _)| key == home) {
            Some((_, items)) => items.push((position, item)),
            None => homes.push((*home, vec![(position, item)])),
        }
    }
    Admission { seq, at, quiet, homes }
}

impl Cache {
    fn add(&mut self, home: SubjectKey, admission: &Admission, items: &[(u32, Arc<Item>)]) {
        let mut cached = self.traces.pop(&home).unwrap_or_default();
        self.bytes -= cached.bytes;
        let trace = Arc::make_mut(&mut cached.items);
        let known = trace.seqs.len();
        trace.add(admission.seq, admission.at, admission.quiet, items.iter().cloned());
        if trace.seqs.len() > known {
            cached.bytes += items.iter().map(|(_, item)| weight(item)).sum::<usize>();
        }
        self.bytes += cached.bytes;
        self.push(home, cached);
    }

    /// The least used traces make room.
    fn shrink(&mut self, budget: usize) {
        while self.bytes > budget {
            let Some((_, cached)) = self.traces.pop_lru() else { break };
            self.bytes -= cached.bytes;
        }
    }

    fn put(&mut self, home: SubjectKey, items: Arc<TraceItems>) {
        let bytes = items.items().map(|item| weight(item)).sum();
        if let Some(old) = self.traces.pop(&home) {
            self.bytes -= old.bytes;
        }
        self.bytes += bytes;
        self.push(home, Cached { items, bytes });
    }

    fn push(&mut self, home: SubjectKey, cached: Cached) {
        if let Some((_, evicted)) = self.traces.push(home, cached) {
            self.bytes -= evicted.bytes;
        }
    }
}

/// About how many bytes an item takes.
fn weight(item: &Item) -> usize {
    let payload = |payload: &crate::canonical::Field<crate::canonical::Payload>| {
        payload.get().map_or(0, |payload| payload.0.text().len())
    };
    let own = match &item.op {
        Op::Trace(trace) => size_of_val(trace.as_ref()) + payload(&trace.input) + payload(&trace.output),
        Op::Span(span) => {
            let metadata = span.metadata.get().map_or(0, |metadata| metadata.raw().text().len());
            size_of_val(span.as_ref()) + payload(&span.input) + payload(&span.output) + metadata
        }
        Op::Score(score) => size_of_val(score.as_ref()),
        Op::DeleteScore { .. } | Op::Delete(_) => 0,
    };
    own + 256
}
