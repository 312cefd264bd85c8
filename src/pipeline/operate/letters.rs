//! Dead letters, listed and shown.

use std::sync::Arc;

use bytes::Bytes;

use super::Operator;
use crate::canonical::Time;
use crate::contract::LetterFilter;
use crate::contract::LetterLine;
use crate::contract::LetterList;
use crate::contract::LetterPage;
use crate::contract::Place;
use crate::pipeline::explain::place;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Letter;
use crate::pipeline::ledger::Letters;

/// Letters in a list, unless another limit is asked for; and the highest that is granted.
const LISTED: usize = 50;
const MOST: usize = 1_000;

/// Letters read at once: each may hold a request of tens of kilobytes.
const PAGE: usize = 64;

impl Operator {
    pub(super) fn list(&self, wanted: &LetterFilter) -> Result<LetterList, LedgerError> {
        let limit = wanted.limit.unwrap_or(LISTED).clamp(1, MOST);
        let wanted = filter(wanted);
        let total = self.ledger().count_letters(&wanted)?;
        let mut letters = Vec::new();
        self.each_page(wanted, limit, |page| {
            for letter in page {
                letters.push(self.line(letter)?);
            }
            Ok(())
        })?;
        Ok(LetterList { total, letters })
    }

    /// Visits so many letters of a filter, page by page.
    pub(super) fn each_page(
        &self,
        mut wanted: Letters,
        mut most: usize,
        mut visit: impl FnMut(&[Letter]) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        while most > 0 {
            wanted.limit = most.min(PAGE);
            let page = self.ledger().letters(&wanted)?;
            visit(&page)?;
            match page.last() {
                Some(last) if page.len() == PAGE => wanted.above = last.id,
                _ => return Ok(()),
            }
            most -= page.len();
        }
        Ok(())
    }

    pub(super) fn page(&self, id: u64) -> Result<Option<LetterPage>, LedgerError> {
        let held = self.ledger().letters(&Letters { ids: vec![id], ..Letters::default() })?;
        let Some(letter) = held.into_iter().next() else { return Ok(None) };
        let records = self.ledger().get(&letter.seqs)?;
        let items = self.explain.outwards.traces.load(&letter.project, letter.trace)?;
        let records = records.iter().map(|record| {
            let items = items.count_between(record.seq - 1, record.seq);
            crate::pipeline::explain::line(record, items)
        });
        Ok(Some(LetterPage {
            line: self.line(&letter)?,
            request: text(&letter.request),
            answer: text(&letter.answer),
            records: records.collect(),
        }))
    }

    fn line(&self, letter: &Letter) -> Result<LetterLine, LedgerError> {
        Ok(LetterLine {
            id: letter.id,
            destination: letter.destination.to_string(),
            project: letter.project.to_string(),
            trace: self.native_id(letter)?,
            target: letter.target.clone(),
            items: letter.items,
            reason: letter.reason.clone(),
            why: letter.why.clone(),
            status: letter.status,
            attempts: letter.attempts,
            first: Time(letter.first_at_ns).exact(),
            dead: Time(letter.dead_at_ns).exact(),
            state: self.place(letter),
        })
    }

    fn native_id(&self, letter: &Letter) -> Result<Option<String>, LedgerError> {
        let held = self.explain.at_home(&Arc::clone(&letter.project), letter.trace)?;
        Ok(held.map(|held| held.id.to_string()))
    }

    /// Where the letter's trace has got to since.
    fn place(&self, letter: &Letter) -> Place {
        let Some(outlet) = self.outlet(&letter.destination) else { return Place::Parked };
        outlet.book.lock().trace(letter.trace).map_or(Place::Shown, |state| place(state.state))
    }
}

/// A filter as the ledger takes it, without a limit.
pub(super) fn filter(wanted: &LetterFilter) -> Letters {
    let nanos = |stamp: jiff::Timestamp| i64::try_from(stamp.as_nanosecond()).unwrap_or(i64::MAX);
    Letters {
        destination: wanted.destination.clone(),
        project: wanted.project.clone(),
        reason: wanted.reason.clone(),
        from_ns: wanted.since.map(nanos),
        to_ns: wanted.until.map(nanos),
        ids: wanted.ids.clone(),
        above: wanted.above.unwrap_or_default(),
        ..Letters::default()
    }
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
