//! The process dies, at the worst moments.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::all_shown;
use super::dies;
use super::named;
use super::send;
use super::told;
use crate::support::Plan;
use crate::support::Setup;
use crate::support::VENDORS;
use crate::support::dice;
use crate::support::eventually;
use crate::support::oracle;

#[tokio::test(flavor = "multi_thread")]
async fn crash_before_commit() {
    let mut site = Setup::to(&["opik"]).start().await;
    let plan = Plan::whole("half");
    let (head, body) = plan.steps[0].raw(&site.client());
    let mut stream = TcpStream::connect(site.data()).await.unwrap();
    stream.write_all(&[head.as_bytes(), &body[..body.len() / 2]].concat()).await.unwrap();
    dies(&mut site).await;
    assert_eq!(newest(&site).await, json!([]), "what was never whole is not kept");
    site.client().send(&plan).await;
    all_shown(&site, "opik", &[plan]).await;
    site.close().await;
}

/// The answer gets lost: the client sends the same again, and what it sent shows once.
#[tokio::test(flavor = "multi_thread")]
async fn crash_after_commit_before_2xx() {
    let mut site = Setup::to(&VENDORS).start().await;
    let plan = Plan::live_opik("unanswered");
    let client = site.client();
    for step in &plan.steps {
        let (head, body) = step.raw(&client);
        let mut stream = TcpStream::connect(site.data()).await.unwrap();
        let before = site.metric_sum("spangate_requests_total").await;
        stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
        eventually("the request is kept", async || {
            (site.metric_sum("spangate_requests_total").await > before).then_some(())
        })
        .await;
        dies(&mut site).await;
        drop(stream);
        client.step(step).await;
    }
    site.settled().await;
    for vendor in VENDORS {
        oracle::nothing_is_lost(&site, vendor, std::slice::from_ref(&plan)).await;
        let (delivered, dead, pending) = site.counts(vendor).await;
        assert!(
            (plan.items()..=2 * plan.items()).contains(&delivered) && dead == 0 && pending == 0,
            "{vendor}: {delivered}"
        );
    }
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_after_2xx() {
    let mut site = Setup::to(&VENDORS).start().await;
    let plan = Plan::live_opik("acked");
    let client = site.client();
    for step in &plan.steps {
        client.step(step).await;
        dies(&mut site).await;
    }
    for vendor in VENDORS {
        all_shown(&site, vendor, std::slice::from_ref(&plan)).await;
    }
    assert_eq!(client.counts().unanswered.load(std::sync::atomic::Ordering::Relaxed), 0);
    site.close().await;
}

/// The vendor has it, and the gateway dies before it learns that: the same goes out again.
#[tokio::test(flavor = "multi_thread")]
async fn crash_after_vendor_2xx_before_progress_commit() {
    let mut site = Setup::to(&VENDORS).start().await;
    for vendor in VENDORS {
        let path = if vendor == "opik" { "batch" } else { "traces" };
        site.vendor(vendor).broken(json!({"hang": true, "after": true, "method": "POST", "path": path})).await;
    }
    let plans = send(&site, &["applied"]).await;
    for vendor in VENDORS {
        site.vendor(vendor).shows("something", |traces| !traces.is_empty()).await;
        let waits = |standing: &Value| standing["in_flight"] != 0 && standing["pending"] == 3;
        told(&site, vendor, "waiting for its answer", waits, "spangate_in_flight", "").await;
    }
    dies(&mut site).await;
    for vendor in VENDORS {
        site.vendor(vendor).clear_faults().await;
    }
    for vendor in VENDORS {
        all_shown(&site, vendor, &plans).await;
        let writes = site.vendor(vendor).writes().await;
        let unanswered = writes.iter().filter(|write| write["status"] == Value::Null || write["status"] == 0).count();
        let answered = writes.iter().filter(|write| write["status"].as_u64().is_some_and(|status| status / 100 == 2));
        assert!(answered.count() > 0, "{vendor} was sent it again ({unanswered} unanswered)");
    }
    site.close().await;
}

/// Killed over and over before it can do much, as by an out-of-memory killer.
#[tokio::test(flavor = "multi_thread")]
async fn sigkill_loop() {
    use rand::RngExt;
    let mut dice = dice("sigkill_loop");
    let mut site = Setup::to(&VENDORS).start().await;
    for vendor in VENDORS {
        site.vendor(vendor).broken(json!({"status": 503})).await;
    }
    let mut plans = send(&site, &["a", "b", "c", "d"]).await;
    let before = site.started().await;
    for _ in 0..15 {
        site.kill();
        site.spawn();
        tokio::time::sleep(Duration::from_millis(dice.random_range(5..250))).await;
    }
    site.ready().await;
    assert!(site.started().await > before, "/metrics does not tell of the restarts");
    for vendor in VENDORS {
        named(&site, &mut plans, vendor, "failing", "503").await;
    }
    for vendor in VENDORS {
        site.vendor(vendor).clear_faults().await;
    }
    for vendor in VENDORS {
        all_shown(&site, vendor, &plans).await;
    }
    site.close().await;
}

async fn newest(site: &crate::support::Site) -> Value {
    let (status, text) = site.admin("/api/traces").await.unwrap();
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}
