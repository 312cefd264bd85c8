//! Making a session that is not there: two with one external id would part its traces, and whether the
//! vendor keeps them one is not known (`wire/galileo.md §3.3`, §4.6), so it is searched for first, as SDKs do.

use bytes::Bytes;
use http::Method;
use http::StatusCode;
use serde_json::Value;

use crate::canonical::Field;
use crate::canonical::Loss;
use crate::canonical::Raw;
use crate::canonical::Session;
use crate::contract::Answer;
use crate::contract::Bucket;
use crate::contract::Request;
use crate::contract::Rows;
use crate::contract::Write;
use crate::dialects::galileo::wire;

/// The search for a session, and for the one before it, by external id.
pub(in crate::dialects::galileo) fn search_sessions(path: &str, session: &wire::Session) -> Request {
    let ids = [session.external_id.cloned(), session.previous_session_id.cloned()];
    let ids: Vec<String> = ids.into_iter().flatten().collect();
    let word = |text: &str| Field::Set(text.to_owned());
    let (operator, value) = match &ids[..] {
        [one] => ("eq", Raw::of(one)),
        several => ("one_of", Raw::of(several)),
    };
    let filter = wire::Filter {
        kind: word("text"),
        column_id: word("external_id"),
        operator: word(operator),
        value: Field::Set(value),
        ..wire::Filter::default()
    };
    let body = wire::Selection {
        log_stream_id: session.log_stream_id.clone(),
        filters: Field::Set(vec![Raw::of(&filter)]),
        ..wire::Selection::default()
    };
    Request {
        method: Method::POST,
        path: format!("{path}/search"),
        body: serde_json::to_vec(&body).map(Bytes::from).ok(),
        bucket: Bucket::Free,
        rows: 1,
        ..Request::default()
    }
}

/// The session itself, where the search did not find it; what it lacks, where it did.
///
/// # Errors
/// When the search was not answered; that there is none to ask says that nothing is found.
pub(in crate::dialects::galileo) fn each(write: &Write, answer: &Answer) -> Result<Rows, String> {
    let is_asked = (200..300).contains(&answer.status);
    if !is_asked && answer.status != StatusCode::NOT_FOUND {
        return Err(format!("a search for a session was answered with {}", answer.status));
    }
    let mut session: wire::Session = serde_json::from_slice(&write.row).map_err(|error| error.to_string())?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let records = body["records"].as_array().map_or(&[][..], Vec::as_slice);
    if is_asked && !body["records"].is_array() {
        return Err("a search for a session was not answered with records".to_owned());
    }
    let of = |id: Option<&String>| records.iter().find(|record| id.is_some_and(|id| record["external_id"] == **id));
    if let Some(there) = of(session.external_id.get()) {
        return Ok(Rows { writes: Vec::new(), losses: lacking(&session, there) });
    }
    let mut losses = Vec::new();
    let before = of(session.previous_session_id.get()).and_then(|record| record["id"].as_str());
    if session.previous_session_id.is_set() && before.is_none() {
        losses.push(loss(&session, "session.previous", "the session before it is not there"));
    }
    session.previous_session_id = before.map(str::to_owned).into();
    let row = serde_json::to_vec(&session).map(Bytes::from).unwrap_or_default();
    Ok(Rows { writes: vec![Write { row, each: None, once: None, ..write.clone() }], losses })
}

/// What was to be said of a session and is not said of the one that is there.
fn lacking(session: &wire::Session, there: &Value) -> Vec<Loss> {
    let metadata = session.user_metadata.get().is_some_and(|mine| mine.value() != there["user_metadata"]);
    let lacking = [
        ("session.name", session.name.get().is_some_and(|name| there["name"] != **name)),
        ("session.metadata", metadata),
        ("session.previous", session.previous_session_id.is_set() && there["previous_session_id"].is_null()),
    ];
    let lacking = lacking.into_iter().filter(|(_, lacks)| *lacks);
    lacking.map(|(path, _)| loss(session, path, "it was there already, and cannot be changed")).collect()
}

fn loss(session: &wire::Session, path: &str, why: &str) -> Loss {
    let id = session.external_id.cloned().unwrap_or_default();
    Session { id, ..Session::default() }.loss(path, why)
}
