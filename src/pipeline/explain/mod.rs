//! Explaining: where a trace has got to, at every destination, by any dialect's id of it.
//!
//! Nothing is kept for it: the answers come from the ledger, the couriers' books and the dialects' own
//! encodes, so they hold for a stopped gateway's directory as well. Nothing is written.

mod arrival;
mod documents;
mod find;
mod roster;

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use url::Url;

pub use roster::Entry;
pub use roster::Roster;
pub use roster::printable;

use crate::canonical::Time;
use crate::canonical::View;
use crate::contract::Dialect;
use crate::contract::Documents;
use crate::contract::Explain;
use crate::contract::Explanation;
use crate::contract::Place;
use crate::contract::RecordLine;
use crate::contract::SpanLine;
use crate::contract::Standing;
use crate::contract::Summary;
use crate::pipeline::deliver::Book;
use crate::pipeline::deliver::Client;
use crate::pipeline::deliver::Route;
use crate::pipeline::deliver::State;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::outward::Outwards;
use crate::pipeline::record;
use find::Held;

/// Records that a list looks through at most.
const LOOK_BACK: usize = 20_000;

/// What explains.
pub struct Explainer {
    /// From views to encodes, and all that they stand on.
    pub outwards: Arc<Outwards>,
    /// The projects, in the order in which ids are looked for.
    pub projects: Vec<Arc<str>>,
    /// The destinations.
    pub outlets: Vec<Outlet>,
}

/// A destination, as far as explaining needs it.
pub struct Outlet {
    /// Its name.
    pub name: Arc<str>,
    /// Its dialect.
    pub dialect: &'static dyn Dialect,
    /// Its base URL, without credentials.
    pub base: Url,
    /// The record after which its routes began.
    pub start: Seq,
    /// The projects routed there.
    pub routes: BTreeMap<Arc<str>, Route>,
    /// What its courier knows.
    pub book: Arc<Mutex<Book>>,
    /// How it is asked; a stopped gateway asks nobody.
    pub client: Option<Client>,
}

impl Explain for Explainer {
    fn newest(&self, limit: usize) -> Result<Vec<Summary>, String> {
        self.list(limit).map_err(unreadable)
    }

    fn explain(&self, id: &str, project: Option<&str>) -> Result<Option<Explanation>, String> {
        self.tell(id, project).map_err(unreadable)
    }

    fn documents<'a>(&'a self, found: &'a Explanation) -> BoxFuture<'a, Result<Documents, String>> {
        self.fetch(found).boxed()
    }

    fn destinations(&self) -> Vec<Standing> {
        self.outlets.iter().map(|outlet| self.standing(outlet)).collect()
    }
}

