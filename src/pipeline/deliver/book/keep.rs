//! The book as the ledger keeps it: a base that everything below is settled, the exceptions, the gaps;
//! and the book made of that again.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::AtBase;
use super::Book;
use super::Gaps;
use super::Lane;
use super::News;
use super::Pins;
use super::Row;
use super::State;
use super::TraceState;
use super::Unreadable;
use crate::canonical::Time;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::Counters;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::Open;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::SubjectKey;

/// What an item is taken to weigh after a restart, in bytes: the size of a usual span.
const UNKNOWN_HEFT: u64 = 4_096;
/// What it is taken to take as stored, where a note does not say.
const UNKNOWN_SHARE: u64 = 1_024;

/// Traces waiting longer than this are listed as exceptions, so that the base can move on.
const LIST_AFTER_NS: i64 = 5_000_000_000;

/// What stands in an exception's note.
#[derive(Deserialize, Serialize)]
struct Note {
    state: State,
    attempts: u32,
    first_at: Time,
    last_at: Time,
    dead: u64,
    frozen: Option<Seq>,
    why: Option<String>,
    /// Items of records up to the base that wait; not known in a note of the first format.
    #[serde(default)]
    items: Option<u64>,
    /// Those of them of records after `frozen`; not known: only its records can tell.
    #[serde(default)]
    since: Option<u64>,
    /// How many bytes one of them takes as stored; not known in an older note.
    #[serde(default)]
    share: Option<u64>,
    #[serde(default)]
    rows: Vec<Row>,
    #[serde(default)]
    lane: Lane,
    /// Items given up.
    #[serde(default)]
    given: u64,
}

/// What is left of a trace, whatever its note says.
pub(in super::super) struct Left {
    /// What can be read.
    pub(in super::super) held: Arc<TraceItems>,
    /// Items, at most, of records up to the base that cannot be read any more.
    pub(in super::super) lost: u64,
    /// About when it was accepted.
    pub(in super::super) at: Time,
}

impl Book {
    /// The book as last settled; `load` gives what is held of an exception's trace where its note does not
    /// say what is needed of it. What was delivered follows: everything accepted up to the base that stands
    /// nowhere else.
    pub(in super::super) fn restore<E>(
        (base, gaps): (Seq, Vec<Gap>),
        counters: Counters,
        open: Vec<Open>,
        mut load: impl FnMut(&Open) -> Result<Left, E>,
    ) -> Result<Self, E> {
        let at_base = AtBase { accepted: counters.accepted, quarantined: counters.quarantined };
        let mut book =
            Self { cursor: base, base, opened: base, counters, at_base, gaps: Gaps::of(gaps), ..Self::default() };
        book.counters.dead = 0;
        let mut doubted = Vec::new();
        for open in open {
            let Ok(note) = serde_json::from_slice::<Note>(&open.note) else {
                doubted.push((load(&open)?, open));
                continue;
            };
            let waits = !matches!(note.state, State::Parked | State::Forgone);
            let items = match (!waits, note.items) {
                (true, _) => 0,
                (false, Some(items)) => items,
                (false, None) => load(&open)?.held.count_between(open.shown, base),
            };
            let state = state(&open, note, items);
            book.counters.dead += state.dead;
            book.put(open.trace, state);
        }
        book.changed.clear();
        doubted.into_iter().for_each(|(left, open)| book.doubt(&open, &left));
        let (accepted, elsewhere) = (book.counters.accepted, book.elsewhere());
        book.counters.delivered = accepted.saturating_sub(elsewhere);
        book.debt = elsewhere.saturating_sub(accepted);
        book.kept_gaps = book.gaps.clone();
        Ok(book)
    }

    /// Items accepted and not delivered.
    fn elsewhere(&self) -> u64 {
        let Counters { dead, filtered, expired, quarantined, .. } = self.counters;
        dead + filtered + expired + quarantined + self.pending()
    }

    /// Takes up a trace whose note cannot be read, to be written anew. What it lost counts with it, so that
    /// it is found missing; how much that is of a record that it shared, nobody knows.
    fn doubt(&mut self, open: &Open, left: &Left) {
        self.doubted.push(open.trace);
        let mut state = self.doubted_state(open, left);
        let room = self.counters.accepted.saturating_sub(self.elsewhere() + state.items);
        state.items += left.lost.min(room);
        if state.items == 0 {
            self.closed.insert(open.trace);
            return;
        }
        self.put(open.trace, state);
    }

