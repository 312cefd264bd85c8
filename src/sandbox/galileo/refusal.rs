//! Why Galileo refuses a request, in the error bodies of `wire/galileo.md` §7.1.

use serde_json::{Value, json};

use super::Reply;

#[derive(Debug)]
pub(super) enum Refusal {
    /// 422, one object a fault.
    Fields(Vec<Value>),
    Detail(u16, String),
    /// A newer route's `standard_error`: status, catalogue number, message.
    Standard(u16, u32, String),
    NoRoute,
}

impl Refusal {
    pub(super) fn into_reply(self) -> Reply {
        match self {
            Self::Fields(faults) => Reply::json(422, json!({"detail": faults})),
            Self::Detail(status, detail) => Reply::json(status, json!({"detail": detail})),
            Self::Standard(status, code, message) => Reply::json(
                status,
                json!({"standard_error": {
                    "error_code": code,
                    "error_type": "validation_error",
                    "error_group": "api",
                    "severity": "medium",
                    "message": message,
                    "retriable": false,
                    "blocking": false,
                    "http_status_code": status,
                }}),
            ),
            Self::NoRoute => Reply::json(404, json!({"detail": "Not Found"})),
        }
    }
}
