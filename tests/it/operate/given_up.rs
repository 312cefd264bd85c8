//! What an operator or a policy gave up is not shown, is told as such, and comes with the next news of its
//! trace: no update goes to a row that no vendor has.

use serde_json::Value;
use serde_json::json;

use super::id;
use super::printed;
use super::send;
use super::spangate;
use super::trace;
use crate::support::Site;
use crate::support::eventually;
use crate::support::spans;

const VENDORS: [&str; 3] = ["galileo", "opik", "pandaprobe"];

/// Sends a span of the first trace.
async fn add_span(site: &Site) {
    let span = json!({"id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "trace_id": id(1), "project_name": "road",
        "name": "step", "type": "tool", "start_time": "2026-11-21T01:12:45Z", "end_time": "2026-11-21T01:12:46Z",
        "output": {"a": 2}});
    site.client("checkout").must(204, "POST", "/v1/private/spans/batch", &json!({"spans": [span]})).await;
}

/// Where the first trace has got to at each destination, and its items: shown, refused, given up.
async fn told(site: &Site) -> Vec<(String, u64, u64, u64)> {
    let told = site.api(&format!("/api/explain/{}", id(1))).await;
    let count = |there: &Value, word: &str| there[word].as_u64().unwrap();
    let destinations = told["destinations"].as_array().unwrap().iter();
    destinations
        .map(|there| {
            let state = there["state"].as_str().unwrap().to_owned();
            (state, count(there, "shown"), count(there, "dead"), count(there, "expired"))
        })
        .collect()
}

async fn is_whole(site: &Site) {
    for vendor in VENDORS {
        let shown = site.vendor(vendor).shows("the trace", |traces| traces.len() == 1).await;
        let name = shown[0]["name"].as_str().or(shown[0]["trace"]["name"].as_str());
        assert_eq!((name, spans(&shown[0]).len()), (Some("given up"), 1), "{vendor}: {}", shown[0]);
    }
    assert_eq!(told(site).await, vec![("shown".to_owned(), 2, 0, 0); 3]);
    for account in site.api("/api/books").await.as_array().unwrap() {
        assert_eq!((&account["delivered"], &account["expired"]), (&json!(2), &json!(0)), "{account}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn news_of_a_dropped_trace_brings_all_of_it() {
    for restart in [false, true] {
        let mut site = Site::to(&VENDORS).await;
        for vendor in VENDORS {
            site.vendor(vendor).fault(&json!({"status": 400, "count": 0, "method": "POST", "path": "traces"})).await;
        }
        let receipt = send(&site, &[trace(1, "given up")]).await;
        site.settled().await;
        eventually("the letters are stored", async || (site.api("/api/dlq").await["total"] == 3).then_some(())).await;
        assert_eq!(told(&site).await, vec![("parked".to_owned(), 0, 1, 0); 3]);
        assert!(printed(&spangate(&site, &["dlq", "drop", "--all"])).contains("3 items given up"));
        assert_eq!(told(&site).await, vec![("expired".to_owned(), 0, 0, 1); 3]);
        let followed = site.api(&format!("/api/receipts/{receipt}")).await;
        for there in followed["destinations"].as_array().unwrap() {
            assert_eq!((&there["delivered"], &there["expired"]), (&json!(0), &json!(1)), "{there}");
            assert_eq!(there["traces"][0]["state"], "expired", "{there}");
        }
        if restart {
            site.restart().await;
            assert_eq!(told(&site).await, vec![("expired".to_owned(), 0, 0, 1); 3]);
        }
        for vendor in VENDORS {
            site.vendor(vendor).clear_faults().await;
        }
        add_span(&site).await;
        site.settled().await;
        is_whole(&site).await;
        site.close().await;
    }
}
