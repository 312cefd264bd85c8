//! The data listener's routes: every dialect at the root and under its own prefixes.
//!
//! Handlers see native paths: a prefix is taken off before anything looks at the URI.

use axum::Json;
use axum::Router;
use axum::response::IntoResponse;
use axum::response::Response;
use http::StatusCode;
use http::Uri;
use serde_json::json;

use crate::contract::Dialect;
use crate::contract::Doors;
use crate::contract::Refusal;
use crate::http::Edge;
use crate::http::face::Face;
use crate::http::middleware::outermost;
use crate::http::middleware::stack;
use crate::http::middleware::with_body;

/// The whole data listener.
///
/// # Panics
/// If two dialects claim the same method of the same path; that is a mistake in the program.
pub fn router(dialects: &[&'static dyn Dialect], doors: &Doors, edge: &Edge) -> Router {
    let mut root = Router::new();
    for &dialect in dialects {
        let face = Face { dialect, edge: edge.clone() };
        let open = with_body(&face, dialect.open_routes());
        let closed = with_body(&face, dialect.routes());
        let native = stack(&face, open, closed).with_state(doors.clone());
        for prefix in dialect.prefixes() {
            let face = face.clone();
            let unknown = move |uri: Uri| async move { face.refuse(&no_path(&uri)) };
            root = root.nest(prefix, native.clone().fallback(unknown));
        }
        root = root.merge(native);
    }
    outermost(root.fallback(not_found).method_not_allowed_fallback(not_allowed))
}

fn no_path(uri: &Uri) -> Refusal {
    Refusal::NotFound { what: "path", id: uri.path().to_owned() }
}

/// At the root nothing tells whose client it is, so this has the keys of all shapes we know.
async fn not_found(uri: Uri) -> Response {
    neutral(StatusCode::NOT_FOUND, &no_path(&uri).to_string())
}

async fn not_allowed(uri: Uri) -> Response {
    neutral(StatusCode::METHOD_NOT_ALLOWED, &format!("path {} does not have this method", uri.path()))
}

fn neutral(status: StatusCode, message: &str) -> Response {
    let body = json!({ "code": status.as_u16(), "message": message, "detail": message });
    (status, Json(body)).into_response()
}
