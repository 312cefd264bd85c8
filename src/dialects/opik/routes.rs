//! The vendor's endpoints for our clients: each stores a request or answers a read, in its own shape.

use std::collections::BTreeSet;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::Extension;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use axum::routing::put;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::Uri;
use http::header::AUTHORIZATION;
use http::header::LOCATION;
use http::header::RETRY_AFTER;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::canonical::ClientProject;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Target;
use crate::contract;
use crate::contract::Accepted;
use crate::contract::Asked;
use crate::contract::Call;
use crate::contract::Caller;
use crate::contract::Credential;
use crate::contract::Doors;
use crate::contract::Found;
use crate::contract::Refusal;

use super::Opik;
use super::encode;
use super::read;
use super::settings::DEFAULT_PROJECT;
use super::settings::NAME;
use super::settings::WORKSPACE;
use super::wire;

/// The version we say we are: the one whose rules `wire/opik.md` describes.
const VERSION: &str = "2.0.2";

/// The header that names a workspace.
const WORKSPACE_HEADER: &str = "comet-workspace";

type Answered = Result<Response, Response>;

/// Health, and the link that the Python SDK prints for people (`wire/opik.md §1.3`).
pub(super) fn open() -> Router<Doors> {
    Router::new()
        .route("/is-alive/ping", get(async || Json(json!({"message": "Healthy Server", "healthy": true}))))
        .route("/is-alive/ver", get(async || Json(json!({"version": VERSION}))))
        .route("/v1/session/redirect/projects", get(redirect))
        .route("/v1/session/redirect/projects/", get(redirect))
}

/// Everything that needs a key.
pub(super) fn authenticated() -> Router<Doors> {
    let private = Router::new()
        .route("/traces", post(create))
        .route("/traces/batch", post(store).patch(store))
        .route("/traces/delete", post(store))
        .route("/traces/feedback-scores", put(store))
        .route("/traces/{id}", get(trace).patch(store).delete(store))
        .route("/traces/{id}/feedback-scores", put(store))
        .route("/traces/{id}/feedback-scores/delete", post(store))
        .route("/traces/threads/feedback-scores", put(store))
        .route("/traces/threads/feedback-scores/delete", post(store))
        .route("/spans", post(create).get(spans))
        .route("/spans/batch", post(store).patch(store))
        .route("/spans/feedback-scores", put(store))
        .route("/spans/{id}", get(span).patch(store).delete(store))
        .route("/spans/{id}/feedback-scores", put(store))
        .route("/spans/{id}/feedback-scores/delete", post(store))
        .route("/projects/retrieve", post(project_named))
        .route("/projects/{id}", get(project))
        .route("/auth", post(async || StatusCode::NO_CONTENT))
        .route("/auth/workspace", get(workspace));
    Router::new().nest(encode::ROOT, private)
}

/// The raw `Authorization`; `Bearer` is tolerated, and an empty value is none: the TypeScript SDK sends
/// one when it has no key (`wire/opik.md §2`).
pub(super) fn credential(headers: &HeaderMap) -> Option<Credential> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let scheme = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    let key = scheme.map_or(value, |_| value[7..].trim());
    let bare_scheme = key.eq_ignore_ascii_case("bearer");
    (!key.is_empty() && !bare_scheme).then(|| Credential::Key(SecretString::from(key)))
}

/// A refusal in the vendor's shapes (`wire/opik.md §7.1`): `errors` where its validation speaks,
/// `code` and `message` elsewhere.
pub(super) fn refuse(refusal: &Refusal) -> Response {
    refusal.mark(rendered(refusal))
}

fn rendered(refusal: &Refusal) -> Response {
    let coded = |status: StatusCode, message: &str| {
        (status, Json(json!({"code": status.as_u16(), "message": message}))).into_response()
    };
    let text = refusal.to_string();
    match refusal {
        Refusal::Malformed { message } => coded(StatusCode::BAD_REQUEST, &format!("Unable to process JSON. {message}")),
        Refusal::Invalid { path, rule } => {
            let errors = json!({"errors": [format!("{} {rule}", property(path))]});
            (StatusCode::UNPROCESSABLE_ENTITY, Json(errors)).into_response()
        }
        Refusal::Unauthenticated => coded(StatusCode::UNAUTHORIZED, "API key should be provided"),
        Refusal::Unauthorized(_) | Refusal::ForeignKey => coded(StatusCode::UNAUTHORIZED, &text),
        Refusal::Forbidden(_) => coded(StatusCode::FORBIDDEN, &text),
        Refusal::NotFound { what, id } => match *what {
            "trace" => coded(StatusCode::NOT_FOUND, &format!("Trace id: {id} not found")),
            "span" => coded(StatusCode::NOT_FOUND, &format!("Span id: {id} not found")),
            "project" => (StatusCode::NOT_FOUND, Json(json!({"errors": ["Project not found"]}))).into_response(),
            _ => coded(StatusCode::NOT_FOUND, "HTTP 404 Not Found"),
        },
        Refusal::TooMany { after_s, .. } => again(&text, *after_s),
        Refusal::TooLarge(_) => coded(StatusCode::PAYLOAD_TOO_LARGE, &text),
        Refusal::Unsupported(_) => coded(StatusCode::UNSUPPORTED_MEDIA_TYPE, &text),
        Refusal::Unavailable { after_s, .. } => again(&text, *after_s),
        Refusal::Timeout => again(&text, 1),
        Refusal::Internal => {
            coded(StatusCode::INTERNAL_SERVER_ERROR, "There was an error processing your request. It has been logged.")
        }
    }
}

