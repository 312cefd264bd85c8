//! A dialect's face: the one place where a failure becomes a response, in its vendor's own shape.

use std::any::Any;

use axum::response::Response;
use http::StatusCode;
use tower::BoxError;
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;

use crate::contract::Dialect;
use crate::contract::Refusal;
use crate::http::Edge;
use crate::http::observe::Served;
use crate::telemetry::metrics;

/// The edge as one dialect shows it; state of its middleware.
#[derive(Clone)]
pub(super) struct Face {
    /// Whose requests these are.
    pub(super) dialect: &'static dyn Dialect,
    /// What all dialects share.
    pub(super) edge: Edge,
}

impl Face {
    /// A refusal, counted and rendered.
    pub(super) fn refuse(&self, refusal: &Refusal) -> Response {
        metrics::refused(self.name(), reason(refusal));
        tracing::debug!(dialect = self.name(), reason = reason(refusal), %refusal, "refused a request");
        let mut response = self.dialect.refuse(refusal);
        response.extensions_mut().insert(Served(self.name()));
        response
    }

    /// The same for whatever a tower layer raised.
    pub(super) async fn rescue(self, error: BoxError) -> Response {
        self.refuse(&cause(error))
    }

    /// The same for a panic; its text is for the log only.
    pub(super) fn caught(&self, panic: Box<dyn Any + Send>) -> Response {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        tracing::error!(dialect = self.name(), panic = text.unwrap_or("?"), "a request panicked");
        self.refuse(&Refusal::Internal)
    }

    /// Marks a response as this dialect's; what is not marked yet comes from a handler, whose refusals
    /// are counted by their status.
    pub(super) fn sign(&self, mut response: Response) -> Response {
        let marked = response.extensions_mut().insert(Served(self.name())).is_some();
        if let (false, Some(reason)) = (marked, said_by(response.status())) {
            metrics::refused(self.name(), reason);
        }
        response
    }

    fn name(&self) -> &'static str {
        self.dialect.info().name
    }
}

/// What a tower error means for the client. Overload is a 429 and no 503: SDKs keep what was refused
/// with a 429 and drop after a 503 (`reliability.md §5`).
fn cause(error: BoxError) -> Refusal {
    if error.is::<Elapsed>() {
        return Refusal::Timeout;
    }
    if error.is::<Overloaded>() {
        return Refusal::TooMany { what: "too many requests in hand".to_owned(), after_s: 1 };
    }
    match error.downcast::<Refusal>() {
        Ok(refusal) => *refusal,
        Err(error) => {
            tracing::error!(%error, "a request failed inside the gateway");
            Refusal::Internal
        }
    }
}

/// The word for a refusal of which only the status is known.
fn said_by(status: StatusCode) -> Option<&'static str> {
    match status.as_u16() {
        ..400 => None,
        401 => Some("unauthenticated"),
        403 => Some("forbidden"),
        404 => Some("not_found"),
        405 => Some("not_allowed"),
        413 => Some("too_large"),
        415 => Some("unsupported"),
        422 => Some("invalid"),
        429 => Some("too_many"),
        503 => Some("unavailable"),
        400..500 => Some("malformed"),
        500.. => Some("internal"),
    }
}

/// A word for each refusal: the metric's label.
fn reason(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Malformed { .. } => "malformed",
        Refusal::Invalid { .. } => "invalid",
        Refusal::Unauthenticated => "unauthenticated",
        Refusal::Unauthorized(_) => "unauthorized",
        Refusal::Forbidden(_) => "forbidden",
        Refusal::NotFound { .. } => "not_found",
        Refusal::TooMany { .. } => "too_many",
        Refusal::TooLarge(_) => "too_large",
        Refusal::Unsupported(_) => "unsupported",
        Refusal::Unavailable { .. } => "unavailable",
        Refusal::Timeout => "timeout",
        Refusal::Internal => "internal",
    }
}
