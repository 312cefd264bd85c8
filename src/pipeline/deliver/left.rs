//! What is left behind for a destination that is not configured any more: counted, held back from
//! retention, or given up.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use super::Pins;
use super::Route;
use super::State;
use super::kept;
use crate::canonical::Time;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Letters;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::traces::Traces;

/// Letters read at once: each may hold a request of tens of kilobytes.
const PAGE: usize = 64;

/// A destination that is not configured, as it was.
pub struct Left<'a> {
    /// Its name.
    pub name: &'a str,
    /// The routes that it had.
    pub routes: &'a BTreeMap<Arc<str>, Route>,
}

/// What waits for it.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    /// Items that would go out if it were configured.
    pub items: u64,
    /// Its dead letters.
    pub letters: u64,
    /// What retention must not take away of that.
    pub pins: Pins,
}

impl Left<'_> {
    /// What waits; of what it had not looked at, what was accepted up to a record is held back.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn waits(&self, ledger: &dyn Ledger, traces: &Traces, upto: Seq) -> Result<Waits, LedgerError> {
        let (book, _) = kept::recall(ledger, traces, self.name)?;
        let head = Gap { after: book.cursor, upto: ledger.head() };
        let mut items = book.pending();
        for gap in book.gaps.all().chain([head]) {
            items += self.routed(ledger, gap)?;
        }
        let letters = ledger.count_letters(&self.letters())?;
        let mut pins = book.pins();
        pins.gaps.push(Gap { after: pins.base, upto });
        // What is accepted from now on is not promised to it.
        pins.base = Seq::MAX;
        Ok(Waits { items, letters, pins })
    }

    /// Gives up all that waits, dead letters too: how much that is, and the step that says so.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn give_up(&self, ledger: &dyn Ledger, traces: &Traces, now: Time) -> Result<(Waits, Settle), LedgerError> {
        let (mut book, _) = kept::recall(ledger, traces, self.name)?;
        let mut waits = Waits { letters: ledger.count_letters(&self.letters())?, ..Waits::default() };
        book.skip_to(ledger.head());
        while let Some(gap) = book.gaps.first() {
            let items = self.routed(ledger, gap)?;
            book.expire_unread(gap.upto, items);
            waits.items += items;
        }
        waits.items += book.expire_waiting(Time(i64::MAX), u64::MAX);
        let parked = book.traces().filter(|(_, state)| state.state == State::Parked).map(|(trace, _)| *trace);
        for trace in parked.collect::<Vec<_>>() {
            book.discard(trace);
        }
        book.settle_all();
        let facts = kept::facts(self.name, &book, &kept::sizes(ledger, self.name)?);
        let settle = book.settle(now, true).ok_or_else(|| LedgerError::Store("a book says nothing".to_owned()))?;
        let mut withdrawn: HashSet<SubjectKey> = settle.withdrawn.iter().copied().collect();
        withdrawn.extend(self.lettered(ledger)?);
        Ok((waits, Settle { facts, withdrawn: withdrawn.into_iter().collect(), ..settle }))
    }

    /// Items of a stretch that its routes lead there.
    fn routed(&self, ledger: &dyn Ledger, gap: Gap) -> Result<u64, LedgerError> {
        let weights = ledger.weigh(gap.after, gap.upto)?;
        let routed = weights.iter().filter(|(project, _)| self.routes.contains_key(*project));
        Ok(routed.map(|(_, weight)| weight.items).sum())
    }

    fn letters(&self) -> Letters {
        Letters { destination: Some(self.name.to_owned()), ..Letters::default() }
    }

    /// The traces of its dead letters.
    fn lettered(&self, ledger: &dyn Ledger) -> Result<HashSet<SubjectKey>, LedgerError> {
        let mut wanted = Letters { limit: PAGE, ..self.letters() };
        let mut traces = HashSet::new();
        loop {
            let page = ledger.letters(&wanted)?;
            traces.extend(page.iter().map(|letter| letter.trace));
            match page.last() {
                Some(last) if page.len() == PAGE => wanted.above = last.id,
                _ => return Ok(traces),
            }
        }
    }
}
