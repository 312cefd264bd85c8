//! Galileo's rules, by `wire/galileo.md` §4, §5, §8.

use serde_json::{Value, json};

use super::site::{Answer, Site};

const KEY: [(&str, &str); 1] = [("galileo-api-key", "k")];
const TRACE: &str = "11111111-1111-4111-8111-111111111111";
const SPAN: &str = "22222222-2222-4222-8222-222222222222";
const CHILD: &str = "33333333-3333-4333-8333-333333333333";

/// A sandbox with one project and one log stream.
struct Home {
    site: Site,
    path: String,
    stream: Value,
}

impl Home {
    async fn open() -> Self {
        let site = Site::open().await;
        let (_, project) = site.send("POST", "/galileo/projects", &KEY, json!({"name": "P"})).await;
        let path = format!("/galileo/v2/projects/{}", project["id"].as_str().unwrap());
        let (_, stream) = site.send("POST", &format!("{path}/log_streams"), &KEY, json!({"name": "L"})).await;
        Self { site, path, stream: stream["id"].clone() }
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        let mut based = json!({"log_stream_id": self.stream});
        based.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        self.site.send(method, &format!("{}{path}", self.path), &KEY, based).await
    }

    async fn trace(&self, trace: Value) -> Answer {
        self.send("POST", "/traces", json!({"traces": [trace]})).await
    }

    /// The type of the first fault of a refused trace with this one span.
    async fn fault(&self, span: Value) -> (String, String) {
        let (status, body) = self.trace(json!({"spans": [span]})).await;
        assert_eq!(status, 422, "{body}");
        (body["detail"][0]["type"].as_str().unwrap().to_owned(), body["detail"][0]["loc"].to_string())
    }

    async fn tree(&self) -> Value {
        self.site.get("/_sandbox/galileo/traces").await.1
    }
}

#[tokio::test]
async fn a_tree_is_kept_and_shown() {
    let home = Home::open().await;
    let tree = json!({
        "id": TRACE, "input": "i", "user_metadata": {"a": "1", "gone": null},
        "spans": [{"id": SPAN, "type": "agent", "input": "x", "spans": [
            {"id": CHILD, "type": "llm", "input": [{"role": "user", "content": "hi"}], "output": {"role": "assistant", "content": "ho"}},
        ]}],
    });
    let (status, body) = home.send("POST", "/traces", json!({"traces": [tree], "include_trace_ids": true})).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&body["traces_count"], &body["spans_count"], &body["records_count"]),
        (&json!(1), &json!(2), &json!(3))
    );
    assert_eq!((body["trace_ids"].clone(), body["project_name"].as_str()), (json!([TRACE]), Some("P")));
    let (_, shown) = home.send("GET", &format!("/traces/{TRACE}"), json!({})).await;
    assert_eq!((shown["type"].as_str(), shown["session_id"].as_str()), (Some("trace"), Some(TRACE)));
    assert_eq!(shown["user_metadata"], json!({"a": "1"}));
    assert_eq!(
        (shown["run_id"].clone(), shown["spans"][0]["agent_type"].as_str()),
        (home.stream.clone(), Some("default"))
    );
    let child = &shown["spans"][0]["spans"][0];
    assert_eq!(
        (child["id"].as_str(), child["parent_id"].as_str(), child["trace_id"].as_str()),
        (Some(CHILD), Some(SPAN), Some(TRACE))
    );
    assert_eq!(child.get("spans"), None);
}

#[tokio::test]
async fn ids_have_to_be_version_four() {
    let home = Home::open().await;
    let (status, body) = home.trace(json!({"id": "0199a3f0-0000-7000-8000-000000000001"})).await;
    assert_eq!((status, body["detail"][0]["type"].as_str()), (422, Some("uuid_version")));
    assert_eq!(body["detail"][0]["loc"], json!(["body", "traces", 0, "id"]));
    let span = json!({"type": "tool", "input": "", "id": "00000000-0000-0000-0000-000000000000"});
    assert_eq!(home.fault(span).await.0, "uuid_version");
}

