//! How destinations do, and pausing them.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::complaint;
use super::id;
use super::printed;
use super::send;
use super::spangate;
use super::trace;
use crate::support::Setup;
use crate::support::Site;
use crate::support::eventually;

async fn standing(site: &Site, destination: &str) -> Value {
    let all = site.api("/api/destinations").await;
    all.as_array().unwrap().iter().find(|standing| standing["destination"] == destination).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_over_a_restart_and_loses_nothing() {
    let mut site = Site::to(&["opik", "pandaprobe"]).await;
    assert_eq!(standing(&site, "opik").await["state"], "running");
    let paused = printed(&spangate(&site, &["destinations", "pause", "opik", "--why", "maintenance"]));
    assert!(paused.starts_with("opik: paused  (opik at "), "{paused}");
    assert!(paused.contains("\n  why       maintenance\n"), "{paused}");
    send(&site, &[trace(1, "waits")]).await;
    site.vendor("pandaprobe").shows("the trace", |traces| traces.len() == 1).await;
    let waits = async || {
        let standing = standing(&site, "opik").await;
        (standing["state"] == "paused" && standing["pending"] == 1 && standing["oldest"].is_string())
            .then_some(standing)
    };
    let before = eventually("the item waits", waits).await;
    assert_eq!((&before["delivered"], &before["per_minute"]["delivered"]), (&json!(0), &json!(0.0)));

    site.restart().await;
    let after = standing(&site, "opik").await;
    assert_eq!(
        (&after["state"], &after["why"], &after["since"]),
        (&json!("paused"), &json!("maintenance"), &before["since"])
    );
    assert_eq!(site.vendor("opik").traces().await, Vec::<Value>::new());
    let resumed = printed(&spangate(&site, &["destinations", "resume", "opik"]));
    assert!(resumed.starts_with("opik: running  "), "{resumed}");
    site.vendor("opik").shows("the trace", |traces| traces.len() == 1).await;
    site.settled().await;
    site.restart().await;
    assert_eq!(standing(&site, "opik").await["state"], "running");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_fails_is_named_with_its_words_and_its_backlog() {
    let site = Site::to(&["opik", "pandaprobe"]).await;
    site.vendor("opik").fault(&json!({"status": 503, "count": 0})).await;
    send(&site, &(1..=8).map(|nth| trace(nth, "waits")).collect::<Vec<_>>()).await;
    let failing = eventually("opik is known to fail", async || {
        let standing = standing(&site, "opik").await;
        (standing["last_error"].is_string() && standing["pending"] == 8).then_some(standing)
    })
    .await;
    assert!(failing["last_error"].as_str().unwrap().contains("503"), "{failing}");
    let healthy = eventually("pandaprobe shows all", async || {
        let standing = standing(&site, "pandaprobe").await;
        (standing["delivered"] == 8).then_some(standing)
    })
    .await;
    assert_eq!((&healthy["state"], &healthy["last_error"]), (&json!("running"), &Value::Null));
    let (_, front) = site.admin("/").await;
    assert!(front.contains("8 items"), "{front}");
    let text = printed(&spangate(&site, &["destinations"]));
    assert!(
        text.contains("8 accepted: 0 delivered, 0 dead, 0 filtered, 0 expired, 0 quarantined, 8 pending"),
        "{text}"
    );
    site.vendor("opik").clear_faults().await;
    site.order("/api/destinations/opik/resume", &json!({})).await;
    site.settled().await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_credential_is_an_alarm_until_it_is_taken() {
    // The process counts for every gateway in it: no other has a destination of this name.
    let site = Site::to(&["opik-locked", "pandaprobe"]).await;
    site.vendor("opik-locked").fault(&json!({"status": 401, "count": 0})).await;
    send(&site, &[trace(1, "waits")]).await;
    let metric = r#"spangate_alarm{kind="credential",destination="opik_locked"}"#;
    let alarmed = eventually("the alarm stands", async || {
        let standing = standing(&site, "opik_locked").await;
        (standing["alarms"][0]["kind"] == "credential").then_some(standing)
    })
    .await;
    assert_eq!(
        (&alarmed["state"], &alarmed["pending"], &alarmed["dead"]),
        (&json!("credential"), &json!(1), &json!(0))
    );
    assert!(site.admin("/").await.1.contains("<p class=\"alarm\">"));
    let text = printed(&spangate(&site, &["destinations"]));
    assert!(text.contains("  ALARM     credential: "), "{text}");
    assert!(site.admin("/metrics").await.1.contains(&format!("{metric} 1")));
    site.vendor("opik-locked").clear_faults().await;
    site.order("/api/destinations/opik_locked/resume", &json!({})).await;
    site.settled().await;
    eventually("the alarm is over", async || {
        (standing(&site, "opik_locked").await["alarms"] == json!([])).then_some(())
    })
    .await;
    assert!(site.admin("/metrics").await.1.contains(&format!("{metric} 0")));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_policy_gives_up_is_an_alarm_and_stays_in_the_books() {
    let setup = Setup::new(&[("checkout", &["opik", "pandaprobe"])]);
    let site = setup.more("[destinations.opik.backlog]\nage = \"1s\"").start().await;
    site.order("/api/destinations/opik/pause", &json!({"why": "test"})).await;
    send(&site, &[trace(1, "waits"), trace(2, "waits")]).await;
    site.vendor("pandaprobe").shows("both", |traces| traces.len() == 2).await;
    let expired = eventually("the alarm stands", async || {
        let standing = standing(&site, "opik").await;
        (standing["alarms"][0]["kind"] == "expired").then_some(standing)
    })
    .await;
    assert_eq!((&expired["expired"], &expired["pending"], &expired["delivered"]), (&json!(2), &json!(0), &json!(0)));
    let output = spangate(&site, &["destinations"]);
    assert_eq!(output.status.code(), Some(5), "data at risk");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("  ALARM     expired: 2 items were given up"), "{text}");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_count_what_is_not_looked_at_yet() {
    let mut site = Setup::new(&[("checkout", &["opik"]), ("search", &["pandaprobe"])]).start().await;
    let given = send(&site, &[trace(1, "one"), trace(2, "two")]).await;
    site.settled().await;
    let account = |destination: &str, accepted: u64, delivered: u64| {
        json!({"destination": destination, "accepted": accepted, "delivered": delivered, "dead": 0, "filtered": 0,
            "expired": 0, "quarantined": 0, "pending": accepted - delivered, "balanced": true})
    };
    // The other project's requests are not pandaprobe's.
    assert_eq!(site.api("/api/books").await, json!([account("opik", 2, 2), account("pandaprobe", 0, 0)]));
    site.order("/api/destinations/opik/pause", &json!({"why": "test"})).await;
    send(&site, &[trace(3, "three")]).await;
    eventually("the third is pending", async || {
        (site.api("/api/books").await[0] == account("opik", 3, 2)).then_some(())
    })
    .await;
    assert_eq!(site.api(&format!("/api/receipts/{given}")).await["destinations"][0]["delivered"], 2);
    site.restart().await;
    assert_eq!(site.api("/api/books").await[0], account("opik", 3, 2));
    site.order("/api/destinations/opik/resume", &json!({})).await;
    site.vendor("opik").shows("all", |traces| traces.len() == 3).await;
    site.settled().await;
    assert_eq!(site.api(&format!("/api/explain/{}", id(3))).await["destinations"][0]["state"], "shown");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_count_nothing_twice_while_it_is_being_looked_at() {
    let site = Site::to(&["opik"]).await;
    let client = site.client("checkout");
    let sent = AtomicU64::new(0);
    let sending = async {
        for nth in 1..=150 {
            sent.fetch_add(1, Ordering::Relaxed);
            client.must(204, "POST", "/v1/private/traces/batch", &json!({"traces": [trace(nth, "counted")]})).await;
        }
    };
    let looking = async {
        let mut before = 0;
        while before < 150 {
            let books = site.api("/api/books").await;
            let accepted = books[0]["accepted"].as_u64().unwrap();
            let most = sent.load(Ordering::Relaxed);
            assert!((before..=most).contains(&accepted), "{before} before, {most} were sent: {books}");
            assert_eq!(books[0]["balanced"], true, "{books}");
            before = accepted;
        }
    };
    futures::join!(sending, looking);
    site.settled().await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_come_from_an_operator_and_name_what_there_is() {
    let site = Site::to(&["opik"]).await;
    assert_eq!(spangate(&site, &["destinations"]).status.code(), Some(0));
    let (status, why) = site.order("/api/destinations/nowhere/pause", &json!({})).await;
    assert_eq!((status, &why["error"]), (404, &json!("no destination is named nowhere")));
    let unknown = spangate(&site, &["destinations", "resume", "nowhere"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(complaint(&unknown).contains("no destination is named nowhere"), "{}", complaint(&unknown));
    let url = format!("http://{}/api/destinations/opik/pause", site.admin);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    // What a form of another page could send.
    let form = http.post(&url).header("content-type", "text/plain").body("{}").send().await.unwrap();
    assert_eq!(form.status().as_u16(), 415);
    let json = http.post(&url).header("content-type", "application/json").body("{}");
    let foreign = json.try_clone().unwrap().header("origin", "http://elsewhere.example").send().await.unwrap();
    assert_eq!(foreign.status().as_u16(), 403);
    assert_eq!(standing(&site, "opik").await["state"], "running");
    assert_eq!(json.send().await.unwrap().status().as_u16(), 200);
    assert_eq!(standing(&site, "opik").await["state"], "paused");
    site.close().await;
}

/// The alarm reckons from the destination's own limits, not from what it happened to send before.
#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_destinations_limits_let_out_raises_an_alarm_with_what_would_fit() {
    let site = Setup::new(&[("checkout", &["pandaprobe"])])
        .egress("pandaprobe", "{ requests_per_minute = 60 }")
        .every_route("flush = { quiet = \"100ms\" }")
        .start()
        .await;
    let all = async |from: u32, upto: u32| {
        send(&site, &(from..upto).map(|nth| trace(nth, "waits")).collect::<Vec<_>>()).await;
    };
    let comes_in = async |comes: bool| {
        let rate = standing(&site, "pandaprobe").await["per_minute"]["accepted"].as_f64().unwrap();
        (comes == (rate > 0.0)).then_some(())
    };
    all(1, 301).await;
    eventually("they count as of the last minute", async || comes_in(true).await).await;
    site.advance(Duration::from_secs(90));
    eventually("they are older than a minute", async || comes_in(false).await).await;
    all(301, 501).await;
    // Two hundred in somewhat more than half a minute, on a slow machine in a whole one, where sixty go out.
    site.advance(Duration::from_secs(33));
    let alarm = eventually("the alarm stands", async || {
        let standing = standing(&site, "pandaprobe").await;
        standing["alarms"].as_array().unwrap().iter().find(|alarm| alarm["kind"] == "backlog").cloned()
    })
    .await;
    let text = alarm["text"].as_str().unwrap();
    let needs = |n| text.ends_with(&format!("; this route needs {n} keys, or a sample of 1 in {n}"));
    assert!((3..=7).any(needs), "{text}");
    site.close().await;
}
