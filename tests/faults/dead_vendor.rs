//! One vendor is dead for the whole of a run: the other gets everything meanwhile, and so does the dead one
//! once it is back. `cargo bench --bench load -- dead` runs a million spans and measures.
#![expect(dead_code, reason = "the bench measures more than is counted here")]

#[path = "../load/client.rs"]
mod client;
#[path = "../load/disk.rs"]
mod disk;
#[path = "../load/gateway.rs"]
mod gateway;
#[path = "../load/ids.rs"]
mod ids;
#[path = "../load/requests.rs"]
mod requests;
#[path = "../load/run.rs"]
mod run;
#[path = "../load/text.rs"]
mod text;
#[path = "../load/vendor.rs"]
mod vendor;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::Value;

use crate::support::eventually;
use crate::support::sample;
use gateway::Gateway;
use requests::SPANS_A_TRACE;
use vendor::Vendor;

const TRACES: u64 = 3_000;
const SPANS: u64 = TRACES * SPANS_A_TRACE;

/// Spans in a request.
const SPANS_A_REQUEST: u64 = 100;

/// Nothing is timed: an unoptimised build is slow.
#[tokio::test(flavor = "multi_thread")]
async fn one_vendor_dead_for_thirty_thousand_spans() {
    let [healthy, dead] = [(); 2].map(|()| Vendor::expecting(TRACES, SPANS));
    dead.down.store(true, Ordering::Relaxed);
    let vendors = [healthy.serve().await, dead.serve().await];
    let gateway = Gateway::start(Path::new(env!("CARGO_BIN_EXE_spangate")), &vendors, "fsync").await;
    let begun = Instant::now();
    let load = Arc::new(run::load(&gateway, SPANS_A_REQUEST, 0, TRACES));
    let sending = tokio::spawn(client::send(load, gateway.data));
    named(&gateway).await;
    let answers = sending.await.unwrap();
    assert_eq!(answers.refused, 0, "somebody was refused because a vendor is dead");
    println!("accepted in {:.1} s", begun.elapsed().as_secs_f64());
    has_everything(&healthy).await;
    assert_eq!(dead.has(), (0, 0));
    named(&gateway).await;
    println!("shown by the healthy one in {:.1} s", begun.elapsed().as_secs_f64());
    dead.down.store(false, Ordering::Relaxed);
    has_everything(&dead).await;
    println!("shown by both in {:.1} s", begun.elapsed().as_secs_f64());
    for (vendor, name) in [(healthy, "null_0"), (dead, "null_1")] {
        assert_eq!((vendor.repeats(), vendor.strange()), (0, 0), "{name}");
        let all = |standing: &Value| standing["delivered"] == TRACES + SPANS && standing["pending"] == 0;
        told(&gateway, name, "settled", all).await;
    }
}

/// Waits until a vendor has every row.
async fn has_everything(vendor: &Vendor) {
    let mut had = None;
    // As long as it takes, while more comes.
    while vendor.has() != (TRACES, SPANS) {
        assert_ne!(had, Some(vendor.has()), "nothing comes any more");
        had = Some(vendor.has());
        let more = async || (Some(vendor.has()) != had).then_some(());
        eventually("more rows come", more).await;
    }
}

/// Waits until an operator can read which of the two is dead.
async fn named(gateway: &Gateway) {
    let failing = |standing: &Value| {
        let error = standing["last_error"].as_str().unwrap_or_default();
        standing["state"] == "failing" && error.contains("503") && standing["pending"].as_u64() > Some(0)
    };
    told(gateway, "null_1", "failing", failing).await;
    told(gateway, "null_0", "running", |standing| standing["state"] == "running").await;
    eventually("/metrics names the dead one", async || {
        let metrics = gateway.admin("/metrics").await.unwrap();
        let state = |name: &str, state: &str| {
            let labels = [format!("destination=\"{name}\""), format!("condition=\"{state}\"")];
            sample(&metrics, "spangate_condition", &labels) == 1.0
        };
        let waits = sample(&metrics, "spangate_backlog_items", &["destination=\"null_1\""]) > 0.0;
        (state("null_1", "failing") && state("null_0", "running") && waits).then_some(())
    })
    .await;
}

/// Waits until `/api/destinations` says something of a destination.
async fn told(gateway: &Gateway, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) {
    eventually(&format!("{name} is told to be {what}"), async || {
        let standings: Vec<Value> = serde_json::from_str(&gateway.admin("/api/destinations").await.unwrap()).unwrap();
        standings.iter().any(|standing| standing["destination"] == name && wanted(standing)).then_some(())
    })
    .await;
}
