//! The operator's pages and their JSON: the newest traces, one trace, the destinations.
//!
//! Rendered here, without a script; the command line's `explain` reads the JSON. What clients sent is
//! shown, so everything is escaped (`html`), and a page may load nothing.

mod front;
mod html;
mod trace;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use http::header;
use serde::Deserialize;

use crate::contract::Explain;
use crate::contract::Explanation;
use html::Html;

/// Traces in a list, unless another limit is asked for.
const LISTED: usize = 50;

/// The highest limit that is granted.
const MOST: usize = 500;

type Explainer = Arc<dyn Explain>;

/// `/` and `/t/<id>` for browsers; `/api/traces`, `/api/explain/<id>` and `/api/destinations` for programs.
pub fn router(explain: Arc<dyn Explain>) -> Router {
    Router::new()
        .route("/", get(front_page))
        .route("/t/{id}", get(trace_page))
        .route("/api/traces", get(traces))
        .route("/api/explain/{id}", get(one_trace))
        .route("/api/destinations", get(destinations))
        .with_state(explain)
}

#[derive(Deserialize)]
struct ListQuery {
    limit: Option<usize>,
}

impl ListQuery {
    fn limit(&self) -> usize {
        self.limit.unwrap_or(LISTED).clamp(1, MOST)
    }
}

#[derive(Deserialize)]
struct TraceQuery {
    /// Look in this project only.
    project: Option<String>,
    /// Add the trace as sent and as each vendor shows it.
    #[serde(default)]
    documents: bool,
}

async fn front_page(State(explain): State<Explainer>, Query(query): Query<ListQuery>) -> Response {
    let destinations = explain.destinations();
    match blocking(move || explain.newest(query.limit())).await {
        Ok(traces) => page(StatusCode::OK, front::page(&destinations, &traces)),
        Err(why) => page(StatusCode::SERVICE_UNAVAILABLE, Html::notice("The traces cannot be listed", &why)),
    }
}

async fn trace_page(
    State(explain): State<Explainer>,
    Path(id): Path<String>,
    Query(query): Query<TraceQuery>,
) -> Response {
    match told(explain, &id, query.project, true).await {
        Ok(Some(found)) => page(StatusCode::OK, trace::page(&found)),
        Ok(None) => page(StatusCode::NOT_FOUND, Html::notice("No trace or span has this id here", &id)),
        Err(why) => page(StatusCode::SERVICE_UNAVAILABLE, Html::notice("The trace cannot be shown", &why)),
    }
}

async fn traces(State(explain): State<Explainer>, Query(query): Query<ListQuery>) -> Response {
    match blocking(move || explain.newest(query.limit())).await {
        Ok(traces) => Json(traces).into_response(),
        Err(why) => failure(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

async fn one_trace(
    State(explain): State<Explainer>,
    Path(id): Path<String>,
    Query(query): Query<TraceQuery>,
) -> Response {
    match told(explain, &id, query.project, query.documents).await {
        Ok(Some(found)) => Json(found).into_response(),
        Ok(None) => failure(StatusCode::NOT_FOUND, &format!("no trace or span has the id {id:?} here")),
        Err(why) => failure(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

async fn destinations(State(explain): State<Explainer>) -> Response {
    Json(explain.destinations()).into_response()
}

async fn told(
    explain: Explainer,
    id: &str,
    project: Option<String>,
    documents: bool,
) -> Result<Option<Explanation>, String> {
    let (asked, id) = (Arc::clone(&explain), id.to_owned());
    let Some(mut found) = blocking(move || asked.explain(&id, project.as_deref())).await? else { return Ok(None) };
    if documents {
        found.documents = Some(explain.documents(&found).await?);
    }
    Ok(Some(found))
}

/// Ledger reads block.
async fn blocking<T: Send + 'static>(ask: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    let failed = |error: tokio::task::JoinError| format!("the question came to no end: {error}");
    tokio::task::spawn_blocking(ask).await.map_err(failed)?
}

fn page(status: StatusCode, page: Html) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, page.into_text()).into_response()
}

fn failure(status: StatusCode, why: &str) -> Response {
    (status, Json(serde_json::json!({"error": why}))).into_response()
}
