//! The whole stack, on one page.

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::middleware::from_fn_with_state;
use http::HeaderName;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::MakeRequestUuid;
use tower_http::request_id::PropagateRequestIdLayer;
use tower_http::request_id::SetRequestIdLayer;

use crate::contract::Doors;
use crate::http::body;
use crate::http::face::Face;
use crate::http::guard::guard;
use crate::http::observe::observe;

/// One dialect's routes under everything that stands between them and a socket.
pub(super) fn stack(face: &Face, open: Router<Doors>, closed: Router<Doors>) -> Router<Doors> {
    // Before the body, because a refusal by headers alone must not cost the body's memory.
    let closed = closed.layer(from_fn_with_state(face.clone(), guard));
    let (mark, panics, errors) = (face.clone(), face.clone(), face.clone());
    let layers = ServiceBuilder::new()
        // Above all that may panic, so that a panic anywhere is one failed request.
        .layer(CatchPanicLayer::custom(move |panic| panics.caught(panic)))
        .map_response(move |response| mark.sign(response))
        // Above the layers that raise errors instead of answering.
        .layer(HandleErrorLayer::new(move |error| errors.clone().rescue(error)))
        // The shed stands above the limit: it answers for it at once instead of waiting for room.
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::with_semaphore(face.edge.in_flight.clone()))
        // Below the limit, so that no request waits on the clock of another.
        .layer(TimeoutLayer::new(face.edge.settings.request_timeout));
    open.merge(closed).layer(layers)
}

/// What a handler needs of its body; below the guard, above the handler.
pub(super) fn with_body(face: &Face, routes: Router<Doors>) -> Router<Doors> {
    routes
        // Ours is the limit in force; axum's own would cut at 2 MiB.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(face.clone(), body::receive))
}

/// What stands above all dialects and above the paths that nobody has.
pub(super) fn outermost(router: Router) -> Router {
    let header = HeaderName::from_static("x-request-id");
    let layers = ServiceBuilder::new()
        // A client's own id is kept. First, so that everything below can name the request.
        .layer(SetRequestIdLayer::new(header.clone(), MakeRequestUuid))
        .layer(PropagateRequestIdLayer::new(header))
        .layer(from_fn(observe));
    router.layer(layers)
}
