//! The operator's pages and their JSON: the newest traces, one trace, the destinations, dead letters.
//!
//! Rendered here, without a script; the command line's verbs read the JSON (`api`). What clients sent is
//! shown, so everything is escaped (`html`), and a page may load nothing.

mod api;
mod dlq;
mod front;
mod html;
mod trace;

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use http::header;
use serde::Deserialize;

use crate::contract::Explain;
use crate::contract::Explanation;
use crate::contract::Operate;
use html::Html;

/// Traces in a list, unless another limit is asked for.
const LISTED: usize = 50;

/// The highest limit that is granted.
const MOST: usize = 500;

/// Who knows the answers.
#[derive(Clone)]
struct Desk {
    explain: Arc<dyn Explain>,
    operate: Arc<dyn Operate>,
}

/// `/`, `/t/<id>` and `/dlq` for browsers; `/api/…` for programs.
pub fn router(explain: Arc<dyn Explain>, operate: Arc<dyn Operate>) -> Router {
    Router::new()
        .route("/", get(front_page))
        .route("/t/{id}", get(trace_page))
        .route("/dlq", get(letters_page))
        .route("/dlq/{id}", get(letter_page))
        .merge(api::router())
        .with_state(Desk { explain, operate })
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

async fn front_page(State(desk): State<Desk>, Query(query): Query<ListQuery>) -> Response {
    let ask = move || {
        let traces = desk.explain.newest(query.limit())?;
        Ok((desk.operate.alarms(), desk.operate.destinations(), traces))
    };
    match blocking(ask).await {
        Ok((alarms, destinations, traces)) => page(StatusCode::OK, front::page(&alarms, &destinations, &traces)),
        Err(why) => page(StatusCode::SERVICE_UNAVAILABLE, Html::notice("The traces cannot be listed", &why)),
    }
}

async fn trace_page(State(desk): State<Desk>, Path(id): Path<String>, Query(query): Query<TraceQuery>) -> Response {
    match told(desk.explain, &id, query.project, true).await {
        Ok(Some(found)) => page(StatusCode::OK, trace::page(&found)),
        Ok(None) => page(StatusCode::NOT_FOUND, Html::notice("No trace or span has this id here", &id)),
        Err(why) => page(StatusCode::SERVICE_UNAVAILABLE, Html::notice("The trace cannot be shown", &why)),
    }
}

async fn letters_page(State(desk): State<Desk>, query: Result<Query<api::LetterQuery>, QueryRejection>) -> Response {
    let wanted = query.map_err(|rejection| rejection.body_text()).and_then(|Query(query)| query.filter());
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(why) => return page(StatusCode::BAD_REQUEST, Html::notice("That is no filter", &why)),
    };
    match blocking(move || desk.operate.letters(&wanted).map(|list| (wanted, list))).await {
        Ok((wanted, list)) => page(StatusCode::OK, dlq::list(&wanted, &list)),
        Err(why) => page(StatusCode::SERVICE_UNAVAILABLE, Html::notice("The dead letters cannot be listed", &why)),
    }
}

async fn letter_page(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let found = match id.parse() {
        Ok(id) => blocking(move || desk.operate.letter(id)).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some(letter)) => page(StatusCode::OK, dlq::letter(&letter)),
        Ok(None) => page(StatusCode::NOT_FOUND, Html::notice("There is no such dead letter (any more)", &id)),
        Err(why) => page(StatusCode::SERVICE_UNAVAILABLE, Html::notice("The dead letter cannot be shown", &why)),
    }
}

async fn told(
    explain: Arc<dyn Explain>,
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
