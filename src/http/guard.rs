//! Who asks, may they, and not too often: everything that headers alone can decide.

use std::sync::Arc;

use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::header;

use crate::contract::Caller;
use crate::contract::Credential;
use crate::contract::Refusal;
use crate::contract::Slip;
use crate::http::face::Face;
use crate::http::keys::Key;
use crate::http::scopes;

/// The header that carries a receipt.
const RECEIPT: HeaderName = HeaderName::from_static("x-spangate-receipt");

/// Lets a request pass with its [`Caller`], or refuses it with its body unread.
pub(super) async fn guard(State(face): State<Face>, mut request: Request, next: Next) -> Response {
    match admit(&face, &request) {
        Ok(caller) => {
            let slip = caller.slip.clone();
            request.extensions_mut().insert(caller);
            handed(next.run(request).await, &slip)
        }
        Err(refusal) => face.refuse(&refusal),
    }
}

/// The response with its receipt, if the request was accepted.
fn handed(mut response: Response, slip: &Slip) -> Response {
    if let Some(receipt) = slip.receipt()
        && let Ok(value) = HeaderValue::try_from(receipt.to_string())
    {
        response.headers_mut().insert(RECEIPT, value);
    }
    response
}

fn admit(face: &Face, request: &Request) -> Result<Caller, Refusal> {
    let key = identify(face, request.headers())?;
    let need = scopes::needed(request.method(), request.uri().path());
    if let Some(scope) = need.missing(key.scopes) {
        return Err(Refusal::Forbidden(format!("the gateway key {} does not have the scope \"{scope}\"", key.name)));
    }
    let mut caller = Caller::new(Arc::clone(&key.project), Arc::clone(&key.name));
    caller.reads = key.scopes.read;
    face.edge.limits.request(&caller)?;
    face.edge.limits.bytes(&caller, declared(request.headers()).unwrap_or(0))?;
    Ok(caller)
}

fn identify<'a>(face: &'a Face, headers: &HeaderMap) -> Result<&'a Arc<Key>, Refusal> {
    match face.dialect.credential(headers) {
        Some(Credential::Key(key)) => face.edge.keys.find(&key, (face.edge.clock)()),
        Some(Credential::Token(token)) => face.edge.tokens.verify(&token),
        None => Err(Refusal::Unauthenticated),
    }
}

/// `Content-Length`; a body without one is charged when it has been read.
pub(super) fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
