//! What is kept of a destination beside its progress: where its routes began, how large its requests may
//! be, what was given up unread.

use super::book::Book;
use super::book::Left;
use super::sizes::Sizes;
use crate::canonical::Time;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Open;
use crate::pipeline::ledger::Progress;
use crate::pipeline::ledger::Seq;
use crate::pipeline::traces::Traces;
use crate::telemetry::alarm::Alarms;
use crate::telemetry::alarm::Kind;

const STARTS: &str = "starts";
const SIZES: &str = "sizes";
const FORGONE: &str = "forgone";

/// Notes that a destination's routes begin with what is accepted from now on, unless they began before.
///
/// # Errors
/// When the ledger does not answer.
pub(super) async fn begin(ledger: &dyn Ledger, destination: &str) -> Result<(), LedgerError> {
    // One that has settled something is not new, though damage took what said when it began.
    let start = if ledger.progress(destination)? == Progress::default() { ledger.head() } else { 0 };
    ledger.put_if_absent(vec![fact(STARTS, destination, start.to_be_bytes().to_vec())]).await.map(drop)
}

/// Tells of notes that could not be read.
pub(super) fn doubt(book: &Book, destination: &str, alarms: &Alarms, now_ns: i64) {
    if book.doubted.is_empty() {
        return;
    }
    for trace in &book.doubted {
        tracing::error!(destination, trace = trace.0, "a courier's note cannot be read; its trace is looked at again");
    }
    let text = format!("notes of {} traces could not be read; all of each is sent again", book.doubted.len());
    alarms.raise(Kind::Salvaged, Some(destination), &text, now_ns);
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
    let load = |open: &Open| {
        let held = traces.load(&open.project, open.trace)?;
        let mut lost = 0;
        for seq in held.lost.iter().filter(|seq| **seq <= base) {
            lost += ledger.weigh(seq - 1, *seq)?.values().map(|weight| weight.items).sum::<u64>();
        }
        let next = ledger.first_after(open.first.saturating_sub(1))?;
        let at = Time(next.map_or(i64::MAX, |(_, at_ns)| at_ns));
        Ok::<_, LedgerError>(Left { held, lost, at })
    };
    let mut book = Book::restore((base, progress.gaps), progress.counters, progress.open, load)?;
    let forgone = ledger.fact(FORGONE, destination.as_bytes())?;
    book.recall_forgone(forgone.and_then(|held| serde_json::from_slice(&held).ok()).unwrap_or_default());
    Ok((book, start))
}

/// What was learnt of a destination's sizes.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn sizes(ledger: &dyn Ledger, destination: &str) -> Result<Sizes, LedgerError> {
    Ok(Sizes::of(ledger.fact(SIZES, destination.as_bytes())?))
}

/// What to store with the next settled step.
pub(super) fn facts(destination: &str, book: &Book, sizes: &Sizes) -> Vec<Fact> {
    let sizes = sizes.stored().map(|value| fact(SIZES, destination, value));
    let forgone = book.forgone_news().and_then(|forgone| serde_json::to_vec(forgone).ok());
    sizes.into_iter().chain(forgone.map(|value| fact(FORGONE, destination, value))).collect()
}

fn fact(space: &str, destination: &str, value: Vec<u8>) -> Fact {
    Fact { space: space.to_owned(), key: destination.as_bytes().to_vec(), value }
}