impl Explainer {
    fn list(&self, limit: usize) -> Result<Vec<Summary>, LedgerError> {
        let mut seen = HashSet::new();
        let mut newest: Vec<(Time, Summary)> = Vec::new();
        let (mut before, mut looked) = (None, 0);
        while newest.len() < limit && looked < LOOK_BACK {
            let records = match self.outwards.ledger.newest(64, before) {
                Ok(records) if records.is_empty() => break,
                Ok(records) => records,
                Err(LedgerError::Corrupt(seq)) => {
                    before = Some(seq);
                    looked += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            looked += records.len();
            before = records.last().map(|record| record.seq);
            for (record, key) in records.iter().flat_map(|record| record.traces.iter().map(move |key| (record, *key))) {
                if newest.len() < limit
                    && seen.insert(key)
                    && let Some(held) = self.at_home(&record.project, key)?
                    && (held.key == key || seen.insert(held.key))
                {
                    newest.push((held.items.last_at, self.summary(&held)));
                }
            }
        }
        newest.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Ok(newest.into_iter().map(|(_, summary)| summary).collect())
    }

    fn summary(&self, held: &Held) -> Summary {
        let place = |(outlet, _): (&Outlet, &Route)| (outlet.name.to_string(), outlet.stage(held).place);
        Summary {
            project: held.project.to_string(),
            id: held.id.to_string(),
            dialect: held.items.origin().to_owned(),
            name: name(&held.view),
            accepted: held.items.last_at.exact(),
            complete: held.view.complete,
            spans: held.view.spans.len(),
            destinations: self.routed(&held.project).map(place).collect(),
        }
    }

    fn tell(&self, id: &str, project: Option<&str>) -> Result<Option<Explanation>, LedgerError> {
        let mut found = self.find(id, project)?.into_iter();
        let Some(held) = found.next() else { return Ok(None) };
        let destinations: Result<Vec<_>, LedgerError> =
            self.routed(&held.project).map(|(outlet, route)| self.arrival(&held, outlet, route)).collect();
        Ok(Some(Explanation {
            project: held.project.to_string(),
            id: held.id.to_string(),
            asked_span: held.asked_span.map(|span| span.to_string()),
            dialect: held.items.origin().to_owned(),
            name: name(&held.view),
            start: held.view.start().map(Time::exact),
            complete: held.view.complete,
            deleted: held.items.is_gone(Seq::MAX),
            spans: spans(&held.view),
            scores: held.view.scores.len(),
            records: self.records(&held)?,
            destinations: destinations?,
            also_in: found.map(|other| other.project.to_string()).collect(),
        }))
    }

    fn records(&self, held: &Held) -> Result<Vec<RecordLine>, LedgerError> {
        let mut lines = Vec::with_capacity(held.items.seqs.len());
        for chunk in held.items.seqs.chunks(64) {
            for record in self.outwards.ledger.get(chunk)? {
                let call = record::call(&record);
                lines.push(RecordLine {
                    seq: record.seq,
                    receipt: record.id.iter().map(|byte| format!("{byte:02x}")).collect(),
                    at: Time(record.at_ns).exact(),
                    dialect: record.dialect.to_string(),
                    call: call.map(|call| format!("{} {}", call.method, call.path)).unwrap_or_default(),
                    key: record.key.to_string(),
                    items: held.items.count_between(record.seq - 1, record.seq),
                });
            }
        }
        Ok(lines)
    }

    /// The destinations that a project is routed to.
    fn routed<'a>(&'a self, project: &'a str) -> impl Iterator<Item = (&'a Outlet, &'a Route)> {
        self.outlets.iter().filter_map(move |outlet| Some((outlet, outlet.routes.get(project)?)))
    }

    fn standing(&self, outlet: &Outlet) -> Standing {
        let book = outlet.book.lock();
        let parked = |state: &State| *state == State::Parked;
        let newest = book.traces().filter(|(_, trace)| trace.why.is_some()).max_by_key(|(_, trace)| trace.last_at);
        Standing {
            destination: outlet.name.to_string(),
            dialect: outlet.dialect.info().name.to_owned(),
            base_url: outlet.base.to_string(),
            pending: book.pending(),
            unread: self.outwards.ledger.head().saturating_sub(book.cursor),
            open: book.open(),
            parked: book.traces().filter(|(_, trace)| parked(&trace.state)).count(),
            delivered: book.counters.delivered,
            dead: book.counters.dead,
            last_error: newest.and_then(|(_, trace)| trace.why.clone()),
        }
    }
}

impl Outlet {
    /// Where a trace has got to here, and the counts behind it.
    fn stage(&self, held: &Held) -> Stage {
        let (state, cursor) = {
            let book = self.book.lock();
            (book.trace(held.key).cloned(), book.cursor.max(self.start))
        };
        let routed = held.items.count_between(self.start, Seq::MAX);
        let unread = held.items.count_between(cursor, Seq::MAX);
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
}

/// A trace's stage at one destination.
struct Stage {
    place: Place,
    shown: u64,
    pending: u64,
    dead: u64,
    state: Option<crate::pipeline::deliver::TraceState>,
}

fn name(view: &View) -> Option<String> {
    view.trace.as_ref().and_then(|trace| trace.facts.name.cloned())
}

fn spans(view: &View) -> Vec<SpanLine> {
    let line = |span: &crate::canonical::SpanView| SpanLine {
        id: span.facts.id.to_string(),
        parent: span.facts.parent.get().map(ToString::to_string),
        name: span.facts.name.cloned(),
        kind: span.facts.kind.get().and_then(|kind| crate::canonical::Raw::of(kind).as_string()),
        ended: span.facts.ended,
    };
    view.spans.iter().map(line).collect()
}

fn unreadable(error: LedgerError) -> String {
    tracing::error!(%error, "an explanation could not be read from the ledger");
    format!("the ledger cannot be read: {error}")
}
