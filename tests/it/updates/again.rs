//! Creates that come a second time, the same or otherwise.

use serde_json::Value;
use serde_json::json;

use super::scene::OPIK_TRACE;
use super::scene::OUTER;
use super::scene::VENDORS;
use super::scene::WHOLE;
use super::scene::all_show;
use super::scene::galileo;
use super::scene::opik;
use super::scene::pandaprobe;
use super::scene::shows;
use super::scene::site;

fn with(mut row: Value, more: Value) -> Value {
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

/// As Opik itself: the newer row replaces the older whole. PandaProbe can follow; what Galileo once
/// showed of tags stays, which is a recorded loss.
#[tokio::test(flavor = "multi_thread")]
async fn a_newer_opik_row_replaces_the_older_whole() {
    let (site, client, _) = site().await;
    opik::send_spans(&client, &[opik::outer(), opik::lookup()]).await;
    let first = with(opik::trace(), json!({"tags": ["first"], "metadata": {"k": 1}, "output": "2 degrees"}));
    opik::send_traces(&client, &[first]).await;
    site.settled().await;
    opik::send_traces(&client, &[with(opik::trace(), json!({"last_updated_at": "2026-11-21T01:13:00Z"}))]).await;
    site.settled().await;
    shows(&site, "opik", WHOLE).await;
    let older = with(opik::trace(), json!({"output": "stale", "last_updated_at": "2026-11-21T01:12:50Z"}));
    opik::send_traces(&client, &[older]).await;
    site.settled().await;
    shows(&site, "opik", WHOLE).await;
    let pandaprobe = &site.vendor("pandaprobe").traces().await[0];
    assert_eq!((&pandaprobe["output"], &pandaprobe["tags"]), (&json!("3 degrees"), &json!([])));
    let galileo = &site.vendor("galileo").traces().await[0];
    assert_eq!((&galileo["output"], &galileo["tags"]), (&json!("3 degrees"), &json!(["first"])));
    site.close().await;
}

/// Both SDKs send a whole batch again when they did not hear that it had arrived.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_again_changes_nothing() {
    let (site, client, home) = site().await;
    let whole =
        with(galileo::trace(), json!({"spans": [with(galileo::outer(), json!({"spans": [galileo::lookup()]}))]}));
    for _ in 0..3 {
        galileo::send_trace(&client, &home, whole.clone(), true).await;
    }
    all_show(&site, WHOLE).await;
    galileo::send_trace(&client, &home, whole, true).await;
    all_show(&site, WHOLE).await;
    let creates =
        |request: &&Value| request["method"] == "POST" && request["path"].as_str().unwrap().ends_with("/traces");
    for (vendor, calls) in [("galileo", 1), ("pandaprobe", 1)] {
        let requests = site.vendor(vendor).requests().await;
        assert_eq!(requests.iter().filter(creates).count(), calls, "{vendor}: {requests:#?}");
    }
    site.close().await;
}

/// The same request by its id and its body is one record: its items are counted once.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_one_record() {
    let (site, client, _) = site().await;
    let client = client.with("x-request-id", "8c3f5f6e-0d3e-4b55-9a1e-1f1c2d3e4f50");
    let whole = with(pandaprobe::trace(), json!({"spans": [pandaprobe::lookup(), pandaprobe::outer()]}));
    for _ in 0..3 {
        pandaprobe::send_trace(&client, &whole).await;
    }
    all_show(&site, WHOLE).await;
    for vendor in VENDORS {
        assert_eq!(site.counts(vendor), (3, 3, 0, 0), "{vendor}");
    }
    pandaprobe::send_trace(&client, &with(whole, json!({"output": "5 degrees"}))).await;
    site.settled().await;
    for vendor in VENDORS {
        assert_eq!(site.counts(vendor), (6, 6, 0, 0), "{vendor}");
    }
    site.close().await;
}

/// PandaProbe's own rule for a second POST: tags unite, metadata merges.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_pandaprobe_post_adds() {
    let (site, client, _) = site().await;
    let first = json!({"tags": ["b"], "metadata": {"k": "1", "x": "old"}, "spans": [pandaprobe::outer()]});
    pandaprobe::send_trace(&client, &with(pandaprobe::trace(), first)).await;
    let second = json!({"tags": ["a"], "metadata": {"x": "new"}, "output": "4 degrees",
        "spans": [pandaprobe::lookup()]});
    pandaprobe::send_trace(&client, &with(pandaprobe::trace(), second)).await;
    site.settled().await;
    for vendor in VENDORS {
        let traces = site.vendor(vendor).traces().await;
        let shown = crate::support::glimpse(vendor, &traces[0]);
        assert_eq!(shown["output"], "4 degrees", "{vendor}");
        let mut tags: Vec<&str> = shown["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
        tags.sort_unstable();
        assert_eq!(tags, ["a", "b"], "{vendor}");
        assert_eq!(shown["metadata"], json!({"k": "1", "x": "new"}), "{vendor}");
        assert_eq!(shown["spans"].as_object().unwrap().len(), 2, "{vendor}");
    }
    site.close().await;
}

/// A span that comes after everybody has called the trace complete.
#[tokio::test(flavor = "multi_thread")]
async fn a_span_after_the_end() {
    let (site, client, home) = site().await;
    galileo::send_trace(&client, &home, with(galileo::trace(), json!({"spans": [galileo::outer()]})), true).await;
    site.settled().await;
    assert_eq!(site.vendor("pandaprobe").traces().await[0]["spans"].as_array().unwrap().len(), 1);
    galileo::send_span(&client, &home, OUTER, galileo::lookup()).await;
    all_show(&site, WHOLE).await;
    site.close().await;
}

/// An end that moves after everything was shown.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_moves() {
    let (site, client, _) = site().await;
    opik::send_spans(&client, &[opik::outer(), opik::lookup()]).await;
    opik::send_traces(&client, &[opik::trace()]).await;
    all_show(&site, WHOLE).await;
    let later = json!({"project_name": "web", "end_time": "2026-11-21T01:12:50Z"});
    opik::patch_trace(&client, &later).await;
    all_show(&site, &WHOLE.replace("01:12:47.378Z", "01:12:50Z")).await;
    let read = client.must(200, "GET", &format!("/v1/private/traces/{OPIK_TRACE}"), &Value::Null).await;
    assert_eq!(read["end_time"], "2026-11-21T01:12:50.000000Z");
    site.close().await;
}
