//! What is asked of the vendor and what its answers mean; pure.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use indexmap::IndexMap;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use super::decode;
use super::settings;
use super::wire;
use crate::canonical::Field;
use crate::canonical::Raw;
use crate::contract::Answer;
use crate::contract::Bucket;
use crate::contract::Request;
use crate::contract::Rows;
use crate::contract::Verdict;
use crate::contract::Wanted;
use crate::contract::Write;
use crate::contract::pause;

/// How long a spent rate window may last; the server names no time (`wire/pandaprobe.md §13`).
const WINDOW: Duration = Duration::from_secs(60);

/// How often to look whether a spent quota has been renewed; that takes up to 30 days or a person.
const QUOTA: Duration = Duration::from_secs(15 * 60);

/// One request for one write; the vendor has no batches of traces.
pub(super) fn pack(writes: &[&Write]) -> Request {
    let Some(write) = writes.first() else { return Request::default() };
    write.carried((!write.row.is_empty()).then(|| write.row.clone()), 1)
}

/// What an answer means (live-tested there unless said).
///
/// | answer | verdict | source |
/// | --- | --- | --- |
/// | 2xx | delivered; of `POST /traces` that promises nothing, see [`confirm`] | `wire/pandaprobe.md §0.3`, §5.3 |
/// | 404 of a DELETE | delivered: it is gone | §4 |
/// | other 404 | retry: right after a 202 nothing is there yet | §5.3, §16 |
/// | 401, 403 | stop: unknown, revoked or expired key | §2, §12 |
/// | 402 | stop: not used today, and nothing a resend would cure | §12 |
/// | 429 with `error` | retry in a minute: the rate, whose end is not named | §13 |
/// | 429 with `detail` | retry in 15 min: the quota, until its period ends | §12, §13 |
/// | 400, 422 in the vendor's words | rejected: schema, project name, undecodable body | §12 |
/// | 400, 422 as a page | retry: a proxy's opinion | – |
/// | 413 | rejected: a proxy in front; requests carry one row | §8 |
/// | 409 | retry: never of a trace | §12 |
/// | 408, 5xx, 3xx, anything else | retry; 500 is a score before its trace, a store that is down | §5.3, §12 |
pub(super) fn verdict(request: &Request, answer: &Answer) -> Verdict {
    let said = || format!("{} {}", answer.status, excerpt(&answer.body)).trim_end().to_owned();
    match answer.status {
        200..=299 => Verdict::Delivered,
        404 if request.method == Method::DELETE => Verdict::Delivered,
        401..=403 => Verdict::Stop(said()),
        429 => Verdict::Retry(Some(pause::retry_after(&answer.headers).unwrap_or_else(|| spent(&answer.body)))),
        400 | 422 if pause::is_page(answer) => Verdict::Retry(pause::retry_after(&answer.headers)),
        400 | 413 | 422 => Verdict::Rejected(said()),
        _ => Verdict::Retry(pause::retry_after(&answer.headers)),
    }
}

/// The two kinds of 429: the rate (`error`) ends within a minute, the quota (`detail`) does not.
fn spent(body: &Bytes) -> Duration {
    let members: IndexMap<String, Raw> = serde_json::from_slice(body).unwrap_or_default();
    if members.contains_key("detail") && !members.contains_key("error") { QUOTA } else { WINDOW }
}

fn excerpt(body: &Bytes) -> String {
    String::from_utf8_lossy(body).chars().take(500).collect()
}

/// 202 is no promise, so a posted trace is read; everything else is synchronous (`wire/pandaprobe.md
/// §5.3`).
pub(super) fn confirm(write: &Write) -> Option<Request> {
    if write.method != Method::POST || write.path != "/traces" {
        return None;
    }
    let sent: wire::Trace = serde_json::from_slice(&write.row).ok()?;
    let id = sent.trace_id.take()?;
    let headers = write.headers.iter().filter(|(name, _)| *name == settings::PROJECT_HEADER).cloned().collect();
    Some(Request { path: format!("/traces/{id}"), headers, bucket: Bucket::Free, ..Request::default() })
}

/// Whether a read shows everything that a write sent.
pub(super) fn confirmed(write: &Write, answer: &Answer) -> bool {
    if answer.status != 200 {
        return false;
    }
    match write.path.as_str() {
        "/traces" => trace_shows(&write.row, &answer.body).unwrap_or(false),
        "/evaluations/trace-scores" => score_shows(&write.row, &answer.body).unwrap_or(false),
        _ => false,
    }
}

