//! Dead letters: what a vendor refused for good, as an operator finds it.

use std::sync::Arc;

use bytes::Bytes;

use super::book::Ending;
use super::book::Row;
use super::book::TraceState;
use super::book::Unreadable;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::contract::Answer;
use crate::contract::Bucket;
use crate::contract::Request;
use crate::pipeline::ledger::Letter;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;

/// The most of a request's body that a letter keeps: the items stand in the ledger.
const REQUEST: usize = 64 * 1024;
/// The most of an answer.
const ANSWER: usize = 4 * 1024;

/// What a trace cannot show at a destination.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) target: Target,
    /// Whether it is about scores, not the row.
    pub(super) scores: bool,
    /// The kind of refusal.
    pub(super) reason: &'static str,
    pub(super) why: String,
    /// How many items that is.
    pub(super) items: u64,
    pub(super) exchange: Exchange,
}

/// What was last asked, and answered, without a credential.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    pub(super) status: Option<u16>,
    pub(super) request: Bytes,
    pub(super) answer: Bytes,
}

impl Exchange {
    /// What is kept of a request and its answer.
    pub(super) fn of(request: &Request, answer: &Answer) -> Self {
        let body = request.body.as_deref().unwrap_or_default();
        let head = format!("{} {}\n\n", request.method, request.path);
        let mut text = head.into_bytes();
        text.extend_from_slice(&body[..body.len().min(REQUEST)]);
        let answer_text = Bytes::copy_from_slice(&answer.body[..answer.body.len().min(ANSWER)]);
        Self { status: Some(answer.status), request: text.into(), answer: answer_text }
    }
}

impl Refused {
    /// An update whose create never came.
    pub(super) fn no_create(target: Target, items: u64) -> Self {
        let (reason, why) = ("no create", "no create".to_owned());
        Self { target, scores: false, reason, why, items, exchange: Exchange::default() }
    }

    /// A trace that our own code cannot bear.
    pub(super) fn panicked(target: Target) -> Self {
        let (reason, why) = ("panic", "our own translation of it failed; the log says where".to_owned());
        Self { target, scores: false, reason, why, items: u64::MAX, exchange: Exchange::default() }
    }

    /// The row that is not shown.
    pub(super) fn row(&self) -> Row {
        match (&self.target, self.scores) {
            (_, true) | (Target::Session(_), _) => Row::Scores,
            (Target::Trace(_), _) => Row::Trace,
            (Target::Span { span, .. }, _) => Row::Span(span.stem()),
        }
    }

    /// In one line.
    pub(super) fn text(&self) -> String {
        format!("{}: {}", self.label(), self.why)
    }

    fn label(&self) -> String {
        if self.scores { format!("{}, scores", self.target) } else { self.target.to_string() }
    }
}

/// Whether a write is about scores.
pub(super) fn is_score(bucket: Bucket) -> bool {
    bucket == Bucket::Score
}

/// The letters of one trace: one a row, `dead` items in all.
pub(super) fn letters(
    (key, state): (SubjectKey, &TraceState),
    refused: &[Refused],
    dead: u64,
    seqs: &[Seq],
    now: Time,
) -> Vec<Letter> {
    let mut left = dead;
    let mut letters: Vec<Letter> = Vec::new();
    for refused in refused {
        let items = refused.items.min(left);
        left -= items;
        let target = refused.label();
        if let Some(same) = letters.iter_mut().find(|letter| letter.target == target) {
            same.items += items;
            continue;
        }
        letters.push(Letter {
            id: 0,
            destination: Arc::from(""),
            project: Arc::clone(&state.project),
            trace: key,
            target,
            items,
            reason: refused.reason.to_owned(),
            why: refused.why.clone(),
            status: refused.exchange.status,
            request: refused.exchange.request.clone(),
            answer: refused.exchange.answer.clone(),
            attempts: state.attempts + 1,
            first_at_ns: state.first_at.0,
            dead_at_ns: now.0,
            seqs: seqs.to_vec(),
        });
    }
    if let Some(first) = letters.first_mut() {
        first.items += left;
    }
    letters
}

/// How a shipment ended, of which this was refused.
pub(super) fn ending(upto: Seq, newer: u64, refused: &[Refused], (ahead, scarred): (bool, bool), now: Time) -> Ending {
    let rows = refused.iter().map(Refused::row).collect();
    let why = refused.first().map(Refused::text);
    Ending { upto, newer, dead: 0, rows, why, ahead, scarred, now, lost: Unreadable::default() }
}

/// What the first of these says; empty where there is none.
pub(super) fn text(refused: &[Refused]) -> String {
    refused.first().map(Refused::text).unwrap_or_default()
}