/// The one answer after which the Python SDK keeps a batch for as long as it takes: it gives up at 408, and
/// after three tries at 503 or at a 429 without `RateLimit-Reset` (`§7.4`).
fn again(text: &str, after_s: u64) -> Response {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let message = format!("Too Many Requests: {text}");
    let seconds = HeaderValue::from(after_s.max(1));
    let headers = [(RETRY_AFTER, seconds.clone()), (HeaderName::from_static("ratelimit-reset"), seconds)];
    (status, headers, Json(json!({"code": status.as_u16(), "message": message}))).into_response()
}

/// A path in the document as the vendor's validation names it: Java properties, in camel case.
fn property(path: &str) -> String {
    let mut upper = false;
    path.chars().fold(String::new(), |mut out, letter| {
        match letter {
            '_' => upper = true,
            letter if upper => {
                out.extend(letter.to_uppercase());
                upper = false;
            }
            letter => out.push(letter),
        }
        out
    })
}

/// Stores a request that is answered with nothing.
async fn store(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    accept(&doors, &caller, call(method, &uri, &headers, body)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Stores the create of one row, which is answered with where it is.
async fn create(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    let call = call(method, &uri, &headers, body);
    let path = call.path.clone();
    let accepted = accept(&doors, &caller, call).await?;
    let id = accepted.items.first().and_then(|item| match &item.op {
        Op::Trace(trace) => Some(trace.id),
        Op::Span(span) => Some(span.id),
        Op::Score(_) | Op::DeleteScore { .. } | Op::Delete(_) => None,
    });
    let place = id.map(|id| format!("{}{path}/{id}", doors.public_url)).unwrap_or_default();
    Ok((StatusCode::CREATED, [(LOCATION, place)]).into_response())
}

/// A project is made by the first row that names it (`wire/opik.md §4.7`), so its name is known from then
/// on.
async fn accept(doors: &Doors, caller: &Caller, call: Call) -> Result<Accepted, Response> {
    let accepted = doors.accept.accept(caller, &Opik, call).await.map_err(|refusal| refuse(&refusal))?;
    let names: BTreeSet<&str> = accepted.items.iter().filter_map(|item| project_of(item)?.name.as_deref()).collect();
    for name in names {
        // The rows are stored: a name that could not be is no reason to send them again.
        give_id(doors, caller, name).await.ok();
    }
    Ok(accepted)
}

fn project_of(item: &Item) -> Option<&ClientProject> {
    match &item.op {
        Op::Trace(trace) => trace.project.get(),
        Op::Span(span) => span.project.get(),
        Op::Score(score) => Some(&score.project),
        Op::DeleteScore { .. } | Op::Delete(_) => None,
    }
}

/// The request with the vendor's own path, whatever prefix it came under.
fn call(method: Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Call {
    let workspace = headers.get(WORKSPACE_HEADER).and_then(|value| value.to_str().ok());
    Call {
        method,
        path: format!("{}{}", encode::ROOT, uri.path()),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: workspace.map(|value| (WORKSPACE_HEADER.to_owned(), value.to_owned())).into_iter().collect(),
        body,
    }
}

async fn trace(State(doors): State<Doors>, Extension(caller): Extension<Caller>, Path(id): Path<String>) -> Answered {
    let found = look(&doors, &caller, "trace", &id, ClientProject::default()).await?;
    let project = project_id(&doors, &caller, &found).await?;
    let row = read::trace(&found, &project).ok_or_else(|| refuse(&Refusal::NotFound { what: "trace", id }))?;
    Ok(Json(row).into_response())
}

async fn span(State(doors): State<Doors>, Extension(caller): Extension<Caller>, Path(id): Path<String>) -> Answered {
    let found = look(&doors, &caller, "span", &id, ClientProject::default()).await?;
    let project = project_id(&doors, &caller, &found).await?;
    let span = found.view.span(found.native).ok_or_else(|| refuse(&Refusal::NotFound { what: "span", id }))?;
    Ok(Json(read::span(&found, span, &project)).into_response())
}

/// What a list of spans is asked for.
#[derive(Deserialize)]
struct SpansOf {
    trace_id: Option<String>,
    project_name: Option<String>,
    project_id: Option<String>,
}

/// The spans of one trace, on one page; other lists we do not answer.
async fn spans(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    Query(of): Query<SpansOf>,
) -> Answered {
    let no_path = || refuse(&Refusal::NotFound { what: "path", id: String::new() });
    let id = of.trace_id.ok_or_else(no_path)?;
    let named = ClientProject { name: of.project_name, id: of.project_id, ..ClientProject::default() };
    let found = look(&doors, &caller, "trace", &id, named).await?;
    let project = project_id(&doors, &caller, &found).await?;
    let content: Vec<wire::Span> = found.view.spans.iter().map(|span| read::span(&found, span, &project)).collect();
    let (size, total) = (content.len(), content.len());
    Ok(Json(json!({"page": 1, "size": size, "total": total, "content": content, "sortable_by": []})).into_response())
}

async fn look(
    doors: &Doors,
    caller: &Caller,
    what: &'static str,
    id: &str,
    project: ClientProject,
) -> Result<Found, Response> {
    let unknown = || refuse(&Refusal::NotFound { what, id: id.to_owned() });
    let native = Id::parse(id).ok_or_else(unknown)?;
    let target = if what == "span" { Target::Span { trace: None, span: native } } else { Target::Trace(native) };
    doors.read.read(caller, &Opik, Asked { target, project }).await.map_err(|refusal| match refusal {
        Refusal::NotFound { .. } => unknown(),
        other => refuse(&other),
    })
}

/// The id we give the project that a found trace belongs to.
async fn project_id(doors: &Doors, caller: &Caller, found: &Found) -> Result<String, Response> {
    let record = found.view.trace.as_ref().and_then(|trace| trace.facts.project.get());
    let client = record.or_else(|| found.view.spans.iter().find_map(|span| span.facts.project.get()));
    let named = |id: &str| doors.names.name(&caller.project, NAME, id).map(|named| named.name);
    let name = client.map_or_else(|| DEFAULT_PROJECT.to_owned(), |client| contract::plain(client, named).0);
    give_id(doors, caller, &name).await
}

async fn give_id(doors: &Doors, caller: &Caller, name: &str) -> Result<String, Response> {
    doors.names.id(&caller.project, NAME, "project", "", name).await.map_err(|refusal| refuse(&refusal))
}

/// A project by name: one that was written to, or is configured (`wire/opik.md §4.7`).
async fn project_named(State(doors): State<Doors>, Extension(caller): Extension<Caller>, body: Bytes) -> Answered {
    let asked: wire::Project =
        serde_json::from_slice(&body).map_err(|error| refuse(&Refusal::Malformed { message: error.to_string() }))?;
    let rule = || refuse(&Refusal::Invalid { path: "name".to_owned(), rule: "must not be blank".to_owned() });
    let name = asked.name.take().filter(|name| !name.trim().is_empty()).ok_or_else(rule)?;
    let unknown = || refuse(&Refusal::NotFound { what: "project", id: name.clone() });
    let known = doors.names.project(&caller.project, &name).ok_or_else(unknown)?;
    let id = give_id(&doors, &caller, &known).await?;
    Ok(Json(shown_project(&doors, &caller, &id)).into_response())
}

async fn project(State(doors): State<Doors>, Extension(caller): Extension<Caller>, Path(id): Path<String>) -> Response {
    Json(shown_project(&doors, &caller, &id)).into_response()
}

/// A project; an id we never gave is the name of one (`design.md §7`), since when nobody knows.
fn shown_project(doors: &Doors, caller: &Caller, id: &str) -> Value {
    let named = doors.names.name(&caller.project, NAME, id);
    let since = named.as_ref().map(|named| named.since.exact());
    let name = named.map_or_else(|| id.to_owned(), |named| named.name);
    json!({
        "id": id,
        "name": name,
        "visibility": "private",
        "created_at": since,
        "created_by": read::WRITER,
        "last_updated_at": since,
        "last_updated_by": read::WRITER,
    })
}

async fn workspace(headers: HeaderMap) -> Response {
    let name = headers.get(WORKSPACE_HEADER).and_then(|value| value.to_str().ok()).unwrap_or(WORKSPACE);
    Json(json!({"workspace_name": name})).into_response()
}

/// What the printed link asks for.
#[derive(Deserialize)]
struct Redirect {
    trace_id: Option<String>,
}

/// Leads to the console, never to what the link itself says.
async fn redirect(State(doors): State<Doors>, Query(asked): Query<Redirect>) -> Response {
    let trace = asked.trace_id.and_then(|id| Id::parse(&id));
    let page = trace.map_or_else(|| "/".to_owned(), |id| format!("/t/{id}"));
    (StatusCode::FOUND, [(LOCATION, format!("{}{page}", doors.console_url))]).into_response()
}
