//! Rows whose ids are too old for a server that checks them, and rows that people may have edited since
//! they were sent (`design.md §5`, "change after settling").

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use spangate::canonical::ids::embedded_ms;
use uuid::Uuid;

use super::scene::OPIK_LOOKUP;
use super::scene::OPIK_OUTER;
use super::scene::OPIK_TRACE;
use super::scene::WHOLE;
use super::scene::opik;
use super::scene::shows;
use crate::support::Client;
use crate::support::Setup;
use crate::support::Site;
use crate::support::eventually;

const HOURS: i64 = 3_600_000;

/// A server that takes ids of the last day, and a destination that keeps to half of it.
async fn site() -> (Site, Client) {
    let window = "{ requests_per_minute = 600000, scores_per_minute = 600000 }\nid_window = \"11h\"";
    let flush = "flush = { quiet = \"400ms\", idle = \"1s\" }\norphan_wait = \"1s\"";
    let site = Setup::new(&[("checkout", &["opik"])]).every_route(flush).egress("opik", window).start().await;
    site.vendor("opik").settings(&json!({"id_window_hours": 24})).await;
    let client = site.client("checkout");
    (site, client)
}

async fn send(client: &Client) {
    opik::send_spans(client, &[opik::lookup(), opik::outer()]).await;
    opik::send_traces(client, &[opik::trace()]).await;
}

