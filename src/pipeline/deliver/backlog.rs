//! What waits for one destination, and its share of the disk: when the share is used up its own policy
//! applies, before anybody is refused (`design.md §5`).

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Destination;
use super::Overflow;
use super::book::Book;
use crate::canonical::Time;
use crate::contract::Items;
use crate::contract::Rates;
use crate::pipeline::ledger::Counters;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Weight;
use crate::pipeline::steady::Steady;

/// How often the disk is asked.
const EVERY_NS: i64 = 1_000_000_000;
/// How long rates look back, and the least that says anything.
const MINUTE_NS: i64 = 60_000_000_000;
const LEAST_NS: i64 = 5_000_000_000;
/// Of a share that is used up, this much is given up at once, so that the policy does not run for each
/// request.
const EASE: u64 = 20;
/// Records looked at for what an item weighs, where none is unread.
const LAST: u64 = 1_000;
/// How long the alarm that something was given up stands.
const EXPIRED_NS: i64 = 600_000_000_000;

/// One destination's backlog.
pub struct Backlog {
    destination: Arc<Destination>,
    ledger: Arc<dyn Ledger>,
    book: Arc<Mutex<Book>>,
    figures: Mutex<Figures>,
    /// What expires does so by a clock that is not believed when it jumps.
    steady: Mutex<Steady>,
    past: Mutex<VecDeque<(Time, Items)>>,
}

/// What waits, as last looked at.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Items, those that have not been looked at among them.
    pub items: u64,
    /// Those that have not been looked at.
    pub unread: u64,
    /// Bytes of the requests that hold them.
    pub bytes: u64,
    /// When the oldest was accepted.
    pub oldest: Option<Time>,
    /// Whether the share is used up and new requests are to be refused.
    pub refuses: bool,
    /// A sentence for an operator: more comes in than can go out.
    pub warning: Option<String>,
    /// A sentence for an operator: some of it was given up.
    pub expired: Option<String>,
    at: Time,
    expired_at: Option<Time>,
    /// Items accepted for the destination, those that have not been looked at among them.
    accepted: u64,
    /// Items given up by the policy since the start.
    given_up: u64,
}

impl Figures {
    /// How old the oldest item is.
    pub fn age(&self, now: Time) -> Duration {
        let oldest = self.oldest.map_or(0, |oldest| now.0 - oldest.0);
        Duration::from_nanos(u64::try_from(oldest).unwrap_or_default())
    }
}

impl Backlog {
    pub(super) fn new(
        destination: Arc<Destination>,
        ledger: &Arc<dyn Ledger>,
        book: &Arc<Mutex<Book>>,
        now: Time,
    ) -> Self {
        let (ledger, book) = (Arc::clone(ledger), Arc::clone(book));
        let (figures, steady) = (Mutex::default(), Mutex::new(Steady::new(now.0)));
        Self { destination, ledger, book, figures, steady, past: Mutex::default() }
    }

    /// Notes items that an operator gave up: no policy did, so that is no alarm.
    pub fn dropped(&self, items: u64) {
        self.figures.lock().given_up += items;
    }

    /// What waits, as last looked at.
    pub fn figures(&self) -> Figures {
        self.figures.lock().clone()
    }

    /// Every item accepted for the destination, by what has become of it.
    pub fn items(&self) -> Items {
        self.count().map_or_else(|_| self.items_lately(), |(items, _)| items)
    }

    /// The same, without what was accepted since the last look.
    pub(super) fn items_lately(&self) -> Items {
        let accepted = self.figures.lock().accepted;
        let book = self.book.lock();
        account(&book, accepted.saturating_sub(book.counters.accepted))
    }

    /// Items a minute, over the last minute.
    pub fn rates(&self) -> Rates {
        let past = self.past.lock();
        let (Some((from, first)), Some((to, last))) = (past.front(), past.back()) else { return Rates::default() };
        if to.0 - from.0 < LEAST_NS {
            return Rates::default();
        }
        let rate =
            |first: u64, last: u64| last.saturating_sub(first) as f64 * MINUTE_NS as f64 / (to.0 - from.0) as f64;
        Rates {
            accepted: rate(first.accepted, last.accepted),
            delivered: rate(first.delivered, last.delivered),
            dead: rate(first.dead, last.dead),
        }
    }

    /// Looks at what waits, about every second, and applies the policy where it is too much.
    pub(super) async fn police(self: Arc<Self>, now: Time) {
        if (now.0 - self.figures.lock().at.0).abs() < EVERY_NS {
            return;
        }
        let looked = tokio::task::spawn_blocking(move || self.look(now)).await;
        if let Ok(Err(error)) = looked {
            tracing::error!(%error, "the backlog could not be looked at");
        }
    }

