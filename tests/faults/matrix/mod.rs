//! The failure matrix, a test a row: what its client sees, what the destination sees, what becomes of
//! the data, and that an operator could read of it while it happened.

mod crashes;
mod disk;
mod inside;
mod limits;
mod outages;
mod process;
mod refusals;
mod worker;

use serde_json::Value;
use serde_json::json;

use crate::support::Plan;
use crate::support::Site;
use crate::support::oracle;

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

/// Waits until an operator can read what is wrong with a destination: its state, words of the error, and
/// that something waits.
async fn named(site: &Site, destination: &str, state: &str, words: &str) -> Value {
    let told = |standing: &Value| {
        let says = |field: &str| standing[field].as_str().is_some_and(|text| text.contains(words));
        let state = standing.get("state").is_none_or(|told| told == state);
        state && (says("last_error") || says("why")) && standing["pending"].as_u64() > Some(0)
    };
    let standing = site.stands(destination, &format!("{state}: {words}"), told).await;
    let label = format!("destination=\"{destination}\"");
    let waits = async || (site.metric("spangate_pending_items", &label).await > 0.0).then_some(());
    crate::support::eventually(&format!("/metrics counts what waits for {destination}"), waits).await;
    standing
}
