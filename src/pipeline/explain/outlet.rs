//! A destination, as far as explaining needs it: of a running gateway, or of a stopped one's directory.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use url::Url;

use super::Entry;
use super::find::Held;
use crate::contract::Dialect;
use crate::contract::Place;
use crate::pipeline::deliver::Backlog;
use crate::pipeline::deliver::Book;
use crate::pipeline::deliver::Client;
use crate::pipeline::deliver::Control;
use crate::pipeline::deliver::Courier;
use crate::pipeline::deliver::Destination;
use crate::pipeline::deliver::Route;
use crate::pipeline::deliver::State;
use crate::pipeline::deliver::TraceState;
use crate::pipeline::deliver::recall;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::record::Dialects;
use crate::pipeline::traces::Traces;

/// A destination that traces are explained for.
pub struct Outlet {
    pub(in crate::pipeline) name: Arc<str>,
    pub(in crate::pipeline) dialect: &'static dyn Dialect,
    pub(in crate::pipeline) base: Url,
    pub(in crate::pipeline) routes: BTreeMap<Arc<str>, Route>,
    /// The record after which its routes began.
    pub(in crate::pipeline) start: Seq,
    pub(in crate::pipeline) book: Arc<Mutex<Book>>,
    /// What moves; a stopped gateway asks nobody.
    pub(in crate::pipeline) live: Option<Live>,
}

/// What a running gateway has of a destination.
pub(in crate::pipeline) struct Live {
    pub(in crate::pipeline) client: Client,
    pub(in crate::pipeline) control: Arc<Control>,
    pub(in crate::pipeline) backlog: Arc<Backlog>,
}

/// A trace's stage at one destination.
pub(super) struct Stage {
    pub(super) place: Place,
    pub(super) shown: u64,
    pub(super) pending: u64,
    pub(super) dead: u64,
    pub(super) expired: u64,
    pub(super) state: Option<TraceState>,
}

/// The word for what a courier does with a trace.
pub(in crate::pipeline) fn place(state: State) -> Place {
    match state {
        State::Waiting => Place::Waiting,
        State::Sending => Place::Sending,
        State::Parked => Place::Parked,
        State::Ahead => Place::Shown,
        State::Forgone => Place::Expired,
    }
}

impl Outlet {
    /// A running gateway's.
    pub fn of(destination: &Destination, courier: &Courier) -> Self {
        Self {
            name: Arc::clone(&destination.name),
            dialect: destination.dialect,
            base: destination.client.base().clone(),
            routes: destination.routes.clone(),
            start: courier.start(),
            book: courier.book(),
            live: Some(Live {
                client: destination.client.clone(),
                control: courier.control(),
                backlog: courier.backlog(),
            }),
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
        Ok(Some(Self { name: name.into(), dialect, base, routes, start, book, live: None }))
    }

    /// Where a trace has got to here, and the counts behind it.
    pub(super) fn stage(&self, held: &Held) -> Stage {
        let routed = held.items.count_between(self.start, Seq::MAX);
        let (state, unread, unseen) = {
            let book = self.book.lock();
            let unread = |seq: Seq| seq > self.start && book.is_unread_of(held.key, seq);
            let unseen = |seq: Seq| seq > self.start && book.is_forgone(held.key, &[seq]);
            (book.trace(held.key).cloned(), held.items.count_where(unread), held.items.count_where(unseen))
        };
        let (waiting, dead) = state.as_ref().map_or((0, 0), |state| (state.items, state.dead));
        let expired = state.as_ref().map_or(unseen, |state| state.given);
        let place = match &state {
            _ if routed == 0 => Place::Never,
            Some(state) if matches!(state.state, State::Parked | State::Forgone) && unread > 0 => Place::Waiting,
            Some(state) => place(state.state),
            None if unread > 0 => Place::Waiting,
            None if expired > 0 => Place::Expired,
            None => Place::Shown,
        };
        let pending = waiting + unread;
        let shown = routed.saturating_sub(pending + dead + expired);
        Stage { place, shown, pending, dead, expired, state }
    }

    /// How it is asked.
    pub(super) fn client(&self) -> Option<&Client> {
        self.live.as_ref().map(|live| &live.client)
    }
}