    fn look(&self, now: Time) -> Result<(), LedgerError> {
        let unread = self.unread()?;
        let share = self.destination.backlog;
        let full = unread.bytes >= share.size;
        match (share.overflow, full) {
            (Overflow::ExpireOldest, true) => self.expire_to(share.size - share.size / EASE)?,
            (Overflow::Sample, _) => self.sample(unread.bytes, share.size),
            _ => {}
        }
        let believed = Time(self.steady.lock().read(now.0));
        self.expire_before(believed.plus(-i64::try_from(share.age.as_nanos()).unwrap_or(i64::MAX)))?;
        let oldest = self.oldest()?;
        let held = self.ledger.first_after(0)?.map_or(Seq::MAX, |(seq, _)| seq);
        self.book.lock().forget_forgone(held);
        let (items, unread) = self.count()?;
        self.remember(now, items);
        let mut figures = self.figures.lock();
        if items.expired > figures.given_up {
            figures.expired_at = Some(now).filter(|_| figures.at != Time::default());
            figures.given_up = items.expired;
        }
        let recently = figures.expired_at.is_some_and(|at| now.0 - at.0 < EXPIRED_NS);
        let expired = recently.then(|| format!("{} items were given up, as the backlog's policy says", items.expired));
        let (refuses, warning) = (full && share.overflow == Overflow::Refuse, self.warning(&unread));
        *figures = Figures {
            items: items.pending,
            unread: unread.items,
            bytes: unread.bytes,
            oldest,
            refuses,
            warning,
            expired,
            at: now,
            expired_at: figures.expired_at,
            accepted: items.accepted,
            given_up: figures.given_up,
        };
        Ok(())
    }

    /// Every item by what has become of it, and what of them nobody has looked at yet.
    fn count(&self) -> Result<(Items, Weight), LedgerError> {
        // The courier reads on meanwhile: what is weighed is what this book, now, has not read.
        let (book, unread) = {
            let book = self.book.lock();
            (account(&book, 0), unread(&book))
        };
        let weight = self.weigh(unread)?;
        let Items { accepted, pending, .. } = book;
        Ok((Items { accepted: accepted + weight.items, pending: pending + weight.items, ..book }, weight))
    }

    /// What nobody has looked at yet, of the projects routed here.
    fn unread(&self) -> Result<Weight, LedgerError> {
        let unread = unread(&self.book.lock());
        self.weigh(unread)
    }

    /// What ranges hold of the projects routed here, no further than the head.
    fn weigh(&self, gaps: Vec<Gap>) -> Result<Weight, LedgerError> {
        let head = self.ledger.head();
        let mut sum = Weight::default();
        for Gap { after, upto } in gaps {
            self.add(&mut sum, Gap { after, upto: upto.min(head) })?;
        }
        Ok(sum)
    }

    fn add(&self, sum: &mut Weight, gap: Gap) -> Result<(), LedgerError> {
        for (project, weight) in self.ledger.weigh(gap.after, gap.upto)? {
            if self.destination.routes.contains_key(&project) {
                sum.records += weight.records;
                sum.items += weight.items;
                sum.bytes += weight.bytes;
            }
        }
        Ok(())
    }

    fn oldest(&self) -> Result<Option<Time>, LedgerError> {
        let waiting = self.book.lock().oldest();
        let unread = self.ledger.first_after(self.unread_after())?.map(|(_, at)| Time(at));
        Ok([unread, waiting].into_iter().flatten().min())
    }

    /// Gives up the oldest until no more than so many bytes are unread.
    fn expire_to(&self, bytes: u64) -> Result<(), LedgerError> {
        loop {
            let unread = self.unread()?;
            if unread.bytes <= bytes {
                return Ok(());
            }
            let Some(gap) = self.oldest_gap() else { return Ok(()) };
            let excess = unread.bytes - bytes;
            let upto = self.split(gap, |upto| {
                let mut sum = Weight::default();
                self.add(&mut sum, Gap { after: gap.after, upto })?;
                Ok(sum.bytes >= excess)
            })?;
            self.give_up(gap, upto)?;
        }
    }

    /// Gives up what was accepted before a time: unread records, and traces that wait.
    fn expire_before(&self, time: Time) -> Result<(), LedgerError> {
        let young = |seq: Seq| -> Result<bool, LedgerError> {
            Ok(self.ledger.first_after(seq)?.is_none_or(|(_, at)| at >= time.0))
        };
        while !young(self.unread_after())? {
            let Some(gap) = self.oldest_gap() else { break };
            let upto = self.split(gap, young)?;
            self.give_up(gap, upto)?;
        }
        self.book.lock().expire_waiting(time);
        Ok(())
    }

    /// The record after which the first unread one may stand.
    fn unread_after(&self) -> Seq {
        let book = self.book.lock();
        book.gaps.first().map_or(book.cursor, |gap| gap.after)
    }

