//! A decoded record, sorted by trace: made once, shared by everything that reads the ledger.

use std::sync::Arc;
use std::time::Duration;

use crate::canonical::Item;
use crate::canonical::Time;
use crate::pipeline::homes::Filed;
use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::record;
use crate::pipeline::record::Dialects;
use crate::pipeline::subject;

/// About how many bytes an item takes beside the text that it came in: its struct, with room for
/// nearly fifty facts, and the allocations that hold them.
const ITEM: usize = 2_048;

/// Items with their position in the record.
pub type Items = Vec<(u32, Arc<Item>)>;

/// A record, decoded.
#[derive(Debug)]
pub struct Admission {
    /// The record.
    pub seq: Seq,
    /// When it was accepted.
    pub at: Time,
    /// The project it was accepted under.
    pub project: Arc<str>,
    /// How many items it had when it was accepted.
    pub count: u32,
    /// How long its traces should be quiet.
    pub quiet: Duration,
    /// Its items by home; `None` when it cannot be decoded any more.
    pub homes: Option<Vec<(SubjectKey, Items)>>,
    /// The spans that it creates.
    pub created: Vec<SubjectKey>,
    /// About how many bytes it takes.
    pub bytes: usize,
    /// Bytes that it takes as stored.
    pub stored: u64,
}

impl Admission {
    /// Decodes a record as today's codec reads it.
    pub fn of(dialects: &Dialects, record: &Record) -> Self {
        let mut admission = Self::unread(record);
        if let Some(decoded) = record::decode(dialects, record) {
            let filed: Vec<SubjectKey> = decoded.items.iter().map(|item| home(record, item)).collect();
            admission.quiet = decoded.quiet;
            admission.created = created(&record.project, &decoded.items);
            admission.bytes = weight(record.body.len(), decoded.items.len());
            admission.homes = Some(by_home(&filed, record::share(decoded.items)));
        }
        admission
    }

    /// A record that is about to be appended; it has no sequence yet, and nobody knows what it will take.
    pub fn expected(draft: &Draft, quiet: Duration, filed: &Filed, items: Vec<Arc<Item>>) -> Self {
        Self {
            seq: 0,
            at: Time(draft.at_ns),
            project: Arc::clone(&draft.project),
            count: draft.items,
            quiet,
            created: filed.created().collect(),
            bytes: weight(draft.body.len(), items.len()),
            stored: 0,
            homes: Some(by_home(&filed.homes, items)),
        }
    }

    /// What is known of a record without its items.
    pub fn unread(record: &Record) -> Self {
        Self {
            seq: record.seq,
            at: Time(record.at_ns),
            project: Arc::clone(&record.project),
            count: record.items,
            quiet: Duration::ZERO,
            homes: None,
            created: Vec::new(),
            bytes: ITEM,
            stored: record.stored,
        }
    }

    /// Its items, by home.
    pub fn items(&self) -> impl Iterator<Item = &(SubjectKey, Items)> {
        self.homes.iter().flatten()
    }
}

/// About how many bytes the items of a body take, decoded.
fn weight(body: usize, items: usize) -> usize {
    body + (1 + items) * ITEM
}

/// Sorts items by home (`filed` by position).
pub fn by_home(filed: &[SubjectKey], items: Vec<Arc<Item>>) -> Vec<(SubjectKey, Items)> {
    let mut homes: Vec<(SubjectKey, Items)> = Vec::new();
    for ((position, item), home) in (0..).zip(items).zip(filed) {
        match homes.iter_mut().rev().find(|(key, _)| key == home) {
            Some((_, items)) => items.push((position, item)),
            None => homes.push((*home, vec![(position, item)])),
        }
    }
    homes
}

/// An item's home as it was filed: a statement that names a span only stands under the one trace (or
/// orphan) that its record was filed under.
fn home(record: &Record, item: &Item) -> SubjectKey {
    match record.traces.as_slice() {
        [only] if item.trace().is_none() => *only,
        _ => subject::home(&record.project, item),
    }
}

fn created(project: &str, items: &[Item]) -> Vec<SubjectKey> {
    let spans = items.iter().filter(|item| item.creates()).filter_map(Item::span);
    spans.map(|span| subject::span(project, span)).collect()
}
