//! The JSON under `/api`: for programs, and for the command line's verbs.
//!
//! What changes something is a POST with a JSON body, which no page of another origin can send.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::extract::rejection::QueryRejection;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use super::Desk;
use super::ListQuery;
use super::TraceQuery;
use super::blocking;
use super::told;
use crate::contract::LetterFilter;
use crate::contract::LetterOrder;
use crate::contract::NotDropped;
use crate::contract::Operate;
use crate::contract::Receipt;

/// The longest that a replay is looked after.
const MOST_WAIT_S: u64 = 300;

pub(super) fn router() -> Router<Desk> {
    Router::new()
        .route("/api/traces", get(traces))
        .route("/api/explain/{id}", get(one_trace))
        .route("/api/receipts/{receipt}", get(receipt))
        .route("/api/destinations", get(destinations))
        .route("/api/destinations/{name}/pause", post(pause))
        .route("/api/destinations/{name}/resume", post(resume))
        .route("/api/destinations/{name}/drop", post(abandon))
        .route("/api/removed", get(removed))
        .route("/api/books", get(books))
        .route("/api/alarms", get(alarms))
        .route("/api/dlq", get(letters))
        .route("/api/dlq/{id}", get(letter))
        .route("/api/dlq/replay", post(replay))
        .route("/api/dlq/drop", post(discard))
}

async fn traces(State(desk): State<Desk>, Query(query): Query<ListQuery>) -> Response {
    answer(blocking(move || desk.explain.newest(query.limit()).map(Some)).await, "")
}

async fn one_trace(State(desk): State<Desk>, Path(id): Path<String>, Query(query): Query<TraceQuery>) -> Response {
    let found = told(desk.explain, &id, query.project, query.documents).await;
    answer(found, &format!("no trace or span has the id {id:?} here"))
}

async fn receipt(State(desk): State<Desk>, Path(text): Path<String>) -> Response {
    let receipt: Receipt = match text.parse() {
        Ok(receipt) => receipt,
        Err(why) => return failure(StatusCode::NOT_FOUND, &format!("{text:?} is no receipt: {why}")),
    };
    let found = blocking(move || desk.operate.receipt(receipt)).await;
    answer(found, "no request of this receipt is held here: it was never given, or its request is past retention")
}

async fn destinations(State(desk): State<Desk>) -> Response {
    answer(blocking(move || Ok(Some(desk.operate.destinations()))).await, "")
}

/// Why a destination is paused.
#[derive(Deserialize)]
struct Pause {
    #[serde(default = "unnamed")]
    why: String,
}

fn unnamed() -> String {
    "paused by an operator".to_owned()
}

async fn pause(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    body: Result<Json<Pause>, JsonRejection>,
) -> Response {
    let Pause { why } = match body {
        Ok(Json(pause)) => pause,
        Err(rejection) => return failure(rejection.status(), &rejection.body_text()),
    };
    let done = desk.operate.pause(&name, &why).await;
    switched(desk.operate, name, done).await
}

/// Nothing; `{}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

async fn resume(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    body: Result<Json<Empty>, JsonRejection>,
) -> Response {
    if let Err(rejection) = body {
        return failure(rejection.status(), &rejection.body_text());
    }
    let done = desk.operate.resume(&name).await;
    switched(desk.operate, name, done).await
}

/// How the destination does now, or why nothing was switched.
async fn switched(operate: Arc<dyn Operate>, name: String, done: Result<(), String>) -> Response {
    let find = move || Ok(operate.destinations().into_iter().find(|standing| standing.destination == name));
    match (done, blocking(find).await) {
        (Ok(()), Ok(Some(standing))) => Json(standing).into_response(),
        (Err(why), Ok(Some(_)) | Err(_)) => failure(StatusCode::SERVICE_UNAVAILABLE, &why),
        (Err(why), Ok(None)) => failure(StatusCode::NOT_FOUND, &why),
        (Ok(()), _) => {
            failure(StatusCode::SERVICE_UNAVAILABLE, "it is done, and how the destination does is not known")
        }
    }
}

/// Why what waits for a removed destination is given up; nobody does that without a reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Abandon {
    why: String,
}

