//! Recorded requests, bent in every way that bytes on a socket can be: the gateway answers or closes,
//! nothing panics, and a good client is served as before.
//!
//! Seeds are the requests of `fixtures/`; which changes are made to which is decided by a generator with
//! a fixed seed, so that a run can be repeated. `PROPTEST_CASES` says how many groups of requests.

mod change;
mod raw;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::panic;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::RngAlgorithm;
use proptest::test_runner::TestRng;
use proptest::test_runner::TestRunner;
use serde_json::json;
use spangate::dialects::DIALECTS;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;

use self::change::CHANGES;
use self::raw::Raw;
use crate::support::Client;
use crate::support::Site;
use crate::support::key;
use crate::translation::folders;
use crate::translation::scenario;

/// Requests that are under way together; one group is one case.
const TOGETHER: usize = 32;

/// How long a request may be left waiting for the rest of what it announced.
const LEFT_WAITING: Duration = Duration::from_millis(150);

/// How long the gateway may take to be done with a client that has gone.
const DONE_WITHIN: Duration = Duration::from_secs(30);

/// A seed, and changes to it: which, and two numbers that each makes its own of.
type Plan = (usize, Vec<(usize, u32, u32)>);

#[tokio::test(flavor = "multi_thread")]
async fn bent_requests_are_answered_or_closed_and_nothing_panics() {
    let panics = count_panics();
    let site = Site::to(&["opik"]).await;
    let good = site.client("checkout");
    serve_well(&good).await;
    let tally = tokio::task::block_in_place(|| run(&seeds(), site.data, &good));
    serve_well(&good).await;
    println!("{} requests, {} panics; {:?}", tally.values().sum::<u64>(), panics.load(Ordering::Relaxed), tally);
    assert_eq!(panics.load(Ordering::Relaxed), 0);
    let share = |word: &str| tally.get(word).copied().unwrap_or_default() * 100 / tally.values().sum::<u64>();
    assert!(share("2xx") > 5, "too few are still good: the changes go nowhere deep");
    assert!(share("4xx") > 20, "too few are refused: the changes change nothing");
    site.close().await;
}

/// Sends every case's group; how many requests ended how.
fn run(seeds: &[Raw], gateway: SocketAddr, good: &Client) -> BTreeMap<String, u64> {
    let tally = std::cell::RefCell::new(BTreeMap::new());
    let cases = Config::default().cases / 4;
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let change = (0..CHANGES.len(), any::<u32>(), any::<u32>());
    let plan = (0..seeds.len(), prop::collection::vec(change, 1..4));
    let result = runner.run(&prop::collection::vec(plan, TOGETHER), |plans: Vec<Plan>| {
        let bytes = plans.iter().map(|plan| bent(seeds, plan));
        let ends = Handle::current().block_on(join_all(bytes.map(|bytes| exchange(gateway, bytes))));
        for (plan, end) in plans.iter().zip(ends) {
            let end = end.map_err(|why| TestCaseError::fail(format!("{why}: {}", told(plan))))?;
            *tally.borrow_mut().entry(end).or_insert(0) += 1;
        }
        let alive = Handle::current().block_on(good.call("GET", "/is-alive/ping", &json!(null)));
        prop_assert_eq!(alive.status, 200, "after {:?}", plans.iter().map(told).collect::<Vec<_>>());
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    tally.into_inner()
}

fn bent(seeds: &[Raw], (seed, changes): &Plan) -> Vec<u8> {
    let mut raw = seeds[*seed].clone();
    for (which, a, b) in changes {
        CHANGES[*which].1(&mut raw, *a, *b);
    }
    raw.bytes()
}

fn told((seed, changes): &Plan) -> String {
    let names: Vec<_> = changes.iter().map(|(which, a, b)| (CHANGES[*which].0, a, b)).collect();
    format!("seed {seed} with {names:?}")
}

/// Sends bytes as a client that then goes away; how that ended, or what of it may not be.
async fn exchange(gateway: SocketAddr, bytes: Vec<u8>) -> Result<String, String> {
    let stream = TcpStream::connect(gateway).await.map_err(|error| format!("no connection: {error}"))?;
    let (mut read, mut write) = stream.into_split();
    let mut said = Vec::new();
    let sending = async {
        // It may be answered and closed before all is sent.
        let _ = write.write_all(&bytes).await;
        tokio::time::sleep(LEFT_WAITING).await;
        let _ = write.shutdown().await;
        futures::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = timeout(DONE_WITHIN, read.read_to_end(&mut said)) => ended,
        () = sending => unreachable!("it pends"),
    };
    ended.map_err(|_| "neither answered nor closed".to_owned()).map(drop)?;
    verdict(&said)
}

fn verdict(said: &[u8]) -> Result<String, String> {
    if said.is_empty() {
        return Ok("closed".to_owned());
    }
    let head = String::from_utf8_lossy(&said[..said.len().min(16)]).into_owned();
    let status = head.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)).and_then(|code| code.parse().ok());
    match status {
        Some(500) => Err("500".to_owned()),
        Some(status @ 100..=599u16) => Ok(format!("{}xx", status / 100)),
        _ => Err(format!("an answer that is none: {head:?}")),
    }
}

/// What a good client does, and is owed.
async fn serve_well(good: &Client) {
    let body = json!({"traces": [{"name": "good", "start_time": "2026-11-20T10:00:00Z", "project_name": "web"}]});
    good.must(204, "POST", "/v1/private/traces/batch", &body).await;
    good.must(200, "GET", "/is-alive/ping", &json!(null)).await;
}

/// Every recorded request, with a key wherever a vendor's clients put theirs.
fn seeds() -> Vec<Raw> {
    let mut seeds = Vec::new();
    for dialect in DIALECTS {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(dialect.info().name);
        for name in folders(&root) {
            seeds.extend(scenario(&root.join(name)).iter().map(|input| Raw::of(&input.call, &key("checkout"))));
        }
    }
    assert!(seeds.len() > 100, "{} seeds", seeds.len());
    seeds
}

/// Counts the panics of everything but tests themselves, from now on.
fn count_panics() -> Arc<AtomicU64> {
    let count = Arc::new(AtomicU64::new(0));
    let (counter, before) = (Arc::clone(&count), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        if !info.location().is_some_and(|at| at.file().starts_with("tests/")) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        before(info);
    }));
    count
}
