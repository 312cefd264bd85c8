//! What Galileo's clients find here: paths, statuses and shapes of `wire/galileo.md §4`, appendix A.
//!
//! Everything stands twice, bare and under `/v2`, because SDKs use both (§1). All successes are 200:
//! the Python SDK takes no other (§3.1).

mod ingest;
mod login;
mod names;
mod reply;
mod sessions;

use axum::Router;
use axum::routing::get;
use axum::routing::post;
use http::HeaderMap;
use http::header;
use secrecy::SecretString;

use super::settings;
use crate::contract::Credential;
use crate::contract::Doors;

pub(super) use reply::refuse;

/// What a client needs before it has shown a key.
pub(super) fn open() -> Router<Doors> {
    twice(
        Router::new()
            .route("/healthcheck", get(login::healthcheck))
            .route("/login/api_key", post(login::by_key))
            .route("/login", post(login::by_password))
            .route("/ingest/healthz", get(login::no_ingest)),
    )
}

/// The rest.
pub(super) fn authenticated() -> Router<Doors> {
    twice(
        Router::new()
            .route("/current_user", get(login::current_user))
            .route("/projects", get(names::projects).post(names::create_project))
            .route("/projects/all", get(names::projects))
            .route("/projects/paginated", post(names::paginated_projects))
            .route("/projects/{project}", get(names::project))
            .route("/projects/{project}/log_streams", get(names::streams).post(names::create_stream))
            .route("/projects/{project}/log_streams/paginated", get(names::paginated_streams))
            .route("/projects/{project}/log_streams/{stream}", get(names::stream))
            .route("/projects/{project}/sessions", post(sessions::create))
            .route("/projects/{project}/sessions/search", post(sessions::search))
            .route("/projects/{project}/traces", post(ingest::traces))
            .route("/projects/{project}/traces/{id}", get(ingest::read_trace).patch(ingest::update))
            .route("/projects/{project}/traces/delete", post(ingest::delete))
            .route("/projects/{project}/spans", post(ingest::spans))
            .route("/projects/{project}/spans/delete", post(ingest::delete))
            .route("/projects/{project}/spans/{id}", get(ingest::read_span).patch(ingest::update))
            .route("/ingest/traces/{project}", post(ingest::traces))
            .route("/ingest/spans/{project}", post(ingest::spans)),
    )
}

fn twice(routes: Router<Doors>) -> Router<Doors> {
    Router::new().nest("/v2", routes.clone()).merge(routes)
}

/// The key as it is, under either name of its header, or a bearer token: what a login gave, which has
/// three parts (§2.3), else a key again.
pub(super) fn credential(headers: &HeaderMap) -> Option<Credential> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty());
    let key = text(settings::KEY_HEADER).or_else(|| text(settings::RENAMED_KEY_HEADER));
    if let Some(key) = key {
        return Some(Credential::Key(SecretString::from(key)));
    }
    let (scheme, bearer) = text(header::AUTHORIZATION.as_str())?.split_once(' ')?;
    let bearer = Some(bearer.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer"))?;
    let secret = SecretString::from(bearer);
    Some(if bearer.split('.').count() == 3 { Credential::Token(secret) } else { Credential::Key(secret) })
}
