//! Health, login, and who one is (`wire/galileo.md §2`).

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use super::reply::Desk;
use super::reply::Reply;
use super::reply::detail;
use super::reply::ok;
use crate::contract::Doors;
use crate::contract::Refusal;

/// Any truthy JSON will do, but none at all keeps the JS SDK from starting (§1).
pub(super) async fn healthcheck() -> Reply {
    ok(&json!({ "api_version": "1.0.0", "message": "OK", "version": "1.0.0" }))
}

/// With 404 the Python SDK uses the routes that it retries and keeps its traces for (§4.9).
pub(super) async fn no_ingest() -> Response {
    detail(StatusCode::NOT_FOUND, "Not Found")
}

/// A key for a token.
pub(super) async fn by_key(State(doors): State<Doors>, body: Bytes) -> Reply {
    #[derive(Deserialize)]
    struct Body {
        api_key: String,
    }
    let body: Body =
        serde_json::from_slice(&body).map_err(|error| Refusal::Malformed { message: error.to_string() })?;
    log_in(&doors, body.api_key)
}

/// The same by form; the password is the key, the name is not looked at.
pub(super) async fn by_password(State(doors): State<Doors>, body: Bytes) -> Reply {
    let password = form_urlencoded::parse(&body).find(|(key, _)| key == "password");
    let missing = Refusal::Invalid { path: "password".to_owned(), rule: "Field required".to_owned() };
    let (_, password) = password.ok_or(missing)?;
    log_in(&doors, password.into_owned())
}

fn log_in(doors: &Doors, key: String) -> Reply {
    let token = doors.names.log_in(&SecretString::from(key))?;
    ok(&json!({ "access_token": token, "token_type": "bearer" }))
}

/// A user that stands for the key.
pub(super) async fn current_user(desk: Desk) -> Reply {
    let id = user(&desk).await?;
    let name = &*desk.caller.key;
    ok(&json!({ "id": id, "email": email(name), "role": "user", "first_name": name, "last_name": "" }))
}

/// The user's id, which must be a version 4 UUID (§2.2).
pub(super) async fn user(desk: &Desk) -> Result<String, Refusal> {
    desk.id_of("user", "", &desk.caller.key).await
}

/// An address in the form of one.
pub(super) fn email(key: &str) -> String {
    format!("{key}@example.com")
}
