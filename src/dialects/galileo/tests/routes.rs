//! The routes, through the front door, with doors that remember.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;

use axum::Extension;
use axum::Router;
use axum::body::Body;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::StatusCode;
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;
use tower::ServiceExt;

use super::AT;
use super::outward_of_clients;
use super::scenario;
use super::view;
use crate::canonical::Target;
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
use crate::contract::Seed;
use crate::dialects::galileo::Galileo;

/// Everything a gateway remembers.
#[derive(Default)]
struct Memory {
    calls: Mutex<Vec<Call>>,
    names: Mutex<BTreeMap<String, Named>>,
}

impl Accept for Memory {
    fn accept<'a>(
        &'a self,
        _caller: &'a Caller,
        dialect: &'static dyn Dialect,
        call: Call,
    ) -> BoxFuture<'a, Result<Accepted, Refusal>> {
        async move {
            let mut calls = self.calls.lock().unwrap();
            let receipt = [u8::try_from(calls.len()).unwrap(); 16];
            let decoded = dialect.decode(&call, &Seed { record: receipt, at: AT })?;
            calls.push(call);
            Ok(Accepted { seq: 1, receipt, at: AT, items: decoded.items.into_iter().map(Arc::new).collect() })
        }
        .boxed()
    }
}

impl Read for Memory {
    fn read<'a>(
        &'a self,
        _caller: &'a Caller,
        _dialect: &'static dyn Dialect,
        asked: Asked,
    ) -> BoxFuture<'a, Result<Found, Refusal>> {
        async move {
            let view = view(&self.calls.lock().unwrap());
            let native = match asked.target {
                Target::Trace(id) | Target::Span { span: id, .. } => id,
                Target::Session(_) => view.id,
            };
            let held = native == view.id || view.span(native).is_some();
            let missing = Refusal::NotFound { what: "trace", id: native.to_string() };
            if held { Ok(Found { view, native, out: outward_of_clients() }) } else { Err(missing) }
        }
        .boxed()
    }
}

impl Names for Memory {
    fn id<'a>(
        &'a self,
        project: &'a str,
        dialect: &'a str,
        kind: &'a str,
        parent: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        assert_eq!((project, dialect), ("tenant", "galileo"));
        async move {
            let mut names = self.names.lock().unwrap();
            let held = names.values().find(|held| (&*held.kind, &*held.parent, &*held.name) == (kind, parent, name));
            if let Some(held) = held {
                return Ok(held.id.clone());
            }
            let id = format!("00000000-0000-4000-8000-{:012}", names.len());
            let named =
                Named { id: id.clone(), kind: kind.into(), parent: parent.into(), name: name.into(), since: AT };
            names.insert(id.clone(), named);
            Ok(id)
        }
        .boxed()
    }

    fn name(&self, _project: &str, _dialect: &str, id: &str) -> Option<Named> {
        self.names.lock().unwrap().get(id).cloned()
    }

    fn list(&self, _project: &str, _dialect: &str, kind: &str, parent: &str) -> Vec<Named> {
        let names = self.names.lock().unwrap();
        names.values().filter(|named| named.kind == kind && named.parent == parent).cloned().collect()
    }

    fn project(&self, _project: &str, _name: &str) -> Option<String> {
        None
    }

    fn log_in(&self, key: &SecretString) -> Result<String, Refusal> {
        let is_good = key.expose_secret() == "sg_good";
        is_good.then(|| "a.b.c".to_owned()).ok_or(Refusal::ForeignKey)
    }
}

struct Scene {
    memory: Arc<Memory>,
    router: Router,
}

impl Scene {
    fn new() -> Self {
        let memory = Arc::new(Memory::default());
        let doors = Doors {
            accept: memory.clone(),
            read: memory.clone(),
            names: memory.clone(),
            public_url: "http://gateway".into(),
            console_url: "http://console".into(),
        };
        let caller = Caller::new("tenant".into(), "laptop".into());
        let router = Galileo.open_routes().merge(Galileo.routes().layer(Extension(caller))).with_state(doors);
        Self { memory, router }
    }

    async fn ask(&self, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, "").await;
        assert_eq!(status, StatusCode::OK, "{path} {body}");
        body
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(Method::POST, path, &body.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{path} {answer}");
        answer
    }
}

