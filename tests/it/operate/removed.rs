//! Destinations that are taken out of the configuration while something waits for them.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::complaint;
use super::printed;
use super::send;
use super::spangate;
use super::standing;
use super::trace;
use crate::support::Setup;
use crate::support::Site;
use crate::support::eventually;

const WAITS: &str = "destinations were taken out of the configuration while something waited: ";
const CHOOSE: &str = "; put them back, or give that up with `spangate destinations drop NAME --why TEXT`";

fn setup(with_opik: bool) -> Setup {
    let names: &[&str] = if with_opik { &["pandaprobe", "opik"] } else { &["pandaprobe"] };
    let retain = "[ledger.retain]\nage = \"1h\"\nsize = \"10GiB\"";
    Setup::new(&[("checkout", names)]).more(retain)
}

/// A site without opik: two items wait for it, and a dead letter of it stands.
async fn removed() -> Site {
    let mut site = setup(true).start().await;
    site.vendor("opik").fault(&json!({"status": 400, "count": 1})).await;
    send(&site, &[trace(1, "refused")]).await;
    eventually("one is dead", async || (standing(&site, "opik").await["dead"] == 1).then_some(())).await;
    site.order("/api/destinations/opik/pause", &json!({"why": "test"})).await;
    send(&site, &[trace(2, "waits"), trace(3, "waits")]).await;
    eventually("two wait", async || (standing(&site, "opik").await["pending"] == 2).then_some(())).await;
    site.vendor("pandaprobe").shows("all", |traces| traces.len() == 3).await;
    site.reconfigure(&setup(false)).await;
    site
}

async fn alarms(site: &Site) -> Vec<String> {
    let alarms = site.api("/api/alarms").await;
    let of = |alarm: &Value| (alarm["kind"] == "removed").then(|| alarm["text"].as_str().unwrap().to_owned());
    alarms.as_array().unwrap().iter().filter_map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_removed_destination_stays_an_alarm_until_it_is_dropped() {
    let mut site = removed().await;
    let alarm = |items| [format!("{WAITS}{items} items and 1 dead letters for opik{CHOOSE}")];
    assert_eq!(alarms(&site).await, alarm(2));
    // Put back, it would get this too.
    send(&site, &[trace(4, "later")]).await;
    site.settled().await;
    let since = site.api("/api/removed").await[0]["since"].clone();
    let waiting = json!([{"destination": "opik", "items": 3, "letters": 1, "since": since}]);
    site.restart().await;
    assert_eq!(alarms(&site).await, alarm(3));
    assert_eq!(site.api("/api/removed").await, waiting);
    let listed = spangate(&site, &["destinations"]);
    assert_eq!(listed.status.code(), Some(5), "data at risk");
    let text = String::from_utf8(listed.stdout).unwrap();
    assert!(text.ends_with("\n  waiting   3 items and 1 dead letters\n"), "{text}");

    let books = site.api("/api/books").await;
    let dropped = printed(&spangate(&site, &["destinations", "drop", "opik", "--why", "it is gone"]));
    assert!(dropped.starts_with("opik: removed from the configuration (since "), "{dropped}");
    assert!(dropped.ends_with("\n  why       it is gone\n  items     3 items and 1 dead letters\n"), "{dropped}");
    assert_eq!(alarms(&site).await, Vec::<String>::new());
    let again = spangate(&site, &["destinations", "drop", "opik", "--why", "twice"]);
    assert!(complaint(&again).contains("404"), "{}", complaint(&again));
    site.restart().await;
    assert_eq!(alarms(&site).await, Vec::<String>::new());
    assert_eq!(site.api("/api/books").await, books);
    assert_eq!(site.api("/api/dlq").await["total"], 0);
    let held = site.api("/api/removed").await;
    assert_eq!((&held[0]["items"], &held[0]["choice"]["what"]), (&json!(3), &json!("dropped")));
    assert_eq!(held[0]["choice"]["why"], "it is gone");

    // If it comes back, it starts behind that, and its books say what became of it.
    site.reconfigure(&setup(true)).await;
    site.order("/api/destinations/opik/resume", &json!({})).await;
    send(&site, &[trace(5, "new")]).await;
    site.settled().await;
    let shown = site.vendor("opik").traces().await;
    assert_eq!(shown.iter().map(|shown| &shown["trace"]["name"]).collect::<Vec<_>>(), ["new"]);
    let books = site.api("/api/books").await;
    let counts = ["accepted", "delivered", "dead", "expired"].map(|word| books[0][word].as_u64().unwrap());
    assert_eq!((&books[0]["destination"], counts), (&json!("opik"), [5, 1, 0, 4]));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_removed_destination_outlives_retention_and_goes_out_when_it_is_back() {
    let mut site = removed().await;
    send(&site, &[trace(4, "later")]).await;
    site.settled().await;
    site.advance(Duration::from_secs(2 * 3_600));
    // The three that were accepted for it stay; what came later goes as anything does.
    eventually("two records are left", async || (site.sweep().await == 2).then_some(())).await;
    assert_eq!(site.sweep().await, 2);
    site.reconfigure(&setup(true)).await;
    assert_eq!(alarms(&site).await, Vec::<String>::new());
    assert_eq!(site.api("/api/removed").await[0]["choice"]["what"], "put back");
    site.order("/api/destinations/opik/resume", &json!({})).await;
    site.vendor("opik").shows("what waited", |traces| traces.len() == 2).await;
    site.order("/api/dlq/replay", &json!({"filter": {"destination": "opik"}})).await;
    site.vendor("opik").shows("all", |traces| traces.len() == 3).await;
    site.settled().await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_removed_destination_is_dropped_and_for_a_reason() {
    let site = Site::to(&["opik"]).await;
    let order = async |name: &str, body: Value| {
        let (status, answer) = site.order(&format!("/api/destinations/{name}/drop"), &body).await;
        (status, answer["error"].as_str().unwrap().to_owned())
    };
    let configured = "opik is configured, so that what waits for it goes out: take it out of the configuration first";
    assert_eq!(order("opik", json!({"why": "test"})).await, (409, configured.to_owned()));
    let unknown = "no destination is named nowhere, and nothing waits for one of that name";
    assert_eq!(order("nowhere", json!({"why": "test"})).await, (404, unknown.to_owned()));
    assert_eq!(order("nowhere", json!({})).await.0, 422);
    assert_eq!(site.api("/api/removed").await, json!([]));
    site.close().await;
}
