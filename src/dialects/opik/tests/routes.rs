//! The endpoints, through the routers, with doors of cardboard.

use std::sync::Arc;
use std::sync::Mutex;

use axum::Extension;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::HeaderMap;
use http::HeaderValue;
use http::Request;
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;
use tower::ServiceExt;

use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::View;
use crate::contract::Accept;
use crate::contract::Accepted;
use crate::contract::Asked;
use crate::contract::Call;
use crate::contract::Caller;
use crate::contract::Credential;
use crate::contract::Dialect;
use crate::contract::Doors;
use crate::contract::Found;
use crate::contract::Named;
use crate::contract::Names;
use crate::contract::Read;
use crate::contract::Refusal;

use super::super::Opik;
use super::MS;
use super::alone;
use super::out;
use super::scenario;
use super::seed;

const TRACE: &str = "01a1fba9-b442-706a-888f-b0c0220b2677";

/// Decodes what it is given, remembers the calls, and answers reads from the last trace.
#[derive(Default)]
struct Cardboard {
    calls: Mutex<Vec<Call>>,
}

impl Accept for Cardboard {
    fn accept<'a>(
        &'a self,
        _: &'a Caller,
        dialect: &'static dyn Dialect,
        call: Call,
    ) -> BoxFuture<'a, Result<Accepted, Refusal>> {
        async move {
            let decoded = dialect.decode(&call, &seed())?;
            self.calls.lock().expect("not poisoned").push(call);
            Ok(Accepted {
                seq: 1,
                receipt: [0; 16],
                at: seed().at,
                items: decoded.items.into_iter().map(Arc::new).collect(),
            })
        }
        .boxed()
    }
}

impl Read for Cardboard {
    fn read<'a>(
        &'a self,
        _: &'a Caller,
        dialect: &'static dyn Dialect,
        asked: Asked,
    ) -> BoxFuture<'a, Result<Found, Refusal>> {
        async move {
            let mut view = View::default();
            for item in scenario("py_track_nested")[2..]
                .iter()
                .flat_map(|call| dialect.decode(call, &seed()).expect("a capture is fine").items)
            {
                let one = alone(&item);
                view = View {
                    id: one.id,
                    trace: one.trace.or(view.trace),
                    spans: [view.spans, one.spans].concat(),
                    ..view
                };
            }
            let native = match asked.target {
                Target::Trace(id) if id == view.id => id,
                Target::Span { span, .. } if view.span(span).is_some() => span,
                other => return Err(Refusal::NotFound { what: "thing", id: other.to_string() }),
            };
            Ok(Found { view, native, out: out() })
        }
        .boxed()
    }
}

impl Names for Cardboard {
    fn id<'a>(
        &'a self,
        project: &'a str,
        dialect: &'a str,
        kind: &'a str,
        parent: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        async move { Ok(format!("{project}/{dialect}/{kind}/{parent}/{name}")) }.boxed()
    }

    fn name(&self, _: &str, _: &str, id: &str) -> Option<Named> {
        let (name, since) = (id.rsplit_once('/')?.1.to_owned(), Time(MS * 1_000_000));
        Some(Named { id: id.to_owned(), kind: "project".to_owned(), parent: String::new(), name, since })
    }

    fn list(&self, _: &str, _: &str, _: &str, _: &str) -> Vec<Named> {
        Vec::new()
    }

    fn project(&self, _: &str, name: &str) -> Option<String> {
        (name != "nope").then(|| name.to_owned())
    }

    fn log_in(&self, _: &SecretString) -> Result<String, Refusal> {
        Err(Refusal::Unauthenticated)
    }
}

struct Server {
    doors: Arc<Cardboard>,
    router: Router,
}

fn server() -> Server {
    let doors = Arc::new(Cardboard::default());
    let state = Doors {
        accept: doors.clone(),
        read: doors.clone(),
        names: doors.clone(),
        public_url: "https://gate.example".into(),
        console_url: "http://127.0.0.1:4401".into(),
    };
    let caller = Caller::new("demo".into(), "k".into());
    let routes = Opik.open_routes().merge(Opik.routes().layer(Extension(caller)));
    let router = Router::new().nest("/opik/api", routes.clone()).merge(routes).with_state(state);
    Server { doors, router }
}

impl Server {
    async fn send(&self, method: &str, path: &str, body: &Value) -> (u16, HeaderMap, Value) {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder().method(method).uri(path).body(body).expect("a request");
        open(self.router.clone().oneshot(request).await.expect("infallible")).await
    }
}

