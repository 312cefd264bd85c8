//! From a receipt to where every item of its request has got to.

use std::collections::HashSet;
use std::sync::Arc;

use super::Operator;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::contract::Fate;
use crate::contract::Followed;
use crate::contract::Items;
use crate::contract::LossCount;
use crate::contract::Place;
use crate::contract::Receipt;
use crate::contract::TraceFate;
use crate::pipeline::deliver::Book;
use crate::pipeline::deliver::Route;
use crate::pipeline::deliver::Row;
use crate::pipeline::deliver::State;
use crate::pipeline::deliver::TraceState;
use crate::pipeline::explain;
use crate::pipeline::explain::Held;
use crate::pipeline::explain::Outlet;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Letter;
use crate::pipeline::ledger::Letters;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::SubjectKey;

/// Traces of a request that are told one by one, what is not settled first.
const TOLD: usize = 100;

/// A request's items about one trace.
struct Part {
    key: SubjectKey,
    /// The trace; `None`: they are about a session only.
    held: Option<Held>,
    items: Arc<TraceItems>,
    mine: u64,
}

/// Where a part has got to at one destination.
struct Stage {
    place: Place,
    dead: u64,
    expired: u64,
    state: Option<TraceState>,
    letters: Vec<Letter>,
}

impl Operator {
    pub(super) fn follow(&self, receipt: Receipt) -> Result<Option<Followed>, LedgerError> {
        let held = match self.ledger().get(&[receipt.seq]) {
            // It was accepted, and nobody can read it any more: the alarm says so, a receipt proves nothing.
            Err(LedgerError::Corrupt(_)) => return Ok(None),
            held => held?,
        };
        let Some(record) = held.into_iter().find(|record| record.id == receipt.id) else { return Ok(None) };
        let parts = self.parts(&record)?;
        let fates = self.explain.routed(&record.project);
        let fates = fates.map(|(outlet, route)| self.fate(&record, &parts, outlet, route));
        Ok(Some(Followed {
            project: record.project.to_string(),
            request: explain::line(&record, u64::from(record.items)),
            destinations: fates.collect::<Result<_, _>>()?,
        }))
    }

    fn parts(&self, record: &Record) -> Result<Vec<Part>, LedgerError> {
        let mut seen = HashSet::new();
        let mut parts = Vec::with_capacity(record.traces.len());
        for key in &record.traces {
            let held = self.explain.at_home(&record.project, *key)?;
            let key = held.as_ref().map_or(*key, |held| held.key);
            if !seen.insert(key) {
                continue;
            }
            let items = match &held {
                Some(held) => Arc::clone(&held.items),
                None => self.explain.outwards.traces.load(&record.project, key)?,
            };
            let mine = items.count_between(record.seq - 1, record.seq);
            parts.push(Part { key, held, items, mine });
        }
        Ok(parts)
    }

    fn fate(&self, record: &Record, parts: &[Part], outlet: &Outlet, route: &Route) -> Result<Fate, LedgerError> {
        let mut items = Items { accepted: u64::from(record.items), ..Items::default() };
        let mut before_route = 0;
        let mut stages = Vec::with_capacity(parts.len());
        for part in parts {
            let stage = self.stage(record, part, outlet)?;
            match stage.place {
                Place::Never => before_route += part.mine,
                Place::Waiting | Place::Sending => items.pending += part.mine,
                Place::Shown | Place::Parked | Place::Expired => {
                    items.dead += stage.dead;
                    items.expired += stage.expired;
                    items.delivered += part.mine - stage.dead - stage.expired;
                }
            }
            stages.push((part, stage));
        }
        let placed = items.pending + items.dead + items.expired + items.delivered + before_route;
        items.quarantined = items.accepted.saturating_sub(placed);
        items.accepted -= before_route;
        let expired_here = outlet.book.lock().counters.expired;
        stages.sort_by_key(|(_, stage)| stage.place == Place::Shown);
        let more = stages.len().saturating_sub(TOLD);
        let told = stages.into_iter().take(TOLD).map(|(part, stage)| self.told(part, stage, outlet, route));
        Ok(Fate {
            destination: outlet.name.to_string(),
            dialect: outlet.dialect.info().name.to_owned(),
            items,
            before_route,
            expired_here,
            traces: told.collect::<Result<_, _>>()?,
            more,
        })
    }

