//! The admin listener: health and metrics of ours, and whatever routes the application adds.
//!
//! It stands on its own socket, so that no shedding on the data listener can hide it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use http::uri::Authority;
use metrics_exporter_prometheus::PrometheusHandle;

/// Whether requests can be accepted now; an error says why not.
pub type Ready = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// `/livez`, `/readyz`, `/metrics`, and `more` (`/api/…`, the console). `local`: the listener is reached
/// from this machine only.
pub fn router(ready: Ready, metrics: PrometheusHandle, more: Router, local: bool) -> Router {
    let own = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(move || async move { readiness(ready()) }))
        .route("/metrics", get(move || async move { ([(header::CONTENT_TYPE, PROMETHEUS)], metrics.render()) }));
    own.merge(more).layer(from_fn_with_state(local, same_origin))
}

/// The listener asks for no credential, and a browser on the operator's machine reaches it: a page
/// from elsewhere must not make it act, nor read it under a name of its own that it pointed here.
async fn same_origin(State(local): State<bool>, request: Request, next: Next) -> Response {
    if is_foreign(request.headers()) || (local && is_renamed(request.headers())) {
        return (StatusCode::FORBIDDEN, "requests from other origins are not answered\n").into_response();
    }
    next.run(request).await
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let origin = text(header::ORIGIN).map(|origin| origin.split_once("://").map_or(origin, |(_, host)| host));
    origin.is_some() && origin != text(header::HOST)
}

/// Whether the host asked for is neither an address nor `localhost`.
fn is_renamed(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return false };
    let authority: Option<Authority> = host.to_str().ok().and_then(|host| host.parse().ok());
    authority.is_none_or(|authority| {
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        !name.eq_ignore_ascii_case("localhost") && name.parse::<IpAddr>().is_err()
    })
}

fn readiness(ready: Result<(), String>) -> impl IntoResponse {
    match ready {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
    }
}

const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::telemetry::metrics;

    #[tokio::test]
    async fn health_tells_life_from_readiness() {
        assert_eq!(ask(false, "/livez", None).await, (200, "ok\n".to_owned()));
        assert_eq!(ask(true, "/readyz", None).await, (200, "ok\n".to_owned()));
        assert_eq!(ask(false, "/readyz", None).await, (503, "not ready: the disk is full\n".to_owned()));
        assert_eq!(ask(true, "/api/more", None).await, (200, "more".to_owned()));
    }

    #[tokio::test]
    async fn metrics_show_what_was_counted() {
        metrics::install().unwrap();
        metrics::refused("admin_test", "too_large");
        let (status, body) = ask(true, "/metrics", None).await;
        assert_eq!(status, 200);
        assert!(body.contains(r#"spangate_refused_total{dialect="admin_test",reason="too_large"} 1"#), "{body}");
    }

    #[tokio::test]
    async fn a_page_from_elsewhere_is_not_answered() {
        assert_eq!(ask(true, "/api/more", Some("http://localhost:4401")).await.0, 200);
        assert_eq!(ask(true, "/api/more", Some("http://localhost:8080")).await.0, 403);
        assert_eq!(ask(true, "/api/more", Some("null")).await.0, 403);
    }

    #[tokio::test]
    async fn a_name_pointed_at_this_machine_is_not_answered() {
        for (host, status) in
            [("127.0.0.1:4401", 200), ("[::1]:4401", 200), ("LOCALHOST", 200), ("evil.example:4401", 403)]
        {
            assert_eq!(ask_at(host, true, "/livez", None).await.0, status, "{host}");
        }
    }

    async fn ask(ready: bool, path: &str, origin: Option<&str>) -> (u16, String) {
        ask_at("localhost:4401", ready, path, origin).await
    }

    async fn ask_at(host: &str, ready: bool, path: &str, origin: Option<&str>) -> (u16, String) {
        let more = Router::new().route("/api/more", get(async || "more"));
        let ready = move || if ready { Ok(()) } else { Err("the disk is full".to_owned()) };
        let app = router(Arc::new(ready), metrics::install().unwrap(), more, true);
        let mut request = Request::get(path).header("host", host);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}