async fn abandon(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    body: Result<Json<Abandon>, JsonRejection>,
) -> Response {
    let Abandon { why } = match body {
        Ok(Json(abandon)) => abandon,
        Err(rejection) => return failure(rejection.status(), &rejection.body_text()),
    };
    let error = match desk.operate.abandon(&name, &why).await {
        Ok(line) => return Json(line).into_response(),
        Err(error) => error,
    };
    let status = match error {
        NotDropped::Unknown(_) => StatusCode::NOT_FOUND,
        NotDropped::Configured(_) => StatusCode::CONFLICT,
        NotDropped::Ledger(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    failure(status, &error.to_string())
}

async fn removed(State(desk): State<Desk>) -> Response {
    answer(blocking(move || desk.operate.removed().map(Some)).await, "")
}

async fn books(State(desk): State<Desk>) -> Response {
    answer(blocking(move || Ok(Some(desk.operate.books()))).await, "")
}

async fn alarms(State(desk): State<Desk>) -> Response {
    Json(desk.operate.alarms()).into_response()
}

/// A [`LetterFilter`] in a query.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LetterQuery {
    destination: Option<String>,
    project: Option<String>,
    reason: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    /// With commas.
    ids: Option<String>,
    above: Option<u64>,
    limit: Option<usize>,
}

impl LetterQuery {
    pub(super) fn filter(self) -> Result<LetterFilter, String> {
        let Self { destination, project, reason, since, until, ids, above, limit } = self;
        let ids = ids.iter().flat_map(|ids| ids.split(',')).map(|id| id.trim().parse());
        let ids = ids.collect::<Result<_, _>>().map_err(|_| "ids are numbers with commas".to_owned())?;
        Ok(LetterFilter { destination, project, reason, since, until, ids, above, limit })
    }
}

async fn letters(State(desk): State<Desk>, query: Result<Query<LetterQuery>, QueryRejection>) -> Response {
    let wanted = query.map_err(|rejection| rejection.body_text()).and_then(|Query(query)| query.filter());
    match wanted {
        Ok(wanted) => answer(blocking(move || desk.operate.letters(&wanted).map(Some)).await, ""),
        Err(why) => failure(StatusCode::BAD_REQUEST, &why),
    }
}

async fn letter(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let missing = format!("there is no dead letter {id:?} (any more)");
    match id.parse() {
        Ok(id) => answer(blocking(move || desk.operate.letter(id)).await, &missing),
        Err(_) => failure(StatusCode::NOT_FOUND, &missing),
    }
}

async fn replay(State(desk): State<Desk>, body: Result<Json<LetterOrder>, JsonRejection>) -> Response {
    match body {
        Ok(Json(order)) if order.dry_run => plan(desk, order).await,
        Ok(Json(order)) => {
            let wait = Duration::from_secs(order.wait.min(MOST_WAIT_S));
            answer(desk.operate.replay(&order.filter, wait).await.map(Some), "")
        }
        Err(rejection) => failure(rejection.status(), &rejection.body_text()),
    }
}

async fn discard(State(desk): State<Desk>, body: Result<Json<LetterOrder>, JsonRejection>) -> Response {
    match body {
        Ok(Json(order)) if order.dry_run => plan(desk, order).await,
        Ok(Json(order)) if order.filter.is_open() && !order.all => {
            failure(StatusCode::BAD_REQUEST, "no filter means every dead letter: say so with \"all\": true")
        }
        Ok(Json(order)) => answer(blocking(move || desk.operate.discard(&order.filter).map(Some)).await, ""),
        Err(rejection) => failure(rejection.status(), &rejection.body_text()),
    }
}

async fn plan(desk: Desk, order: LetterOrder) -> Response {
    answer(blocking(move || desk.operate.plan(&order.filter).map(Some)).await, "")
}

/// 200 with what was found, 404 with what is missing, 503 where the ledger cannot be read.
fn answer<T: Serialize>(found: Result<Option<T>, String>, missing: &str) -> Response {
    match found {
        Ok(Some(found)) => Json(found).into_response(),
        Ok(None) => failure(StatusCode::NOT_FOUND, missing),
        Err(why) => failure(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

fn failure(status: StatusCode, why: &str) -> Response {
    (status, Json(serde_json::json!({"error": why}))).into_response()
}
