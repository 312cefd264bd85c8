//! Why Opik refuses a request, in the error bodies of `wire/opik.md` §7.1.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Kind, Reply, trouble};
use crate::sandbox::call::Call;

#[derive(Debug)]
pub(super) enum Refusal {
    /// Jackson could not read it.
    Unreadable(String),
    /// Bean validation, one text a violation.
    Invalid(Vec<String>),
    Bad(String),
    /// The id-window check of newer servers (§6.1).
    Window(String),
    Conflict(String),
    NotFound(Kind, String),
    Missing(&'static str),
    /// So many seconds until the bucket is full again (§7.2).
    Limited(i64),
    NoRoute,
    Other(u16),
}

impl Refusal {
    pub(super) fn unreadable(detail: impl Into<String>) -> Self {
        Self::Unreadable(detail.into())
    }

    pub(super) fn into_reply(self) -> Reply {
        match self {
            Self::Unreadable(detail) => {
                let message = format!("Unable to process JSON. {detail}");
                Reply::json(400, json!({"code": 400, "message": message}))
            }
            Self::Invalid(errors) => Reply::json(422, json!({"errors": errors})),
            Self::Bad(error) => Reply::json(400, json!({"errors": [error]})),
            Self::Window(details) => {
                Reply::json(400, json!({"code": 400, "message": "Invalid UUID for id", "details": details}))
            }
            Self::Conflict(error) => Reply::json(409, json!({"errors": [error]})),
            Self::NotFound(kind, id) => {
                let message = format!("{} id: {id} not found", kind.title());
                Reply::json(404, json!({"code": 404, "message": message}))
            }
            Self::Missing(what) => Reply::json(404, json!({"errors": [format!("{what} not found")]})),
            Self::Limited(seconds) => trouble(429).header("ratelimit-reset", seconds.to_string()),
            Self::NoRoute => Reply::json(404, json!({"code": 404, "message": "HTTP 404 Not Found"})),
            Self::Other(status) => trouble(status),
        }
    }
}

/// The body as a JSON object, gzip undone.
pub(super) fn body(call: &Call) -> Result<Value, Refusal> {
    match call.json() {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(Value::Null) => Err(Refusal::Invalid(vec!["The request body must not be null".into()])),
        Ok(_) => Err(Refusal::unreadable("Cannot deserialize value from this JSON token")),
        Err(detail) => Err(Refusal::unreadable(detail)),
    }
}

pub(super) fn uuid(value: &Value) -> Result<Uuid, Refusal> {
    let text = value.as_str().unwrap_or_default();
    let shape = |text: &str| text.len() == 36 && text.matches('-').count() == 4;
    match Uuid::try_parse(text) {
        Ok(id) if shape(text) => Ok(id),
        _ => Err(Refusal::unreadable(format!(
            "Cannot deserialize value of type `java.util.UUID` from {value}: UUID has to be represented by standard 36-char representation"
        ))),
    }
}

/// The version check every server has (§6.1); `what` is `Trace`, `Span`, `trace` or `parent span`.
pub(super) fn version_seven(id: Uuid, what: &str) -> Result<(), Refusal> {
    if id.get_version_num() == 7 {
        return Ok(());
    }
    Err(Refusal::Bad(format!("{what} id must be a version 7 UUID")))
}
