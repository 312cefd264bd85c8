//! The failure matrix, a test a row: what its client sees, what the destination sees, what becomes of
//! the data, and that an operator could read of it while it happened.

mod crashes;
mod disk;
mod inside;
mod limits;
mod outages;
mod process;
mod refusals;
mod rot;
mod worker;

use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::support::PATIENCE;
use crate::support::Plan;
use crate::support::Site;
use crate::support::eventually;
use crate::support::oracle;
use crate::support::sample;

/// Sends traces of an Opik client, all at once when they are done: three items each.
async fn send(site: &Site, names: &[&str]) -> Vec<Plan> {
    let plans: Vec<Plan> = names.iter().map(|name| Plan::whole(name)).collect();
    let client = site.client();
    for plan in &plans {
        client.send(plan).await;
    }
    plans
}

/// Sends such traces together: the spans of all in one request, the traces in another, so that they go
/// out together too.
async fn send_together(site: &Site, plans: &[Plan]) {
    let client = site.client();
    for (at, list) in ["spans", "traces"].into_iter().enumerate() {
        let rows = plans.iter().flat_map(|plan| plan.steps[at].body[list].as_array().unwrap().clone());
        let body = json!({ list: rows.collect::<Vec<_>>() });
        client.until_acked("POST", &plans[0].steps[at].path, &body).await;
    }
}

/// Waits until everything has an outcome, and checks that a vendor shows exactly these traces.
async fn all_shown(site: &Site, vendor: &str, plans: &[Plan]) {
    site.settled().await;
    oracle::nothing_is_lost(site, vendor, plans).await;
    let items: u64 = plans.iter().map(Plan::items).sum();
    assert_eq!(site.counts(vendor).await, (items, 0, 0), "{vendor}");
}

/// Waits until an operator can read of a fault while it stands: `/api/destinations` says something of a
/// destination, and `/metrics` counts it there.
async fn told(site: &Site, destination: &str, what: &str, wanted: impl Fn(&Value) -> bool, metric: &str, label: &str) {
    site.stands(destination, what, wanted).await;
    let labels = [&*format!("destination=\"{destination}\""), label];
    let counted = async || (site.metric(metric, &labels).await > 0.0).then_some(());
    eventually(&format!("{metric} counts it: {what}"), counted).await;
}

/// The same for what an error says.
async fn told_error(site: &Site, destination: &str, words: &str, metric: &str, label: &str) {
    let says = |standing: &Value| standing["last_error"].as_str().is_some_and(|text| text.contains(words));
    told(site, destination, words, says, metric, label).await;
}

/// Waits until an operator can read of a fault of the gateway itself: every destination's entry in
/// `/api/destinations` has the alarm, and `/metrics` has it and another count.
async fn alarmed(site: &Site, kind: &str, metric: &str, label: &str) {
    let has = |alarm: &Value| alarm["kind"] == kind;
    eventually(&format!("/api/destinations has the alarm {kind}"), async || {
        let standings = site.standings().await;
        let mut alarms = standings.values().map(|standing| standing["gateway_alarms"].as_array().unwrap());
        (!standings.is_empty() && alarms.all(|alarms| alarms.iter().any(has))).then_some(())
    })
    .await;
    eventually(&format!("/metrics has the alarm {kind} and counts {metric}"), async || {
        let alarm = site.metric("spangate_alarm", &[&format!("kind=\"{kind}\""), "destination=\"\""]).await;
        (alarm == 1.0 && site.metric(metric, &[label]).await > 0.0).then_some(())
    })
    .await;
}

/// The process dies and is started again. While it is dead nobody answers an operator; afterwards `/metrics`
/// says since when it runs, and `/api/destinations` how each destination does.
async fn dies(site: &mut Site) {
    let (before, destinations) = (site.started().await, site.standings().await.len());
    site.kill();
    assert_eq!((site.admin("/metrics").await, site.admin("/api/destinations").await), (None, None));
    site.open().await;
    assert!(site.started().await > before, "/metrics does not tell of the restart");
    assert_eq!(site.standings().await.len(), destinations);
}

/// Waits until an operator can read what is wrong with a destination: its state, words of the error, and
/// that something waits. More traces are sent meanwhile, because one alone makes no breaker open.
async fn named(site: &Site, plans: &mut Vec<Plan>, destination: &str, state: &str, words: &str) -> Value {
    let told = |standing: &Value| {
        let says = |field: &str| standing[field].as_str().is_some_and(|text| text.contains(words));
        standing["state"] == state && (says("last_error") || says("why")) && standing["pending"].as_u64() > Some(0)
    };
    let start = Instant::now();
    loop {
        let standing = site.standings().await.remove(destination).unwrap_or_default();
        if told(&standing) && counted(site, destination, state).await {
            return standing;
        }
        assert!(start.elapsed() < PATIENCE, "{destination} is not told to be {state}: {words}, but {standing:#}");
        if start.elapsed() > Duration::from_secs(2) {
            plans.extend(send(site, &[&format!("more {}", plans.len())]).await);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Whether `/metrics` says the same: that something waits, and the state.
async fn counted(site: &Site, destination: &str, state: &str) -> bool {
    let destination = format!("destination=\"{destination}\"");
    // One look at both: gateways inside this process share what they count, and write over one another.
    let (_, text) = site.admin("/metrics").await.unwrap_or_default();
    let pending = sample(&text, "spangate_backlog_items", &[&destination]);
    let state = sample(&text, "spangate_condition", &[&destination, &format!("condition=\"{state}\"")]);
    pending > 0.0 && state == 1.0
}

/// Waits until a destination has everything of some traces, whatever others do.
async fn has_all(site: &Site, destination: &str, plans: &[Plan]) {
    let items: u64 = plans.iter().map(Plan::items).sum();
    let has = |standing: &Value| standing["pending"] == 0 && standing["delivered"] == items;
    site.stands(destination, "settled", has).await;
}
