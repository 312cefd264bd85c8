//! Writing to Galileo: look-ups, packing, verdicts (`wire/galileo.md` appendix B, §7). Pure.

mod counted;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use indexmap::IndexMap;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::Value;

use crate::canonical::Raw;
use crate::contract::Answer;
use crate::contract::Bucket;
use crate::contract::Known;
use crate::contract::Request;
use crate::contract::VendorProject;
use crate::contract::Verdict;
use crate::contract::Wanted;
use crate::contract::Write;
use crate::contract::pause;
use crate::dialects::galileo::settings;

pub(super) use counted::confirm;
pub(super) use counted::confirmed;

/// The project's id, once looked up.
pub(super) const PROJECT_ID: &str = "project_id";

/// The log stream's id, once looked up.
pub(super) const STREAM_ID: &str = "log_stream_id";

/// Set while the project is not there and must be created.
const PROJECT_ABSENT: &str = "project_absent";

/// Set while the log stream is not there and must be created.
const STREAM_ABSENT: &str = "log_stream_absent";

/// Where the next page of log streams starts.
const STREAM_PAGE: &str = "log_stream_page";

/// Set once a creation was refused because another came first.
const RELISTED: &str = "relisted";

/// Paths of a project's data.
pub(super) fn project_path(known: &Known) -> String {
    format!("/v2/projects/{}", known.get(PROJECT_ID).map_or("", String::as_str))
}

/// One request for several traces of a session, or several spans under one parent: the first one's
/// body with everybody's elements.
pub(super) fn pack(writes: &[&Write]) -> Request {
    let Some(first) = writes.first() else { return Request::default() };
    let body = if writes.len() == 1 { first.row.clone() } else { merge(writes) };
    first.carried(Some(body), writes.len())
}

fn merge(writes: &[&Write]) -> Bytes {
    let mut envelope: IndexMap<String, Raw> = IndexMap::new();
    let mut elements: Vec<Raw> = Vec::new();
    let mut list = "";
    for write in writes {
        let members: IndexMap<String, Raw> = serde_json::from_slice(&write.row).unwrap_or_default();
        for key in ["traces", "spans"] {
            if let Some(held) = members.get(key).and_then(Raw::elements) {
                elements.extend(held);
                list = key;
            }
        }
        if envelope.is_empty() {
            envelope = members;
        }
    }
    envelope.insert(list.to_owned(), Raw::of(&elements));
    serde_json::to_vec(&envelope).map(Bytes::from).unwrap_or_default()
}

/// What an answer means.
///
/// | answer | verdict | source |
/// | --- | --- | --- |
/// | 2xx whose counts fit, or are not told | delivered: `reliable` answers when the rows are stored | `wire/galileo.md §8`, §4.2 |
/// | 2xx whose counts fall short, or a page | doubtful: the counts' arithmetic is not settled | §8, §9.4 |
/// | 401, 403 | stop | B.4 |
/// | 402 | stop: nothing a resend would cure | – |
/// | 404 of a deletion | delivered: nothing is there; rejected where the route is not | §4.7, §7.1 |
/// | other 404 | retry: the parent, or the project, may come | §7.2, B.4 |
/// | 409 | retry: two writers of one project | §7.1 (11004) |
/// | 400, 422 about a parent | retry, except of whole traces, which have none | B.4 |
/// | 400, 422 of one span: its trace is complete | doubtful: so is the answer to one that is there already | §8 |
/// | 413; 400, 422 in the vendor's words | split, and alone rejected | §7.2 |
/// | 400, 422 as a page | retry: a proxy's opinion | – |
/// | 408, 425, 429, 5xx | retry, after `Retry-After` should one be sent | B.4, §7.2 |
/// | anything else | retry: unknown | `design.md §5` |
pub(super) fn verdict(request: &Request, answer: &Answer) -> Verdict {
    let later = || Verdict::Retry(pause::retry_after(&answer.headers));
    match answer.status {
        200..=299 => counted::judge(request, answer),
        401..=403 => Verdict::Stop(detail(answer)),
        404 if request.path.ends_with("/delete") => not_deleted(answer),
        400 | 422 if pause::is_page(answer) || awaits_parent(request, answer) => later(),
        400 | 413 | 422 if request.rows > 1 => Verdict::Split,
        400 | 422 if came_late(request, answer) => Verdict::Doubtful(detail(answer)),
        400 | 413 | 422 => Verdict::Rejected(detail(answer)),
        _ => later(),
    }
}

/// A deletion's 404: the server's own for a path it does not have, or that there is nothing to delete.
fn not_deleted(answer: &Answer) -> Verdict {
    match detail(answer).as_str() {
        why @ ("Not Found" | "HTTP 404") => Verdict::Rejected(format!("cannot delete there: {why}")),
        _ => Verdict::Delivered,
    }
}

/// Whether a span or an update was refused because what it belongs to is not stored yet.
fn awaits_parent(request: &Request, answer: &Answer) -> bool {
    let part = request.path.ends_with("/spans") || request.method == Method::PATCH;
    let text = String::from_utf8_lossy(&answer.body).to_lowercase();
    part && ["not been ingested", "not ingested", "not found", "does not exist"]
        .iter()
        .any(|words| text.contains(words))
}

/// Whether a span was refused because its trace is complete, perhaps with this very span, whose answer was
/// lost.
fn came_late(request: &Request, answer: &Answer) -> bool {
    request.path.ends_with("/spans") && detail(answer).to_lowercase().contains("marked as complete")
}