#[tokio::test]
async fn a_client_starts() {
    let scene = Scene::new();
    for path in ["/healthcheck", "/v2/healthcheck"] {
        assert_eq!(scene.get(path).await, json!({ "api_version": "1.0.0", "message": "OK", "version": "1.0.0" }));
    }
    let token = scene.post("/login/api_key", &json!({ "api_key": "sg_good" })).await;
    assert_eq!(token, json!({ "access_token": "a.b.c", "token_type": "bearer" }));
    let (_, form) = scene.ask(Method::POST, "/login", "username=u%40x&password=sg_good&auth_method=email").await;
    assert_eq!(form, token);
    let bad = scene.ask(Method::POST, "/login/api_key", r#"{"api_key":"x"}"#).await;
    let hint = "this is not a gateway key: use one that begins with sg_ where the vendor's own key would go";
    assert_eq!(bad, (StatusCode::UNAUTHORIZED, json!({ "detail": hint })));
    let user = scene.get("/current_user").await;
    assert_eq!((&user["email"], &user["role"]), (&json!("laptop@example.com"), &json!("user")));
    assert_eq!(user["id"], scene.get("/v2/current_user").await["id"]);
    assert_eq!(scene.ask(Method::GET, "/ingest/healthz", "").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn names_are_created_once() {
    let scene = Scene::new();
    assert_eq!(scene.get("/projects?project_name=app&type=gen_ai").await, json!([]));
    let made = scene.post("/projects", &json!({ "name": "app", "type": "gen_ai" })).await;
    assert_eq!(scene.post("/v2/projects", &json!({ "name": "app" })).await, made);
    let id = made["id"].as_str().unwrap();
    let found = scene.get("/projects?project_name=app&type=gen_ai").await;
    for key in ["id", "created_by", "created_by_user", "runs", "created_at", "updated_at", "name", "type"] {
        assert!(found[0].get(key).is_some_and(|value| !value.is_null()), "{key}");
    }
    assert_eq!(found[0]["type"], json!("gen_ai"));
    assert_eq!(scene.get(&format!("/projects/{id}")).await, made);
    assert_eq!(scene.get("/projects/all").await, found);
    assert_eq!(scene.post("/projects/paginated", &json!({})).await["projects"], found);
    assert_eq!(scene.get("/projects/never-given").await["name"], json!("never-given"));

    let stream = scene.post(&format!("/projects/{id}/log_streams"), &json!({ "name": "prod" })).await;
    assert_eq!(scene.post(&format!("/projects/{id}/log_streams"), &json!({ "name": "prod" })).await, stream);
    assert_eq!(stream["project_id"], json!(id));
    assert_eq!(scene.get(&format!("/projects/{id}/log_streams?project_id={id}")).await, json!([stream]));
    let page = scene.get(&format!("/projects/{id}/log_streams/paginated?include_counts=false&limit=500")).await;
    assert_eq!((&page["log_streams"], &page["paginated"]), (&json!([stream]), &json!(false)));
    let path = format!("/v2/projects/{id}/log_streams/{}", stream["id"].as_str().unwrap());
    assert_eq!(scene.get(&path).await, stream);
    let empty = scene.ask(Method::POST, "/projects", r#"{"name":""}"#).await;
    assert_eq!(empty.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn sessions_are_found_by_external_id_under_either_key() {
    let scene = Scene::new();
    let search = async |key: &str| {
        let filter = json!({ "type": "text", key: "external_id", "value": "e-1", "operator": "eq" });
        scene.post("/v2/projects/p/sessions/search", &json!({ "log_stream_id": "s", "filters": [filter] })).await
    };
    assert_eq!(search("name").await["records"], json!([]));
    let body = json!({ "log_stream_id": "s", "name": "chat", "external_id": "e-1", "user_metadata": null });
    let made = scene.post("/v2/projects/p/sessions", &body).await;
    assert_eq!((&made["external_id"], &made["project_id"]), (&json!("e-1"), &json!("p")));
    assert_eq!(scene.post("/projects/p/sessions", &body).await, made);
    scene.post("/projects/p/sessions", &json!({ "name": "other" })).await;
    for key in ["name", "column_id"] {
        let records = search(key).await["records"].clone();
        assert_eq!(records.as_array().unwrap().len(), 1);
        assert_eq!((&records[0]["id"], &records[0]["run_id"]), (&made["id"], &json!("s")));
    }
    let nameless = json!({ "name": null, "external_id": null });
    let (one, two) =
        (scene.post("/projects/p/sessions", &nameless).await, scene.post("/projects/p/sessions", &nameless).await);
    assert_ne!(one["id"], two["id"]);
}

#[tokio::test]
async fn ingested_traces_are_answered_and_read_back() {
    let scene = Scene::new();
    let call = &scenario("js_batch")[0];
    let mut body: Value = serde_json::from_slice(&call.body).unwrap();
    body["traces"].as_array_mut().unwrap().truncate(1);
    body["include_trace_ids"] = json!(true);
    let id = body["traces"][0]["id"].as_str().unwrap().to_owned();
    let answer = scene.post(&call.path, &body).await;
    let expected = json!({
        "log_stream_id": body["log_stream_id"], "experiment_id": null, "metrics_testing_id": null,
        "project_id": "25e7e80b-7d09-4307-970e-cd29b6def236", "project_name": "25e7e80b-7d09-4307-970e-cd29b6def236",
        "session_id": id, "records_count": 7, "traces_count": 1, "spans_count": 6, "trace_ids": [id],
    });
    assert_eq!(answer, expected);

    let span = body["traces"][0]["spans"][0]["id"].as_str().unwrap();
    for prefix in ["", "/v2"] {
        let trace = scene.get(&format!("{prefix}/projects/p/traces/{id}?trace_id={id}")).await;
        assert_eq!((&trace["type"], &trace["name"]), (&json!("trace"), &json!("weather")));
        let read = scene.get(&format!("{prefix}/projects/p/spans/{span}")).await;
        assert_eq!((&read["type"], &read["trace_id"], &read["parent_id"]), (&json!("agent"), &json!(id), &json!(id)));
        assert_eq!(read["spans"].as_array().unwrap().len(), 3);
    }
    let missing = scene.ask(Method::GET, "/projects/p/traces/11111111-1111-4111-8111-111111111111", "").await;
    assert_eq!(missing.0, StatusCode::NOT_FOUND);
    assert_eq!(missing.1, json!({ "detail": "trace 11111111-1111-4111-8111-111111111111 not found." }));
}

#[tokio::test]
async fn increments_and_updates_are_answered_on_every_road() {
    let scene = Scene::new();
    for call in scenario("py_distributed") {
        let (status, answer) =
            scene.ask(call.method.clone(), &call.path, std::str::from_utf8(&call.body).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{} {answer}", call.path);
        if !call.path.ends_with("/sessions") {
            assert_eq!(answer["records_count"], json!(1), "{}", call.path);
        }
    }
    let filter = json!({ "type": "id", "column_id": "id", "value": "11111111-1111-4111-8111-111111111111" });
    let gone = scene.post("/v2/projects/p/traces/delete", &json!({ "filters": [filter] })).await;
    assert_eq!(gone, json!({ "message": "1 records are deleted" }));
    let calls = scene.memory.calls.lock().unwrap();
    assert!(calls.iter().all(|call| !call.path.starts_with("/v2")), "one path for a route");
    assert_eq!(calls.len(), 11, "a session that has a name is no record");
}

#[tokio::test]
async fn refusals_have_the_vendors_shape() {
    let scene = Scene::new();
    let bad = scene.ask(Method::POST, "/v2/projects/p/traces", r#"{"traces":[{"id":"x"}]}"#).await;
    let detail =
        json!([{ "loc": ["body", "traces", 0, "id"], "msg": "Input should be a valid UUID", "type": "uuid_parsing" }]);
    assert_eq!(bad, (StatusCode::UNPROCESSABLE_ENTITY, json!({ "detail": detail })));
    let (status, body) = scene.ask(Method::GET, "/projects/p/spans/x", "").await;
    assert_eq!((status, &body["detail"][0]["loc"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(["path", "span_id"])));
    let (status, body) = scene.ask(Method::POST, "/v2/projects/p/traces", "{").await;
    assert_eq!((status, &body["detail"][0]["type"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("json_invalid")));
    assert!(scene.memory.calls.lock().unwrap().is_empty());

    let status = |refusal| Galileo.refuse(&refusal).status().as_u16();
    assert_eq!(status(Refusal::Unauthenticated), 401);
    assert_eq!(status(Refusal::Forbidden("x".to_owned())), 403);
    assert_eq!(status(Refusal::TooLarge("x".to_owned())), 413);
    assert_eq!(status(Refusal::Timeout), 408);
    let busy = Galileo.refuse(&Refusal::TooMany { what: "spans".to_owned(), after_s: 3 });
    assert_eq!((busy.status().as_u16(), &busy.headers()["retry-after"]), (429, &HeaderValue::from_static("3")));
    assert_eq!(status(Refusal::Unavailable { what: "x".to_owned(), cause: "disk_full", after_s: 1 }), 503);
}

#[test]
fn credentials_are_found_wherever_sdks_put_them() {
    let found = |name: &'static str, value: &'static str| {
        let headers = HeaderMap::from_iter([(http::HeaderName::from_static(name), HeaderValue::from_static(value))]);
        Galileo.credential(&headers).map(|credential| match credential {
            Credential::Key(key) => format!("key {}", key.expose_secret()),
            Credential::Token(token) => format!("token {}", token.expose_secret()),
        })
    };
    assert_eq!(found("galileo-api-key", "sg_a").as_deref(), Some("key sg_a"));
    assert_eq!(found("splunk-ao-api-key", "sg_a").as_deref(), Some("key sg_a"));
    assert_eq!(found("authorization", "Bearer a.b.c").as_deref(), Some("token a.b.c"));
    assert_eq!(found("authorization", "bearer sg_a").as_deref(), Some("key sg_a"));
    assert_eq!(found("authorization", "Basic x"), None);
    assert_eq!(found("authorization", "sg_a"), None);
    assert_eq!(found("galileo-api-key", ""), None);
}
