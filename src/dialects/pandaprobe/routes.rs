//! What PandaProbe's clients find here: paths, statuses and shapes of `wire/pandaprobe.md §4`, §12.

use axum::Router;
use axum::body::Body;
use axum::extract::FromRequest;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::patch;
use axum::routing::post;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use indexmap::IndexMap;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use super::PandaProbe;
use super::decode;
use super::read;
use super::settings;
use crate::canonical::Id;
use crate::canonical::Op;
use crate::canonical::Raw;
use crate::canonical::Target;
use crate::canonical::ids;
use crate::contract::Accepted;
use crate::contract::Asked;
use crate::contract::Call;
use crate::contract::Caller;
use crate::contract::Credential;
use crate::contract::Doors;
use crate::contract::Found;
use crate::contract::Outward;
use crate::contract::Refusal;

/// Both SDKs retry after this many seconds at most, and their whole queue waits meanwhile.
const LONGEST_WAIT_S: u64 = 2;

/// Headers that a record keeps.
const KEPT: [&str; 2] = [settings::PROJECT_HEADER, "x-request-id"];

static DIALECT: PandaProbe = PandaProbe;

/// The data plane, as far as tracing and scoring clients use it.
pub(super) fn authenticated() -> Router<Doors> {
    Router::new()
        .route("/traces", post(create_trace))
        .route("/traces/{trace_id}", get(read_trace).patch(change_trace).delete(delete_trace))
        .route("/traces/{trace_id}/spans", post(create_spans))
        .route("/traces/{trace_id}/spans/{span_id}", patch(change_span))
        .route("/evaluations/trace-scores", post(create_score))
        .route("/evaluations/trace-scores/{trace_id}", get(read_scores))
}

/// `X-API-Key`; a gateway key as a bearer token is tolerated, which the vendor would not do.
pub(super) fn credential(headers: &HeaderMap) -> Option<Credential> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty());
    let bearer = || text("authorization")?.strip_prefix("Bearer ").map(str::trim).filter(|key| key.starts_with("sg_"));
    text("x-api-key").or_else(bearer).map(|key| Credential::Key(SecretString::from(key)))
}

/// What was asked, and by whom; a handler's only argument.
struct Desk {
    doors: Doors,
    caller: Caller,
    call: Call,
}

impl FromRequest<Doors> for Desk {
    type Rejection = Refused;

    async fn from_request(request: axum::extract::Request, doors: &Doors) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        let caller = parts.extensions.get::<Caller>().cloned().ok_or(Refusal::Internal)?;
        // The edge has bounded the body; axum's own limit of 2 MB would cut traces short.
        let body = axum::body::to_bytes(body, usize::MAX).await.map_err(|_| Refusal::Timeout)?;
        let kept = |name: &&str| Some(((*name).to_owned(), parts.headers.get(*name)?.to_str().ok()?.to_owned()));
        let call = Call {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: KEPT.iter().filter_map(kept).collect(),
            body,
        };
        Ok(Self { doors: doors.clone(), caller, call })
    }
}

impl Desk {
    async fn accept(&self) -> Result<Accepted, Refusal> {
        self.doors.accept.accept(&self.caller, &DIALECT, self.call.clone()).await
    }

    async fn find(&self, target: Target) -> Result<Found, Refusal> {
        let project = decode::project(self.call.header(settings::PROJECT_HEADER))?;
        self.doors.read.read(&self.caller, &DIALECT, Asked { target, project }).await
    }

    /// What an update is answered from, where its sender may read that.
    async fn updated(&self, target: Target) -> Option<Found> {
        if self.caller.reads { self.find(target).await.ok() } else { None }
    }

    /// The project's id, which answers must show as a UUID.
    async fn project_id(&self) -> Result<String, Refusal> {
        let name = decode::project(self.call.header(settings::PROJECT_HEADER))?.name.unwrap_or_default();
        self.doors.names.id(&self.caller.project, settings::NAME, "project", "", &name).await
    }

    /// The path's segment as an id, counted from the end.
    fn id(&self, from_end: usize, path: &str) -> Result<Id, Refusal> {
        let segment = self.call.path.rsplit('/').nth(from_end).unwrap_or_default();
        let text = percent_decode_str(segment).decode_utf8_lossy();
        decode::uuid(&text, path)
    }

    fn body(&self) -> Raw {
        serde_json::from_slice(&self.call.body).unwrap_or_else(|_| Raw::of(&()))
    }
}

/// A refusal as axum answers it.
struct Refused(Refusal);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        refuse(&self.0)
    }
}

type Reply = Result<Response, Refused>;

async fn create_trace(desk: Desk) -> Reply {
    let accepted = desk.accept().await?;
    let trace = accepted.items.iter().find_map(|item| item.trace()).unwrap_or_default();
    let reply = IndexMap::from([
        ("trace_id", ids::text(trace.verbatim(trace))),
        ("task_id", read::made_up(&accepted.receipt, "task")),
    ]);
    Ok(json(StatusCode::ACCEPTED, &reply))
}

async fn create_spans(desk: Desk) -> Reply {
    let accepted = desk.accept().await?;
    let trace = desk.id(1, "path.trace_id")?;
    let spans = accepted.items.iter().filter_map(|item| item.span());
    let spans: Vec<String> = spans.map(|span| ids::text(span.verbatim(trace))).collect();
    Ok(json(StatusCode::CREATED, &IndexMap::from([("span_ids", spans)])))
}

