//! The vendor's read shapes: shown to our clients, and read from the vendor (`wire/pandaprobe.md §4.2`).

use indexmap::IndexMap;
use serde::Serialize;

use super::decode;
use super::decode::Reader;
use super::encode;
use super::wire;
use crate::canonical::ClientProject;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Raw;
use crate::canonical::Score;
use crate::canonical::ScoreValue;
use crate::canonical::Time;
use crate::canonical::View;
use crate::canonical::complement::Keep;
use crate::canonical::ids;
use crate::contract::Answer;
use crate::contract::Outward;
use crate::contract::Seed;
use crate::contract::Wanted;

type Members = IndexMap<String, Raw>;

const TRACE_KEYS: [&str; 14] = [
    "trace_id",
    "project_id",
    "name",
    "status",
    "input",
    "output",
    "metadata",
    "started_at",
    "ended_at",
    "session_id",
    "user_id",
    "tags",
    "environment",
    "release",
];

const SPAN_KEYS: [&str; 17] = [
    "span_id",
    "trace_id",
    "parent_span_id",
    "name",
    "kind",
    "status",
    "input",
    "output",
    "model",
    "token_usage",
    "metadata",
    "started_at",
    "ended_at",
    "error",
    "completion_start_time",
    "model_parameters",
    "cost",
];

/// A trace as `GET /traces/{id}` shows it; `None` when the view holds nothing but scores.
pub(super) fn trace(view: &View, out: &Outward, project_id: &str) -> Option<Members> {
    let rows = encode::rows(view, &plain(out));
    if rows.trace.is_none() && rows.spans.is_empty() {
        return None;
    }
    let unknown = || wire::Trace {
        started_at: view.start().map(|start| Raw::of(&start.exact())).into(),
        status: Field::Set("RUNNING".to_owned()),
        ..wire::Trace::default()
    };
    let wire = rows.trace.map_or_else(unknown, |row| row.wire);
    let mut spans: Vec<_> = rows.spans.into_values().map(|row| row.wire).collect();
    let place = |span: &wire::Span| (span.started_at.get().and_then(decode::time), span.span_id.cloned());
    spans.sort_by_cached_key(place);
    let trace_id = encode::shown(view.id, view.id, out);
    Some(trace_members(wire, &spans, &trace_id, project_id))
}

/// A trace of which only an update is known.
pub(super) fn patched_trace(body: &Raw, id: &str, project_id: &str) -> Members {
    trace_members(body.read().unwrap_or_default(), &[], id, project_id)
}

/// A span as the vendor answers its update.
pub(super) fn span(view: &View, span: Id, out: &Outward) -> Option<Members> {
    let mut rows = encode::rows(view, &plain(out));
    let row = rows.spans.swap_remove(&encode::shown(span, view.id, out))?;
    Some(span_members(row.wire, &encode::shown(view.id, view.id, out)))
}

/// A span of which only an update is known.
pub(super) fn patched_span(body: &Raw, trace: &str, span: &str) -> Members {
    let row: wire::Span = body.read().unwrap_or_default();
    span_members(wire::Span { span_id: Field::Set(span.to_owned()), ..row }, trace)
}

/// Our clients see no reserved key.
fn plain(out: &Outward) -> Outward {
    Outward { keep: Keep::Off, ..out.clone() }
}

fn trace_members(trace: wire::Trace, spans: &[wire::Span], id: &str, project_id: &str) -> Members {
    let totals = totals(spans);
    let known = Raw::of(&wire::Trace { extra: Members::new(), ..trace }).members().unwrap_or_default();
    let mut out = all(known, &TRACE_KEYS);
    out.insert("trace_id".to_owned(), Raw::of(id));
    out.insert("project_id".to_owned(), Raw::of(project_id));
    for (key, default) in [("name", ""), ("status", "COMPLETED")] {
        default_to(&mut out, key, Raw::of(default));
    }
    default_to(&mut out, "tags", Raw::of::<[&str]>(&[]));
    let spans: Vec<Members> = spans.iter().map(|span| span_members(span.clone(), id)).collect();
    out.insert("spans".to_owned(), Raw::of(&spans));
    out.insert("total_tokens".to_owned(), Raw::of(&totals.0));
    out.insert("total_cost".to_owned(), Raw::of(&totals.1));
    out
}

fn span_members(span: wire::Span, trace: &str) -> Members {
    let time = |field: &Field<Raw>| field.get().and_then(decode::time);
    let since_start = |field: &Field<Raw>| {
        let nanos = time(field)?.0.checked_sub(time(&span.started_at)?.0)?;
        Some(nanos as f64 / 1e6)
    };
    let (latency, first) = (since_start(&span.ended_at), since_start(&span.completion_start_time));
    let known = Raw::of(&wire::Span { extra: Members::new(), ..span }).members().unwrap_or_default();
    let mut out = all(known, &SPAN_KEYS);
    out.insert("trace_id".to_owned(), Raw::of(trace));
    for (key, default) in [("name", ""), ("kind", "OTHER"), ("status", "UNSET")] {
        default_to(&mut out, key, Raw::of(default));
    }
    out.insert("latency_ms".to_owned(), Raw::of(&latency));
    out.insert("time_to_first_token_ms".to_owned(), Raw::of(&first));
    out
}

