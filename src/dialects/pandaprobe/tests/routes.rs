//! Statuses, shapes and refusals as clients see them.

use std::sync::Arc;

use axum::body::Body;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tower::ServiceExt;

use super::*;
use crate::contract::Accept;
use crate::contract::Accepted;
use crate::contract::Asked;
use crate::contract::Caller;
use crate::contract::Credential;
use crate::contract::Doors;
use crate::contract::Found;
use crate::contract::Named;
use crate::contract::Names;
use crate::contract::Read;

const PROJECT: &str = "87e85521-3696-4c38-b6d2-e7c43a9bec56";

/// Everything behind the doors: items in memory.
#[derive(Default)]
struct House(Mutex<Vec<Item>>);

impl Accept for House {
    fn accept<'a>(
        &'a self,
        _caller: &'a Caller,
        dialect: &'static dyn Dialect,
        call: Call,
    ) -> BoxFuture<'a, Result<Accepted, Refusal>> {
        let result = dialect.decode(&call, &SEED).map(|decoded| {
            self.0.lock().extend(decoded.items.iter().cloned());
            Accepted { seq: 1, receipt: [9; 16], at: SEED.at, items: decoded.items.into_iter().map(Arc::new).collect() }
        });
        futures::future::ready(result).boxed()
    }
}

impl Read for House {
    fn read<'a>(
        &'a self,
        _caller: &'a Caller,
        _dialect: &'static dyn Dialect,
        asked: Asked,
    ) -> BoxFuture<'a, Result<Found, Refusal>> {
        let items = self.0.lock();
        let trace = asked.target.trace().unwrap();
        let view = fold(items.iter().filter(|item| item.trace() == Some(trace)));
        let native = if let Target::Span { span, .. } = &asked.target { *span } else { trace };
        let missing = view.trace.is_none() && view.spans.is_empty();
        let result = if missing {
            Err(Refusal::NotFound { what: "trace", id: trace.to_string() })
        } else {
            Ok(Found { view, native, out: Outward::default() })
        };
        futures::future::ready(result).boxed()
    }
}

impl Names for House {
    fn id<'a>(
        &'a self,
        _project: &'a str,
        _dialect: &'a str,
        _kind: &'a str,
        _parent: &'a str,
        _name: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        futures::future::ready(Ok(PROJECT.to_owned())).boxed()
    }

    fn name(&self, _project: &str, _dialect: &str, _id: &str) -> Option<Named> {
        None
    }

    fn list(&self, _project: &str, _dialect: &str, _kind: &str, _parent: &str) -> Vec<Named> {
        Vec::new()
    }

    fn project(&self, _project: &str, _name: &str) -> Option<String> {
        None
    }

    fn log_in(&self, _key: &secrecy::SecretString) -> Result<String, Refusal> {
        Err(Refusal::Unauthenticated)
    }
}

/// A client, and whether its key may read.
struct Client(axum::Router, bool);