/// The ids shown: of the trace, then of its spans by name.
async fn ids(site: &Site) -> Vec<String> {
    let traces = site.vendor("opik").traces().await;
    assert_eq!(traces.len(), 1, "{traces:#?}");
    let mut spans = traces[0]["spans"].as_array().unwrap().clone();
    spans.sort_by_key(|span| span["name"].as_str().unwrap().to_owned());
    let rows = [&traces[0]["trace"]].into_iter().chain(&spans);
    rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// The hours from one id's time to another's.
fn hours_between(older: &str, newer: &str) -> i64 {
    let ms = |id: &str| embedded_ms(Uuid::parse_str(id).unwrap().as_bytes());
    (ms(newer) - ms(older)) / HOURS
}

/// The calls the stand-in saw since the last look, reads left out.
async fn calls(site: &Site, seen: usize) -> (Vec<String>, usize) {
    let requests = site.vendor("opik").requests().await;
    let line = |request: &Value| {
        let (method, path) = (request["method"].as_str().unwrap(), request["path"].as_str().unwrap());
        format!("{method} {}", path.trim_start_matches("/opik").trim_start_matches("/v1/private"))
    };
    let lines = requests.iter().skip(seen).map(line).filter(|line| !line.starts_with("GET"));
    (lines.filter(|line| !line.ends_with("/retrieve")).collect(), requests.len())
}

/// The ids sent are a week old: all of them are made new, the same tail behind another time.
#[tokio::test(flavor = "multi_thread")]
async fn ids_too_old_at_first_are_made_new() {
    let (site, client) = site().await;
    send(&client).await;
    site.settled().await;
    shows(&site, "opik", WHOLE).await;
    for (shown, sent) in ids(&site).await.iter().zip([OPIK_TRACE, OPIK_LOOKUP, OPIK_OUTER]) {
        assert_eq!(shown[14..], sent[14..]);
        assert!(hours_between(sent, shown) > 24, "{shown} for {sent}");
    }
    site.close().await;
}

/// Half a day later rows that are there change by update, and a new span has a time of its own.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_grew_too_old_are_changed_by_update() {
    let (site, client) = site().await;
    send(&client).await;
    site.settled().await;
    let before = ids(&site).await;
    let (_, seen) = calls(&site, 0).await;
    site.advance(Duration::from_secs(12 * 3_600));
    opik::patch_trace(&client, &json!({"project_name": "web", "tags": ["late"]})).await;
    opik::patch_span(&client, OPIK_LOOKUP, &json!({"parent_span_id": OPIK_OUTER, "output": "4"})).await;
    let mut added = opik::lookup();
    added["id"] = json!("01a1fba9-b46e-775d-8b79-c740e6ed8022");
    added["name"] = json!("more");
    opik::send_spans(&client, &[added]).await;
    site.settled().await;
    let expected = WHOLE
        .replace(r#""output": "3 degrees""#, r#""tags": ["late"], "output": "3 degrees""#)
        .replace(r#""output": "3","#, r#""output": "4","#)
        .replace(
            r#""spans": {"#,
            r#""spans": {"more": {"name": "more", "input": {"city": "Oslo"}, "output": "3",
                "end": "2026-11-21T01:12:46.4Z", "parent": "outer"},"#,
        );
    shows(&site, "opik", &expected).await;
    let after = ids(&site).await;
    assert_eq!([&after[0], &after[1], &after[3]], [&before[0], &before[1], &before[2]]);
    assert_eq!(hours_between(&after[0], &after[2]), 12);
    let (mut calls, seen) = calls(&site, seen).await;
    calls.sort();
    let updates = [format!("PATCH /spans/{}", before[1]), format!("PATCH /traces/{}", before[0])];
    assert_eq!(calls, [updates[0].as_str(), updates[1].as_str(), "POST /spans/batch"]);

    // The added span keeps the time it got.
    site.advance(Duration::from_secs(600));
    let change = json!({"parent_span_id": OPIK_OUTER, "output": "5"});
    opik::patch_span(&client, "01a1fba9-b46e-775d-8b79-c740e6ed8022", &change).await;
    site.settled().await;
    assert_eq!(ids(&site).await, after);
    assert_eq!(self::calls(&site, seen).await.0, [format!("PATCH /spans/{}", after[2])]);
    site.close().await;
}

/// What was minted while the vendor was away is minted again: of an attempt that may have been applied,
/// a read shows first that it was not.
#[tokio::test(flavor = "multi_thread")]
async fn what_never_got_there_gets_new_ids() {
    let (site, client) = site().await;
    site.vendor("opik").fault(&json!({"status": 503, "count": 10_000})).await;
    send(&client).await;
    eventually("an attempt failed", async || (!site.vendor("opik").requests().await.is_empty()).then_some(())).await;
    site.advance(Duration::from_secs(12 * 3_600));
    site.vendor("opik").clear_faults().await;
    site.settled().await;
    shows(&site, "opik", WHOLE).await;
    for (shown, sent) in ids(&site).await.iter().zip([OPIK_TRACE, OPIK_LOOKUP, OPIK_OUTER]) {
        assert_eq!(shown[14..], sent[14..]);
        assert!(hours_between(&now(), shown) >= 11, "{shown} is of the time it was first tried");
    }
    site.close().await;
}

/// An id of this moment.
#[expect(clippy::disallowed_methods, reason = "the stand-ins live in the real world's time")]
fn now() -> String {
    Uuid::now_v7().to_string()
}

/// An hour later a change is that change alone: what people edited at the vendor stays.
#[tokio::test(flavor = "multi_thread")]
async fn what_people_edited_stays() {
    let site = Setup::new(&[("checkout", &["opik"])]).start().await;
    let client = site.client("checkout");
    send(&client).await;
    site.settled().await;
    let edit = json!({"project_name": "web", "tags": ["reviewed"]});
    let trace = ids(&site).await.remove(0);
    site.past("opik").must(204, "PATCH", &format!("/v1/private/traces/{trace}"), &edit).await;
    site.advance(Duration::from_secs(2 * 3_600));
    opik::patch_trace(&client, &json!({"project_name": "web", "output": "4 degrees"})).await;
    site.settled().await;
    let expected = WHOLE.replace(r#""output": "3 degrees""#, r#""tags": ["reviewed"], "output": "4 degrees""#);
    shows(&site, "opik", &expected).await;
    site.close().await;
}
