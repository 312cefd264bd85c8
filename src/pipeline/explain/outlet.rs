//! A destination, as far as explaining needs it: of a running gateway, or of a stopped one's directory.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use url::Url;

use super::Entry;
use super::find::Held;
use crate::contract::Condition;
use crate::contract::Dialect;
use crate::contract::Items;
use crate::contract::Place;
use crate::contract::Rates;
use crate::contract::Standing;
use crate::pipeline::deliver::Book;
use crate::pipeline::deliver::Client;
use crate::pipeline::deliver::Courier;
use crate::pipeline::deliver::Destination;
use crate::pipeline::deliver::Route;
use crate::pipeline::deliver::State;
use crate::pipeline::deliver::TraceState;
use crate::pipeline::deliver::recall;
use crate::pipeline::ledger::Counters;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::record::Dialects;
use crate::pipeline::traces::Traces;

/// A destination that traces are explained for.
pub struct Outlet {
    pub(super) name: Arc<str>,
    pub(super) dialect: &'static dyn Dialect,
    pub(super) base: Url,
    pub(super) routes: BTreeMap<Arc<str>, Route>,
    /// How it is asked; a stopped gateway asks nobody.
    pub(super) client: Option<Client>,
    /// The record after which its routes began.
    start: Seq,
    book: Arc<Mutex<Book>>,
}

/// A trace's stage at one destination.
pub(super) struct Stage {
    pub(super) place: Place,
    pub(super) shown: u64,
    pub(super) pending: u64,
    pub(super) dead: u64,
    pub(super) state: Option<TraceState>,
}

impl Outlet {
    /// A running gateway's.
    pub fn of(destination: &Destination, courier: &Courier) -> Self {
        Self {
            name: Arc::clone(&destination.name),
            dialect: destination.dialect,
            base: destination.client.base().clone(),
            routes: destination.routes.clone(),
            client: Some(destination.client.clone()),
            start: courier.start(),
            book: courier.book(),
        }
    }

    /// A stopped gateway's, with its book as last settled; `None` where its dialect is no longer known.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn stopped(
        name: &str,
        entry: &Entry,
        dialects: &Dialects,
        (ledger, traces): (&dyn Ledger, &Traces),
    ) -> Result<Option<Self>, LedgerError> {
        let (Some(dialect), Ok(base)) = (dialects.get(&entry.dialect), Url::parse(&entry.base_url)) else {
            return Ok(None);
        };
        let (book, start) = recall(ledger, traces, name)?;
        let (routes, book) = (entry.routes.clone(), Arc::new(Mutex::new(book)));
        Ok(Some(Self { name: name.into(), dialect, base, routes, client: None, start, book }))
    }

    /// Where a trace has got to here, and the counts behind it.
    pub(super) fn stage(&self, held: &Held) -> Stage {
        let routed = held.items.count_between(self.start, Seq::MAX);
        let (state, unread) = {
            let book = self.book.lock();
            let unread = |seq: Seq| seq > self.start && book.is_unread_of(held.key, seq);
            (book.trace(held.key).cloned(), held.items.count_where(unread))
        };
        let (waiting, dead) = state.as_ref().map_or((0, 0), |state| (state.items, state.dead));
        let place = match &state {
            _ if routed == 0 => Place::Never,
            Some(state) if state.state == State::Sending => Place::Sending,
            Some(state) if state.state == State::Parked && unread == 0 => Place::Parked,
            Some(_) => Place::Waiting,
            None if unread > 0 => Place::Waiting,
            None => Place::Shown,
        };
        let pending = waiting + unread;
        Stage { place, shown: routed.saturating_sub(pending + dead), pending, dead, state }
    }

    /// How it does, given the ledger's head.
    pub(super) fn standing(&self, head: Seq) -> Standing {
        let book = self.book.lock();
        let newest = book.traces().filter(|(_, trace)| trace.why.is_some()).max_by_key(|(_, trace)| trace.last_at);
        let Counters { accepted, delivered, dead, filtered, expired, quarantined } = book.counters;
        let pending = book.pending();
        let last_error = newest.and_then(|(_, trace)| trace.why.clone());
        Standing {
            destination: self.name.to_string(),
            dialect: self.dialect.info().name.to_owned(),
            base_url: self.base.to_string(),
            condition: Condition { last_error, ..Condition::default() },
            items: Items { accepted, delivered, dead, filtered, expired, quarantined, pending },
            unread: head.saturating_sub(book.cursor),
            backlog_bytes: 0,
            oldest: None,
            oldest_seconds: None,
            open: book.open(),
            parked: book.traces().filter(|(_, trace)| trace.state == State::Parked).count(),
            in_flight: 0,
            concurrency: 0,
            per_minute: Rates::default(),
            alarms: Vec::new(),
        }
    }
}
