//! Explaining: where a trace has got to, at every destination, by any dialect's id of it.
//!
//! Nothing is kept for it: the answers come from the ledger, the couriers' books and the dialects' own
//! encodes, so they hold for a stopped gateway's directory as well. Nothing is written.

mod arrival;
mod documents;
mod find;
mod outlet;
mod roster;

use std::collections::HashSet;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

pub(in crate::pipeline) use find::Held;
pub(in crate::pipeline) use outlet::Live;
pub use outlet::Outlet;
pub(in crate::pipeline) use outlet::place;
pub use roster::Entry;
pub use roster::Gone;
pub use roster::Roster;

use crate::canonical::Raw;
use crate::canonical::SpanView;
use crate::canonical::Time;
use crate::canonical::View;
use crate::contract::Documents;
use crate::contract::Explain;
use crate::contract::Explanation;
use crate::contract::Receipt;
use crate::contract::RecordLine;
use crate::contract::SpanLine;
use crate::contract::Summary;
use crate::pipeline::deliver::Route;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Seq;
use crate::pipeline::outward::Outwards;
use crate::pipeline::record;

/// Records looked through at most, for a list and for an id that only a scope's hash leads to.
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
}

impl Explainer {
    fn list(&self, limit: usize) -> Result<Vec<Summary>, LedgerError> {
        let mut seen = HashSet::new();
        let mut newest: Vec<((Time, Option<Time>), Summary)> = Vec::new();
        self.back(|record| {
            for key in &record.traces {
                if newest.len() < limit
                    && seen.insert(*key)
                    && let Some(held) = self.at_home(&record.project, *key)?
                    && (held.key == *key || seen.insert(held.key))
                {
                    newest.push(((held.items.last_at, held.view.start()), self.summary(&held)));
                }
            }
            Ok(newest.len() < limit)
        })?;
        newest.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Ok(newest.into_iter().map(|(_, summary)| summary).collect())
    }

    /// Visits records, newest first, until told that it is enough or [`LOOK_BACK`] are visited; corrupt
    /// ones are stepped over.
    fn back(&self, mut more: impl FnMut(&Record) -> Result<bool, LedgerError>) -> Result<(), LedgerError> {
        let (mut before, mut looked) = (None, 0);
        while looked < LOOK_BACK {
            let records = match self.outwards.ledger.newest(64, before) {
                Ok(records) => records,
                Err(LedgerError::Corrupt(seq)) => {
                    (before, looked) = (Some(seq), looked + 1);
                    continue;
                }
                Err(error) => return Err(error),
            };
            for record in &records {
                if !more(record)? {
                    return Ok(());
                }
            }
            let Some(last) = records.last() else { return Ok(()) };
            (before, looked) = (Some(last.seq), looked + records.len());
        }
        Ok(())
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
            documents: None,
        }))
    }

    fn records(&self, held: &Held) -> Result<Vec<RecordLine>, LedgerError> {
        let mut lines = Vec::with_capacity(held.items.seqs.len());
        for chunk in held.items.seqs.chunks(64) {
            for record in self.outwards.ledger.get(chunk)? {
                lines.push(line(&record, held.items.count_between(record.seq - 1, record.seq)));
            }
        }
        Ok(lines)
    }

    /// The destinations that a project is routed to.
    pub(in crate::pipeline) fn routed<'a>(&'a self, project: &'a str) -> impl Iterator<Item = (&'a Outlet, &'a Route)> {
        self.outlets.iter().filter_map(move |outlet| Some((outlet, outlet.routes.get(project)?)))
    }
}

/// A request, with so many items of what is told.
pub(in crate::pipeline) fn line(record: &Record, items: u64) -> RecordLine {
    let call = record::call(record);
    RecordLine {
        seq: record.seq,
        receipt: Receipt { seq: record.seq, id: record.id }.to_string(),
        at: Time(record.at_ns).exact(),
        dialect: record.dialect.to_string(),
        call: call.map(|call| format!("{} {}", call.method, call.path)).unwrap_or_default(),
        key: record.key.to_string(),
        items,
    }
}

fn name(view: &View) -> Option<String> {
    view.trace.as_ref().and_then(|trace| trace.facts.name.cloned())
}

fn spans(view: &View) -> Vec<SpanLine> {
    let line = |span: &SpanView| SpanLine {
        id: span.facts.id.to_string(),
        parent: span.facts.parent.get().map(ToString::to_string),
        name: span.facts.name.cloned(),
        kind: span.facts.kind.get().and_then(|kind| Raw::of(kind).as_string()),
        ended: span.facts.ended,
    };
    view.spans.iter().map(line).collect()
}

fn unreadable(error: LedgerError) -> String {
    tracing::error!(%error, "an explanation could not be read from the ledger");
    format!("the ledger cannot be read: {error}")
}
