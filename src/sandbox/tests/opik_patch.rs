//! Opik's PATCH and the partial rows it makes, by `wire/opik.md` §6.4.

use serde_json::{Value, json};

use super::site::Site;

const TRACE: &str = "0199a3f0-0000-7000-8000-000000000001";
const SPAN: &str = "0199a3f0-0000-7000-8000-000000000002";
const PATH: &str = "/opik/v1/private/traces/0199a3f0-0000-7000-8000-000000000001";

async fn patch(site: &Site, body: Value) -> (u16, Value) {
    site.send("PATCH", PATH, &[], body).await
}

#[tokio::test]
async fn an_unknown_id_becomes_a_partial_row() {
    let site = Site::open().await;
    assert_eq!(patch(&site, json!({"project_name": "P", "output": "o"})).await, (204, json!("")));
    let (_, row) = site.get(PATH).await;
    assert_eq!(row["start_time"], "1970-01-01T00:00:00Z");
    assert_eq!((row["name"].as_str(), row["output"].as_str()), (Some(""), Some("o")));
}

#[tokio::test]
async fn an_older_batch_create_loses_against_a_partial_row() {
    let site = Site::open().await;
    patch(&site, json!({"project_name": "P", "output": "o"})).await;
    let row = json!({
        "id": TRACE, "project_name": "P", "name": "n", "start_time": "2026-01-01T00:00:00Z",
        "last_updated_at": "2026-01-01T00:00:00Z",
    });
    let answer = site.post("/opik/v1/private/traces/batch", json!({"traces": [row]})).await;
    assert_eq!(answer.0, 204);
    assert_eq!(site.get(PATH).await.1["name"], "");
}

#[tokio::test]
async fn a_single_create_completes_a_partial_row() {
    let site = Site::open().await;
    patch(&site, json!({"project_name": "P", "output": "patched"})).await;
    let row = json!({
        "id": TRACE, "project_name": "P", "name": "n", "output": "created",
        "start_time": "2026-01-01T00:00:00Z",
    });
    assert_eq!(site.post("/opik/v1/private/traces", row).await.0, 201);
    let (_, row) = site.get(PATH).await;
    assert_eq!(row["start_time"], "2026-01-01T00:00:00Z");
    assert_eq!((row["name"].as_str(), row["output"].as_str()), (Some("n"), Some("patched")));
}

#[tokio::test]
async fn what_is_there_replaces_and_null_leaves() {
    let site = Site::open().await;
    let row = json!({
        "id": TRACE, "project_name": "P", "name": "n", "metadata": {"a": 1}, "tags": ["x"],
        "start_time": "2026-01-01T00:00:00Z",
    });
    site.post("/opik/v1/private/traces", row).await;
    let update = json!({"project_name": "P", "name": "", "metadata": {"b": 2}, "tags": null, "start_time": "2027-01-01T00:00:00Z"});
    assert_eq!(patch(&site, update).await.0, 204);
    let (_, row) = site.get(PATH).await;
    assert_eq!(row["metadata"], json!({"b": 2}));
    assert_eq!((row["name"].as_str(), &row["tags"]), (Some("n"), &json!(["x"])));
    assert_eq!(row["start_time"], "2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn a_span_has_to_be_named_where_it_is() {
    let site = Site::open().await;
    let path = format!("/opik/v1/private/spans/{SPAN}");
    let row = json!({
        "id": SPAN, "trace_id": TRACE, "project_name": "P", "start_time": "2026-01-01T00:00:00Z",
    });
    site.post("/opik/v1/private/spans", row).await;
    let answer = site.send("PATCH", &path, &[], json!({"project_name": "P"})).await;
    assert_eq!(answer, (422, json!({"errors": ["traceId must not be null"]})));
    for (body, text) in [
        (
            json!({"project_name": "Q", "trace_id": TRACE}),
            "Project name and workspace name do not match the existing span",
        ),
        (json!({"project_name": "P", "trace_id": SPAN}), "trace_id does not match the existing span"),
        (
            json!({"project_name": "P", "trace_id": TRACE, "parent_span_id": TRACE}),
            "parent_span_id does not match the existing span",
        ),
    ] {
        let answer = site.send("PATCH", &path, &[], body).await;
        assert_eq!(answer, (409, json!({"errors": [text]})));
    }
    let answer = site.send("PATCH", &path, &[], json!({"project_name": "P", "trace_id": TRACE})).await;
    assert_eq!(answer.0, 204);
}
