//! What comes before what it is about.

use serde_json::json;

use super::scene::LOOKUP;
use super::scene::OPIK_LOOKUP;
use super::scene::OUTER;
use super::scene::TRACE;
use super::scene::VENDORS;
use super::scene::WHOLE;
use super::scene::all_show;
use super::scene::galileo;
use super::scene::opik;
use super::scene::pandaprobe;
use super::scene::scores;
use super::scene::site;

/// What was patched, over what was created.
const PATCHED: &str = r#"{
    "name": "trip", "input": "Oslo?", "output": "4 degrees", "end": "2026-11-21T01:12:47.378Z", "tags": ["late"],
    "spans": {
        "outer": {"name": "outer", "input": "Oslo?", "output": "done", "end": "2026-11-21T01:12:47.3Z"},
        "lookup": {"name": "lookup", "input": {"city": "Oslo"}, "output": "4", "end": "2026-11-21T01:12:46.4Z",
            "parent": "outer"}}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn opik_patches_before_creates() {
    let (site, client, _) = site().await;
    opik::patch_span(&client, OPIK_LOOKUP, &json!({"project_name": "web", "output": "4"})).await;
    opik::patch_trace(&client, &json!({"project_name": "web", "output": "4 degrees", "tags": ["late"]})).await;
    opik::send_spans(&client, &[opik::lookup(), opik::outer()]).await;
    opik::send_traces(&client, &[opik::trace()]).await;
    all_show(&site, PATCHED).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn galileo_patches_and_completion_before_creates() {
    let (site, client, home) = site().await;
    galileo::patch_span(&client, &home, LOOKUP, &json!({"output": "4"})).await;
    let end = json!({"output": "done", "duration_ns": 1_921_000_000});
    galileo::patch_span(&client, &home, OUTER, &end).await;
    let end = json!({"output": "4 degrees", "duration_ns": 2_000_000_000_i64, "is_complete": true, "tags": ["late"]});
    galileo::patch_trace(&client, &home, &end).await;
    galileo::send_span(&client, &home, OUTER, galileo::lookup()).await;
    galileo::send_span(&client, &home, TRACE, galileo::open_outer()).await;
    galileo::send_trace(&client, &home, galileo::open_trace(), false).await;
    all_show(&site, PATCHED).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pandaprobe_patches_and_completion_before_creates() {
    let (site, client, _) = site().await;
    pandaprobe::patch_span(&client, LOOKUP, &json!({"output": "4"})).await;
    let end = json!({"status": "COMPLETED", "ended_at": "2026-11-21T01:12:47.378+00:00", "output": "4 degrees",
        "tags": ["late"]});
    pandaprobe::patch_trace(&client, &end).await;
    pandaprobe::send_spans(&client, &[pandaprobe::lookup(), pandaprobe::outer()]).await;
    pandaprobe::send_trace(&client, &pandaprobe::open_trace()).await;
    all_show(&site, PATCHED).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opik_final_rows_before_start_rows() {
    let (site, client, _) = site().await;
    opik::send_traces(&client, &[opik::trace()]).await;
    opik::send_spans(&client, &[opik::lookup(), opik::outer()]).await;
    let start = |mut row: serde_json::Value| {
        let fields = row.as_object_mut().unwrap();
        fields.remove("end_time");
        fields.remove("output");
        fields.insert("last_updated_at".to_owned(), json!("2026-11-21T01:12:45.500Z"));
        if fields.contains_key("type") {
            fields.insert("type".to_owned(), json!("general"));
        }
        row
    };
    opik::send_spans(&client, &[start(opik::lookup()), start(opik::outer())]).await;
    opik::send_traces(&client, &[start(opik::trace())]).await;
    all_show(&site, WHOLE).await;
    let opik = site.vendor("opik").traces().await;
    assert_eq!(opik[0]["spans"][1]["type"], "tool");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_before_their_trace() {
    let (site, client, home) = site().await;
    galileo::send_span(&client, &home, OUTER, galileo::lookup()).await;
    galileo::send_span(&client, &home, TRACE, galileo::outer()).await;
    galileo::send_trace(&client, &home, galileo::trace(), true).await;
    all_show(&site, WHOLE).await;
    site.close().await;

    let (site, client, _) = super::scene::site().await;
    pandaprobe::send_spans(&client, &[pandaprobe::lookup()]).await;
    pandaprobe::send_spans(&client, &[pandaprobe::outer()]).await;
    pandaprobe::send_trace(&client, &pandaprobe::trace()).await;
    all_show(&site, WHOLE).await;
    site.close().await;

    let (site, client, _) = super::scene::site().await;
    opik::send_spans(&client, &[opik::lookup()]).await;
    opik::send_spans(&client, &[opik::outer()]).await;
    opik::send_traces(&client, &[opik::trace()]).await;
    all_show(&site, WHOLE).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scores_before_their_trace() {
    let (site, client, _) = site().await;
    opik::score(&client, "quality", 0.5).await;
    opik::score(&client, "quality", 0.75).await;
    opik::score(&client, "tone", 1.0).await;
    opik::send_spans(&client, &[opik::lookup(), opik::outer()]).await;
    opik::send_traces(&client, &[opik::trace()]).await;
    all_show(&site, WHOLE).await;
    for vendor in VENDORS {
        assert_eq!(scores(&site, vendor).await, json!([["quality", 0.75], ["tone", 1.0]]), "{vendor}");
    }
    site.close().await;

    let (site, client, _) = super::scene::site().await;
    pandaprobe::score(&client, "quality", "0.5").await;
    pandaprobe::send_spans(&client, &[pandaprobe::lookup(), pandaprobe::outer()]).await;
    pandaprobe::send_trace(&client, &pandaprobe::trace()).await;
    all_show(&site, WHOLE).await;
    for vendor in VENDORS {
        assert_eq!(scores(&site, vendor).await, json!([["quality", 0.5]]), "{vendor}");
    }
    site.close().await;
}
