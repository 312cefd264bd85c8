//! A vendor asks for patience.

use std::time::Duration;
use std::time::Instant;

use futures::future::join_all;
use serde_json::Value;
use serde_json::json;

use super::all_shown;
use super::has_all;
use super::named;
use super::send;
use super::send_together;
use super::told;
use crate::support::Plan;
use crate::support::Setup;
use crate::support::VENDORS;

/// Nothing at all goes to a vendor before the time that it named, unless the operator knows better.
#[tokio::test(flavor = "multi_thread")]
async fn vendor_429_with_retry_after() {
    let site = Setup::to(&VENDORS).start().await;
    for vendor in VENDORS {
        site.vendor(vendor).fault(&json!({"status": 429, "retry_after": 30, "count": 1})).await;
    }
    let mut plans = send(&site, &["a"]).await;
    let limited = |standing: &Value| {
        let says = |field: &str| standing[field].as_str().is_some_and(|text| text.contains("429"));
        standing["state"] == "limited" && (says("last_error") || says("why")) && standing["pending"] != 0
    };
    let condition = ("spangate_condition", "condition=\"limited\"");
    join_all(VENDORS.map(|vendor| told(&site, vendor, "limited", limited, condition.0, condition.1))).await;
    plans.extend(send(&site, &["b", "c"]).await);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(2_500) {
        for vendor in VENDORS {
            let requests = site.vendor(vendor).requests().await.len();
            assert!(requests <= 2, "{vendor} was asked {requests} times while it wanted to be left alone");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for vendor in VENDORS {
        let (status, text) = site.command(&format!("/api/destinations/{vendor}/resume"), &json!({})).await;
        assert_eq!(status / 100, 2, "{text}");
    }
    for vendor in VENDORS {
        all_shown(&site, vendor, &plans).await;
    }
    site.close().await;
}

/// Opik's own buckets: a batch counts its items, and the header says when there is room again.
#[tokio::test(flavor = "multi_thread")]
async fn vendor_429_of_a_full_bucket() {
    let site = Setup::to(&["opik"]).start().await;
    site.vendor("opik").settings(&json!({"items_per_window": 70, "window_seconds": 5})).await;
    let (mut plans, mut named) = (Vec::new(), false);
    for round in 0..4 {
        let new: Vec<Plan> = (0..20).map(|n| Plan::whole(&format!("trace {round} {n}"))).collect();
        send_together(&site, &new).await;
        plans.extend(new);
        let limited = |standing: &Value| standing["state"] == "limited";
        let retry = ("spangate_vendor_requests_total", "outcome=\"retry\"");
        tokio::select! {
            () = told(&site, "opik", "limited", limited, retry.0, retry.1) => named = true,
            () = site.settled() => {}
        }
        site.settled().await;
    }
    assert!(named, "nobody could read that the bucket was full");
    all_shown(&site, "opik", &plans).await;
    assert!(site.vendor("opik").asked(429).await > 0, "the bucket was never full");
    site.close().await;
}

/// No header says how long a quota lasts: a probe now and then, until the operator knows better.
#[tokio::test(flavor = "multi_thread")]
async fn vendor_429_quota_without_a_header() {
    let site = Setup::to(&["pandaprobe", "opik"]).start().await;
    let quota =
        json!({"status": 429, "body": "{\"detail\":\"usage quota exceeded\"}", "content_type": "application/json"});
    site.vendor("pandaprobe").broken(quota).await;
    let mut plans = send(&site, &["a", "b"]).await;
    named(&site, &mut plans, "pandaprobe", "limited", "429").await;
    has_all(&site, "opik", &plans).await;
    let asked = site.vendor("pandaprobe").asked(429).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let again = site.vendor("pandaprobe").asked(429).await;
    assert!(again <= asked + 1, "asked {} times more in three seconds", again - asked);
    site.vendor("pandaprobe").clear_faults().await;
    let (status, text) = site.command("/api/destinations/pandaprobe/resume", &json!({})).await;
    assert_eq!(status / 100, 2, "{text}");
    all_shown(&site, "pandaprobe", &plans).await;
    site.close().await;
}
