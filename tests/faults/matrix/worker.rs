//! A vendor's success promises nothing: its worker is behind, or has lost what was queued.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use spangate::dialects::DIALECTS;

use super::all_shown;
use super::has_all;
use super::send;
use super::told;
use super::told_error;
use crate::support::Inside;
use crate::support::Setup;
use crate::support::Site;
use crate::support::eventually;

/// What is not shown yet is waited for and not sent again and again.
#[tokio::test(flavor = "multi_thread")]
async fn worker_behind() {
    let site = patient(&["pandaprobe", "opik"]).start().await;
    site.vendor("pandaprobe").settings(&json!({"worker_down": true})).await;
    let plans = send(&site, &["a", "b", "c", "d"]).await;
    eventually("everything is queued", async || (posts(&site).await == 4).then_some(())).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(posts(&site).await, 4, "what is not shown yet was sent again");
    let waits = |standing: &Value| (&standing["pending"], &standing["dead"]) == (&json!(12), &json!(0));
    told(&site, "pandaprobe", "waiting", waits, "spangate_backlog_items", "").await;
    has_all(&site, "opik", &plans).await;
    site.vendor("pandaprobe").settings(&json!({"worker_down": false})).await;
    all_shown(&site, "pandaprobe", &plans).await;
    assert_eq!(posts(&site).await, 4);
    site.close().await;
}

/// After a minute in which nothing shows it is no delay any more.
#[tokio::test(flavor = "multi_thread")]
async fn worker_behind_for_more_than_a_minute() {
    let mut site = patient(&["pandaprobe"]).start().await;
    let inside = Inside::instead(&mut site, DIALECTS.to_vec()).await;
    site.vendor("pandaprobe").settings(&json!({"worker_down": true})).await;
    let plans = send(&site, &["a", "b"]).await;
    eventually("everything is queued", async || (posts(&site).await == 2).then_some(())).await;
    inside.jump(61);
    let behind = |standing: &Value| standing["state"] == "behind" && standing["alarms"][0]["kind"] == "worker";
    told(&site, "pandaprobe", "behind", behind, "spangate_alarm", "kind=\"worker\"").await;
    site.vendor("pandaprobe").settings(&json!({"worker_down": false})).await;
    all_shown(&site, "pandaprobe", &plans).await;
    assert_eq!(posts(&site).await, 2);
    inside.stop().await;
    site.close().await;
}

/// The queue is lost: what others show and this does not is sent again.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes more than a minute: a success that does not show is believed so long"]
async fn worker_loses_its_queue() {
    let site = patient(&["pandaprobe"]).start().await;
    site.vendor("pandaprobe").settings(&json!({"worker_down": true})).await;
    let mut plans = send(&site, &["a", "b"]).await;
    eventually("both are queued", async || (posts(&site).await == 2).then_some(())).await;
    site.vendor("pandaprobe").lose_queue().await;
    site.vendor("pandaprobe").settings(&json!({"worker_down": false})).await;
    tokio::time::sleep(Duration::from_secs(45)).await;
    plans.extend(send(&site, &["c"]).await);
    site.vendor("pandaprobe").shows("the next one", |traces| traces.len() == 1).await;
    told_error(&site, "pandaprobe", "not shown within 60 s", "spangate_confirm_failures_total", "").await;
    site.vendor("pandaprobe").shows("all of them", |traces| traces.len() == 3).await;
    all_shown(&site, "pandaprobe", &plans).await;
    assert_eq!(posts(&site).await, 5);
    site.close().await;
}

/// Routed to these; PandaProbe may take its time with an answer, because what is not answered is sent again.
fn patient(stand_ins: &[&str]) -> Setup {
    let egress = "egress = { requests_per_minute = 600000, scores_per_minute = 600000, timeout = \"60s\" }";
    Setup::to(stand_ins).destination("pandaprobe", egress)
}

async fn posts(site: &Site) -> usize {
    let writes = site.vendor("pandaprobe").writes().await;
    writes.iter().filter(|write| write["method"] == "POST" && write["path"] == "/traces").count()
}
