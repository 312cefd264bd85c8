//! Feedback scores: batches of those that are new or changed, deletes of those that are gone.

use std::collections::HashMap;

use http::Method;
use indexmap::IndexMap;

use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Raw;
use crate::canonical::Score;
use crate::canonical::ScoreValue;
use crate::canonical::Target;
use crate::canonical::View;
use crate::contract::Bucket;
use crate::contract::Outward;
use crate::contract::Plan;
use crate::contract::Write;

use super::super::wire;
use super::ROOT;
use super::alone;
use super::json;
use super::lose;
use super::vendor_id;

/// Scores are kept in decimal(18,9) (`wire/opik.md §4.6`).
const LARGEST: f64 = 999_999_999.999_999_9;

/// What distinguishes standing scores (`wire/opik.md §4.6`).
type Key<'a> = (&'a Target, &'a str, Option<&'a str>);

/// Plans the scores of a view.
pub(super) fn plan(view: &View, shown: Option<&View>, out: &Outward, plan: &mut Plan) {
    let before: HashMap<Key<'_>, &Score> =
        shown.iter().flat_map(|shown| &shown.scores).map(|score| (key(score), score)).collect();
    for score in &view.scores {
        let mut losses = Vec::new();
        let row = row(score, view.id, out, &mut losses);
        let known = before.get(&key(score)).and_then(|before| self::row(before, view.id, out, &mut Vec::new()));
        match row {
            Some(row) if known.as_ref() != Some(&row) => plan.push(set(score, &row, out), losses),
            Some(_) => {}
            None => plan.losses.extend(losses),
        }
    }
    let standing: Vec<Key<'_>> = view.scores.iter().map(key).collect();
    let gone = shown.iter().flat_map(|shown| &shown.scores).filter(|score| !standing.contains(&key(score)));
    plan.writes.extend(gone.map(|score| take_back(score, view.id, out)));
}

fn key(score: &Score) -> Key<'_> {
    (&score.target, &score.name, score.author.as_deref())
}

/// A score's row; `None` when the vendor cannot hold it.
fn row(score: &Score, trace: Id, out: &Outward, losses: &mut Vec<Loss>) -> Option<wire::Score> {
    let subject = score.target.to_string();
    let path = format!("scores.{}", score.name);
    let (number, word) = match &score.value {
        ScoreValue::Number(number) => (*number, score.label.clone()),
        ScoreValue::Bool(yes) => (f64::from(u8::from(*yes)), Some(yes.to_string())),
        ScoreValue::Category(word) => {
            lose(losses, &subject, &path, "a category needs a number beside it: 0 was written");
            (0.0, Some(word.clone()))
        }
    };
    if !(-LARGEST..=LARGEST).contains(&number) {
        lose(losses, &subject, &path, "not a number below 10^9");
        return None;
    }
    if score.name.trim().is_empty() {
        lose(losses, &subject, &path, "a score needs a name");
        return None;
    }
    if score.metadata.is_some() {
        lose(losses, &subject, &format!("{path}.metadata"), "a score has no metadata");
    }
    let known = |source: &&str| wire::SCORE_SOURCES.contains(source);
    if score.source.as_deref().is_some_and(|source| !known(&source)) {
        lose(losses, &subject, &format!("{path}.source"), "not a word the vendor knows");
    }
    let source = score.source.as_deref().filter(known).unwrap_or("sdk");
    let (id, thread_id) = match &score.target {
        Target::Trace(id) => (Field::Set(vendor_id(*id, trace, out)), Field::Absent),
        Target::Span { span, .. } => (Field::Set(vendor_id(*span, trace, out)), Field::Absent),
        Target::Session(session) => (Field::Absent, Field::Set(session.clone())),
    };
    Some(wire::Score {
        id,
        thread_id,
        project_name: Field::Set(out.project.name.clone()),
        project_id: Field::Absent,
        name: Field::Set(score.name.clone()),
        value: Field::Set(digits(score, number)),
        category_name: word.into(),
        reason: score.reason.clone().into(),
        source: Field::Set(source.to_owned()),
        author: score.author.clone().into(),
        extra: IndexMap::new(),
    })
}

/// A score's row as reads show it: without what it judges.
pub(in crate::dialects::opik) fn public(score: &Score) -> Option<wire::Score> {
    let row = row(score, Id::default(), &Outward::default(), &mut Vec::new())?;
    let (id, thread_id, project_name) = Default::default();
    Some(wire::Score { id, thread_id, project_name, author: Field::Absent, ..row })
}

/// The number in the sender's own digits where they are a JSON number of that value.
fn digits(score: &Score, number: f64) -> Raw {
    let sent = score.verbatim.as_deref().and_then(Raw::parse);
    sent.filter(|raw| raw.read::<f64>().is_ok_and(|sent| sent == number)).unwrap_or_else(|| Raw::of(&number))
}

fn set(score: &Score, row: &wire::Score, out: &Outward) -> Write {
    let rows = rows(&score.target);
    Write {
        stage: 0,
        batch: format!("{rows} scores {}", out.project.name).into(),
        method: Method::PUT,
        path: format!("{ROOT}/{rows}/feedback-scores"),
        headers: Vec::new(),
        row: json(row),
        bucket: Bucket::Score,
        target: score.target.clone(),
        unless: None,
        each: None,
        once: None,
    }
}

fn take_back(score: &Score, trace: Id, out: &Outward) -> Write {
    let rows = rows(&score.target);
    let mut body = wire::DeleteScores { author: score.author.clone().into(), ..wire::DeleteScores::default() };
    let path = match &score.target {
        Target::Trace(id) | Target::Span { span: id, .. } => {
            body.name = Field::Set(score.name.clone());
            format!("{ROOT}/{rows}/{}/feedback-scores/delete", vendor_id(*id, trace, out))
        }
        Target::Session(session) => {
            body.names = Field::Set(vec![score.name.clone()]);
            body.thread_id = Field::Set(session.clone());
            body.project_name = Field::Set(out.project.name.clone());
            format!("{ROOT}/{rows}/feedback-scores/delete")
        }
    };
    alone(Method::POST, path, &body, Bucket::Score, score.target.clone())
}

/// The path that stands for a kind of target.
fn rows(target: &Target) -> &'static str {
    match target {
        Target::Trace(_) => "traces",
        Target::Span { .. } => "spans",
        Target::Session(_) => "traces/threads",
    }
}