    /// Nobody knows what is shown of it, so nothing is taken for shown.
    fn doubted_state(&self, open: &Open, Left { held, at, .. }: &Left) -> TraceState {
        let noted = |seq: &Seq| *seq <= self.base && !self.gaps.hold(*seq);
        let seqs = || held.seqs.iter().copied().filter(noted);
        let news = News {
            trace: open.trace,
            project: &open.project,
            seq: seqs().next().unwrap_or(open.first),
            at: if held.seqs.is_empty() { *at } else { held.first_at },
            items: 0,
            bytes: 0,
            stored: 0.0,
            due: held.last_at,
        };
        TraceState {
            shown: Some(0),
            last: seqs().next_back().unwrap_or(open.last),
            last_at: if held.seqs.is_empty() { *at } else { held.last_at },
            items: held.count_where(|seq| noted(&seq)),
            heft: UNKNOWN_HEFT,
            share: UNKNOWN_SHARE as f64,
            listed: true,
            ..TraceState::new(&news, Lane::Fresh)
        }
    }

    /// Notes that a record cannot be read any more.
    pub(in super::super) fn unreadable(&mut self, seq: Seq, lane: Lane, items: u64) {
        self.read(seq, lane, items);
        self.counters.quarantined += items;
        match (lane, self.noted.back_mut()) {
            (Lane::Fresh, Some(noted)) if noted.seq == seq => noted.unreadable = items,
            _ => self.at_base.quarantined += items,
        }
    }

    /// Counts items of a trace, so many at most, as unreadable; how many.
    pub(super) fn lose(&mut self, key: SubjectKey, lost: &Unreadable, most: u64) -> u64 {
        let items = lost.items.min(most);
        self.counters.quarantined += items;
        let mut rest = items;
        // What is above the base, a restart will find unreadable by itself.
        for noted in self.noted.iter_mut().filter(|noted| lost.seqs.contains(&noted.seq)) {
            let of_trace: u64 = noted.traces.iter().filter(|(of, _)| *of == key).map(|(_, items)| items).sum();
            noted.unreadable += of_trace.min(rest);
            rest -= of_trace.min(rest);
        }
        self.at_base.quarantined += rest;
        items
    }

    /// What was noted of a trace that ends, and cannot be read any more; `lacks`: what is held of one that
    /// lacks records.
    pub(in super::super) fn unreadable_of(
        &self,
        state: &TraceState,
        newer: u64,
        lacks: Option<&TraceItems>,
    ) -> Unreadable {
        let noted = |seq| !self.is_unread(seq);
        lacks.map_or_else(Unreadable::default, |held| state.unreadable(held, newer, noted))
    }

    /// Takes back a step that could not be stored: the next one says it all.
    pub(in super::super) fn unsettle(&mut self, settle: Settle) {
        let Settle { closed, letters, withdrawn, .. } = settle;
        self.closed.extend(closed);
        let newer = std::mem::take(&mut self.letters);
        self.letters =
            letters.into_iter().filter(|letter| !self.withdrawn.contains(&letter.trace)).chain(newer).collect();
        self.withdrawn.extend(withdrawn);
        self.settle_all();
    }

    /// Makes the next step say everything, whatever is held of the ones before.
    pub(in super::super) fn settle_all(&mut self) {
        let listed = self.traces.iter().filter(|(_, state)| state.listed).map(|(key, _)| *key);
        self.changed.extend(listed);
        self.kept_forgone = Arc::default();
        self.untold = true;
    }

    /// What to store: the base that everything below is settled, and the exceptions that changed.
    pub(in super::super) fn settle(&mut self, now: Time, everything: bool) -> Option<Settle> {
        self.forget_ahead();
        self.list(now, everything);
        let base = self.firsts.first().map_or(self.cursor, |(first, _)| first - 1).max(self.base);
        let same = self.gaps == self.kept_gaps && self.forgone == self.kept_forgone;
        let told = self.letters.is_empty() && self.withdrawn.is_empty() && same;
        let news = std::mem::take(&mut self.untold) || !told;
        if base == self.base && self.changed.is_empty() && self.closed.is_empty() && !news {
            return None;
        }
        self.base = base;
        self.kept_gaps = self.gaps.clone();
        self.kept_forgone = Arc::clone(&self.forgone);
        while let Some(noted) = self.noted.pop_front_if(|noted| noted.seq <= base) {
            self.at_base.accepted += noted.items;
            self.at_base.quarantined += noted.unreadable;
            // A restart will not note these again: they count in their exceptions.
            let listed = noted.traces.iter().map(|(key, _)| *key);
            self.changed.extend(listed.filter(|key| self.traces.get(key).is_some_and(|state| state.listed)));
        }
        let above = self.above();
        // What a restart will note again is given up again then.
        let given =
            |(key, above): (&SubjectKey, &Above)| self.traces.get(key).map_or(0, |state| state.given.min(above.items));
        let left_out = self.noted.iter().map(|noted| noted.left_out).sum::<u64>();
        let expired_above = left_out + above.iter().map(given).sum::<u64>();
        let changed = std::mem::take(&mut self.changed);
        let opened = changed
            .into_iter()
            .filter_map(|key| {
                Some(exception(key, self.traces.get(&key)?, above.get(&key).copied().unwrap_or_default()))
            })
            .collect();
        let closed = std::mem::take(&mut self.closed).into_iter().collect();
        let AtBase { accepted, quarantined } = self.at_base;
        Some(Settle {
            base,
            counters: Counters {
                accepted,
                quarantined,
                expired: self.counters.expired.saturating_sub(expired_above),
                ..self.counters.clone()
            },
            gaps: self.gaps.all().collect(),
            opened,
            closed,
            letters: std::mem::take(&mut self.letters),
            withdrawn: std::mem::take(&mut self.withdrawn).into_iter().collect(),
            facts: Vec::new(),
        })
    }

