//! What never becomes whole: shown as far as it is, or given up until its create comes.

use serde_json::Value;
use serde_json::json;

use super::scene::LOOKUP;
use super::scene::OPIK_LOOKUP;
use super::scene::OPIK_OUTER;
use super::scene::OPIK_TRACE;
use super::scene::OUTER;
use super::scene::TRACE;
use super::scene::VENDORS;
use super::scene::WHOLE;
use super::scene::all_show;
use super::scene::galileo;
use super::scene::opik;
use super::scene::pandaprobe;
use super::scene::shows;
use super::scene::site;
use crate::support::eventually;

/// A trace that stays open is shown once it has idled, open; its end closes it everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_trace_is_shown_once_it_idles() {
    let (site, client, home) = site().await;
    galileo::send_trace(&client, &home, galileo::open_trace(), false).await;
    galileo::send_span(&client, &home, TRACE, galileo::open_outer()).await;
    galileo::send_span(&client, &home, OUTER, galileo::lookup()).await;
    site.settled().await;
    let partial = r#"{"name": "trip", "input": "Oslo?", "spans": {
        "outer": {"name": "outer", "input": "Oslo?"},
        "lookup": {"name": "lookup", "input": {"city": "Oslo"}, "output": "3", "end": "2026-11-21T01:12:46.4Z",
            "parent": "outer"}}}"#;
    all_show(&site, partial).await;
    assert_eq!(site.vendor("galileo").traces().await[0]["is_complete"], false);
    assert_eq!(site.vendor("pandaprobe").traces().await[0]["status"], "RUNNING");

    let end = json!({"output": "done", "duration_ns": 1_921_000_000});
    galileo::patch_span(&client, &home, OUTER, &end).await;
    let end = json!({"output": "3 degrees", "duration_ns": 2_000_000_000_i64, "is_complete": true});
    galileo::patch_trace(&client, &home, &end).await;
    all_show(&site, WHOLE).await;
    assert_eq!(site.vendor("galileo").traces().await[0]["is_complete"], true);
    assert_eq!(site.vendor("pandaprobe").traces().await[0]["status"], "COMPLETED");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opik_orphans_are_given_up_and_come_back() {
    let (site, client, _) = site().await;
    let late = json!({"project_name": "web", "tags": ["late"]});
    opik::patch_trace(&client, &late).await;
    opik::patch_span(&client, OPIK_LOOKUP, &json!({"project_name": "web", "output": "4"})).await;
    given_up(&site, 2).await;
    opik::send_spans(&client, &[opik::lookup(), opik::outer()]).await;
    opik::send_traces(&client, &[opik::trace()]).await;
    site.settled().await;
    let whole = WHOLE.replace(
        r#""input": "Oslo?", "output": "3 degrees""#,
        r#""input": "Oslo?", "tags": ["late"], "output": "3 degrees""#,
    );
    all_show(&site, &whole.replace(r#""output": "3","#, r#""output": "4","#)).await;
    for vendor in VENDORS {
        assert_eq!(site.counts(vendor), (5, 5, 0, 0), "{vendor}");
        assert_eq!(site.parked(vendor), Vec::<String>::new(), "{vendor}");
    }
    site.close().await;
}

/// Galileo's update of a span does not even say which trace it is about.
#[tokio::test(flavor = "multi_thread")]
async fn galileo_orphans_are_given_up_and_come_back() {
    let (site, client, home) = site().await;
    galileo::patch_span(&client, &home, LOOKUP, &json!({"output": "4"})).await;
    given_up(&site, 1).await;
    galileo::send_span(&client, &home, OUTER, galileo::lookup()).await;
    galileo::send_span(&client, &home, TRACE, galileo::outer()).await;
    galileo::send_trace(&client, &home, galileo::trace(), true).await;
    all_show(&site, &WHOLE.replace(r#""output": "3","#, r#""output": "4","#)).await;
    for vendor in VENDORS {
        assert_eq!(site.counts(vendor), (4, 4, 0, 0), "{vendor}");
    }
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pandaprobe_orphans_are_given_up_and_come_back() {
    let (site, client, _) = site().await;
    pandaprobe::patch_span(&client, LOOKUP, &json!({"output": "4"})).await;
    pandaprobe::score(&client, "quality", "0.5").await;
    given_up(&site, 2).await;
    let mut whole = pandaprobe::trace();
    whole["spans"] = json!([pandaprobe::lookup(), pandaprobe::outer()]);
    pandaprobe::send_trace(&client, &whole).await;
    all_show(&site, &WHOLE.replace(r#""output": "3","#, r#""output": "4","#)).await;
    for vendor in VENDORS {
        assert_eq!(super::scene::scores(&site, vendor).await, json!([["quality", 0.5]]), "{vendor}");
        assert_eq!(site.counts(vendor), (5, 5, 0, 0), "{vendor}");
    }
    site.close().await;
}

/// What is given up stays counted over a restart.
#[tokio::test(flavor = "multi_thread")]
async fn orphans_stay_given_up_over_a_restart() {
    let (mut site, client, _) = site().await;
    opik::patch_span(&client, OPIK_LOOKUP, &json!({"project_name": "web", "output": "4"})).await;
    given_up(&site, 1).await;
    site.restart().await;
    given_up(&site, 1).await;
    let client = site.client("checkout");
    opik::send_spans(&client, &[opik::lookup(), opik::outer()]).await;
    opik::send_traces(&client, &[opik::trace()]).await;
    all_show(&site, &WHOLE.replace(r#""output": "3","#, r#""output": "4","#)).await;
    for vendor in VENDORS {
        assert_eq!(site.counts(vendor), (4, 4, 0, 0), "{vendor}");
    }
    site.close().await;
}

/// A row that lives at the vendor only is changed there, by the vendor's own update.
#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_a_row_that_only_the_vendor_holds() {
    let (site, client, _) = site().await;
    opik::send_traces(&site.past("opik"), &[opik::trace()]).await;
    opik::send_spans(&site.past("opik"), &[opik::outer(), opik::lookup()]).await;
    shows(&site, "opik", WHOLE).await;
    let patch = json!({"project_name": "web", "parent_span_id": OPIK_OUTER, "output": "4"});
    opik::patch_span(&client, OPIK_LOOKUP, &patch).await;
    site.settled().await;
    shows(&site, "opik", &WHOLE.replace(r#""output": "3","#, r#""output": "4","#)).await;
    assert_eq!(site.counts("opik"), (1, 1, 0, 0));
    for vendor in ["galileo", "pandaprobe"] {
        assert_eq!(site.counts(vendor), (1, 0, 1, 0), "{vendor}");
        assert_eq!(site.vendor(vendor).traces().await, Vec::<Value>::new(), "{vendor}");
    }
    let read = client.must(200, "GET", &format!("/v1/private/spans/{OPIK_OUTER}"), &Value::Null).await;
    assert_eq!((&read["name"], &read["trace_id"]), (&json!("outer"), &json!(OPIK_TRACE)));
    site.close().await;
}

/// Opik shows the spans of a trace that is not there, and makes up a row for an update of one: the update
/// of the trace, or of a span that is not among them, waits for its create all the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_a_row_that_is_not_among_those_of_its_trace() {
    let (site, client, _) = site().await;
    opik::send_spans(&site.past("opik"), &[opik::outer()]).await;
    opik::patch_trace(&client, &json!({"project_name": "web", "tags": ["late"]})).await;
    opik::patch_span(&client, OPIK_LOOKUP, &json!({"project_name": "web", "output": "4"})).await;
    site.settled().await;
    assert_eq!(site.counts("opik"), (2, 0, 2, 0));
    let shown = site.vendor("opik").traces().await;
    assert_eq!((shown.len(), &shown[0]["trace"]), (1, &Value::Null), "{shown:#?}");
    let spans: Vec<&Value> = shown[0]["spans"].as_array().unwrap().iter().map(|span| &span["name"]).collect();
    assert_eq!(spans, ["outer"]);
    opik::send_spans(&client, &[opik::lookup(), opik::outer()]).await;
    opik::send_traces(&client, &[opik::trace()]).await;
    let whole = WHOLE.replace(
        r#""input": "Oslo?", "output": "3 degrees""#,
        r#""input": "Oslo?", "tags": ["late"], "output": "3 degrees""#,
    );
    all_show(&site, &whole.replace(r#""output": "3","#, r#""output": "4","#)).await;
    assert_eq!(site.counts("opik"), (5, 5, 0, 0));
    site.close().await;
}

/// Waits until every destination has given up so many items for want of a create.
async fn given_up(site: &crate::support::Site, items: u64) {
    for vendor in VENDORS {
        let given_up = async || (site.counts(vendor) == (items, 0, items, 0)).then_some(());
        eventually(&format!("{vendor} gives up, and not {:?}", site.counts(vendor)), given_up).await;
        let parked = site.parked(vendor);
        assert!(!parked.is_empty() && parked.iter().all(|why| why.ends_with("no create")), "{vendor}: {parked:?}");
        assert_eq!(site.vendor(vendor).traces().await, Vec::<Value>::new(), "{vendor}");
    }
}
