//! Reads that the gateway cannot answer itself go to the project's `read_from`.

use crate::support::Site;
use serde_json::json;

/// A trace that only the vendor has, in a project of the client's naming, is found after a restart, too.
#[tokio::test(flavor = "multi_thread")]
async fn projects_written_to_are_asked_after_a_restart() {
    let mut site = Site::to(&["opik"]).await;
    let row = |id: &str| {
        json!({"traces": [{"id": id, "project_name": "web", "name": "trip", "start_time": "2026-11-21T01:12:45.378Z",
            "end_time": "2026-11-21T01:12:47.378Z", "last_updated_at": "2026-11-21T01:12:47.378Z"}]})
    };
    let (ours, theirs) = ("01a1fba9-b442-706a-888f-b0c0220b2677", "01a1fba9-b442-706a-888f-b0c0220b2678");
    let path = "/v1/private/traces/batch";
    site.client("checkout").must(204, "POST", path, &row(ours)).await;
    site.settled().await;
    site.past("opik").must(204, "POST", path, &row(theirs)).await;
    site.restart().await;
    let client = site.client("checkout");
    let read = client.must(200, "GET", &format!("/v1/private/traces/{theirs}"), &json!(null)).await;
    assert_eq!(read["name"], "trip");
    let elsewhere = json!({"traces": [{"id": "01a1fba9-b442-706a-888f-b0c0220b2679", "project_name": "other",
        "start_time": "2026-11-21T01:12:45.378Z"}]});
    site.past("opik").must(204, "POST", path, &elsewhere).await;
    client.must(404, "GET", "/v1/private/traces/01a1fba9-b442-706a-888f-b0c0220b2679", &json!(null)).await;
    site.close().await;
}
