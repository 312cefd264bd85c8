//! Requests to the vendor and what its answers mean.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::header::AUTHORIZATION;
use indexmap::IndexMap;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use url::Url;

use crate::canonical::Raw;
use crate::contract::Answer;
use crate::contract::Bucket;
use crate::contract::Request;
use crate::contract::Verdict;
use crate::contract::Wanted;
use crate::contract::Write;
use crate::contract::pause;

use super::encode::ROOT;
use super::settings::WORKSPACE;

/// Spans asked for at once: the most that the vendor's own tools ask for (`wire/opik.md §4.4`).
const PAGE: usize = 1_000;

/// What a path segment or query value quotes.
const QUOTED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One request for several writes: the vendor's own batch body around their rows.
pub(super) fn pack(writes: &[&Write]) -> Request {
    let Some(first) = writes.first() else { return Request::default() };
    let body = if first.batch.is_empty() { first.row.clone() } else { batch(list_of(&first.path), writes) };
    first.carried(Some(body), writes.len())
}

/// The link that the SDK prints, which leads to the trace's page (`wire/opik.md §1.3`).
pub(super) fn console_link(base: &Url, trace: &str) -> Option<String> {
    let base = format!("{}/", base.as_str().trim_end_matches('/'));
    let mut link = Url::parse(&format!("{base}v1/session/redirect/projects/")).ok()?;
    link.query_pairs_mut().append_pair("trace_id", trace).append_pair("path", &BASE64_STANDARD.encode(&base));
    Some(link.into())
}

fn list_of(path: &str) -> &'static str {
    match path {
        path if path.ends_with("/feedback-scores") => "scores",
        path if path.ends_with("/spans/batch") => "spans",
        _ => "traces",
    }
}

fn batch(list: &str, writes: &[&Write]) -> Bytes {
    let size: usize = writes.iter().map(|write| write.row.len() + 1).sum();
    let mut body = Vec::with_capacity(size + 16);
    body.extend_from_slice(format!("{{\"{list}\":[").as_bytes());
    for (at, write) in writes.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&write.row);
    }
    body.extend_from_slice(b"]}");
    Bytes::from(body)
}

/// What an answer means: by status, because texts drift between versions (`wire/opik.md §10.1`).
///
/// | answer | verdict | source |
/// | --- | --- | --- |
/// | 2xx | delivered, whatever it says: 204 means stored | §4, §7.4 |
/// | 404 of a score or trace taken back | delivered: it is gone | §7.1 |
/// | 401, 403 | stop: key, workspace | §2, §7.1, §10.4 |
/// | 402 | stop: the cloud's quota is used up | §7.1, §10.4 |
/// | other 404 | stop: no such workspace, or a base URL that is none | §2, §10.3 |
/// | 409 of a single create | delivered: it is there already; rejected if there is another | §6.3, §10.4 |
/// | 409 of anything else | rejected: parent, trace or project is not the row's | §6.4 |
/// | 413; 400, 422 in the vendor's words | split, and alone rejected: one bad row fails all | §0, §10.4 |
/// | 400, 422 as a page | retry: a proxy's opinion | – |
/// | 429 | retry when the bucket is full again | §7.2, §9.1 |
/// | 408, 5xx, 3xx, anything else | retry: a resend is harmless | §6.2, §10.4 |
pub(super) fn verdict(request: &Request, answer: &Answer) -> Verdict {
    let single_create =
        request.method == Method::POST && ["/traces", "/spans"].iter().any(|end| request.path.ends_with(end));
    match answer.status {
        200..=299 => Verdict::Delivered,
        404 if request.path.ends_with("/delete") || request.method == Method::DELETE => Verdict::Delivered,
        401..=404 => Verdict::Stop(said(answer)),
        409 if single_create && !said(answer).contains("do not match") => Verdict::Delivered,
        409 => Verdict::Rejected(said(answer)),
        400 | 422 if pause::is_page(answer) => Verdict::Retry(pause::retry_after(&answer.headers)),
        400 | 413 | 422 if request.rows > 1 => Verdict::Split,
        400 | 413 | 422 => Verdict::Rejected(said(answer)),
        429 => Verdict::Retry(reset(&answer.headers)),
        _ => Verdict::Retry(pause::retry_after(&answer.headers)),
    }
}

/// When a bucket is full again: the latest of what the vendor names (`wire/opik.md §7.2`, `§9.1`).
fn reset(headers: &HeaderMap) -> Option<Duration> {
    let named = [pause::retry_after(headers), pause::seconds(headers, "ratelimit-reset")];
    let left = headers.iter().filter(|(name, _)| name.as_str().ends_with("-remaining-limit-ttl-millis"));
    let left = left.filter_map(|(name, _)| pause::millis(headers, name.as_str()));
    named.into_iter().flatten().max().or_else(|| left.max())
}

/// Status and what the body says in either of the vendor's shapes (`wire/opik.md §7.1`), cut.
fn said(answer: &Answer) -> String {
    let members: IndexMap<String, Raw> = serde_json::from_slice(&answer.body).unwrap_or_default();
    let parts = ["errors", "message", "details"].iter().filter_map(|key| members.get(*key)).map(Raw::text);
    let text = parts.collect::<Vec<_>>().join(" ");
    format!("{} {text}", answer.status).trim_end().chars().take(500).collect()
}

/// The raw key, no scheme before it, and the workspace (`wire/opik.md §2`).
pub(super) fn authorize(key: Option<&SecretString>, settings: &BTreeMap<String, String>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let workspace = settings.get("workspace").map_or(WORKSPACE, String::as_str);
    if let Ok(value) = HeaderValue::from_str(workspace) {
        headers.insert("comet-workspace", value);
    }
    if let Some(mut value) = key.and_then(|key| HeaderValue::from_str(key.expose_secret()).ok()) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

/// The reads that show a trace with its spans, or a span alone; the last asks for the project's id,
/// because a row names its project by id only (`wire/opik.md §5.1`).
pub(super) fn read(wanted: &Wanted) -> Vec<Request> {
    let mut requests: Vec<Request> = row(wanted).into_iter().collect();
    if let Some(trace) = &wanted.trace {
        let (trace, project) = (quoted(trace), quoted(&wanted.project.name));
        requests.push(get(format!(
            "{ROOT}/spans?project_name={project}&trace_id={trace}&page=1&size={PAGE}&truncate=false"
        )));
    }
    let body = Raw::of(&IndexMap::from([("name", &wanted.project.name)]));
    requests.push(Request {
        method: Method::POST,
        path: format!("{ROOT}/projects/retrieve"),
        body: Some(Bytes::from(body.text().to_owned())),
        ..get(String::new())
    });
    requests
}

/// The read of the trace's row, or of the span's where that alone is wanted; both need no project.
pub(super) fn row(wanted: &Wanted) -> Option<Request> {
    let of = |rows: &str, id: &String| get(format!("{ROOT}/{rows}/{}", quoted(id)));
    let trace = wanted.trace.as_ref().map(|id| of("traces", id));
    trace.or_else(|| wanted.span.as_ref().map(|id| of("spans", id)))
}

/// The read of a project by its id.
pub(super) fn project(id: &str) -> Request {
    get(format!("{ROOT}/projects/{}", quoted(id)))
}

fn quoted(text: &str) -> String {
    utf8_percent_encode(text, QUOTED).to_string()
}

fn get(path: String) -> Request {
    Request { method: Method::GET, path, headers: Vec::new(), body: None, bucket: Bucket::Free, rows: 0 }
}