/// Every key of an answer, `null` where there is nothing, times in the server's spelling.
fn all(mut known: Members, keys: &[&str]) -> Members {
    let mut out = Members::new();
    for key in keys {
        let value = known.swap_remove(*key).unwrap_or_else(|| Raw::of(&()));
        let value = match *key {
            "started_at" | "ended_at" | "completion_start_time" => {
                decode::time(&value).map_or_else(|| Raw::of(&()), |time| Raw::of(&shown_time(time)))
            }
            "metadata" if value.is_null() => Raw::of(&Members::new()),
            _ => value,
        };
        out.insert((*key).to_owned(), value);
    }
    out
}

fn default_to(out: &mut Members, key: &str, default: Raw) {
    if out.get(key).is_none_or(Raw::is_null) {
        out.insert(key.to_owned(), default);
    }
}

/// `2026-01-01T00:00:00.000001+00:00`, without a fraction that is zero (`wire/pandaprobe.md §7`).
pub(super) fn shown_time(time: Time) -> String {
    let decimals = if time.micros().0 % 1_000_000_000 == 0 { 0 } else { 6 };
    format!("{}+00:00", time.rfc3339(decimals).trim_end_matches('Z'))
}

/// The sums that the server makes: prompt and completion tokens, and total cost.
fn totals(spans: &[wire::Span]) -> (i64, f64) {
    let count = |members: &Members, key: &str| members.get(key).and_then(|raw| raw.read::<i64>().ok()).unwrap_or(0);
    let usage = |span: &wire::Span| span.token_usage.get().and_then(Raw::members).unwrap_or_default();
    let cost = |span: &wire::Span| span.cost.get().and_then(|raw| raw.members()?.get("total")?.read::<f64>().ok());
    let tokens = spans
        .iter()
        .map(usage)
        .map(|usage| count(&usage, "prompt_tokens").saturating_add(count(&usage, "completion_tokens")));
    (tokens.fold(0, i64::saturating_add), spans.iter().filter_map(cost).fold(0.0, |sum, cost| sum + cost))
}

/// A score as the vendor answers it.
pub(super) fn score(score: &Score, trace: Id, out: &Outward, project_id: &str) -> Option<Members> {
    let (body, _) = encode::score_body(score, trace, &plain(out)).ok().or_else(|| {
        // What the vendor would refuse was accepted here, and its sender may read it back.
        let number = score.verbatim.clone().unwrap_or_default();
        let kept = Score { value: ScoreValue::Category(number), verbatim: None, ..score.clone() };
        encode::score_body(&kept, trace, &plain(out)).ok()
    })?;
    let at = shown_time(score.at);
    let id = Id::derived(&trace.verbatim(trace), &format!("score {} {} {}", score.target, score.name, score.at.0));
    let mut out = Members::from([("id".to_owned(), Raw::of(&id.to_string()))]);
    out.extend(Raw::of(&body).members()?);
    default_to(&mut out, "metadata", Raw::of(&Members::new()));
    for key in ["reason", "environment", "eval_run_id", "author_user_id", "config_id"] {
        default_to(&mut out, key, Raw::of(&()));
    }
    for (key, value) in [("status", "SUCCESS"), ("created_at", &at), ("updated_at", &at), ("project_id", project_id)] {
        out.insert(key.to_owned(), Raw::of(value));
    }
    Some(out)
}

/// The latest score of each name.
pub(super) fn scores(view: &View, out: &Outward, project_id: &str) -> Vec<Members> {
    let mut latest: IndexMap<&str, &Score> = IndexMap::new();
    for score in &view.scores {
        let held = latest.entry(&score.name).or_insert(score);
        if score.at >= held.at {
            *held = score;
        }
    }
    latest.into_values().filter_map(|kept| score(kept, view.id, out, project_id)).collect()
}

/// A UUID for something that has none, the same for the same seed.
pub(super) fn made_up(seed: &[u8; 16], what: &str) -> String {
    ids::text(Id::derived(seed, what).verbatim(Id::default()))
}

/// Reads the answers of `GET /traces/{id}` and of its scores.
pub(super) fn read_answer(wanted: &Wanted, answers: &[Answer]) -> Result<Option<Vec<Item>>, String> {
    let Some(answer) = answers.first() else { return Ok(None) };
    let project = ClientProject { name: Some(wanted.project.name.clone()), ..ClientProject::default() };
    let mut reader = Reader { project, seed: Seed { record: [0; 16], at: Time::default() }, losses: Vec::new() };
    let Some(body) = body(answer)? else { return Ok(None) };
    let mut items = decode::trace_answer(&body, &mut reader).map_err(|refusal| refusal.to_string())?;
    if let Some(span) = &wanted.span
        && !spans(&body).contains(span)
    {
        return Ok(None);
    }
    if let Some(scores) = answers.get(1).map(self::body).transpose()?.flatten() {
        for (at, raw) in scores.elements().ok_or("the scores are no list")?.iter().enumerate() {
            let item = decode::score_answer(raw, &format!("scores[{at}]"), &mut reader);
            items.push(item.map_err(|refusal| refusal.to_string())?);
        }
    }
    Ok(Some(items))
}

fn spans(body: &Raw) -> Vec<String> {
    let trace: wire::Trace = body.read().unwrap_or_default();
    let rows = trace.spans.take().unwrap_or_default();
    rows.iter().filter_map(|raw| raw.read::<wire::Span>().ok()?.span_id.take()).collect()
}

fn body(answer: &Answer) -> Result<Option<Raw>, String> {
    match answer.status {
        404 => Ok(None),
        200 => serde_json::from_slice(&answer.body).map(Some).map_err(|error| error.to_string()),
        status => Err(format!("answered {status}")),
    }
}

/// A body of ours.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> String {
    Raw::of(value).text().to_owned()
}
