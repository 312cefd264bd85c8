//! What waits for one destination, and its share of the disk: when the share is used up its own policy
//! applies (`overflow`), before anybody is refused (`design.md §5`); an operator hears of it beforehand
//! (`forecast`).

mod forecast;
mod overflow;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Destination;
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
    /// Bytes of the requests that hold them, as stored.
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
    delivered: u64,
}

/// What a book says at one moment, what it has not read included.
struct Count {
    items: Items,
    /// Items that it has not read.
    unread: u64,
    /// Bytes of the requests that hold what is pending, as stored.
    bytes: u64,
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
        self.count().map_or_else(|_| self.items_lately(), |count| count.items)
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
        let refuses = self.apply()?;
        let believed = Time(self.steady.lock().read(now.0));
        let age = self.destination.backlog.age;
        self.expire_before(believed.plus(-i64::try_from(age.as_nanos()).unwrap_or(i64::MAX)))?;
        let held = self.ledger.first_after(0)?.map_or(Seq::MAX, |(seq, _)| seq);
        self.book.lock().forget_forgone(held);
        let (oldest, count) = (self.oldest()?, self.count()?);
        self.remember(now, count.items);
        let warning = self.warning(&count);
        let Count { items, unread, bytes } = count;
        let mut figures = self.figures.lock();
        if items.expired > figures.given_up {
            figures.expired_at = Some(now).filter(|_| figures.at != Time::default());
            figures.given_up = items.expired;
        }
        let recently = figures.expired_at.is_some_and(|at| now.0 - at.0 < EXPIRED_NS);
        let expired = recently.then(|| format!("{} items were given up, as the backlog's policy says", items.expired));
        *figures = Figures {
            items: items.pending,
            unread,
            bytes,
            oldest,
            refuses,
            warning,
            expired,
            at: now,
            expired_at: figures.expired_at,
            accepted: items.accepted,
            given_up: figures.given_up,
            delivered: items.delivered,
        };
        Ok(())
    }

    fn count(&self) -> Result<Count, LedgerError> {
        // The courier reads on meanwhile: what is weighed is what this book, now, has not read.
        let (book, unread, stored) = {
            let book = self.book.lock();
            (account(&book, 0), unread(&book), book.stored())
        };
        let weight = self.weigh(unread)?;
        let Items { accepted, pending, .. } = book;
        let items = Items { accepted: accepted + weight.items, pending: pending + weight.items, ..book };
        Ok(Count { items, unread: weight.items, bytes: stored + weight.bytes })
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
        Ok([self.first_unread()?, waiting].into_iter().flatten().min())
    }

    /// When the first record that has not been read was accepted.
    fn first_unread(&self) -> Result<Option<Time>, LedgerError> {
        Ok(self.ledger.first_after(self.unread_after())?.map(|(_, at)| Time(at)))
    }

    /// The record after which the first unread one may stand.
    fn unread_after(&self) -> Seq {
        let book = self.book.lock();
        book.gaps.first().map_or(book.cursor, |gap| gap.after)
    }

    fn remember(&self, now: Time, items: Items) {
        let mut past = self.past.lock();
        past.push_back((now, items));
        while past.front().is_some_and(|(at, _)| (now.0 - at.0).abs() > MINUTE_NS) {
            past.pop_front();
        }
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
