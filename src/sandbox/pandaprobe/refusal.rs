//! Why PandaProbe refuses a request, in the error bodies of `wire/pandaprobe.md` §12.

use serde_json::{Value, json};

use super::Reply;

#[derive(Debug)]
pub(super) enum Refusal {
    /// 422 with the fields at fault and their messages.
    Fields(Vec<(String, String)>),
    /// A `detail` text with a status.
    Detail(u16, String),
    /// 429 of the limiter, whose key is `error` (§12).
    Limited(u32),
    /// An exception nobody caught.
    Crash,
    Method,
    NoRoute,
}

impl Refusal {
    pub(super) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Fields(vec![(field.into(), message.into())])
    }

    pub(super) fn missing(detail: impl Into<String>) -> Self {
        Self::Detail(404, detail.into())
    }

    pub(super) fn into_reply(self) -> Reply {
        match self {
            Self::Fields(fields) => {
                let shown = |(field, message)| json!({"field": field, "message": message});
                let errors: Vec<Value> = fields.into_iter().map(shown).collect();
                Reply::json(422, json!({"detail": "Validation error", "errors": errors}))
            }
            Self::Detail(status, detail) => Reply::json(status, json!({"detail": detail})),
            Self::Limited(limit) => {
                let error = format!("Rate limit exceeded: {limit} per 1 minute");
                Reply::json(429, json!({ "error": error }))
            }
            Self::Crash => Reply::text(500, "Internal Server Error"),
            Self::Method => Reply::json(405, json!({"detail": "Method Not Allowed"})),
            Self::NoRoute => Reply::json(404, json!({"detail": "Not Found"})),
        }
    }
}
