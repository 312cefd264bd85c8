//! A vendor that limits, fails, loses answers or refuses: what was accepted waits for it.

use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use super::calls::opik_batch;
use super::calls::opik_trace;
use super::calls::sendings;
use crate::support::Setup;
use crate::support::Site;
use crate::support::eventually;
use crate::support::spans;

async fn send(site: &Site, count: usize) {
    site.client("checkout").must(204, "POST", "/v1/private/traces/batch", &opik_batch(count)).await;
}

/// The names a stand-in shows, sorted.
async fn names(site: &Site, stand_in: &str) -> Vec<String> {
    let traces = site.vendor(stand_in).traces().await;
    let name = |trace: &Value| trace["name"].as_str().or(trace["trace"]["name"].as_str()).unwrap().to_owned();
    let mut names: Vec<String> = traces.iter().map(name).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendors_known_rate_is_waited_for() {
    let setup = Setup::new(&[("checkout", &["pandaprobe"])]);
    let site = setup.egress("pandaprobe", "{ requests_per_minute = 600 }").start().await;
    let start = Instant::now();
    send(&site, 75).await;
    site.settled().await;
    // 60 at once, 15 more at ten a second.
    assert!(start.elapsed() >= Duration::from_millis(1400), "75 requests took {:?}", start.elapsed());
    assert_eq!(names(&site, "pandaprobe").await.len(), 75);
    assert_eq!(site.counts("pandaprobe"), (75, 75, 0, 0));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_asks_for_patience_gets_it() {
    let site = Site::to(&["opik", "galileo", "pandaprobe"]).await;
    site.vendor("opik").fault(&json!({"status": 429, "rate_limit_reset": 2, "path": "traces/batch"})).await;
    let later = json!({"status": 429, "retry_after": 2, "method": "POST", "path": "traces"});
    site.vendor("galileo").fault(&later).await;
    site.vendor("pandaprobe").fault(&later).await;
    let start = Instant::now();
    send(&site, 1).await;
    for vendor in ["opik", "galileo", "pandaprobe"] {
        site.vendor(vendor).shows("the trace", |traces| traces.len() == 1).await;
        assert!(start.elapsed() >= Duration::from_secs(2), "{vendor} was asked again after {:?}", start.elapsed());
    }
    site.settled().await;
    assert_eq!(["opik", "galileo", "pandaprobe"].map(|name| site.counts(name)), [(1, 1, 0, 0); 3]);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_fails_three_times_is_asked_a_fourth() {
    let site = Site::to(&["opik"]).await;
    site.vendor("opik").fault(&json!({"status": 503, "count": 3, "path": "traces/batch"})).await;
    send(&site, 2).await;
    site.settled().await;
    assert_eq!(names(&site, "opik").await, ["trace 0", "trace 1"]);
    assert_eq!(site.counts("opik"), (2, 2, 0, 0));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_leaves_one_row() {
    let setup = Setup::new(&[("checkout", &["opik", "galileo", "pandaprobe"])]);
    let flush = "flush = { mode = \"settled\", quiet = \"50ms\", idle = \"1s\" }";
    let site = setup.route("checkout", "galileo", flush).start().await;
    for vendor in ["opik", "galileo", "pandaprobe"] {
        let lost = json!({"drop": true, "after": true, "method": "POST", "path": "traces"});
        site.vendor(vendor).fault(&lost).await;
    }
    let (method, path, body, status) = &sendings(3, "lost")[1];
    site.client("checkout").must(*status, method, path, body).await;
    site.settled().await;
    for vendor in ["opik", "galileo", "pandaprobe"] {
        let shown = site.vendor(vendor).shows("one trace", |traces| traces.len() == 1).await;
        let steps = spans(&shown[0]);
        assert_eq!(steps.len(), 1, "{vendor}: {steps:?}");
        assert_eq!(site.counts(vendor), (2, 2, 0, 0));
    }
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_vendor_does_not_hold_up_the_other() {
    let site = Site::to(&["opik", "galileo"]).await;
    site.vendor("galileo").fault(&json!({"status": 503, "count": 0})).await;
    let (method, path, body, status) = &sendings(4, "kiosk")[1];
    site.client("checkout").named("kiosk").must(*status, method, path, body).await;
    let shown = site.vendor("opik").shows("the trace", |traces| traces.len() == 1).await;
    assert_eq!(shown[0]["project_name"], "kiosk");
    assert_eq!(site.vendor("galileo").traces().await, Vec::<Value>::new());
    site.vendor("galileo").clear_faults().await;
    site.settled().await;
    assert_eq!(names(&site, "galileo").await, ["own"]);
    assert_eq!(["opik", "galileo"].map(|name| site.counts(name)), [(2, 2, 0, 0); 2]);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_batch_is_halved_until_one_row_is_left() {
    let site = Site::to(&["opik"]).await;
    // Eight rows, four, two, one: the last is refused for good, the other seven arrive.
    site.vendor("opik").fault(&json!({"status": 400, "count": 4, "path": "traces/batch"})).await;
    send(&site, 8).await;
    site.settled().await;
    assert_eq!(names(&site, "opik").await.len(), 7);
    assert_eq!(site.counts("opik"), (8, 7, 1, 0));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_takes_nothing_is_let_alone_whatever_it_says() {
    let site = Site::to(&["galileo", "opik", "pandaprobe"]).await;
    let expected = [("galileo", 429, "limited"), ("opik", 408, "failing"), ("pandaprobe", 301, "failing")];
    for (vendor, status, _) in expected {
        site.vendor(vendor).fault(&json!({"status": status, "count": 0, "method": "POST", "path": "traces"})).await;
    }
    send(&site, 10).await;
    for (nth, (vendor, status, state)) in expected.into_iter().enumerate() {
        eventually(&format!("{vendor} is {state}"), async || {
            let standing = site.api("/api/destinations").await[nth].clone();
            let error = standing["last_error"].as_str().unwrap_or_default().to_owned();
            (standing["state"] == state && error.contains(&status.to_string())).then_some(())
        })
        .await;
        site.vendor(vendor).clear_faults().await;
    }
    site.settled().await;
    assert_eq!(expected.map(|(vendor, ..)| site.counts(vendor)), [(10, 10, 0, 0); 3]);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_vendor_lacks_for_a_quarter_of_an_hour_is_refused_for_good() {
    let site = Site::to(&["pandaprobe"]).await;
    send(&site, 1).await;
    site.settled().await;
    let traces = site.vendor("pandaprobe").traces().await;
    let trace = traces[0]["trace_id"].as_str().unwrap();
    site.vendor("pandaprobe").fault(&json!({"status": 404, "count": 0, "method": "PATCH"})).await;
    let patch = json!({"project_name": "web", "output": {"late": true}});
    site.client("checkout").must(204, "PATCH", &format!("/v1/private/traces/{trace}"), &patch).await;
    let dead = eventually("it is refused", async || {
        let requests = site.vendor("pandaprobe").requests().await;
        if requests.iter().any(|request| request["method"] == "PATCH") {
            site.advance(Duration::from_secs(300));
        }
        site.api("/api/dlq").await["letters"].as_array().unwrap().first().cloned()
    })
    .await;
    assert_eq!((&dead["reason"], &dead["status"]), (&json!("missing_parent"), &json!(404)));
    assert_eq!(site.counts("pandaprobe"), (2, 1, 1, 0));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_takes_no_key_of_ours_loses_nothing() {
    let mut site = Site::to(&["opik"]).await;
    site.vendor("opik").fault(&json!({"status": 401, "count": 0})).await;
    send(&site, 3).await;
    let opik = site.vendor("opik");
    eventually("opik was asked", async || (!opik.requests().await.is_empty()).then_some(())).await;
    eventually("all is noted", async || (site.counts("opik") == (3, 0, 0, 3)).then_some(())).await;
    opik.clear_faults().await;
    // Not even what comes later is sent while it pauses.
    let batch = json!({"traces": [opik_trace(3, &json!("later"))]});
    site.client("checkout").must(204, "POST", "/v1/private/traces/batch", &batch).await;
    eventually("it is noted", async || (site.counts("opik") == (4, 0, 0, 4)).then_some(())).await;
    assert_eq!(opik.requests().await.len(), 1);
    // A pause of a minute, which a start ends.
    site.restart().await;
    site.settled().await;
    assert_eq!(names(&site, "opik").await, ["trace 0", "trace 1", "trace 2", "trace 3"]);
    assert_eq!(site.counts("opik"), (4, 4, 0, 0));
    site.close().await;
}