/// The trace as it now stands; of one that is held nowhere, or to a key that may not read, what the
/// update says.
async fn change_trace(desk: Desk) -> Reply {
    desk.accept().await?;
    let id = desk.id(0, "path.trace_id")?;
    let project = desk.project_id().await?;
    let found = desk.updated(Target::Trace(id)).await;
    let whole = found.and_then(|found| read::trace(&found.view, &found.out, &project));
    let shown = whole.unwrap_or_else(|| read::patched_trace(&desk.body(), &id.to_string(), &project));
    Ok(json(StatusCode::OK, &shown))
}

/// The span as it now stands; of one that is held nowhere, or to a key that may not read, what the
/// update says.
async fn change_span(desk: Desk) -> Reply {
    desk.accept().await?;
    let (trace, span) = (desk.id(2, "path.trace_id")?, desk.id(0, "path.span_id")?);
    let found = desk.updated(Target::Span { trace: Some(trace), span }).await;
    let whole = found.and_then(|found| read::span(&found.view, found.native, &found.out));
    let shown = whole.unwrap_or_else(|| read::patched_span(&desk.body(), &trace.to_string(), &span.to_string()));
    Ok(json(StatusCode::OK, &shown))
}

async fn delete_trace(desk: Desk) -> Reply {
    desk.accept().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn read_trace(desk: Desk) -> Reply {
    let project = desk.project_id().await?;
    let id = desk.id(0, "path.trace_id")?;
    let found = desk.find(Target::Trace(id)).await?;
    let shown = read::trace(&found.view, &found.out, &project);
    let shown = shown.ok_or_else(|| Refusal::NotFound { what: "trace", id: id.to_string() })?;
    Ok(json(StatusCode::OK, &shown))
}

async fn create_score(desk: Desk) -> Reply {
    let accepted = desk.accept().await?;
    let project = desk.project_id().await?;
    let shown = accepted.items.iter().find_map(|item| match &item.op {
        Op::Score(score) => read::score(score, item.trace()?, &Outward::default(), &project),
        _ => None,
    });
    Ok(json(StatusCode::CREATED, &shown.unwrap_or_default()))
}

/// An unknown trace has no scores, and that is no error.
async fn read_scores(desk: Desk) -> Reply {
    let project = desk.project_id().await?;
    let id = desk.id(0, "path.trace_id")?;
    let shown = match desk.find(Target::Trace(id)).await {
        Ok(found) => read::scores(&found.view, &found.out, &project),
        Err(Refusal::NotFound { .. }) => Vec::new(),
        Err(other) => return Err(other.into()),
    };
    Ok(json(StatusCode::OK, &shown))
}

/// A refusal in the vendor's words (`wire/pandaprobe.md §12`).
pub(super) fn refuse(refusal: &Refusal) -> Response {
    refusal.mark(rendered(refusal))
}

fn rendered(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Malformed { message } => invalid("", message),
        Refusal::Invalid { path, rule } if path == settings::PROJECT_HEADER => {
            detail(StatusCode::UNPROCESSABLE_ENTITY, rule)
        }
        Refusal::Invalid { path, rule } => invalid(&arrows(path), rule),
        Refusal::Unauthenticated => detail(
            StatusCode::UNAUTHORIZED,
            "Missing credentials. Provide Authorization: Bearer <token> (with X-Project-ID) or X-API-Key header.",
        ),
        // The vendor's words, and which of the things that they can mean it was.
        Refusal::Unauthorized(_) | Refusal::ForeignKey => {
            detail(StatusCode::UNAUTHORIZED, &format!("Invalid or revoked API key: {refusal}."))
        }
        Refusal::Forbidden(why) => detail(StatusCode::FORBIDDEN, why),
        Refusal::NotFound { what: "route", .. } => detail(StatusCode::NOT_FOUND, "Not Found"),
        Refusal::NotFound { what, id } => {
            let what = what[..1].to_uppercase() + &what[1..];
            detail(StatusCode::NOT_FOUND, &format!("{what} {id} not found."))
        }
        Refusal::TooMany { what, after_s } => {
            let body = IndexMap::from([("error", format!("Rate limit exceeded: {what}"))]);
            later(json(StatusCode::TOO_MANY_REQUESTS, &body), (*after_s).clamp(1, LONGEST_WAIT_S))
        }
        Refusal::TooLarge(why) => detail(StatusCode::PAYLOAD_TOO_LARGE, why),
        Refusal::Unsupported(why) => detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, why),
        Refusal::Unavailable { what, after_s, .. } => {
            later(detail(StatusCode::SERVICE_UNAVAILABLE, what), (*after_s).clamp(1, LONGEST_WAIT_S))
        }
        // The SDKs drop on 408 and retry on 503.
        Refusal::Timeout => later(detail(StatusCode::SERVICE_UNAVAILABLE, "the request took too long"), 1),
        Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response(),
    }
}

/// `spans[0].kind` as `spans -> 0 -> kind`.
fn arrows(path: &str) -> String {
    let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" -> ")
}

fn invalid(field: &str, message: &str) -> Response {
    let error = IndexMap::from([("field", field), ("message", message)]);
    let body = IndexMap::from([("detail", Raw::of("Validation error")), ("errors", Raw::of(&[error]))]);
    json(StatusCode::UNPROCESSABLE_ENTITY, &body)
}

fn detail(status: StatusCode, text: &str) -> Response {
    json(status, &IndexMap::from([("detail", text)]))
}

fn later(mut response: Response, after_s: u64) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after_s));
    response
}

fn json<T: serde::Serialize + ?Sized>(status: StatusCode, body: &T) -> Response {
    let mut response = Response::new(Body::from(read::json(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
