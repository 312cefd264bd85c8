//! A request taken apart for the handlers, and the answers in the vendor's shape (`wire/galileo.md §7.1`).

use axum::body::Body;
use axum::extract::FromRequest;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use indexmap::IndexMap;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::canonical::ClientProject;
use crate::canonical::Id;
use crate::canonical::Raw;
use crate::canonical::Target;
use crate::contract::Accepted;
use crate::contract::Asked;
use crate::contract::Call;
use crate::contract::Caller;
use crate::contract::Doors;
use crate::contract::Found;
use crate::contract::Named;
use crate::contract::Refusal;
use crate::dialects::galileo::Galileo;
use crate::dialects::galileo::decode;
use crate::dialects::galileo::settings::NAME;

/// Headers that a record keeps: who sent it, and what marks a repetition.
const KEPT: [&str; 2] = ["x-galileo-sdk", "x-request-id"];

static DIALECT: Galileo = Galileo;

/// What was asked, and by whom; a handler's only argument.
pub(super) struct Desk {
    pub(super) doors: Doors,
    pub(super) caller: Caller,
    pub(super) call: Call,
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
    pub(super) async fn accept(&self) -> Result<Accepted, Refusal> {
        self.doors.accept.accept(&self.caller, &DIALECT, self.call.clone()).await
    }

    pub(super) async fn find(&self, target: Target) -> Result<Found, Refusal> {
        let project = ClientProject { id: Some(self.project()), ..ClientProject::default() };
        self.doors.read.read(&self.caller, &DIALECT, Asked { target, project }).await
    }

    /// The id of a name, given now if need be.
    pub(super) async fn id_of(&self, kind: &str, parent: &str, name: &str) -> Result<String, Refusal> {
        self.doors.names.id(&self.caller.project, NAME, kind, parent, name).await
    }

    /// What an id was given for. One that we never gave is its own name (`design.md §7`).
    pub(super) fn named(&self, kind: &str, parent: &str, id: &str) -> Named {
        let given = self.doors.names.name(&self.caller.project, NAME, id).filter(|named| named.kind == kind);
        given.unwrap_or_else(|| Named {
            id: id.to_owned(),
            kind: kind.to_owned(),
            parent: parent.to_owned(),
            name: id.to_owned(),
            since: crate::canonical::Time::default(),
        })
    }

    pub(super) fn list(&self, kind: &str, parent: &str) -> Vec<Named> {
        self.doors.names.list(&self.caller.project, NAME, kind, parent)
    }

    /// A segment of the path, from 0.
    pub(super) fn segment(&self, at: usize) -> String {
        let segment = self.call.path.split('/').nth(at + 1).unwrap_or_default();
        percent_decode_str(segment).decode_utf8_lossy().into_owned()
    }

    /// The project's id, which stands second or, on `/ingest`, last.
    pub(super) fn project(&self) -> String {
        self.segment(if self.call.path.starts_with("/ingest/") { 2 } else { 1 })
    }

    /// The id that the path ends in.
    pub(super) fn id(&self, name: &str) -> Result<Id, Refusal> {
        decode::uuid(&self.segment(3), &format!("path.{name}"))
    }

    /// A parameter of the query.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.call.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.call.body).map_err(|error| Refusal::Malformed { message: error.to_string() })
    }
}

/// A refusal as axum answers it.
pub(super) struct Refused(Refusal);

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

pub(super) type Reply = Result<Response, Refused>;

/// Success.
pub(super) fn ok<T: Serialize + ?Sized>(body: &T) -> Reply {
    Ok(json(StatusCode::OK, body))
}

/// A refusal in the vendor's words: `detail` is a text, or for a body's mistakes a list of them.
pub(in crate::dialects::galileo) fn refuse(refusal: &Refusal) -> Response {
    refusal.mark(rendered(refusal))
}

fn rendered(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Malformed { message } => {
            invalid(&[Raw::of("body")], &format!("JSON decode error: {message}"), "json_invalid")
        }
        Refusal::Invalid { path, rule } => invalid(&location(path), rule, kind_of(rule)),
        Refusal::Unauthenticated => detail(StatusCode::UNAUTHORIZED, "API Key is missing"),
        Refusal::Unauthorized(why) => detail(StatusCode::UNAUTHORIZED, why),
        Refusal::ForeignKey => detail(StatusCode::UNAUTHORIZED, &refusal.to_string()),
        Refusal::Forbidden(why) => detail(StatusCode::FORBIDDEN, why),
        Refusal::NotFound { what, id } => detail(StatusCode::NOT_FOUND, &format!("{what} {id} not found.")),
        Refusal::TooMany { after_s, .. } => {
            later(detail(StatusCode::TOO_MANY_REQUESTS, &refusal.to_string()), *after_s)
        }
        Refusal::TooLarge(why) => detail(StatusCode::PAYLOAD_TOO_LARGE, why),
        Refusal::Unsupported(why) => detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, why),
        Refusal::Unavailable { what, after_s, .. } => later(detail(StatusCode::SERVICE_UNAVAILABLE, what), *after_s),
        Refusal::Timeout => detail(StatusCode::REQUEST_TIMEOUT, &refusal.to_string()),
        Refusal::Internal => detail(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
    }
}

/// `traces[0].id` as `["body","traces",0,"id"]`; what begins with `path.` was in the path.
fn location(path: &str) -> Vec<Raw> {
    let (place, path) = path.strip_prefix("path.").map_or(("body", path), |rest| ("path", rest));
    let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
    let part = |part: &str| part.parse::<u64>().map_or_else(|_| Raw::of(part), |at| Raw::of(&at));
    std::iter::once(Raw::of(place)).chain(parts.map(part)).collect()
}

/// The validator's word for a rule.
fn kind_of(rule: &str) -> &'static str {
    match rule {
        "Field required" => "missing",
        rule if rule.contains("UUID") => "uuid_parsing",
        rule if rule.contains("datetime") => "datetime_parsing",
        rule if rule.starts_with("List should") => "too_short",
        _ => "value_error",
    }
}

fn invalid(location: &[Raw], message: &str, kind: &str) -> Response {
    let error = IndexMap::from([("loc", Raw::of(location)), ("msg", Raw::of(message)), ("type", Raw::of(kind))]);
    json(StatusCode::UNPROCESSABLE_ENTITY, &IndexMap::from([("detail", [error])]))
}

pub(super) fn detail(status: StatusCode, text: &str) -> Response {
    json(status, &IndexMap::from([("detail", text)]))
}

fn later(mut response: Response, after_s: u64) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after_s));
    response
}

fn json<T: Serialize + ?Sized>(status: StatusCode, body: &T) -> Response {
    let mut response = Response::new(Body::from(serde_json::to_vec(body).unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
