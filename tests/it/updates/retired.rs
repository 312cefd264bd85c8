//! Late changes to traces that retention took away: what is remembered of them leads the way.

use std::time::Duration;

use serde_json::json;

use super::scene::LOOKUP;
use super::scene::OPIK_LOOKUP;
use super::scene::OPIK_TRACE;
use super::scene::TRACE;
use super::scene::VENDORS;
use super::scene::WHOLE;
use super::scene::all_show;
use super::scene::galileo;
use super::scene::opik;
use super::scene::pandaprobe;
use super::scene::site;
use crate::support::Setup;
use crate::support::Site;
use crate::support::eventually;

const LONG: Duration = Duration::from_secs(80 * 3600);

/// Waits until everything has been stored as settled, and takes all of it away.
async fn retire(site: &Site) {
    site.settled().await;
    site.advance(LONG);
    eventually("nothing is held any more", async || (site.sweep().await == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opik_change_finds_its_trace() {
    let (site, client, _) = site().await;
    opik::send_spans(&client, &[opik::outer(), opik::lookup()]).await;
    opik::send_traces(&client, &[opik::trace()]).await;
    all_show(&site, WHOLE).await;
    retire(&site).await;

    opik::patch_trace(&client, &json!({"project_name": "web", "tags": ["late"]})).await;
    opik::patch_span(&client, OPIK_LOOKUP, &json!({"project_name": "web", "output": "4"})).await;
    let late = WHOLE
        .replace(r#""output": "3 degrees""#, r#""tags": ["late"], "output": "3 degrees""#)
        .replace(r#""output": "3","#, r#""output": "4","#);
    all_show(&site, &late).await;
    for vendor in VENDORS {
        assert_eq!(site.counts(vendor), (5, 5, 0, 0), "{vendor}");
    }
    // What is not held is read from the vendor, whole.
    let read = client.must(200, "GET", &format!("/v1/private/traces/{OPIK_TRACE}"), &json!(null)).await;
    assert_eq!((&read["name"], &read["tags"]), (&json!("trip"), &json!(["late"])));
    site.close().await;
}

/// Galileo's change of a span does not even say which trace it is about.
#[tokio::test(flavor = "multi_thread")]
async fn a_galileo_change_of_a_span_finds_its_trace() {
    let (mut site, client, home) = site().await;
    galileo::send_span(&client, &home, TRACE, galileo::outer()).await;
    galileo::send_span(&client, &home, super::scene::OUTER, galileo::lookup()).await;
    galileo::send_trace(&client, &home, galileo::trace(), true).await;
    all_show(&site, WHOLE).await;
    retire(&site).await;
    site.restart().await;
    let client = site.client("checkout");

    galileo::patch_span(&client, &home, LOOKUP, &json!({"output": "4"})).await;
    all_show(&site, &WHOLE.replace(r#""output": "3","#, r#""output": "4","#)).await;
    for vendor in VENDORS {
        assert_eq!(site.counts(vendor), (4, 4, 0, 0), "{vendor}");
    }
    site.close().await;
}

/// A change of a change: what came late goes as well, and is remembered with the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_pandaprobe_change_finds_its_trace_twice() {
    let (site, client, _) = site().await;
    let mut whole = pandaprobe::trace();
    whole["spans"] = json!([pandaprobe::outer(), pandaprobe::lookup()]);
    pandaprobe::send_trace(&client, &whole).await;
    all_show(&site, WHOLE).await;
    for output in ["4 degrees", "5 degrees"] {
        retire(&site).await;
        pandaprobe::patch_trace(&client, &json!({"output": output})).await;
        all_show(&site, &WHOLE.replace("3 degrees", output)).await;
    }
    site.close().await;
}

/// A delete is remembered too; what comes later is a new life, of which nobody has a create.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_trace_stays_deleted() {
    let (site, client, _) = site().await;
    opik::send_spans(&client, &[opik::outer(), opik::lookup()]).await;
    opik::send_traces(&client, &[opik::trace()]).await;
    all_show(&site, WHOLE).await;
    client.must(204, "POST", "/v1/private/traces/delete", &json!({"ids": [OPIK_TRACE]})).await;
    site.settled().await;
    assert_eq!(site.vendor("opik").traces().await, Vec::<serde_json::Value>::new());
    retire(&site).await;
    let path = format!("/v1/private/traces/{OPIK_TRACE}");
    assert_eq!(client.call("GET", &path, &json!(null)).await.status, 404);
    opik::patch_trace(&client, &json!({"project_name": "web", "tags": ["late"]})).await;
    eventually("it is given up", async || (site.counts("opik").2 == 1).then_some(())).await;
    assert_eq!(site.vendor("opik").traces().await, Vec::<serde_json::Value>::new());
    site.close().await;
}

/// Of a request, only the part stays that somebody still waits for.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_waited_for_stays_and_is_sent_later() {
    let flush = "flush = { quiet = \"400ms\", idle = \"1s\" }\norphan_wait = \"1s\"";
    let retain = "[ledger.retain]\nage = \"1h\"\nsize = \"10GiB\"";
    let site = Setup::new(&[("checkout", &VENDORS)]).every_route(flush).more(retain).start().await;
    let client = site.client("checkout");
    site.vendor("opik").fault(&json!({"status": 503, "count": 100_000})).await;
    opik::send_spans(&client, &[opik::outer(), opik::lookup()]).await;
    opik::send_traces(&client, &[opik::trace()]).await;
    site.vendor("galileo").shows("the trace", |traces| traces.len() == 1).await;
    site.advance(Duration::from_secs(3 * 3600));
    assert_eq!(site.sweep().await, 2);
    site.vendor("opik").clear_faults().await;
    site.advance(Duration::from_secs(3600));
    all_show(&site, WHOLE).await;
    site.close().await;
}
