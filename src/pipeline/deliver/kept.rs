//! What is kept of a destination beside its progress: where its routes began, how large its requests may
//! be, what was given up unread.

use super::book::Book;
use super::sizes::Sizes;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Open;
use crate::pipeline::ledger::Seq;
use crate::pipeline::traces::Traces;

const STARTS: &str = "starts";
const SIZES: &str = "sizes";
const FORGONE: &str = "forgone";

/// Notes that a destination's routes begin with what is accepted from now on, unless they began before.
///
/// # Errors
/// When the ledger does not answer.
pub(super) async fn begin(ledger: &dyn Ledger, destination: &str) -> Result<(), LedgerError> {
    let head = ledger.head().to_be_bytes().to_vec();
    ledger.put_if_absent(vec![fact(STARTS, destination, head)]).await.map(drop)
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
    let count = |open: &Open| -> Result<u64, LedgerError> {
        Ok(traces.load(&open.project, open.trace)?.count_between(open.shown, base))
    };
    let mut book = Book::restore((base, progress.gaps), progress.counters, progress.open, count)?;
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
