//! What a stand-in answers, before it becomes an HTTP response.

use std::{borrow::Cow, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures::{Stream, stream};
use serde_json::Value;
use tokio::time;

use super::deep::roomy;

/// Bytes of filler in one piece.
const PIECE: u64 = 16 * 1024;

/// Filler from here on is sent without saying how much will come.
const UNTOLD: u64 = 1 << 30;

/// How long what was sent before a cut has to get away.
const BEFORE_CUT: Duration = Duration::from_millis(100);

/// An answer and whether it changed anything worth a line in the journal.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(Cow<'static, str>, String)>,
    pub(super) body: Content,
    pub(super) effective: bool,
    /// How a script says that it goes over the wire, if not as fast as it can.
    pub(super) pace: Option<Pace>,
}

#[derive(Debug)]
pub(super) enum Content {
    Empty,
    Json(Value),
    Text(Cow<'static, str>, String),
}

/// An answer that comes slowly, never ends, or breaks off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Between one byte and the next; zero sends pieces.
    pub(super) gap: Duration,
    /// Blanks after the body.
    pub(super) filler: u64,
    /// Bytes after which it breaks off.
    pub(super) cut: Option<u64>,
}

/// Where the script says that a body breaks off.
#[derive(Debug, thiserror::Error)]
#[error("the script cuts this answer")]
struct Cut;

impl Reply {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self::with(status, Content::Json(body))
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        Self::with(status, Content::Text("text/plain; charset=utf-8".into(), body.to_owned()))
    }

    pub(super) fn lines(rows: &[Value]) -> Self {
        let body = roomy(|| rows.iter().map(|row| format!("{row}\r\n")).collect());
        Self::with(200, Content::Text("application/octet-stream".into(), body))
    }

    pub(super) fn empty(status: u16) -> Self {
        Self::with(status, Content::Empty)
    }

    /// Marks the request as one that changed the state: it belongs in the journal.
    pub(super) fn effect(mut self) -> Self {
        self.effective = true;
        self
    }

    pub(super) fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn with(status: u16, body: Content) -> Self {
        Self { status, headers: Vec::new(), body, effective: false, pace: None }
    }

    pub(super) fn into_response(self) -> Response {
        let mut builder = Response::builder().status(self.status);
        for (name, value) in self.headers {
            builder = builder.header(name.as_ref(), value);
        }
        let (kind, body) = match self.body {
            Content::Empty => (None, Bytes::new()),
            Content::Json(value) => (Some("application/json".into()), roomy(|| value.to_string()).into()),
            Content::Text(kind, text) => (Some(kind), text.into()),
        };
        if let Some(kind) = kind {
            builder = builder.header("content-type", kind.as_ref());
        }
        let Some(pace) = self.pace else { return builder.body(body.into()).unwrap_or_default() };
        if pace.filler < UNTOLD {
            builder = builder.header("content-length", pace.length(&body));
        }
        builder.body(Body::from_stream(pace.pieces(body))).unwrap_or_default()
    }
}

impl Pace {
    fn length(&self, body: &Bytes) -> u64 {
        body.len() as u64 + self.filler
    }

    /// The body and its filler, piece by piece.
    fn pieces(self, body: Bytes) -> impl Stream<Item = Result<Bytes, Cut>> {
        let end = self.length(&body).min(self.cut.unwrap_or(u64::MAX));
        stream::unfold(Some(0), move |sent: Option<u64>| {
            let body = body.clone();
            async move {
                let sent = sent?;
                if sent < end {
                    time::sleep(self.gap).await;
                    let piece = self.piece(&body, sent, end);
                    let sent = sent + piece.len() as u64;
                    return Some((Ok(piece), Some(sent)));
                }
                self.cut?;
                time::sleep(BEFORE_CUT).await;
                Some((Err(Cut), None))
            }
        })
    }

    fn piece(&self, body: &Bytes, sent: u64, end: u64) -> Bytes {
        let most = if self.gap.is_zero() { PIECE } else { 1 };
        let most = usize::try_from(most.min(end - sent)).unwrap_or_default();
        match usize::try_from(sent) {
            Ok(sent) if sent < body.len() => body.slice(sent..body.len().min(sent + most)),
            _ => vec![b' '; most].into(),
        }
    }
}
