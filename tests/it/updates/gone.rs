//! What is taken back: scores and traces.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::scene::LOOKUP;
use super::scene::OPIK_LOOKUP;
use super::scene::OPIK_TRACE;
use super::scene::OUTER;
use super::scene::TRACE;
use super::scene::VENDORS;
use super::scene::WHOLE;
use super::scene::all_show;
use super::scene::galileo;
use super::scene::opik;
use super::scene::pandaprobe;
use super::scene::scores;
use super::scene::shows;
use super::scene::site;

async fn send(client: &crate::support::Client) {
    opik::send_spans(client, &[opik::lookup(), opik::outer()]).await;
    opik::send_traces(client, &[opik::trace()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_score_taken_back() {
    let (site, client, _) = site().await;
    opik::score(&client, "never", 0.1).await;
    let path = format!("/v1/private/traces/{OPIK_TRACE}/feedback-scores/delete");
    client.must(204, "POST", &path, &json!({"name": "never"})).await;
    opik::score(&client, "once", 0.5).await;
    opik::score(&client, "stays", 0.9).await;
    let of_span = json!({"scores": [{"project_name": "web", "id": OPIK_LOOKUP, "name": "deep", "value": 0.25,
        "source": "sdk"}]});
    client.must(204, "PUT", "/v1/private/spans/feedback-scores", &of_span).await;
    send(&client).await;
    site.settled().await;
    for vendor in VENDORS {
        let all = json!([["deep", 0.25], ["once", 0.5], ["stays", 0.9]]);
        assert_eq!(scores(&site, vendor).await, all, "{vendor}");
    }
    client.must(204, "POST", &path, &json!({"name": "once"})).await;
    let path = format!("/v1/private/spans/{OPIK_LOOKUP}/feedback-scores/delete");
    client.must(204, "POST", &path, &json!({"name": "deep"})).await;
    site.settled().await;
    for vendor in ["opik", "pandaprobe"] {
        assert_eq!(scores(&site, vendor).await, json!([["stays", 0.9]]), "{vendor}");
    }
    // Galileo takes client-made scores with the creation only; that it keeps them is a recorded loss.
    assert_eq!(scores(&site, "galileo").await, json!([["deep", 0.25], ["once", 0.5], ["stays", 0.9]]));
    all_show(&site, WHOLE).await;
    site.close().await;
}

/// Where a vendor cannot delete a single span, that it stays is a recorded loss.
#[tokio::test(flavor = "multi_thread")]
async fn a_span_taken_back() {
    let (site, client, home) = site().await;
    galileo::send_trace(&client, &home, galileo::trace(), true).await;
    galileo::send_span(&client, &home, TRACE, galileo::outer()).await;
    galileo::send_span(&client, &home, OUTER, galileo::lookup()).await;
    all_show(&site, WHOLE).await;
    let filter = json!({"type": "id", "column_id": "id", "operator": "eq", "value": LOOKUP});
    let body = json!({"log_stream_id": home.stream, "filters": [filter]});
    client.must(200, "POST", &home.path("spans/delete"), &body).await;
    site.settled().await;
    let without = r#"{"name": "trip", "input": "Oslo?", "output": "3 degrees", "end": "2026-11-21T01:12:47.378Z",
        "spans": {"outer": {"name": "outer", "input": "Oslo?", "output": "done", "end": "2026-11-21T01:12:47.3Z"}}}"#;
    shows(&site, "galileo", without).await;
    for vendor in ["opik", "pandaprobe"] {
        shows(&site, vendor, WHOLE).await;
    }
    site.close().await;
}

/// A vendor whose list of a trace's scores shows one a name: each of a trace and its spans is looked for
/// on its own, and so goes exactly once, and is taken back alone.
#[tokio::test(flavor = "multi_thread")]
async fn scores_of_one_name_on_a_trace_and_its_span() {
    let (site, client, _) = site().await;
    let mut whole = pandaprobe::trace();
    whole["spans"] = json!([pandaprobe::lookup(), pandaprobe::outer()]);
    pandaprobe::send_trace(&client, &whole).await;
    pandaprobe::score(&client, "quality", "0.5").await;
    let of_span = json!({"trace_id": TRACE, "name": "quality", "value": "0.25", "data_type": "NUMERIC",
        "source": "PROGRAMMATIC", "metadata": {"span_id": LOOKUP}});
    client.must(201, "POST", "/evaluations/trace-scores", &of_span).await;
    site.settled().await;
    pandaprobe::score(&client, "quality", "0.75").await;
    site.settled().await;
    let rows = json!([["quality", 0.25], ["quality", 0.5], ["quality", 0.75]]);
    let mut held = scores(&site, "pandaprobe").await;
    held.as_array_mut().unwrap().sort_by_key(Value::to_string);
    assert_eq!(held, rows, "each change adds a row there");
    let path = format!("/v1/private/traces/{TRACE}/feedback-scores/delete");
    client.must(204, "POST", &path, &json!({"name": "quality"})).await;
    site.settled().await;
    assert_eq!(scores(&site, "pandaprobe").await, json!([["quality", 0.25]]));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_taken_back_and_begun_anew() {
    let (site, client, _) = site().await;
    send(&client).await;
    opik::score(&client, "quality", 0.5).await;
    all_show(&site, WHOLE).await;
    client.must(204, "DELETE", &format!("/v1/private/traces/{OPIK_TRACE}"), &Value::Null).await;
    client.must(404, "GET", &format!("/v1/private/traces/{OPIK_TRACE}"), &Value::Null).await;
    site.settled().await;
    for vendor in VENDORS {
        assert_eq!(site.vendor(vendor).traces().await, Vec::<Value>::new(), "{vendor}");
    }
    // What was on its way when the delete was sent is not a new life.
    site.advance(Duration::from_secs(1));
    send(&client).await;
    site.settled().await;
    for vendor in VENDORS {
        assert_eq!(site.vendor(vendor).traces().await, Vec::<Value>::new(), "{vendor} shows what is gone");
    }
    site.advance(Duration::from_secs(15));
    let newer = |mut row: Value| {
        row["last_updated_at"] = json!("2026-11-21T01:20:00Z");
        row
    };
    opik::send_spans(&client, &[newer(opik::lookup()), newer(opik::outer())]).await;
    opik::send_traces(&client, &[newer(opik::trace())]).await;
    all_show(&site, WHOLE).await;
    for vendor in VENDORS {
        assert_eq!(scores(&site, vendor).await, json!([]), "{vendor} shows the score of the former life");
    }
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_taken_back_before_it_was_shown() {
    let (site, client, _) = site().await;
    let mut whole = pandaprobe::trace();
    whole["spans"] = json!([pandaprobe::lookup(), pandaprobe::outer()]);
    pandaprobe::send_trace(&client, &whole).await;
    client.must(204, "DELETE", &format!("/traces/{TRACE}"), &Value::Null).await;
    site.settled().await;
    for vendor in VENDORS {
        assert_eq!(site.vendor(vendor).traces().await, Vec::<Value>::new(), "{vendor}");
        assert_eq!(site.counts(vendor), (4, 4, 0, 0), "{vendor}");
    }
    site.close().await;
}

/// A delete may pass what it deletes.
#[tokio::test(flavor = "multi_thread")]
async fn a_delete_before_its_trace() {
    let (site, client, _) = site().await;
    client.must(204, "DELETE", &format!("/v1/private/traces/{OPIK_TRACE}"), &Value::Null).await;
    send(&client).await;
    site.settled().await;
    for vendor in VENDORS {
        assert_eq!(site.vendor(vendor).traces().await, Vec::<Value>::new(), "{vendor}");
    }
    site.close().await;
}