    fn stage(&self, record: &Record, part: &Part, outlet: &Outlet) -> Result<Stage, LedgerError> {
        let letters = self.ledger().letters(&Letters {
            destination: Some(outlet.name.to_string()),
            trace: Some(part.key),
            ..Letters::default()
        })?;
        let book = outlet.book.lock();
        let state = book.trace(part.key).cloned();
        let place = place(record, outlet, &book, part.key);
        drop(book);
        let dead = match (place, &state) {
            (Place::Parked, Some(state)) if record.seq >= state.first => part.mine,
            (Place::Shown | Place::Parked, _) => {
                letters.iter().map(|letter| dead(letter, record, &part.items)).sum::<u64>().min(part.mine)
            }
            _ => 0,
        };
        let expired = match (place, &state) {
            (Place::Expired, Some(state)) if record.seq < state.first => refused(record, &part.items, &state.rows),
            (Place::Expired, _) => part.mine,
            _ => 0,
        };
        Ok(Stage { place, dead, expired, state, letters })
    }

    fn told(&self, part: &Part, stage: Stage, outlet: &Outlet, route: &Route) -> Result<TraceFate, LedgerError> {
        let Stage { place, dead, expired: _, state, letters } = stage;
        let arrival = part.held.as_ref().map(|held| self.explain.arrival(held, outlet, route)).transpose()?;
        let losses = arrival.as_ref().map_or_else(LossCount::default, |arrival| {
            let kept = arrival.losses.iter().filter(|loss| loss.carried).count();
            LossCount { lost: arrival.losses.len() - kept, kept }
        });
        Ok(TraceFate {
            id: part.held.as_ref().map(|held| held.id.to_string()),
            state: place,
            items: part.mine,
            dead,
            attempts: state.as_ref().map_or(0, |state| state.attempts),
            status: arrival.as_ref().and_then(|arrival| arrival.status),
            why: state.and_then(|state| state.why),
            next_try: arrival.and_then(|arrival| arrival.next_try),
            losses,
            letters: letters.iter().map(|letter| letter.id).collect(),
        })
    }
}

/// Where one record's items about a trace have got to: records below the first that is not shown are.
fn place(record: &Record, outlet: &Outlet, book: &Book, key: SubjectKey) -> Place {
    let state = book.trace(key);
    match state {
        _ if record.seq <= outlet.start => Place::Never,
        _ if book.is_unread_of(key, record.seq) => Place::Waiting,
        None if book.is_forgone(key, &[record.seq]) => Place::Expired,
        None => Place::Shown,
        Some(state) if matches!(state.state, State::Parked | State::Forgone) => explain::place(state.state),
        Some(state) if record.seq < state.first => Place::Shown,
        Some(state) => explain::place(state.state),
    }
}

/// How many of a record's items a letter holds: all of it, where it holds nothing else.
fn dead(letter: &Letter, record: &Record, items: &TraceItems) -> u64 {
    match letter.seqs.as_slice() {
        [only] if *only == record.seq => letter.items,
        seqs if seqs.contains(&record.seq) => {
            let row = letter.target.split_once(' ').and_then(|(_, id)| Id::parse(id));
            let about = |stem| items.of_record(record.seq).filter(|item| is_about(item, stem)).count() as u64;
            row.map_or(letter.items, |row| about(row.stem())).min(letter.items)
        }
        _ => 0,
    }
}

/// How many of a record's items are about rows that were refused.
fn refused(record: &Record, items: &TraceItems, rows: &[Row]) -> u64 {
    let is_refused = |item: &&Arc<Item>| match (&item.op, item.span()) {
        (Op::Score(_) | Op::DeleteScore { .. }, _) => rows.contains(&Row::Scores),
        (_, Some(span)) => rows.contains(&Row::Span(span.stem())),
        (_, None) => rows.contains(&Row::Trace),
    };
    items.of_record(record.seq).filter(is_refused).count() as u64
}

/// Whether an item is about the span, or else the trace, of a stem.
fn is_about(item: &Item, stem: [u8; 8]) -> bool {
    item.span().or(item.trace()).is_some_and(|id| id.stem() == stem)
}
