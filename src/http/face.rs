//! A dialect's face: the one place where a failure becomes a response, in its vendor's own shape.

use std::any::Any;

use axum::response::Response;
use tower::BoxError;
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;

use crate::contract::Dialect;
use crate::contract::Refusal;
use crate::contract::Refused;
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
    /// A refusal, rendered.
    pub(super) fn refuse(&self, refusal: &Refusal) -> Response {
        tracing::debug!(dialect = self.name(), reason = refusal.reason(), %refusal, "refused a request");
        self.dialect.refuse(refusal)
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

    /// Marks a response as this dialect's, and counts what it refuses.
    pub(super) fn sign(&self, mut response: Response) -> Response {
        if let Some(Refused(reason)) = response.extensions_mut().remove() {
            metrics::refused(self.name(), reason);
        }
        response.extensions_mut().insert(Served(self.name()));
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
