//! What is known of one trace that is not settled.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::News;
use super::Unreadable;
use crate::canonical::Time;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::Seq;

/// Threads read the clock a little out of turn; what goes back further was set back.
pub(in super::super) const SET_BACK_NS: i64 = 1_000_000_000;

/// One trace that is not settled here.
#[derive(Clone, Debug)]
pub struct TraceState {
    /// Its project.
    pub project: Arc<str>,
    /// What it is doing.
    pub state: State,
    /// Which lane it stands in.
    pub lane: Lane,
    /// The record up to which it is shown; `None`: not looked up yet.
    pub shown: Option<Seq>,
    /// The first record not shown.
    pub first: Seq,
    /// The newest record noted.
    pub last: Seq,
    /// Items not shown.
    pub items: u64,
    /// About how many bytes one of them takes, decoded.
    pub(super) heft: u64,
    /// How many bytes of its records one of them takes, as stored.
    pub(super) share: f64,
    /// Items given up on, until something new is accepted.
    pub dead: u64,
    /// Items that a policy or an operator gave up, until something new is accepted.
    pub given: u64,
    /// Rows that were refused the last time, and so are not shown whatever `shown` says.
    pub rows: Vec<Row>,
    /// When the first of them was accepted.
    pub first_at: Time,
    /// When the newest was accepted.
    pub last_at: Time,
    /// When to look at it next.
    pub due: Time,
    /// Tries so far.
    pub attempts: u32,
    /// A try that may have been applied: send up to this record again, and nothing newer.
    pub frozen: Option<Seq>,
    /// While it is on its way: up to which record it is sent.
    pub(super) flying: Option<Seq>,
    /// Items noted since it was taken, of records after that.
    pub(super) since: u64,
    /// Items noted of records after `frozen`; `None`: only its records can tell.
    pub(super) since_frozen: Option<u64>,
    /// The last error, or why it is parked.
    pub why: Option<String>,
    /// Orphans adopted while it was on its way, and so not part of what was sent: the first record and
    /// how many items.
    pub(super) adopted: Option<(Seq, u64)>,
    /// Whether it is an exception of the last settled step, or will be of the next.
    pub(super) listed: bool,
}

/// What a trace is doing.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waiting to be due.
    Waiting,
    /// On its way.
    Sending,
    /// Refused for good; waits for something new, or an operator.
    Parked,
    /// Shown, with records that the late lane has still to read.
    Ahead,
    /// Given up by a policy or an operator, or shown after something of it was: what is shown does not
    /// follow from the records.
    Forgone,
}

/// By which way a trace came to be noted.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// From the head of the ledger.
    #[default]
    Fresh = 0,
    /// From a gap, or left behind when one was opened.
    Late = 1,
}

/// A row that a vendor refused for good.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Row {
    /// The trace record.
    Trace,
    /// A span, by the bytes that every dialect's id of it shares.
    Span([u8; 8]),
    /// The scores of the trace, its spans or its session.
    Scores,
}

impl TraceState {
    /// Whether it was accepted later than now: the clock was set back, and no time of it means anything.
    pub(in super::super) fn is_of_the_future(&self, now: Time) -> bool {
        now.plus(SET_BACK_NS) < self.last_at
    }

    /// Whether nothing of it waits, nor was refused or given up.
    pub(super) fn is_settled(&self) -> bool {
        self.state == State::Ahead || (self.state == State::Forgone && self.given == 0)
    }

    /// About how many bytes its items take, decoded.
    pub(in super::super) fn bytes(&self) -> u64 {
        self.items.saturating_mul(self.heft)
    }

    /// How many bytes of its records its items take, as stored.
    pub(super) fn stored(&self) -> u64 {
        (self.items as f64 * self.share) as u64
    }

    /// Adds items that take so many bytes, decoded and as stored.
    pub(super) fn add(&mut self, items: u64, bytes: u64, stored: f64) {
        let bytes = self.bytes().saturating_add(bytes);
        let stored = self.items as f64 * self.share + stored;
        self.items += items;
        self.heft = bytes.checked_div(self.items).unwrap_or(self.heft);
        self.share = stored / self.items.max(1) as f64;
    }

    /// Items noted of records that are not held any more, of what was on its way: what is missing of them.
    pub(in super::super) fn unreadable(
        &self,
        held: &TraceItems,
        newer: u64,
        noted: impl Fn(Seq) -> bool,
    ) -> Unreadable {
        let shown = self.shown.unwrap_or(self.first.saturating_sub(1));
        let sent = self.frozen.or(self.flying).unwrap_or(Seq::MAX);
        let within = |seq: Seq| seq > shown && seq <= sent && noted(seq);
        let seqs: Vec<Seq> = held.lost.iter().copied().filter(|seq| within(*seq)).collect();
        let there = if seqs.is_empty() { self.items } else { held.count_where(within) };
        Unreadable { seqs, items: self.items.saturating_sub(newer).saturating_sub(there) }
    }

    /// Items noted after what was sent up to a record; `None`: only its records can tell.
    pub(in super::super) fn newer(&self, upto: Seq) -> Option<u64> {
        match self.last > upto {
            false => Some(0),
            true if self.frozen.is_some_and(|frozen| upto <= frozen) => self.since_frozen,
            true => Some(self.since),
        }
    }

    /// Counts items of a record as noted after what is on its way, and after what is sent again.
    pub(super) fn count_since(&mut self, seq: Seq, items: u64) {
        if self.flying.is_some_and(|flying| seq > flying) {
            self.since += items;
        }
        if self.frozen.is_some_and(|frozen| seq > frozen) {
            self.since_frozen = self.since_frozen.map(|since| since + items);
        }
    }

    /// Notes up to which record it is to be sent again. What was adopted meanwhile was not part of that.
    pub(super) fn freeze(&mut self, upto: Option<Seq>) {
        if self.frozen.is_none_or(|frozen| upto.is_some_and(|upto| upto > frozen)) {
            self.since_frozen = Some(self.since);
        }
        if self.adopted.is_some() {
            self.since_frozen = None;
        }
        self.frozen = upto;
    }

    /// A trace heard of for the first time since it was last settled.
    pub(super) fn new(news: &News<'_>, lane: Lane) -> Self {
        Self {
            project: Arc::clone(news.project),
            state: State::Waiting,
            lane,
            shown: None,
            first: news.seq,
            last: news.seq,
            items: 0,
            heft: 0,
            share: 0.0,
            dead: 0,
            given: 0,
            rows: Vec::new(),
            first_at: news.at,
            last_at: news.at,
            due: news.due,
            attempts: 0,
            frozen: None,
            flying: None,
            since: 0,
            since_frozen: Some(0),
            why: None,
            adopted: None,
            listed: false,
        }
    }
}
