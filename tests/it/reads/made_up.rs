//! Ids that the gateway makes up where a create has none.

use serde_json::json;

use crate::support::Site;

/// The vendor's server makes an id up where a create has none: what its answer names is what is stored, read
/// and shown, also for a span of a trace that began days ago.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_made_up_is_the_same_everywhere() {
    let site = Site::to(&["opik"]).await;
    let client = site.client("checkout");
    let times = ["2026-11-21T01:12:45.378Z", "2026-11-21T01:12:47.378Z"];
    let old = "01a1fba9-b442-706a-888f-b0c0220b2677";
    let trace = json!({"id": old, "project_name": "web", "name": "old", "start_time": times[0], "end_time": times[1]});
    client.must(201, "POST", "/v1/private/traces", &trace).await;
    let nameless = json!({"project_name": "web", "name": "new", "start_time": times[0], "end_time": times[1]});
    let mut created = Vec::new();
    for (path, trace_id) in [("/v1/private/traces", None), ("/v1/private/spans", Some(old))] {
        let mut row = nameless.clone();
        if let Some(trace_id) = trace_id {
            row["trace_id"] = json!(trace_id);
        }
        let answer = client.call("POST", path, &row).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        let place = answer.headers["location"].to_str().unwrap();
        let id = place.rsplit('/').next().unwrap().to_owned();
        assert!(place.ends_with(&format!("{path}/{id}")), "{place}");
        assert_eq!(id.as_bytes()[14], b'7', "{id} is of another version");
        created.push((format!("{path}/{id}"), id));
    }
    site.settled().await;
    assert_eq!(site.counts("opik"), (3, 3, 0, 0));
    for (path, id) in created {
        assert_eq!(client.must(200, "GET", &path, &json!(null)).await["id"], json!(id));
        assert_eq!(site.past("opik").must(200, "GET", &path, &json!(null)).await["id"], json!(id));
    }
    site.close().await;
}
