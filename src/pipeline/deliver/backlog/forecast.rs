//! What to tell an operator before a share of the disk is used up: when it will be, and what would help.

use std::num::NonZeroU32;

use super::Backlog;
use super::Count;
use crate::contract::Rates;
use crate::pipeline::deliver;

/// More comes in than goes out, or than a vendor's limits let out: worth a word when the share is full
/// within so many minutes.
const A_DAY: f64 = 24.0 * 60.0;
/// The vendor takes next to nothing for now, and would take what comes: most come back sooner than that.
const AN_HOUR: f64 = 60.0;

impl Backlog {
    /// What to tell an operator when more comes in than can go out.
    pub(super) fn warning(&self, count: &Count) -> Option<String> {
        let rates = self.rates();
        let growing = rates.accepted - rates.delivered - rates.dead;
        let pending = count.items.pending as f64;
        // Less than a minute's worth is no backlog.
        if growing <= rates.accepted / 10.0 || pending < rates.accepted {
            return None;
        }
        let room = self.destination.backlog.size.saturating_sub(count.bytes) as f64;
        let minutes = room * pending / (growing * count.bytes as f64);
        let fit = self.fits(&rates);
        if minutes > soon(&rates, fit) || count.bytes == 0 {
            return None;
        }
        Some(format!(
            "{:.0} items a minute come in and {:.0} go out: its share of the disk is full in {minutes:.0} minutes; {}",
            rates.accepted,
            rates.delivered,
            remedy(
                self.destination.client.keys(),
                rates.accepted,
                fit.unwrap_or(rates.delivered),
                is_away(&rates, fit)
            ),
        ))
    }

    /// Items a minute that may go out: what the buckets let through, at a trace a request, or what went
    /// out lately, where that is more; `None`: there is no bucket.
    fn fits(&self, rates: &Rates) -> Option<f64> {
        let deliver::Rates { requests, items, .. } = self.destination.egress;
        let keys = self.destination.client.keys() as f64;
        let of = |rate: Option<NonZeroU32>, each: f64| rate.map(|rate| f64::from(rate.get()) * keys * each);
        let least = [of(requests, self.items_a_trace()), of(items, 1.0)].into_iter().flatten().reduce(f64::min);
        least.map(|least| least.max(rates.delivered))
    }

    /// Of the traces that wait.
    fn items_a_trace(&self) -> f64 {
        let book = self.book.lock();
        let waiting = book.traces().filter(|(_, trace)| trace.items > 0).count();
        (book.pending() as f64 / waiting.max(1) as f64).max(1.0)
    }
}

/// Within how many minutes a share must be full to be worth a word.
fn soon(rates: &Rates, fit: Option<f64>) -> f64 {
    if is_away(rates, fit) { AN_HOUR } else { A_DAY }
}

/// Whether the vendor takes next to nothing although its limits, as far as they are known, let it.
fn is_away(rates: &Rates, fit: Option<f64>) -> bool {
    fit.is_none_or(|fit| rates.accepted <= fit) && rates.delivered + rates.dead < rates.accepted / 10.0
}

/// What would let so many items a minute out, where so many may go.
fn remedy(keys: usize, come: f64, fit: f64, away: bool) -> String {
    if away || come <= fit {
        return "its limits would let them out, so look at what the vendor answers".to_owned();
    }
    let times = come / fit.max(1.0);
    format!("this route needs {:.0} keys, or a sample of 1 in {:.0}", (keys as f64 * times).ceil(), times.ceil())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_needs_more_keys_or_a_sample() {
        for (keys, come, fit, told) in [
            (1, 1_000.0, 90.0, "this route needs 12 keys, or a sample of 1 in 12"),
            (2, 1_000.0, 180.0, "this route needs 12 keys, or a sample of 1 in 6"),
            (1, 91.0, 90.0, "this route needs 2 keys, or a sample of 1 in 2"),
            (1, 90.0, 90.0, "its limits would let them out, so look at what the vendor answers"),
            (1, 100.0, 0.0, "this route needs 100 keys, or a sample of 1 in 100"),
        ] {
            assert_eq!(remedy(keys, come, fit, false), told);
        }
        let told = "its limits would let them out, so look at what the vendor answers";
        assert_eq!(remedy(1, 100.0, 0.0, true), told);
    }

    #[test]
    fn a_vendor_that_is_away_is_worth_a_word_later_than_one_that_takes_too_little() {
        for (accepted, delivered, fit, minutes) in [
            (60.0, 0.0, None, 60.0),
            (60.0, 5.0, None, 60.0),
            (60.0, 6.0, None, 1_440.0),
            (60.0, 0.0, Some(90.0), 60.0),
            (60.0, 0.0, Some(59.0), 1_440.0),
            (60.0, 30.0, Some(90.0), 1_440.0),
        ] {
            assert_eq!(soon(&Rates { accepted, delivered, dead: 0.0 }, fit), minutes);
        }
    }
}
