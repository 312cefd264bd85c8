//! The admin listener: health and metrics of ours, and whatever routes the application adds.
//!
//! It stands on its own socket, so that no shedding on the data listener can hide it.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;

/// Whether requests can be accepted now.
pub type Ready = Arc<dyn Fn() -> bool + Send + Sync>;

/// `/livez`, `/readyz`, `/metrics`, and `more` (`/api/…`, the console).
pub fn router(ready: Ready, metrics: PrometheusHandle, more: Router) -> Router {
    let own = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(move || async move { readiness(ready()) }))
        .route("/metrics", get(move || async move { ([(header::CONTENT_TYPE, PROMETHEUS)], metrics.render()) }));
    own.merge(more)
}

fn readiness(ready: bool) -> impl IntoResponse {
    match ready {
        true => (StatusCode::OK, "ok\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
    }
}

const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