    /// What retention must not take away: what is open now, and what a restart would find open.
    pub fn pins(&self) -> Pins {
        let needed = self.traces.iter().filter(|(_, state)| state.state != State::Forgone).map(|(key, _)| key);
        let traces = needed.chain(&self.closed).copied().collect();
        Pins { base: self.base, gaps: self.kept_gaps.all().collect(), traces }
    }

    /// Nothing is read ahead of its turn once there is no gap.
    fn forget_ahead(&mut self) {
        if !self.gaps.is_empty() || self.kept_gaps.is_empty() {
            return;
        }
        let ahead = |(_, state): &(&SubjectKey, &TraceState)| state.state == State::Ahead;
        let keys: Vec<SubjectKey> = self.traces.iter().filter(ahead).map(|(key, _)| *key).collect();
        for key in keys {
            let Some(state) = self.take(key) else { continue };
            match self.forgone.may_hold(key, state.shown.unwrap_or_default()) {
                true => self.forgo(key, state, 0),
                false => self.drop_listing(key, &state),
            }
        }
    }

    /// Lists as exceptions what is old, and everything below the base to come: what stands in no
    /// exception must be above it.
    fn list(&mut self, now: Time, everything: bool) {
        let below = self.base.max(self.skipped);
        let old: Vec<SubjectKey> = self
            .firsts
            .iter()
            .take_while(|(first, key)| {
                everything || *first <= below || now.0 - self.traces[key].first_at.0 > LIST_AFTER_NS
            })
            .map(|(_, key)| *key)
            .collect();
        for key in old {
            if let Some(state) = self.traces.get_mut(&key) {
                state.listed = true;
                self.firsts.remove(&(state.first, key));
                self.changed.insert(key);
            }
        }
    }

    /// What waits and whose records are above the base, by trace: it will be noted again.
    fn above(&self) -> HashMap<SubjectKey, Above> {
        let mut above: HashMap<SubjectKey, Above> = HashMap::new();
        for noted in &self.noted {
            for (key, items) in &noted.traces {
                let Some(state) = self.traces.get(key) else { continue };
                let sent = state.frozen.or(state.flying).unwrap_or_default();
                let above = above.entry(*key).or_default();
                above.items += if noted.seq > state.shown.unwrap_or_default() { *items } else { 0 };
                above.since += if noted.seq > sent { *items } else { 0 };
            }
        }
        above
    }
}

/// Items of a trace that will be noted again, and those of them of records after what was sent.
#[derive(Clone, Copy, Default)]
struct Above {
    items: u64,
    since: u64,
}

fn exception(trace: SubjectKey, state: &TraceState, above: Above) -> Open {
    let since = if state.frozen.is_some() { state.since_frozen } else { Some(state.since) };
    let note = Note {
        state: state.state,
        attempts: state.attempts,
        first_at: state.first_at,
        last_at: state.last_at,
        dead: state.dead.saturating_sub(above.items),
        given: state.given.saturating_sub(above.items),
        frozen: state.frozen.or(state.flying),
        why: state.why.clone(),
        items: Some(state.items.saturating_sub(above.items)),
        since: since.map(|since| since.saturating_sub(above.since)),
        share: Some(state.share.round() as u64),
        rows: state.rows.clone(),
        lane: state.lane,
    };
    Open {
        trace,
        project: Arc::clone(&state.project),
        shown: state.shown.unwrap_or_default(),
        first: state.first,
        last: state.last,
        note: serde_json::to_vec(&note).unwrap_or_default(),
    }
}

fn state(open: &Open, note: Note, items: u64) -> TraceState {
    let Note { state, attempts, first_at, last_at, dead, frozen, why, items: _, since, share, rows, lane, given } =
        note;
    TraceState {
        project: Arc::clone(&open.project),
        state: if state == State::Sending { State::Waiting } else { state },
        lane,
        shown: Some(open.shown),
        first: open.first,
        last: open.last,
        items,
        heft: UNKNOWN_HEFT,
        share: share.unwrap_or(UNKNOWN_SHARE) as f64,
        dead: if state == State::Parked { dead } else { 0 },
        given: if state == State::Forgone { given } else { 0 },
        rows,
        first_at,
        last_at,
        due: last_at,
        attempts,
        frozen,
        flying: None,
        since: 0,
        since_frozen: since,
        why,
        adopted: None,
        listed: true,
    }
}
