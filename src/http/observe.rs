//! What is said about every request: a log line at DEBUG, a count and a duration. Never a header, a
//! query or a body.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use tower_http::request_id::RequestId;
use tracing::Instrument;

use crate::telemetry::metrics;

/// The dialect that answered; an extension of its responses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Served(pub(super) &'static str);

/// Logs and counts; inside it, every log line carries the request's id.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    let span = tracing::info_span!("request", id);
    async {
        let response = next.run(request).await;
        let dialect = response.extensions().get::<Served>().map_or("none", |served| served.0);
        let status = response.status().as_u16();
        let duration = start.elapsed();
        tracing::debug!(%method, path, dialect, status, duration_ms = duration.as_millis(), "answered a request");
        metrics::answered(dialect, status, duration);
        response
    }
    .instrument(span)
    .await
}
