//! Opik's rules, by `wire/opik.md` §6.

use serde_json::{Value, json};

use super::site::Site;

const TRACE: &str = "0199a3f0-0000-7000-8000-000000000001";
const SPAN: &str = "0199a3f0-0000-7000-8000-000000000002";

fn trace(version: &str, extra: Value) -> Value {
    let mut row = json!({
        "id": TRACE, "project_name": "P", "start_time": "2026-01-01T00:00:00Z",
        "last_updated_at": version,
    });
    row.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({"traces": [row]})
}

#[tokio::test]
async fn newest_row_wins_whole() {
    let site = Site::open().await;
    let path = "/opik/v1/private/traces/batch";
    let newer = trace("2026-01-01T00:00:02Z", json!({"name": "end"}));
    let older = trace("2026-01-01T00:00:01Z", json!({"name": "start", "input": {"a": 1}}));
    assert_eq!(site.post(path, newer).await, (204, json!("")));
    assert_eq!(site.post(path, older).await, (204, json!("")));
    let (status, row) = site.get(&format!("/opik/v1/private/traces/{TRACE}")).await;
    assert_eq!(status, 200);
    assert_eq!(row["name"], "end");
    assert_eq!(row.get("input"), None);
}