impl Client {
    fn new() -> Self {
        let house = Arc::new(House::default());
        let doors = Doors {
            accept: house.clone(),
            read: house.clone(),
            names: house,
            public_url: "http://gateway".into(),
            console_url: "http://admin".into(),
        };
        Self(PandaProbe.routes().with_state(doors), true)
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let caller = Caller { reads: self.1, ..Caller::new("p".into(), "k".into()) };
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request =
            http::Request::builder().method(method).uri(path).header("X-Project-Name", "demo").extension(caller);
        let response = self.0.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

#[tokio::test]
async fn a_trace_is_posted_and_read_in_the_servers_shape() {
    let client = Client::new();
    let (status, posted) = client.ask("POST", "/traces", small()).await;
    assert_eq!((status, &posted["trace_id"]), (202, &json!(TRACE)));
    assert!(Id::parse(posted["task_id"].as_str().unwrap()).is_some());
    let (status, shown) = client.ask("GET", &format!("/traces/{TRACE}"), Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(
        shown,
        json!({
            "trace_id": TRACE, "project_id": PROJECT, "name": "turn", "status": "COMPLETED", "input": "hi", "output": null,
            "metadata": {"plan": "pro"}, "started_at": "2026-11-21T01:00:00+00:00", "ended_at": "2026-11-21T01:00:02+00:00",
            "session_id": null, "user_id": null, "tags": ["a"], "environment": null, "release": null,
            "spans": [{
                "span_id": SPAN, "trace_id": TRACE, "parent_span_id": null, "name": "llm", "kind": "LLM", "status": "OK",
                "input": null, "output": null, "model": null, "token_usage": null, "metadata": {},
                "started_at": "2026-11-21T01:00:01+00:00", "ended_at": "2026-11-21T01:00:02+00:00", "error": null,
                "completion_start_time": null, "model_parameters": null, "cost": null,
                "latency_ms": 1000.0, "time_to_first_token_ms": null,
            }],
            "total_tokens": 0, "total_cost": 0.0,
        })
    );
}

#[tokio::test]
async fn spans_are_added_changed_and_shown() {
    let client = Client::new();
    client.ask("POST", "/traces", small()).await;
    let late = json!([{"span_id": CHILD, "name": "late", "started_at": "2026-11-21T01:00:00.5Z",
        "token_usage": {"prompt_tokens": 3, "completion_tokens": 4}, "cost": {"total": 0.5}}]);
    let added = client.ask("POST", &format!("/traces/{TRACE}/spans"), late).await;
    assert_eq!(added, (201, json!({"span_ids": [CHILD]})));
    let (status, changed) =
        client.ask("PATCH", &format!("/traces/{TRACE}/spans/{CHILD}"), json!({"error": "e", "status": "ERROR"})).await;
    assert_eq!((status, &changed["name"], &changed["error"]), (200, &json!("late"), &json!("e")));
    let (status, changed) =
        client.ask("PATCH", &format!("/traces/{TRACE}"), json!({"status": "ERROR", "tags": ["z"]})).await;
    assert_eq!((status, &changed["status"], &changed["tags"]), (200, &json!("ERROR"), &json!(["z"])));
    assert_eq!((&changed["total_tokens"], &changed["total_cost"]), (&json!(7), &json!(0.5)));
    let order: Vec<_> =
        changed["spans"].as_array().unwrap().iter().map(|span| span["name"].as_str().unwrap()).collect();
    assert_eq!(order, ["late", "llm"]);
}

#[tokio::test]
async fn an_update_of_what_is_not_held_is_answered_from_itself() {
    let client = Client::new();
    let (status, shown) = client.ask("PATCH", &format!("/traces/{TRACE}/spans/{SPAN}"), json!({"model": "m"})).await;
    assert_eq!((status, &shown["model"], &shown["span_id"]), (200, &json!("m"), &json!(SPAN)));
    let (status, shown) =
        client.ask("PATCH", "/traces/5b8efff7-9803-4103-9269-b633813fc60d", json!({"output": 1})).await;
    assert_eq!((status, &shown["output"], &shown["spans"]), (200, &json!(1), &json!([])));
}

#[tokio::test]
async fn an_update_tells_a_key_that_may_not_read_only_what_it_sent() {
    let client = Client(Client::new().0, false);
    client.ask("POST", "/traces", small()).await;
    let (status, shown) = client.ask("PATCH", &format!("/traces/{TRACE}"), json!({"output": 1})).await;
    assert_eq!((status, &shown["trace_id"], &shown["project_id"]), (200, &json!(TRACE), &json!(PROJECT)));
    assert_eq!((&shown["output"], &shown["input"], &shown["name"]), (&json!(1), &Value::Null, &json!("")));
    assert_eq!((&shown["spans"], &shown["metadata"], &shown["tags"]), (&json!([]), &json!({}), &json!([])));
    let path = format!("/traces/{TRACE}/spans/{SPAN}");
    let (status, shown) = client.ask("PATCH", &path, json!({"model": "m"})).await;
    assert_eq!((status, &shown["model"], &shown["span_id"]), (200, &json!("m"), &json!(SPAN)));
    assert_eq!((&shown["name"], &shown["started_at"]), (&json!(""), &Value::Null));
}

#[tokio::test]
async fn scores_are_posted_and_listed_latest_per_name() {
    let client = Client::new();
    client.ask("POST", "/traces", small()).await;
    for value in ["0.25", "0.9"] {
        let score = json!({"trace_id": TRACE, "name": "relevance", "value": value, "data_type": "NUMERIC", "source": "PROGRAMMATIC"});
        let (status, shown) = client.ask("POST", "/evaluations/trace-scores", score).await;
        assert_eq!((status, &shown["value"], &shown["status"]), (201, &json!(value), &json!("SUCCESS")));
        assert_eq!((&shown["project_id"], &shown["metadata"]), (&json!(PROJECT), &json!({})));
    }
    let (status, listed) = client.ask("GET", &format!("/evaluations/trace-scores/{TRACE}"), Value::Null).await;
    assert_eq!((status, listed.as_array().unwrap().len(), &listed[0]["value"]), (200, 1, &json!("0.9")));
    let unknown = client.ask("GET", &format!("/evaluations/trace-scores/{CHILD}"), Value::Null).await;
    assert_eq!(unknown, (200, json!([])));
}

#[tokio::test]
async fn a_deleted_trace_is_gone() {
    let client = Client::new();
    client.ask("POST", "/traces", small()).await;
    assert_eq!(client.ask("DELETE", &format!("/traces/{TRACE}"), Value::Null).await, (204, Value::Null));
    let gone = client.ask("GET", &format!("/traces/{TRACE}"), Value::Null).await;
    assert_eq!(gone, (404, json!({"detail": format!("Trace {TRACE} not found.")})));
}

#[tokio::test]
async fn bodies_above_two_megabytes_are_taken() {
    let mut body = small();
    body["input"] = json!("x".repeat(3 << 20));
    assert_eq!(Client::new().ask("POST", "/traces", body).await.0, 202);
}

async fn check(refusal: Refusal, status: u16, body: Value, retry_after: Option<&str>) {
    let response = PandaProbe.refuse(&refusal);
    assert_eq!(response.status().as_u16(), status, "{refusal}");
    assert_eq!(response.headers().get("retry-after").map(|value| value.to_str().unwrap()), retry_after);
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap_or_else(|_| json!(bytes.to_vec())), body);
}

#[tokio::test]
async fn refusals_have_the_vendors_shapes() {
    let invalid = |path: &str| Refusal::Invalid { path: path.to_owned(), rule: "rule".to_owned() };
    let errors = |field: &str| json!({"detail": "Validation error", "errors": [{"field": field, "message": "rule"}]});
    check(invalid("spans[0].kind"), 422, errors("spans -> 0 -> kind"), None).await;
    check(invalid("path.trace_id"), 422, errors("path -> trace_id"), None).await;
    check(invalid("x-project-name"), 422, json!({"detail": "rule"}), None).await;
    let detail = |why: &str| json!({"detail": format!("Invalid or revoked API key: {why}.")});
    check(Refusal::Unauthorized("x".to_owned()), 401, detail("x"), None).await;
    let foreign = "this is not a gateway key: use one that begins with sg_ where the vendor's own key would go";
    check(Refusal::ForeignKey, 401, detail(foreign), None).await;
    let many = Refusal::TooMany { what: "100 per 1 minute".to_owned(), after_s: 30 };
    check(many, 429, json!({"error": "Rate limit exceeded: 100 per 1 minute"}), Some("2")).await;
    let unavailable = Refusal::Unavailable { what: "disk".to_owned(), cause: "disk_full", after_s: 10 };
    check(unavailable, 503, json!({"detail": "disk"}), Some("2")).await;
    let missing = Refusal::NotFound { what: "trace", id: TRACE.to_owned() };
    check(missing, 404, json!({"detail": format!("Trace {TRACE} not found.")}), None).await;
    check(Refusal::Internal, 500, json!(b"Internal Server Error".to_vec()), None).await;
}

#[test]
fn the_credential_is_the_key_or_a_gateway_key_as_bearer() {
    let found = |name: &'static str, value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        PandaProbe.credential(&headers).map(|credential| match credential {
            Credential::Key(key) | Credential::Token(key) => secrecy::ExposeSecret::expose_secret(&key).to_owned(),
        })
    };
    assert_eq!(found("x-api-key", "sg_demo").as_deref(), Some("sg_demo"));
    assert_eq!(found("authorization", "Bearer sg_demo").as_deref(), Some("sg_demo"));
    assert_eq!(found("authorization", "Bearer eyJ"), None);
    assert_eq!(found("x-api-key", " "), None);
}

#[test]
fn both_sdks_are_pointed_by_three_variables() {
    let found = PandaProbe.environment("http://127.0.0.1:4400", "sg_demo");
    assert_eq!(found.iter().map(|sdk| sdk.sdk).collect::<Vec<_>>(), ["python", "typescript"]);
    assert_eq!(
        found[0].lines,
        [
            ("PANDAPROBE_ENDPOINT", "http://127.0.0.1:4400".to_owned()),
            ("PANDAPROBE_API_KEY", "sg_demo".to_owned()),
            ("PANDAPROBE_PROJECT_NAME", "demo".to_owned()),
        ]
    );
}