    /// The first unread range: a gap, else what lies between the cursor and the head, made one.
    fn oldest_gap(&self) -> Option<Gap> {
        let head = self.ledger.head();
        let mut book = self.book.lock();
        if book.gaps.is_empty() {
            book.skip_to(head);
        }
        book.gaps.first()
    }

    /// The first record of a range for which it holds, by halving; its last where it holds for none.
    fn split(&self, gap: Gap, holds: impl Fn(Seq) -> Result<bool, LedgerError>) -> Result<Seq, LedgerError> {
        let (mut low, mut high) = (gap.after + 1, gap.upto);
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(middle)? { high = middle } else { low = middle + 1 }
        }
        Ok(low)
    }

    fn give_up(&self, gap: Gap, upto: Seq) -> Result<(), LedgerError> {
        let mut sum = Weight::default();
        self.add(&mut sum, Gap { after: gap.after, upto })?;
        let mut book = self.book.lock();
        // The courier may have read on since.
        if book.gaps.first().is_some_and(|first| first.after == gap.after) {
            book.expire_unread(upto, sum.items);
        }
        Ok(())
    }

    /// Of new traces only so many are taken on that what comes in fits the share.
    fn sample(&self, bytes: u64, size: u64) {
        let mut book = self.book.lock();
        let one_in = book.one_in();
        if bytes >= size {
            book.sample((one_in * 2).min(1 << 20));
        } else if bytes < size / 2 && one_in > 1 {
            book.sample(one_in / 2);
        }
    }

    fn remember(&self, now: Time, items: Items) {
        let mut past = self.past.lock();
        past.push_back((now, items));
        while past.front().is_some_and(|(at, _)| (now.0 - at.0).abs() > MINUTE_NS) {
            past.pop_front();
        }
    }

    /// What to tell an operator when more comes in than can go out.
    fn warning(&self, unread: &Weight) -> Option<String> {
        let rates = self.rates();
        let pending = self.past.lock().back().map_or(0, |(_, items)| items.pending);
        let growing = rates.accepted - rates.delivered - rates.dead;
        // Less than a minute's worth is no backlog.
        if growing <= rates.accepted / 10.0 || (pending as f64) < rates.accepted {
            return None;
        }
        let size = self.destination.backlog.size;
        let each = self.bytes_an_item(unread).ok()??;
        let minutes = size.saturating_sub(unread.bytes) as f64 / (growing * each);
        Some(format!(
            "{:.0} items a minute come in and {:.0} go out: its share of the disk is full in {minutes:.0} minutes; {}",
            rates.accepted,
            rates.delivered,
            remedy(self.destination.client.keys(), rates.accepted, self.fits(rates.delivered)),
        ))
    }

    /// Items a minute that may go out: what the buckets let through, at a trace a request; without a
    /// bucket, what went out lately.
    fn fits(&self, lately: f64) -> f64 {
        let super::Rates { requests, items, .. } = self.destination.egress;
        let keys = self.destination.client.keys() as f64;
        let of = |rate: Option<NonZeroU32>, each: f64| rate.map(|rate| f64::from(rate.get()) * keys * each);
        let least = [of(requests, self.items_a_trace()), of(items, 1.0)].into_iter().flatten().reduce(f64::min);
        least.map_or(lately, |least| least.max(lately))
    }

    /// Of what is unread, else of what came last.
    fn bytes_an_item(&self, unread: &Weight) -> Result<Option<f64>, LedgerError> {
        let mut weight = *unread;
        if weight.items == 0 {
            let upto = self.ledger.head();
            self.add(&mut weight, Gap { after: upto.saturating_sub(LAST), upto })?;
        }
        Ok((weight.items > 0).then(|| weight.bytes as f64 / weight.items as f64))
    }

    /// Of the traces that wait.
    fn items_a_trace(&self) -> f64 {
        let book = self.book.lock();
        let waiting = book.traces().filter(|(_, trace)| trace.items > 0).count();
        (book.pending() as f64 / waiting.max(1) as f64).max(1.0)
    }
}

/// What a book says of the items that it has read, and of so many more.
fn account(book: &Book, unread: u64) -> Items {
    let Counters { accepted, delivered, dead, filtered, expired, quarantined } = book.counters.clone();
    let pending = book.pending() + unread;
    Items { accepted: accepted + unread, delivered, dead, filtered, expired, quarantined, pending }
}

/// The ranges that a book has not read.
fn unread(book: &Book) -> Vec<Gap> {
    book.gaps.all().chain([Gap { after: book.cursor, upto: Seq::MAX }]).collect()
}

/// What would let so many items a minute out, where so many may go.
fn remedy(keys: usize, come: f64, fit: f64) -> String {
    if come <= fit {
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
            assert_eq!(remedy(keys, come, fit), told);
        }
    }
}
