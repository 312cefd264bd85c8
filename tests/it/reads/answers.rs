//! What an answer says beside what was sent: sums, and times.

use serde_json::Value;
use serde_json::json;

use super::scene;
use super::scene::Pair;
use super::scene::pair;
use super::scene::trace_path;
use crate::support::Site;

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_sums_up_what_its_spans_show() {
    let site = Site::to(&["opik"]).await;
    let (client, Pair { trace, span }) = (site.client("checkout"), pair("pandaprobe"));
    let at = "2026-11-21T01:12:45.378Z";
    let step = |id: &str, usage: Value| {
        json!({"span_id": id, "name": "step", "kind": "LLM", "status": "OK", "started_at": at, "ended_at": at,
            "token_usage": usage})
    };
    let steps = [
        step(span, json!({"prompt_tokens": 3, "completion_tokens": 4})),
        step("71abf5ab-0c4d-4f7e-9e61-7d2b8a5f3c44", json!({"prompt_tokens": 1, "total_tokens": 9})),
        step("71abf5ab-0c4d-4f7e-9e61-7d2b8a5f3c55", json!({"prompt_tokens": 1, "completion_tokens": 1})),
    ];
    let row = json!({"trace_id": trace, "name": "trip", "started_at": at, "ended_at": at, "spans": steps});
    client.must(202, "POST", "/traces", &row).await;
    let shown = client.must(200, "GET", &trace_path("opik", trace), &Value::Null).await;
    assert_eq!(shown["usage"], json!({"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 18}));
    let path = format!("/v1/private/spans/{span}");
    let shown = client.must(200, "GET", &path, &Value::Null).await;
    assert_eq!(shown["usage"], json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}));
    site.close().await;
}

/// A read of what only the vendor has tells the vendor's times, or the row's own.
#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_dated_to_the_epoch() {
    for vendor in ["opik", "galileo", "pandaprobe"] {
        let site = Site::to(&[vendor]).await;
        scene::keep(vendor, &site.past(vendor), "web").await;
        // Not every read names a project: it is known once it has been written to.
        let other = if vendor == "pandaprobe" { "galileo" } else { "pandaprobe" };
        scene::send(other, &site.client("checkout"), "web").await;
        site.settled().await;
        let (client, Pair { trace, .. }) = (site.client("checkout"), pair(vendor));
        for dialect in ["opik", "galileo", "pandaprobe"] {
            let shown = client.must(200, "GET", &trace_path(dialect, trace), &Value::Null).await;
            assert!(!shown.to_string().contains("1970-"), "{vendor} as {dialect}: {shown}");
        }
        let shown = client.must(200, "GET", &trace_path("opik", trace), &Value::Null).await;
        for key in ["created_at", "last_updated_at"] {
            assert_eq!(shown[key], "2026-11-21T01:12:47.378000Z", "{vendor}: {shown}");
        }
        let path = format!("/v1/private/spans?project_name=web&trace_id={trace}");
        let listed = client.must(200, "GET", &path, &Value::Null).await;
        assert!(!listed.to_string().contains("1970-"), "{vendor}: {listed}");
        site.close().await;
    }
}