#[tokio::test]
async fn steps_keep_to_their_types() {
    let home = Home::open().await;
    let document = json!({"type": "retriever", "input": "", "output": [{"content": "c", "score": 1}]});
    let (kind, place) = home.fault(document).await;
    assert_eq!(kind, "extra_forbidden");
    assert_eq!(place, r#"["body","traces",0,"spans",0,"retriever","output",0,"score"]"#);
    for (span, kind) in [
        (json!({"type": "tool", "input": "", "user_metadata": {"a": 1}}), "string_type"),
        (json!({"type": "tool", "input": {"a": 1}}), "string_type"),
        (json!({"type": "chain"}), "union_tag_invalid"),
        (json!({"input": ""}), "union_tag_not_found"),
        (json!({"type": "agent", "agent_type": "boss"}), "enum"),
        (json!({"type": "llm", "input": [{"role": "bot", "content": ""}], "output": "o"}), "enum"),
        (json!({"type": "llm", "input": "i", "output": "o", "metrics": {"num_input_tokens": 1.5}}), "int_type"),
        (json!({"type": "retriever", "output": [{"content": "c", "metadata": {"a": []}}]}), "string_type"),
    ] {
        assert_eq!(home.fault(span.clone()).await.0, kind, "{span}");
    }
    assert_eq!(home.tree().await, json!([]));
}

#[tokio::test]
async fn exactly_one_run_that_is_there() {
    let home = Home::open().await;
    let path = format!("{}/traces", home.path);
    let traces = json!([{"input": ""}]);
    let both = json!({"log_stream_id": TRACE, "experiment_id": SPAN, "traces": traces});
    assert_eq!(home.site.send("POST", &path, &KEY, both).await.0, 422);
    let none = json!({"traces": traces});
    assert_eq!(home.site.send("POST", &path, &KEY, none).await.0, 422);
    let unknown = json!({"log_stream_id": TRACE, "traces": traces});
    let answer = home.site.send("POST", &path, &KEY, unknown).await;
    assert_eq!(answer, (404, json!({"detail": "Log stream not found."})));
    let elsewhere = json!({"log_stream_id": home.stream, "traces": traces});
    let path = format!("/galileo/projects/{TRACE}/traces");
    let answer = home.site.send("POST", &path, &KEY, elsewhere).await;
    assert_eq!(answer, (404, json!({"detail": "Project not found."})));
    assert_eq!(home.send("POST", "/traces", json!({"traces": []})).await.0, 422);
}

#[tokio::test]
async fn spans_may_come_first_and_leave_a_stub() {
    let home = Home::open().await;
    let spans = json!({"trace_id": TRACE, "parent_id": TRACE, "spans": [{"id": SPAN, "type": "tool", "input": "x"}]});
    let (status, body) = home.send("POST", "/spans", spans).await;
    assert_eq!((status, body["parent_id"].as_str()), (200, Some(TRACE)));
    let (_, stub) = home.send("GET", &format!("/traces/{TRACE}"), json!({})).await;
    assert_eq!((stub["type"].as_str(), stub["spans"][0]["id"].as_str()), (Some("stub_trace"), Some(SPAN)));
    home.send("POST", "/traces", json!({"traces": [{"id": TRACE}], "is_complete": false})).await;
    let tree = home.tree().await;
    assert_eq!((tree[0]["type"].as_str(), tree[0]["num_spans"].as_u64()), (Some("trace"), Some(1)));
}

#[tokio::test]
async fn a_completed_trace_takes_no_more_spans() {
    let home = Home::open().await;
    let spans = json!({"trace_id": TRACE, "parent_id": TRACE, "spans": [{"id": SPAN, "type": "tool", "input": "x"}]});
    home.send("POST", "/traces", json!({"traces": [{"id": TRACE}], "is_complete": false})).await;
    assert_eq!(home.send("POST", "/spans", spans.clone()).await.0, 200);
    let path = format!("/traces/{TRACE}");
    home.send("PATCH", &path, json!({"trace_id": TRACE, "is_complete": true})).await;
    let refused = (400, json!({"detail": "Trace is marked as complete"}));
    assert_eq!(home.send("POST", "/spans", spans.clone()).await, refused);
    home.site.post("/_sandbox/galileo/settings", json!({"refuse_after_completion": false})).await;
    assert_eq!(home.send("POST", "/spans", spans).await.0, 200);
}

#[tokio::test]
async fn patch_reaches_some_fields_only() {
    let home = Home::open().await;
    home.trace(
        json!({"id": TRACE, "name": "n", "input": "i", "tags": ["a"], "metrics": {"duration_ns": 1, "mine": 2}}),
    )
    .await;
    let update = json!({
        "trace_id": TRACE, "input": null, "output": "o", "tags": ["a", "b"], "duration_ns": 5,
        "name": "other", "user_metadata": {"k": "v"},
    });
    let (status, body) = home.send("PATCH", &format!("/traces/{TRACE}"), update).await;
    assert_eq!((status, body["records_count"].as_u64()), (200, Some(1)));
    let row = &home.tree().await[0];
    assert_eq!(
        (row["name"].as_str(), row["input"].as_str(), row["output"].as_str()),
        (Some("n"), Some("i"), Some("o"))
    );
    assert_eq!((&row["tags"], &row["metrics"]), (&json!(["a", "b"]), &json!({"duration_ns": 5, "mine": 2})));
    assert_eq!(row["user_metadata"], json!({}));
    assert_eq!(home.site.get("/_sandbox/galileo/scores").await.1[0]["name"], "mine");
    let unknown = home.send("PATCH", &format!("/spans/{SPAN}"), json!({"span_id": SPAN})).await;
    assert_eq!(unknown.0, 404);
}

#[tokio::test]
async fn projects_and_streams() {
    let home = Home::open().await;
    let (_, again) = home.site.send("POST", "/galileo/projects", &KEY, json!({"name": "P"})).await;
    let (_, found) =
        home.site.raw("GET", "/galileo/projects?project_name=P&type=gen_ai", &KEY, Vec::new()).await.unwrap();
    assert_eq!(found[0]["id"], again["id"]);
    let (status, body) = home.send("POST", "/log_streams", json!({"name": "L"})).await;
    assert_eq!((status, body["standard_error"]["error_code"].as_u64()), (400, Some(10500)));
    let (_, page) = home.send("GET", "/log_streams/paginated?limit=500", json!({})).await;
    assert_eq!((&page["log_streams"][0]["id"], &page["paginated"]), (&home.stream, &json!(false)));
    let unkeyed = home.site.get("/galileo/projects").await;
    assert_eq!(unkeyed, (401, json!({"detail": "API Key is missing"})));
}

#[tokio::test]
async fn sessions_hold_their_traces() {
    let home = Home::open().await;
    let (status, session) = home.send("POST", "/sessions", json!({"name": "s", "external_id": "e"})).await;
    assert_eq!(status, 200);
    let body = json!({"traces": [{"id": TRACE}], "session_external_id": "e"});
    assert_eq!(home.send("POST", "/traces", body).await.1["session_id"], session["id"]);
    let (_, shown) = home.send("GET", &format!("/sessions/{}", session["id"].as_str().unwrap()), json!({})).await;
    assert_eq!((shown["num_traces"].as_u64(), shown["traces"][0]["id"].as_str()), (Some(1), Some(TRACE)));
    let filter = json!({"filters": [{"type": "text", "name": "external_id", "operator": "eq", "value": "e"}]});
    let (_, found) = home.send("POST", "/sessions/search", filter).await;
    assert_eq!(found["records"][0]["id"], session["id"]);
}

#[tokio::test]
async fn the_login_flow_of_the_sdks() {
    let site = Site::open().await;
    assert_eq!(site.get("/galileo/healthcheck").await.0, 200);
    assert_eq!(site.get("/galileo/ingest/healthz").await.0, 404);
    let (_, body) = site.post("/galileo/login/api_key", json!({"api_key": "k"})).await;
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(token.split('.').count(), 3);
    let bearer = format!("Bearer {token}");
    let (status, user) =
        site.raw("GET", "/galileo/current_user", &[("authorization", &bearer)], Vec::new()).await.unwrap();
    assert_eq!((status, user["role"].as_str()), (200, Some("admin")));
}

#[tokio::test]
async fn what_filters_leave_is_deleted_with_all_below() {
    let home = Home::open().await;
    let tree = json!({"id": TRACE, "input": "i", "spans": [{"id": SPAN, "type": "workflow", "input": "x", "spans": [
        {"id": CHILD, "type": "tool", "input": "x"}]}]});
    home.trace(tree.clone()).await;
    let filter = |id: &str| json!({"filters": [{"type": "id", "column_id": "id", "operator": "eq", "value": id}]});
    let (status, body) = home.send("POST", "/spans/delete", filter(SPAN)).await;
    assert_eq!((status, &body["message"]), (200, &json!("1 spans deleted.")));
    assert_eq!(home.tree().await[0]["num_spans"], 0);
    home.trace(tree).await;
    let (_, body) = home.send("POST", "/traces/delete", filter(SPAN)).await;
    assert_eq!(body["message"], "0 traces deleted.");
    home.send("POST", "/traces/delete", filter(TRACE)).await;
    assert_eq!(home.tree().await, json!([]));
}