/// `{"detail":…}`, or a catalogued error's message (`wire/galileo.md §7.1`).
fn detail(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let said = match &body["detail"] {
        Value::String(text) => text.clone(),
        Value::Null => body["standard_error"]["message"].as_str().unwrap_or_default().to_owned(),
        detail => detail.to_string(),
    };
    let said: String = said.chars().take(500).collect();
    if said.is_empty() { format!("HTTP {}", answer.status) } else { said }
}

/// The next look-up: the project by name, then its log stream by name; what is not there is created.
pub(super) fn look_up(project: &VendorProject, known: &Known) -> Option<Request> {
    let Some(id) = known.get(PROJECT_ID) else {
        if known.contains_key(PROJECT_ABSENT) {
            let body = [("name", Raw::of(&project.name)), ("type", Raw::of("gen_ai"))];
            let body = body.into_iter().chain([("create_example_templates", Raw::of(&false))]);
            return Some(create("/projects".to_owned(), body.collect()));
        }
        let name = utf8_percent_encode(&project.name, NON_ALPHANUMERIC);
        return Some(ask(format!("/projects?project_name={name}&type=gen_ai")));
    };
    if known.contains_key(STREAM_ID) {
        return None;
    }
    if known.contains_key(STREAM_ABSENT) {
        return Some(create(
            format!("/projects/{id}/log_streams"),
            IndexMap::from([("name", Raw::of(&project.stream))]),
        ));
    }
    let from = known.get(STREAM_PAGE).map_or("0", String::as_str);
    let query = format!("include_counts=false&starting_token={from}&limit=500");
    Some(ask(format!("/projects/{id}/log_streams/paginated?{query}")))
}

fn ask(path: String) -> Request {
    Request { method: Method::GET, path, bucket: Bucket::Free, rows: 1, ..Request::default() }
}

fn create(path: String, body: IndexMap<&str, Raw>) -> Request {
    let body = serde_json::to_vec(&body).map(Bytes::from).ok();
    let headers = Vec::new();
    Request { method: Method::POST, path, headers, body, bucket: Bucket::Free, rows: 1 }
}

/// Learns from a look-up's answer.
pub(super) fn learn(project: &VendorProject, request: &Request, answer: &Answer, known: &mut Known) -> Verdict {
    let creates = request.method == Method::POST;
    let (absent, of_stream) = match request.path.contains("/log_streams") {
        true => (STREAM_ABSENT, true),
        false => (PROJECT_ABSENT, false),
    };
    if creates && matches!(answer.status, 400 | 409) && known.get(RELISTED).map(String::as_str) != Some(absent) {
        // Somebody else created it meanwhile, which is a 400 there (10500): list once more.
        known.insert(RELISTED.to_owned(), absent.to_owned());
        known.remove(absent);
        known.remove(STREAM_PAGE);
        return Verdict::Delivered;
    }
    let judged = verdict(request, answer);
    if judged != Verdict::Delivered {
        return judged;
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return Verdict::Retry(None) };
    if of_stream { learn_stream(project, &body, creates, known) } else { learn_project(project, &body, creates, known) }
}

fn learn_project(project: &VendorProject, body: &Value, created: bool, known: &mut Known) -> Verdict {
    let found = if created { Some(body) } else { named(body, &project.name) };
    let Some(found) = found else {
        known.insert(PROJECT_ABSENT.to_owned(), "1".to_owned());
        return Verdict::Delivered;
    };
    keep_id(found, PROJECT_ID, PROJECT_ABSENT, known)
}

fn learn_stream(project: &VendorProject, body: &Value, created: bool, known: &mut Known) -> Verdict {
    let found = if created { Some(body) } else { named(&body["log_streams"], &project.stream) };
    if let Some(found) = found {
        return keep_id(found, STREAM_ID, STREAM_ABSENT, known);
    }
    let next = body["next_starting_token"].as_u64().filter(|_| body["paginated"] != Value::Bool(false));
    match next {
        Some(next) => known.insert(STREAM_PAGE.to_owned(), next.to_string()),
        None => known.insert(STREAM_ABSENT.to_owned(), "1".to_owned()),
    };
    Verdict::Delivered
}

fn named<'a>(list: &'a Value, name: &str) -> Option<&'a Value> {
    list.as_array()?.iter().find(|one| one["name"] == name)
}

fn keep_id(found: &Value, key: &str, absent: &str, known: &mut Known) -> Verdict {
    let Some(id) = found["id"].as_str() else { return Verdict::Retry(None) };
    for passed in [absent, RELISTED, STREAM_PAGE] {
        known.remove(passed);
    }
    known.insert(key.to_owned(), id.to_owned());
    Verdict::Delivered
}

/// The key goes with each request; no login is needed (`wire/galileo.md` B.1).
pub(super) fn authorize(key: Option<&SecretString>, settings: &BTreeMap<String, String>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let name = settings.get(settings::KEY_HEADER_SETTING).map_or(settings::KEY_HEADER, String::as_str);
    let name = HeaderName::try_from(name).unwrap_or(HeaderName::from_static(settings::KEY_HEADER));
    if let Some(Ok(mut value)) = key.map(|key| HeaderValue::from_str(key.expose_secret())) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    headers
}

/// Reads a trace with its tree, or a span with its own; nothing where the project is not there.
pub(super) fn read(wanted: &Wanted, known: &Known) -> Vec<Request> {
    if !known.contains_key(PROJECT_ID) {
        return Vec::new();
    }
    let project = project_path(known);
    let path = match (&wanted.span, &wanted.trace) {
        (Some(span), _) => format!("{project}/spans/{span}"),
        (None, Some(trace)) => format!("{project}/traces/{trace}"),
        (None, None) => return Vec::new(),
    };
    vec![ask(path)]
}
