//! Logging in, and what needs no login (`wire/galileo.md` §2, §4.8, §4.9).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use uuid::Builder;

use super::{Call, Refusal, Reply};
use crate::sandbox::call::digest;

const THIRTY_DAYS: i64 = 30 * 24 * 3600;

/// The routes that ask for no credentials; none when this is not one of them.
pub(super) fn open(instance: &str, method: &str, path: &[&str], call: &Call) -> Option<Reply> {
    Some(match (method, path) {
        ("GET", ["healthcheck"]) => Reply::json(200, json!({"api_version": "v2", "message": "ok", "version": "1.0.0"})),
        // The classic API is the one with known answers, so the newer service says it is not there.
        ("GET", ["ingest", "healthz"]) => Reply::json(404, json!({"detail": "Not Found"})),
        ("POST", ["login"] | ["login", "api_key" | "social"] | ["refresh_token"]) => {
            let token = token(instance, call);
            Reply::json(200, json!({"access_token": token, "token_type": "bearer"}))
        }
        _ => return None,
    })
}

/// Any credential is a good one; none is not.
pub(super) fn credentials(call: &Call) -> Result<(), Refusal> {
    let some = |name| call.header(name).is_some_and(|value| !value.is_empty());
    if call.replayed || some("authorization") || some("galileo-api-key") {
        return Ok(());
    }
    Err(Refusal::Detail(401, "API Key is missing".into()))
}

pub(super) fn current_user(instance: &str) -> Reply {
    let id = user(instance);
    Reply::json(200, json!({"id": id, "email": "user@sandbox.invalid", "role": "admin"}))
}

pub(super) fn user(instance: &str) -> Value {
    json!(Builder::from_random_bytes(digest(&[instance.as_bytes(), b"user"])).into_uuid())
}

/// A token in the shape both SDKs decode without checking it (§2.3).
fn token(instance: &str, call: &Call) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({"alg": "HS256", "typ": "JWT"}));
    let claims = part(json!({"sub": user(instance), "exp": call.at.as_second() + THIRTY_DAYS}));
    let signature = URL_SAFE_NO_PAD.encode(digest(&[head.as_bytes(), claims.as_bytes()]));
    format!("{head}.{claims}.{signature}")
}
