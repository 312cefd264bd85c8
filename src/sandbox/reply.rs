//! What a stand-in answers, before it becomes an HTTP response.

use axum::{body::Body, response::Response};
use serde_json::Value;

/// An answer and whether it changed anything worth a line in the journal.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Content,
    pub(super) effective: bool,
}

#[derive(Debug)]
pub(super) enum Content {
    Empty,
    Json(Value),
    Text(&'static str, String),
}

impl Reply {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self::with(status, Content::Json(body))
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        Self::with(status, Content::Text("text/plain; charset=utf-8", body.to_owned()))
    }

    pub(super) fn lines(rows: &[Value]) -> Self {
        let body = rows.iter().map(|row| format!("{row}\r\n")).collect();
        Self::with(200, Content::Text("application/octet-stream", body))
    }

    pub(super) fn empty(status: u16) -> Self {
        Self::with(status, Content::Empty)
    }

    /// Marks the request as one that changed the state: it belongs in the journal.
    pub(super) fn effect(mut self) -> Self {
        self.effective = true;
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn with(status: u16, body: Content) -> Self {
        Self { status, headers: Vec::new(), body, effective: false }
    }

    pub(super) fn into_response(self) -> Response {
        let mut builder = Response::builder().status(self.status);
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        let body = match self.body {
            Content::Empty => Body::empty(),
            Content::Json(value) => {
                builder = builder.header("content-type", "application/json");
                Body::from(value.to_string())
            }
            Content::Text(kind, text) => {
                builder = builder.header("content-type", kind);
                Body::from(text)
            }
        };
        builder.body(body).unwrap_or_default()
    }
}