async fn open(answer: Response) -> (u16, HeaderMap, Value) {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, headers, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn every_recorded_request_is_stored_under_its_native_path() {
    let server = server();
    let mut expected = Vec::new();
    for name in super::SCENARIOS {
        for call in scenario(name) {
            let body: Value = serde_json::from_slice(&call.body).expect("a fixture is JSON");
            let (status, headers, answer) =
                server.send(call.method.as_str(), &format!("/opik/api{}", call.path), &body).await;
            let single = call.method == "POST" && (call.path.ends_with("/traces") || call.path.ends_with("/spans"));
            assert_eq!(
                (status, answer),
                (if single { 201 } else { 204 }, Value::Null),
                "{} {}",
                call.method,
                call.path
            );
            if single {
                let id = body["id"].as_str().expect("an id");
                assert_eq!(headers["location"], format!("https://gate.example{}/{id}", call.path));
            }
            expected.push(format!("{} {}", call.method, call.path));
        }
    }
    let stored: Vec<_> = server
        .doors
        .calls
        .lock()
        .expect("not poisoned")
        .iter()
        .map(|call| format!("{} {}", call.method, call.path))
        .collect();
    assert_eq!(stored, expected);
    assert_eq!(stored.len(), 55);
}

#[tokio::test]
async fn health_and_account_calls_are_answered() {
    let server = server();
    let ping = server.send("GET", "/is-alive/ping", &Value::Null).await;
    assert_eq!((ping.0, ping.2), (200, json!({"message": "Healthy Server", "healthy": true})));
    let version = server.send("GET", "/opik/api/is-alive/ver", &Value::Null).await;
    assert_eq!((version.0, version.2), (200, json!({"version": "2.0.2"})));
    assert_eq!(server.send("POST", "/v1/private/auth", &Value::Null).await.0, 204);
    let workspace = server.send("GET", "/v1/private/auth/workspace", &Value::Null).await;
    assert_eq!(workspace.2, json!({"workspace_name": "default"}));
}

#[tokio::test]
async fn a_trace_is_read_in_the_vendors_shape() {
    let (status, _, trace) = server().send("GET", &format!("/v1/private/traces/{TRACE}"), &Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(
        trace,
        json!({
            "id": TRACE, "name": "main", "start_time": "2026-11-21T01:12:45.378699Z",
            "end_time": "2026-11-21T01:12:45.422543Z", "input": {"q": "hello"}, "output": {"output": "answer"},
            "metadata": {"x": 1}, "tags": ["a", "b"], "last_updated_at": "2026-11-21T01:10:00.000001Z",
            "thread_id": "th-1", "source": "sdk", "project_id": "demo/opik/project//proj-a",
            "created_at": "2026-11-21T01:10:00.000001Z", "created_by": "spangate", "last_updated_by": "spangate",
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
                "original_usage.prompt_tokens": 10, "original_usage.completion_tokens": 5,
                "original_usage.total_tokens": 15},
            "total_estimated_cost": 0.0012, "span_count": 3, "llm_span_count": 1, "has_tool_spans": true,
            "providers": ["openai"], "duration": 43.844,
        })
    );
}

#[tokio::test]
async fn spans_are_read_by_id_and_by_trace() {
    let server = server();
    let id = "01a1fba9-b46e-775d-8b79-c740e6ed8021";
    let (status, _, span) = server.send("GET", &format!("/v1/private/spans/{id}"), &Value::Null).await;
    assert_eq!(
        (status, &span["id"], &span["trace_id"], &span["type"]),
        (200, &id.into(), &TRACE.into(), &"llm".into())
    );
    let (_, _, page) = server.send("GET", &format!("/v1/private/spans?trace_id={TRACE}&size=10"), &Value::Null).await;
    assert_eq!((&page["total"], &page["page"], &page["content"][1]), (&3.into(), &1.into(), &span));
}

#[tokio::test]
async fn what_is_unknown_is_said_in_the_vendors_words() {
    let server = server();
    let other = "01a1fba9-b442-706a-888f-000000000000";
    let trace = server.send("GET", &format!("/v1/private/traces/{other}"), &Value::Null).await;
    assert_eq!((trace.0, trace.2), (404, json!({"code": 404, "message": format!("Trace id: {other} not found")})));
    let span = server.send("GET", "/v1/private/spans/nonsense", &Value::Null).await;
    assert_eq!((span.0, span.2), (404, json!({"code": 404, "message": "Span id: nonsense not found"})));
    let list = server.send("GET", "/v1/private/spans?project_name=p", &Value::Null).await;
    assert_eq!((list.0, list.2), (404, json!({"code": 404, "message": "HTTP 404 Not Found"})));
}

#[tokio::test]
async fn projects_have_ids_and_names() {
    let server = server();
    let (status, _, project) = server.send("POST", "/v1/private/projects/retrieve", &json!({"name": "p"})).await;
    assert_eq!(
        (status, &project),
        (
            200,
            &json!({
                "id": "demo/opik/project//p", "name": "p", "visibility": "private",
                "created_at": "2026-11-21T01:10:00.000000Z", "created_by": "spangate",
                "last_updated_at": "2026-11-21T01:10:00.000000Z", "last_updated_by": "spangate",
            })
        )
    );
    let (_, _, other) = server.send("GET", "/v1/private/projects/never-given", &Value::Null).await;
    assert_eq!((&other["id"], &other["name"]), (&"never-given".into(), &"never-given".into()));
    assert_eq!(other["created_at"], Value::Null);
    let (status, _, unknown) = server.send("POST", "/v1/private/projects/retrieve", &json!({"name": "nope"})).await;
    assert_eq!((status, unknown), (404, json!({"errors": ["Project not found"]})));
    let (status, _, blank) = server.send("POST", "/v1/private/projects/retrieve", &json!({"name": " "})).await;
    assert_eq!((status, blank), (422, json!({"errors": ["name must not be blank"]})));
}

#[tokio::test]
async fn the_printed_link_leads_to_the_console() {
    let server = server();
    let link = |query: &str| format!("/opik/api/v1/session/redirect/projects/?{query}");
    let (status, headers, _) =
        server.send("GET", &link(&format!("trace_id={TRACE}&path=aHR0cA==")), &Value::Null).await;
    assert_eq!(
        (status, &headers["location"]),
        (302, &HeaderValue::from_static("http://127.0.0.1:4401/t/01a1fba9-b442-706a-888f-b0c0220b2677"))
    );
    let (_, headers, _) = server.send("GET", &link("trace_id=//evil.example"), &Value::Null).await;
    assert_eq!(headers["location"], "http://127.0.0.1:4401/");
}

#[tokio::test]
async fn a_bad_batch_is_refused_whole_in_the_vendors_shape() {
    let server = server();
    let start = json!({"start_time": "2026-11-21T01:07:21Z", "trace_id": TRACE});
    let body = json!({"spans": [start, {"trace_id": TRACE}]});
    let (status, _, answer) = server.send("POST", "/v1/private/spans/batch", &body).await;
    assert_eq!((status, answer), (422, json!({"errors": ["spans[1].startTime must not be null"]})));
    let body = json!({"spans": [{"trace_id": "x", "start_time": "2026-11-21T01:07:21Z"}]});
    let (status, _, answer) = server.send("POST", "/v1/private/spans/batch", &body).await;
    let message = "Unable to process JSON. spans[0].trace_id: is not a UUID";
    assert_eq!((status, answer), (400, json!({"code": 400, "message": message})));
    assert!(server.doors.calls.lock().expect("not poisoned").is_empty());
}

#[tokio::test]
async fn refusals_carry_what_the_sdks_wait_for() {
    let check = async |refusal: Refusal, status: u16, code: u64, header: Option<(&str, &str)>| {
        let (found, headers, body) = open(Opik.refuse(&refusal)).await;
        assert_eq!((found, body["code"].as_u64()), (status, Some(code)), "{refusal:?}");
        assert!(body["message"].is_string());
        if let Some((name, value)) = header {
            assert_eq!(headers[name], value);
        }
    };
    let many = || Refusal::TooMany { what: "spans".to_owned(), after_s: 0 };
    check(many(), 429, 429, Some(("ratelimit-reset", "1"))).await;
    check(many(), 429, 429, Some(("retry-after", "1"))).await;
    let unavailable = || Refusal::Unavailable { what: "disk".to_owned(), cause: "disk_full", after_s: 5 };
    check(unavailable(), 429, 429, Some(("ratelimit-reset", "5"))).await;
    check(unavailable(), 429, 429, Some(("retry-after", "5"))).await;
    check(Refusal::Timeout, 429, 429, Some(("ratelimit-reset", "1"))).await;
    check(Refusal::Unauthenticated, 401, 401, None).await;
    check(Refusal::Unauthorized("unknown key".to_owned()), 401, 401, None).await;
    check(Refusal::ForeignKey, 401, 401, None).await;
    check(Refusal::Forbidden("read only".to_owned()), 403, 403, None).await;
    check(Refusal::TooLarge("64 MiB".to_owned()), 413, 413, None).await;
    check(Refusal::Unsupported("br".to_owned()), 415, 415, None).await;
    check(Refusal::Internal, 500, 500, None).await;
    check(Refusal::NotFound { what: "path", id: "/x".to_owned() }, 404, 404, None).await;
}

#[test]
fn the_key_stands_raw_in_authorization() {
    let key = |value: &'static str| {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static(value))]);
        Opik.credential(&headers).map(|credential| match credential {
            Credential::Key(key) | Credential::Token(key) => key.expose_secret().to_owned(),
        })
    };
    assert_eq!(key("sg_demo").as_deref(), Some("sg_demo"));
    assert_eq!(key("Bearer sg_demo").as_deref(), Some("sg_demo"));
    assert_eq!((key(""), key(" "), key("Bearer "), key("bearer")), (None, None, None, None));
    assert!(Opik.credential(&HeaderMap::new()).is_none());
}
