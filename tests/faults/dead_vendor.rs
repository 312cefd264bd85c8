//! One vendor is dead for the whole of a run: the other gets everything, and so does the dead one once
//! it is back. `cargo bench --bench load -- dead` runs a million spans and measures.
#![expect(dead_code, reason = "the bench measures more than is counted here")]

#[path = "../load/client.rs"]
mod client;
#[path = "../load/dead.rs"]
mod dead;
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

/// Few spans, because an unoptimised build is slow; nothing is timed.
#[tokio::test(flavor = "multi_thread")]
async fn one_vendor_dead_for_six_thousand_spans() {
    let pair = dead::pair(Path::new(env!("CARGO_BIN_EXE_spangate")), 6_000).await;
    println!("{pair}");
    assert!(pair.whole(), "{pair}");
}
