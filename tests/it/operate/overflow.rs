//! A destination's share of the disk: what happens when it is used up, and who hears of it before.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::id;
use super::send;
use super::spangate;
use super::standing;
use super::trace;
use crate::support::Setup;
use crate::support::Site;
use crate::support::eventually;

const MIB: u64 = 1 << 20;

/// The table of a destination's backlog.
fn backlog(destination: &str, size: &str, overflow: &str) -> String {
    format!("[destinations.{destination}.backlog]\nsize = \"{size}\"\noverflow = \"{overflow}\"\n")
}

/// A trace whose record takes more than half of so many bytes as stored.
fn large(nth: u32, length: usize) -> Value {
    let mut state: u32 = 7;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (state >> 24) as u8 % 26)
    };
    let mut trace = trace(nth, "large");
    trace["input"] = json!({"q": (0..length).map(|_| letter()).collect::<String>()});
    trace
}

/// Takes every request of a vendor away, without an answer that says more.
async fn away(site: &Site, vendors: &[&str]) {
    for vendor in vendors {
        site.vendor(vendor).broken(json!({"status": 503})).await;
    }
}

async fn back(site: &Site, vendor: &str, destination: &str) {
    site.vendor(vendor).clear_faults().await;
    site.order(&format!("/api/destinations/{destination}/resume"), &json!({})).await;
}

fn alarm(standing: &Value, kind: &str) -> Option<String> {
    let mut alarms = standing["alarms"].as_array().unwrap().iter();
    Some(alarms.find(|alarm| alarm["kind"] == kind)?["text"].as_str().unwrap().to_owned())
}

