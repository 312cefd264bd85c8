//! Times minted for ids, where a server takes created ids of a certain age only (`id_window`): of whole
//! traces, once and for all, and of single rows that came when their trace's time had left the window.

use std::collections::BTreeMap;

use crate::contract::Outward;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::SubjectKey;

/// The times that a created id may carry somewhere, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The oldest.
    pub oldest: i64,
    /// The furthest ahead.
    pub newest: i64,
    /// What is minted.
    pub now: i64,
}

impl Window {
    /// Whether an id of that time may be created.
    pub fn holds(&self, ms: i64) -> bool {
        (self.oldest..=self.newest).contains(&ms)
    }
}

/// A trace's minted time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minted {
    /// In milliseconds.
    pub ms: i64,
    /// Whether ids take it whatever time they carry themselves.
    pub retimed: bool,
}

impl Minted {
    /// As it is kept: eight bytes, and one more where ids are retimed.
    pub fn fact(self, place: &str, key: SubjectKey) -> Fact {
        let mut value = self.ms.to_be_bytes().to_vec();
        value.extend(self.retimed.then_some(1));
        Fact { space: mint(place), key: key.0.to_be_bytes().to_vec(), value }
    }

    /// The reverse of [`Minted::fact`]'s value.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (ms, rest) = bytes.split_first_chunk()?;
        Some(Self { ms: i64::from_be_bytes(*ms), retimed: !rest.is_empty() })
    }

    /// Tells it to an encode.
    pub fn apply(self, out: &mut Outward) {
        (out.trace_ms, out.retimed) = (self.ms, self.retimed);
    }
}

/// The time minted for a trace at a place, if one was.
///
/// # Errors
/// When the ledger cannot be read.
pub fn minted(ledger: &dyn Ledger, place: &str, key: SubjectKey) -> Result<Option<Minted>, LedgerError> {
    let held = ledger.fact(&mint(place), &key.0.to_be_bytes())?;
    Ok(held.and_then(|held| Minted::read(&held)))
}

/// The times of a trace's rows that have one of their own at a place.
///
/// # Errors
/// When the ledger cannot be read.
pub fn fresh(ledger: &dyn Ledger, place: &str, key: SubjectKey) -> Result<BTreeMap<[u8; 8], i64>, LedgerError> {
    let held = ledger.fact(&fresh_space(place), &key.0.to_be_bytes())?.unwrap_or_default();
    let rows = held.chunks_exact(16).filter_map(|row| {
        let (stem, ms) = row.split_first_chunk()?;
        Some((*stem, i64::from_be_bytes(ms.try_into().ok()?)))
    });
    Ok(rows.collect())
}

/// The fact that [`fresh`] reads.
pub fn fresh_fact(place: &str, key: SubjectKey, rows: &BTreeMap<[u8; 8], i64>) -> Fact {
    let value = rows.iter().flat_map(|(stem, ms)| stem.iter().copied().chain(ms.to_be_bytes())).collect();
    Fact { space: fresh_space(place), key: key.0.to_be_bytes().to_vec(), value }
}

/// The spaces of all facts here, of a destination, or `""` for every one that needs no own.
pub fn spaces(place: &str) -> [String; 2] {
    [mint(place), fresh_space(place)]
}

fn mint(place: &str) -> String {
    format!("mint/{place}")
}

fn fresh_space(place: &str) -> String {
    format!("fresh/{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_minted_is_read_back() {
        for minted in [Minted { ms: 1_795_223_400_000, retimed: false }, Minted { ms: -1, retimed: true }] {
            assert_eq!(Minted::read(&minted.fact("d", SubjectKey(7)).value), Some(minted));
        }
        assert_eq!(Minted::read(&[0, 0, 0, 0, 0, 0, 0, 5]), Some(Minted { ms: 5, retimed: false }));
        assert_eq!(Minted::read(&[1, 2]), None);
    }
}
