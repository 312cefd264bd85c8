//! A vendor's success promises nothing: its worker is behind, or has lost what was queued.

use std::time::Duration;

use serde_json::json;

use super::all_shown;
use super::has_all;
use super::send;
use crate::support::Setup;
use crate::support::Site;
use crate::support::eventually;

/// What is not shown yet is waited for and not sent again and again.
#[tokio::test(flavor = "multi_thread")]
async fn worker_behind() {
    let site = Setup::to(&["pandaprobe", "opik"]).start().await;
    site.vendor("pandaprobe").settings(&json!({"worker_down": true})).await;
    let plans = send(&site, &["a", "b", "c", "d"]).await;
    eventually("everything is queued", async || (posts(&site).await == 4).then_some(())).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(posts(&site).await, 4, "what is not shown yet was sent again");
    let standing = site.stands("pandaprobe", "waiting", |_| true).await;
    assert_eq!((&standing["delivered"], &standing["dead"]), (&json!(0), &json!(0)), "{standing:#}");
    has_all(&site, "opik", &plans).await;
    site.vendor("pandaprobe").settings(&json!({"worker_down": false})).await;
    all_shown(&site, "pandaprobe", &plans).await;
    assert_eq!(posts(&site).await, 4);
    site.close().await;
}

/// The queue is lost: what others show and this does not is sent again.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes more than a minute: a success that does not show is believed so long"]
async fn worker_loses_its_queue() {
    let site = Setup::to(&["pandaprobe"]).start().await;
    site.vendor("pandaprobe").settings(&json!({"worker_down": true})).await;
    let mut plans = send(&site, &["a", "b"]).await;
    eventually("both are queued", async || (posts(&site).await == 2).then_some(())).await;
    site.vendor("pandaprobe").lose_queue().await;
    site.vendor("pandaprobe").settings(&json!({"worker_down": false})).await;
    tokio::time::sleep(Duration::from_secs(45)).await;
    plans.extend(send(&site, &["c"]).await);
    site.vendor("pandaprobe").shows("the next one", |traces| traces.len() == 1).await;
    site.vendor("pandaprobe").shows("all of them", |traces| traces.len() == 3).await;
    all_shown(&site, "pandaprobe", &plans).await;
    assert_eq!(posts(&site).await, 5);
    site.close().await;
}

async fn posts(site: &Site) -> usize {
    let writes = site.vendor("pandaprobe").writes().await;
    writes.iter().filter(|write| write["method"] == "POST" && write["path"] == "/traces").count()
}
