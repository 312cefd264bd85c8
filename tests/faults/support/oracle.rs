//! What must be true in the end: every trace as its client meant it, nothing twice, nothing else.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use super::Plan;
use super::Site;
use super::glimpse;
use super::unlike;

/// Every planned trace is shown as its client meant it, every score is there, and nothing else is.
pub(crate) async fn nothing_is_lost(site: &Site, vendor: &str, plans: &[Plan]) {
    let shown = glimpses(site, vendor).await;
    for plan in plans {
        let Some(trace) = shown.get(&plan.name) else { panic!("{vendor} does not show {:?}", plan.name) };
        let (meant, lacks) = (plan.shown(), lacks(trace, &plan.shown()));
        assert!(lacks.is_empty(), "{vendor} shows otherwise, at {lacks}:\n{}", unlike(trace, &meant));
    }
    assert_eq!(shown.len(), plans.len(), "{vendor} shows what nobody sent");
    if vendor != "galileo" {
        let meant: BTreeMap<String, f64> = plans.iter().filter_map(|plan| plan.score.clone()).collect();
        assert_eq!(scores(site, vendor).await, meant, "{vendor}");
    }
}

/// Both sites' vendors show the same.
pub(crate) async fn same(one: &Site, other: &Site, vendor: &str) {
    let (one, other) = (glimpses(one, vendor).await, glimpses(other, vendor).await);
    for (name, trace) in &one {
        let without = &other[name];
        assert!(trace == without, "{vendor} shows otherwise than without kills:\n{}", unlike(trace, without));
    }
    assert_eq!(one.len(), other.len(), "{vendor}");
}

pub(crate) async fn glimpses(site: &Site, vendor: &str) -> BTreeMap<String, Value> {
    let traces = site.vendor(vendor).traces().await;
    let count = traces.len();
    let glimpses = traces.iter().map(|trace| glimpse(vendor, trace));
    let named: BTreeMap<_, _> = glimpses.map(|one| (one["name"].as_str().unwrap().to_owned(), one)).collect();
    assert_eq!(named.len(), count, "{vendor} shows a trace twice");
    named
}

/// Scores by name; a name that stands twice is a failure.
pub(crate) async fn scores(site: &Site, vendor: &str) -> BTreeMap<String, f64> {
    let scores = site.vendor(vendor).scores().await;
    let value = |score: &Value| score["value"].as_f64().or_else(|| score["value"].as_str()?.parse().ok()).unwrap();
    let named: BTreeMap<_, _> =
        scores.iter().map(|score| (score["name"].as_str().unwrap().to_owned(), value(score))).collect();
    assert_eq!(named.len(), scores.len(), "{vendor} holds a score twice: {}", json!(scores));
    named
}

/// Where a value does not hold what is wanted of it; empty if it does.
fn lacks(shown: &Value, wanted: &Value) -> String {
    match wanted {
        Value::Object(wanted) => wanted
            .iter()
            .map(|(name, wanted)| (name, lacks_text(&shown[name.as_str()], wanted)))
            .find_map(|(name, inner)| inner.map(|inner| format!(".{name}{inner}")))
            .unwrap_or_default(),
        _ if shown == wanted => String::new(),
        _ => format!(" is {shown}"),
    }
}

fn lacks_text(shown: &Value, wanted: &Value) -> Option<String> {
    let lacks = lacks(shown, wanted);
    (!lacks.is_empty()).then_some(lacks)
}