fn trace_shows(sent: &Bytes, got: &Bytes) -> Option<bool> {
    let mut sent: wire::Trace = serde_json::from_slice(sent).ok()?;
    let mut got: wire::Trace = serde_json::from_slice(got).ok()?;
    let spans = |trace: &mut wire::Trace| -> Option<Vec<wire::Span>> {
        std::mem::take(&mut trace.spans).take().unwrap_or_default().iter().map(|raw| raw.read().ok()).collect()
    };
    let (sent_spans, got_spans) = (spans(&mut sent)?, spans(&mut got)?);
    let got_spans: IndexMap<String, wire::Span> =
        got_spans.into_iter().filter_map(|span| Some((span.span_id.cloned()?, span))).collect();
    sent.extra.clear();
    let shown = |span: wire::Span| {
        let got = got_spans.get(span.span_id.get()?)?;
        // A parent is fixed at the first POST, whatever a later one says.
        let sent = wire::Span { parent_span_id: Field::Absent, extra: IndexMap::new(), ..span };
        Some(shows(&sent, got))
    };
    Some(shows(&sent, &got) && sent_spans.into_iter().all(|span| shown(span).unwrap_or(false)))
}

/// Whether every key of a row is there with an equal value. The store keeps neither key order nor
/// number forms, times have microseconds, metadata and tags may hold more (`wire/pandaprobe.md §5`,
/// §8).
fn shows<T: serde::Serialize>(sent: &T, got: &T) -> bool {
    let got = Raw::of(got).members().unwrap_or_default();
    let sent = Raw::of(sent).members().unwrap_or_default();
    sent.iter().all(|(key, sent)| {
        let Some(got) = got.get(key) else { return sent.is_null() };
        match key.as_str() {
            "started_at" | "ended_at" | "completion_start_time" => decode::time(sent) == decode::time(got),
            "metadata" => holds(sent, got),
            "tags" => {
                let tags = |raw: &Raw| raw.read::<Vec<String>>().unwrap_or_default();
                let got = tags(got);
                tags(sent).iter().all(|tag| got.contains(tag))
            }
            "cost" | "token_usage" => holds(sent, got),
            _ => sent.normal() == got.normal(),
        }
    })
}

fn holds(sent: &Raw, got: &Raw) -> bool {
    let got = got.members().unwrap_or_default();
    let mut sent = sent.members().unwrap_or_default().into_iter();
    sent.all(|(key, value)| got.get(&key).is_some_and(|got| got.normal() == value.normal()))
}

/// Whether the newest score of the name on the same trace or span is the one that was sent.
fn score_shows(sent: &Bytes, got: &Bytes) -> Option<bool> {
    let sent: wire::Score = serde_json::from_slice(sent).ok()?;
    let rows = score_rows(&sent, got)?;
    let latest = rows.first()?;
    let text = |field: &Field<String>| field.cloned();
    let metadata = |score: &wire::Score| score.metadata.cloned().unwrap_or_else(|| Raw::of(&()));
    Some(
        text(&latest.value) == text(&sent.value)
            && text(&latest.data_type) == text(&sent.data_type)
            && text(&latest.reason) == text(&sent.reason)
            && holds(&metadata(&sent), &metadata(latest)),
    )
}

/// The rows of a score's name on the same trace or span, the newest first, out of a trace's list or a
/// page of all.
fn score_rows(score: &wire::Score, got: &Bytes) -> Option<Vec<wire::Score>> {
    let got: Raw = serde_json::from_slice(got).ok()?;
    let rows = got.elements().or_else(|| got.members()?.get("items")?.elements())?;
    let span = |score: &wire::Score| score.metadata.get().and_then(Raw::members)?.get("span_id").map(Raw::normal);
    let rows = rows.iter().filter_map(|raw| raw.read::<wire::Score>().ok());
    Some(rows.filter(|row| row.name == score.name && span(row) == span(score)).collect())
}

/// A deletion for each row of a score that is taken back.
pub(super) fn each(write: &Write, answer: &Answer) -> Result<Rows, String> {
    let score: wire::Score = serde_json::from_slice(&write.row).map_err(|error| error.to_string())?;
    let rows = Some(answer).filter(|answer| answer.status == 200).and_then(|answer| score_rows(&score, &answer.body));
    let rows = rows.ok_or_else(|| format!("{}: the scores could not be read", answer.status))?;
    let ids = rows.iter().filter_map(|row| row.id.get()?.as_string());
    let delete =
        |id: String| Write { path: format!("{}/{id}", write.path), row: Bytes::new(), each: None, ..write.clone() };
    Ok(Rows { writes: ids.map(delete).collect(), losses: Vec::new() })
}

/// `X-API-Key`; a key as a bearer token is refused (`wire/pandaprobe.md §2`).
pub(super) fn authorize(key: Option<&SecretString>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let value = key.and_then(|key| HeaderValue::from_str(key.expose_secret()).ok());
    if let Some(mut value) = value {
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static("x-api-key"), value);
    }
    headers
}

/// The trace whole, and its scores; a span is read through its trace.
pub(super) fn read(wanted: &Wanted) -> Vec<Request> {
    let Some(trace) = &wanted.trace else { return Vec::new() };
    let project = settings::vendor_project_name(&wanted.project.name).into_owned();
    let get = |path: String| Request {
        path,
        headers: vec![(settings::PROJECT_HEADER, project.clone())],
        bucket: Bucket::Free,
        ..Request::default()
    };
    vec![get(format!("/traces/{trace}")), get(format!("/evaluations/trace-scores/{trace}"))]
}
