//! `metrics`: durations, token counts, cost, and the scores that stand when a step is created.

use indexmap::IndexMap;

use crate::canonical::Cost;
use crate::canonical::Field;
use crate::canonical::Loss;
use crate::canonical::Raw;
use crate::canonical::Score;
use crate::canonical::ScoreValue;
use crate::canonical::Time;
use crate::canonical::Usage;
use crate::dialects::galileo::decode;

/// The facts that go into metrics.
pub(super) struct Given<'a> {
    /// The start as it is sent.
    pub(super) start: Option<Time>,
    pub(super) end: Option<Time>,
    pub(super) duration: Option<i64>,
    pub(super) first_token: Option<Time>,
    pub(super) first_token_after: Option<i64>,
    pub(super) usage: &'a Field<Usage>,
    pub(super) cost: &'a Field<Cost>,
    pub(super) scores: &'a [&'a Score],
    /// Metrics of the same dialect that are no number.
    pub(super) rest: Option<IndexMap<String, Raw>>,
}

/// The members. `counted`: whether tokens and cost may stand here; of a parent they are what its
/// children's sum to, and would be counted twice (`wire/otlp.md §4.4c`).
pub(super) fn give(given: Given<'_>, same: bool, counted: bool, losses: &mut Vec<Loss>) -> IndexMap<String, Raw> {
    let since = |instant: Option<Time>| Some(instant?.0.saturating_sub(given.start?.0));
    let mut members = IndexMap::new();
    let mut put = |key: &str, value: Option<Raw>| value.map(|value| members.insert(key.to_owned(), value));
    put("duration_ns", since(given.end).or(given.duration).map(|nanos| Raw::of(&nanos)));
    if same || counted {
        for (key, value) in given.usage.get().map(|usage| counts(usage, same)).unwrap_or_default() {
            put(&key, Some(value));
        }
    }
    let first_token = since(given.first_token).or(given.first_token_after);
    put("time_to_first_token_ns", first_token.map(|nanos| Raw::of(&nanos)));
    if same || counted {
        let total = given.cost.get().and_then(|cost| cost.total).filter(|total| total.is_finite());
        put("cost", total.map(|total| Raw::of(&total)));
    }
    for (key, value) in given.rest.unwrap_or_default() {
        put(&key, Some(value));
    }
    give_scores(given.scores, &mut members, losses);
    members
}

/// Token counts by name. A total that is not given is the sum, which the vendor does not make.
fn counts(usage: &Usage, same: bool) -> Vec<(String, Raw)> {
    let mut usage = usage.clone();
    if let (false, None, Some(input), Some(output)) = (same, usage.total, usage.input, usage.output) {
        usage.total = input.checked_add(output);
    }
    let mut known = Vec::new();
    for (key, count) in decode::USAGE {
        known.extend(count(&mut usage).map(|count| (key.to_owned(), Raw::of(&count))));
    }
    let fits = |key: &str, value: &Raw| same || (decode::is_count(key) && value.read::<i64>().is_ok());
    known.extend(usage.other.into_iter().filter(|(key, value)| fits(key, value)));
    known
}

/// Scores as further numbers; what a number cannot say is lost.
fn give_scores(scores: &[&Score], members: &mut IndexMap<String, Raw>, losses: &mut Vec<Loss>) {
    for score in scores {
        let mut lose = |part: &str, why: &str| losses.push(loss(score, part, why));
        let value = match &score.value {
            ScoreValue::Number(_) if verbatim(score).is_some() => verbatim(score),
            ScoreValue::Number(number) if number.is_finite() => Some(Raw::of(number)),
            ScoreValue::Bool(yes) => {
                lose("value", "a metric is a number: yes is 1, no is 0");
                Some(Raw::of(&i32::from(*yes)))
            }
            ScoreValue::Number(_) | ScoreValue::Category(_) => None,
        };
        let Some(value) = value else {
            lose("value", "a metric is a number");
            continue;
        };
        if decode::is_taken(&score.name) || members.contains_key(&score.name) {
            lose("name", "there is a metric of that name");
            continue;
        }
        let beside = [
            ("label", score.label.is_some()),
            ("reason", score.reason.is_some()),
            ("source", score.source.is_some()),
            ("author", score.author.is_some()),
            ("metadata", score.metadata.is_some()),
        ];
        for (part, _) in beside.iter().filter(|(_, given)| *given) {
            lose(part, "a metric is a number and no more");
        }
        members.insert(score.name.clone(), value);
    }
}

/// The number as it was sent, if that is JSON.
fn verbatim(score: &Score) -> Option<Raw> {
    let raw = score.verbatim.as_deref().and_then(Raw::parse)?;
    raw.read::<f64>().is_ok_and(f64::is_finite).then_some(raw)
}

/// A part of a score that is not carried.
pub(super) fn loss(score: &Score, part: &str, why: &str) -> Loss {
    Loss {
        subject: score.target.to_string(),
        path: format!("scores.{}.{part}", score.name),
        why: why.to_owned(),
        carried: false,
    }
}
