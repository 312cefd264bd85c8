//! A vendor refuses what it is sent, for good or not.

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use serde_json::json;
use spangate::dialects::DIALECTS;

use super::all_shown;
use super::named;
use super::send;
use super::send_together;
use super::told;
use super::told_error;
use crate::support::Inside;
use crate::support::Plan;
use crate::support::Setup;
use crate::support::Site;
use crate::support::VENDORS;
use crate::support::eventually;
use crate::support::oracle;

/// One row among many is refused: all of them are refused with it, until it stands alone. Only it is
/// given up.
async fn one_poison_row(status: u16) {
    let site = Setup::to(&["opik", "pandaprobe"]).start().await;
    site.vendor("opik").broken(json!({"status": status, "holds": "poison", "path": "batch"})).await;
    let output = |n| if n == 17 { "poison" } else { "3 degrees" };
    let mut plans: Vec<Plan> = (0..40).map(|n| Plan::saying(&format!("trace {n}"), output(n))).collect();
    send_together(&site, &plans).await;
    site.settled().await;
    assert!(site.vendor("opik").asked(status).await > 1, "nothing was split");
    assert_eq!(site.counts("opik").await, (119, 1, 0));
    assert_eq!(site.counts("pandaprobe").await, (120, 0, 0));
    oracle::nothing_is_lost(&site, "pandaprobe", &plans).await;
    let shown = oracle::glimpses(&site, "opik").await;
    assert_eq!(shown.len(), 40);
    assert!(shown["trace 17"]["spans"].get("lookup").is_none(), "{:#}", shown["trace 17"]);
    plans.remove(17);
    for plan in plans {
        assert_eq!(shown[&plan.name]["spans"]["lookup"]["output"], "3 degrees", "{}", plan.name);
    }
    let standing = site.stands("opik", "there", |_| true).await;
    assert_eq!((&standing["parked"], &standing["open"]), (&json!(1), &json!(1)), "{standing:#}");
    told_error(&site, "opik", &status.to_string(), "spangate_items", "outcome=\"dead\"").await;
    told_error(&site, "opik", &status.to_string(), "spangate_vendor_requests_total", "outcome=\"rejected\"").await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_400_for_one_row_among_many() {
    one_poison_row(400).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_422_for_one_row_among_many() {
    one_poison_row(422).await;
}

/// An update finds nothing yet, because the vendor is still at the create.
#[tokio::test(flavor = "multi_thread")]
async fn vendor_404_on_patch() {
    let site = Setup::to(&["galileo", "pandaprobe"]).start().await;
    let plan = Plan::live_opik("late");
    let (first, rest) = plan.steps.split_at(5);
    let client = site.client();
    for step in first {
        client.step(step).await;
    }
    client.step(&rest[0]).await;
    site.settled().await;
    for vendor in ["galileo", "pandaprobe"] {
        site.vendor(vendor).broken(json!({"status": 404, "method": "PATCH"})).await;
    }
    let trace = plan.steps[0].body["traces"][0]["id"].as_str().unwrap();
    let patch = json!({"project_name": "web", "output": "4 degrees"});
    client.until_acked("PATCH", &format!("/v1/private/traces/{trace}"), &patch).await;
    for vendor in ["galileo", "pandaprobe"] {
        told_error(&site, vendor, "404", "spangate_retries_total", "").await;
        told_error(&site, vendor, "404", "spangate_vendor_requests_total", "outcome=\"retry\"").await;
        site.vendor(vendor).clear_faults().await;
    }
    site.settled().await;
    for vendor in ["galileo", "pandaprobe"] {
        assert_eq!(oracle::glimpses(&site, vendor).await["late"]["output"], "4 degrees", "{vendor}");
        assert_eq!(site.counts(vendor).await, (plan.items() + 1, 0, 0), "{vendor}");
    }
    site.close().await;
}

/// The key is refused: nothing is given up, nothing else is sent with it but a probe now and then, and a
/// new key sets it free.
async fn key_is_refused(status: u16) {
    let mut site = Setup::to(&VENDORS).start().await;
    for vendor in VENDORS {
        site.vendor(vendor).broken(json!({"status": status, "credential": "vendor-key"})).await;
    }
    let mut plans = send(&site, &["a", "b"]).await;
    for vendor in VENDORS {
        named(&site, &mut plans, vendor, "credential", &status.to_string()).await;
        let alarm = |standing: &Value| standing["alarms"][0]["kind"] == "credential";
        told(&site, vendor, "alarmed", alarm, "spangate_alarm", "kind=\"credential\"").await;
    }
    let before = asked(&site, status).await;
    plans.extend(send(&site, &["c", "d", "e"]).await);
    tokio::time::sleep(Duration::from_secs(2)).await;
    for (vendor, (before, after)) in VENDORS.iter().zip(before.into_iter().zip(asked(&site, status).await)) {
        assert!(after <= before + 1, "{vendor} was sent {} requests more with a key that it refuses", after - before);
    }
    site.stop().await;
    site.reconfigure(|setup| {
        let keys = "api_keys = [\"env:VENDOR_KEY_2\"]\negress = { requests_per_minute = 600000 }";
        VENDORS.iter().fold(setup, |setup, vendor| setup.destination(vendor, keys))
    });
    site.open().await;
    for vendor in VENDORS {
        all_shown(&site, vendor, &plans).await;
    }
    site.close().await;
}

/// How often each vendor answered with a status.
async fn asked(site: &Site, status: u16) -> Vec<usize> {
    join_all(VENDORS.map(async |vendor| site.vendor(vendor).asked(status).await)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_401() {
    key_is_refused(401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_403() {
    key_is_refused(403).await;
}

/// The vendor takes the key again by itself: a probe finds out.
#[tokio::test(flavor = "multi_thread")]
async fn vendor_401_for_a_while() {
    let mut site = Setup::to(&["opik"]).start().await;
    let inside = Inside::instead(&mut site, DIALECTS.to_vec()).await;
    site.vendor("opik").broken(json!({"status": 401})).await;
    let mut plans = send(&site, &["a", "b"]).await;
    named(&site, &mut plans, "opik", "credential", "401").await;
    site.vendor("opik").clear_faults().await;
    inside.jump(61);
    all_shown(&site, "opik", &plans).await;
    inside.stop().await;
    site.close().await;
}

/// A body is too large for the vendor: halves, and what was learned is remembered.
#[tokio::test(flavor = "multi_thread")]
async fn vendor_413() {
    let site = Setup::to(&["opik"]).start().await;
    let opik = site.vendor("opik");
    opik.broken(json!({"status": 413, "larger_than": 40_000, "path": "batch"})).await;
    let mut plans = Vec::new();
    let mut refused = Vec::new();
    for round in 0..2 {
        let new: Vec<Plan> = (0..200).map(|n| Plan::whole(&format!("trace {round} {n}"))).collect();
        send_together(&site, &new).await;
        plans.extend(new);
        told_error(&site, "opik", "413", "spangate_vendor_requests_total", "outcome=\"split\"").await;
        site.settled().await;
        refused.push(opik.asked(413).await);
    }
    all_shown(&site, "opik", &plans).await;
    assert!(refused[0] > 0, "nothing was ever too large");
    assert!(refused[1] - refused[0] <= 2, "too large {refused:?} times: what was learned is forgotten");
    site.close().await;
}

/// What becomes of one trace whose span alone is larger than the vendor takes.
async fn row_too_large(oversize: &str) -> (Site, Value, Plan) {
    let setup = Setup::to(&["opik", "pandaprobe"]).destination("opik", &format!("oversize = \"{oversize}\""));
    let site = setup.start().await;
    site.vendor("opik").broken(json!({"status": 413, "larger_than": 60_000, "path": "batch"})).await;
    let plan = Plan::saying("large", &"a text of 20 bytes. ".repeat(10_000));
    site.client().send(&plan).await;
    site.settled().await;
    oracle::nothing_is_lost(&site, "pandaprobe", std::slice::from_ref(&plan)).await;
    let shown = oracle::glimpses(&site, "opik").await.remove("large").unwrap();
    (site, shown, plan)
}

/// A row alone is too large, and its longest text goes cut, by a mark that tells how long it was: it was
/// cut more than once until it was taken.
#[tokio::test(flavor = "multi_thread")]
async fn vendor_413_for_one_row_that_may_be_cut() {
    let (site, shown, plan) = row_too_large("truncate").await;
    let output = shown["spans"]["lookup"]["output"].as_str().unwrap();
    assert!(output.len() < 60_000 && output.starts_with("a text of 20 bytes. a text"), "{} bytes", output.len());
    let mark = output.rsplit_once("… [cut: ").unwrap().1;
    let (gone, whole) = mark.strip_suffix(" bytes]").unwrap().split_once(" of ").unwrap();
    let kept = output.len() - "… [cut: ".len() - mark.len();
    assert_eq!((whole, gone.parse::<usize>().unwrap() + kept), ("200000", 200_000));
    assert!(site.vendor("opik").asked(413).await > 1, "it was cut once only");
    assert_eq!(site.counts("opik").await, (plan.items(), 0, 0));
    let lost = site.metric("spangate_losses_total", &["destination=\"opik\"", "field=\"row\""]).await;
    assert_eq!(lost, 1.0);
    told_error(&site, "opik", "413", "spangate_vendor_requests_total", "outcome=\"split\"").await;
    site.close().await;
}

/// The same where nothing may be cut: the row is given up, and a dead letter holds it; the rest is shown.
#[tokio::test(flavor = "multi_thread")]
async fn vendor_413_for_one_row_that_may_not_be_cut() {
    let (site, shown, plan) = row_too_large("dead-letter").await;
    assert_eq!(shown["spans"].get("lookup"), None, "{shown:#}");
    assert_eq!(site.counts("opik").await, (plan.items() - 1, 1, 0));
    told_error(&site, "opik", "413", "spangate_items", "outcome=\"dead\"").await;
    let letters = eventually("the letter is stored", async || {
        let (_, list) = site.admin("/api/dlq").await?;
        let list: Value = serde_json::from_str(&list).unwrap();
        (list["total"] == 1).then(|| list["letters"][0].clone())
    })
    .await;
    assert_eq!((&letters["reason"], &letters["status"]), (&json!("oversize"), &json!(413)), "{letters:#}");
    site.close().await;
}

/// Somebody was first, says the vendor: whether that is so is found out by coming again. (What creates at
/// Opik does not answer so.)
#[tokio::test(flavor = "multi_thread")]
async fn vendor_409_on_create() {
    let vendors = ["galileo", "pandaprobe"];
    let site = Setup::to(&vendors).start().await;
    for vendor in vendors {
        let there = json!({"status": 409, "after": true, "method": "POST", "path": "traces"});
        site.vendor(vendor).broken(there).await;
    }
    let plans = send(&site, &["a", "b"]).await;
    for vendor in vendors {
        told_error(&site, vendor, "409", "spangate_retries_total", "").await;
        told_error(&site, vendor, "409", "spangate_vendor_requests_total", "outcome=\"retry\"").await;
        site.vendor(vendor).clear_faults().await;
    }
    for vendor in vendors {
        all_shown(&site, vendor, &plans).await;
    }
    site.close().await;
}

/// A success that counts less than was sent is looked into, and what is missing is sent again.
#[tokio::test(flavor = "multi_thread")]
async fn vendor_200_with_per_item_errors() {
    let site = Setup::to(&["galileo"]).start().await;
    let counts = r#"{"traces_count": 0, "records_count": 0}"#;
    let fewer = json!({"status": 200, "body": counts, "content_type": "application/json", "method": "POST",
        "path": "/traces"});
    site.vendor("galileo").broken(fewer).await;
    let plans = send(&site, &["a", "b", "c"]).await;
    told_error(&site, "galileo", "not all of it shows", "spangate_confirm_failures_total", "").await;
    site.vendor("galileo").clear_faults().await;
    all_shown(&site, "galileo", &plans).await;
    site.close().await;
}