/// What has been read counts as what has not: these would all be read at once.
async fn a_share_is_kept(overflow: &str, most: u64) {
    let setup = Setup::new(&[("checkout", &["opik", "pandaprobe"])]);
    let mut site = setup.more(&backlog("opik", "1MiB", overflow)).start().await;
    away(&site, &["opik"]).await;
    for nth in 1..=60 {
        send(&site, &[large(nth, 64 << 10)]).await;
    }
    let figures = |standing: &Value| ["backlog_bytes", "pending"].map(|name| standing[name].as_u64().unwrap());
    let full = eventually("the oldest is given up", async || {
        let standing = standing(&site, "opik").await;
        let [bytes, pending] = figures(&standing);
        // Each takes some 39 KB; else the bytes are those of the look before.
        (bytes <= most && bytes > 38_000 * pending).then_some(standing)
    })
    .await;
    let [bytes, pending] = figures(&full);
    assert!(bytes > MIB * 9 / 10 && pending > 15, "{full}");
    assert_eq!((full["expired"].as_u64().unwrap(), &full["delivered"]), (60 - pending, &json!(0)));
    eventually("the alarm stands", async || alarm(&standing(&site, "opik").await, "expired")).await;
    assert_eq!(spangate(&site, &["destinations"]).status.code(), Some(5), "data at risk");
    site.vendor("pandaprobe").shows("all", |traces| traces.len() == 60).await;

    site.restart().await;
    let after = eventually("it is looked at again", async || {
        let standing = standing(&site, "opik").await;
        (standing["backlog_bytes"].as_u64().unwrap() > 0).then_some(standing)
    })
    .await;
    assert_eq!((&after["pending"], &after["expired"]), (&full["pending"], &full["expired"]));
    assert!(after["backlog_bytes"].as_u64().unwrap().abs_diff(bytes) < 1_000, "{after}");
    back(&site, "opik", "opik").await;
    site.settled().await;
    let shown = site.vendor("opik").traces().await;
    assert_eq!(shown.len() as u64, pending);
    let shows = |nth: u32| shown.iter().any(|trace| trace["trace_id"] == id(nth));
    assert!((46..=60).all(shows), "the newest are what is left");
    let emptied = async || (standing(&site, "opik").await["backlog_bytes"] == 0).then_some(());
    eventually("nothing waits", emptied).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_expire_when_a_vendor_that_is_away_has_used_its_share_up() {
    a_share_is_kept("expire-oldest", MIB).await;
}

/// Nothing is read any more, so that no sample of it can make room.
#[tokio::test(flavor = "multi_thread")]
async fn a_sample_keeps_to_its_share_while_its_vendor_is_away() {
    a_share_is_kept("sample", MIB / 20 * 21).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_keeps_to_its_share_while_its_vendor_takes_too_little() {
    let site = Setup::new(&[("checkout", &["pandaprobe"])])
        .egress("pandaprobe", "{ requests_per_minute = 60 }")
        .every_route("flush = { quiet = \"100ms\" }")
        .more(&backlog("pandaprobe", "1MiB", "sample"))
        .start()
        .await;
    let sent = std::cell::Cell::new(0);
    let sampled = eventually("some are left out", async || {
        sent.set(sent.get() + 1);
        send(&site, &[large(sent.get(), 32 << 10)]).await;
        let standing = standing(&site, "pandaprobe").await;
        (standing["expired"].as_u64().unwrap() > 0 && standing["delivered"].as_u64().unwrap() > 0).then_some(standing)
    })
    .await;
    assert!(sampled["backlog_bytes"].as_u64().unwrap() < MIB / 4 * 5, "{sampled}");
    eventually("the alarm stands", async || alarm(&standing(&site, "pandaprobe").await, "expired")).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_share_that_refuses_is_an_alarm_until_it_has_room() {
    let setup = Setup::new(&[("checkout", &["opik"]), ("search", &["pandaprobe"])]);
    let site = setup.more(&backlog("opik", "1MiB", "refuse")).start().await;
    away(&site, &["opik"]).await;
    let client = site.client("checkout");
    let sent = std::cell::Cell::new(0);
    let refused = eventually("clients are refused", async || {
        let body = json!({"traces": [large(sent.get() + 1, 64 << 10)]});
        let answer = client.call("POST", "/v1/private/traces/batch", &body).await;
        if answer.status == 204 {
            sent.set(sent.get() + 1);
            return None;
        }
        Some(answer)
    })
    .await;
    assert_eq!((refused.status, &refused.headers["retry-after"]), (429, &"30".parse().unwrap()));
    let full = eventually("the alarm stands", async || alarm(&standing(&site, "opik").await, "full")).await;
    assert_eq!(
        full,
        "its share of the disk is used up, so new requests of its projects are refused until it has room: look at \
         what the vendor answers, or give it a larger share"
    );
    assert_eq!(spangate(&site, &["destinations"]).status.code(), Some(5), "data at risk");
    let (_, metrics) = site.admin("/metrics").await;
    assert!(metrics.contains(r#"spangate_alarm{kind="full",destination="opik"} 1"#), "{metrics}");
    let others = site.client("search");
    others.must(204, "POST", "/v1/private/traces/batch", &json!({"traces": [trace(9_000, "goes on")]})).await;

    back(&site, "opik", "opik").await;
    site.settled().await;
    eventually("the alarm is over", async || (standing(&site, "opik").await["alarms"] == json!([])).then_some(()))
        .await;
    send(&site, &[trace(9_001, "is taken")]).await;
    site.settled().await;
    let taken = sent.get() + 1;
    assert_eq!(site.counts("opik"), (taken.into(), taken.into(), 0, 0), "what was accepted is kept");
    site.close().await;
}

/// Both vendors are away, and as much waits for each.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_an_alarm_only_where_it_endangers_the_share() {
    let setup = Setup::new(&[("checkout", &["opik", "opik-2"])]);
    let site = setup.more(&backlog("opik_2", "1MiB", "expire-oldest")).start().await;
    away(&site, &["opik", "opik-2"]).await;
    let both = async |what: &str, is: &dyn Fn(&Value) -> bool| {
        eventually(what, async || {
            (is(&standing(&site, "opik").await) && is(&standing(&site, "opik_2").await)).then_some(())
        })
        .await;
    };
    let comes_in = |standing: &Value| standing["per_minute"]["accepted"].as_f64().unwrap() > 0.0;
    for nth in 1..=60 {
        send(&site, &[large(nth, 1 << 10)]).await;
    }
    both("they count as of the last minute", &comes_in).await;
    site.advance(Duration::from_secs(90));
    both("they are older than a minute", &|standing| !comes_in(standing)).await;
    for nth in 61..=90 {
        send(&site, &[large(nth, 1 << 10)]).await;
    }
    site.advance(Duration::from_secs(33));
    let endangered = eventually("the alarm stands", async || alarm(&standing(&site, "opik_2").await, "backlog")).await;
    assert!(
        endangered.ends_with("; its limits would let them out, so look at what the vendor answers"),
        "{endangered}"
    );
    both("the other was looked at too", &comes_in).await;
    let safe = standing(&site, "opik").await;
    assert_eq!((&safe["state"], &safe["alarms"]), (&json!("failing"), &json!([])));
    for (vendor, destination) in [("opik", "opik"), ("opik-2", "opik_2")] {
        back(&site, vendor, destination).await;
    }
    site.settled().await;
    eventually("the alarm is over", async || (standing(&site, "opik_2").await["alarms"] == json!([])).then_some(()))
        .await;
    site.close().await;
}
