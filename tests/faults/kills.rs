//! `kill -9` again and again under load: nothing acknowledged is lost, and what the vendors hold in the
//! end is what they would hold had nobody been killed.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;

use crate::support::Client;
use crate::support::Home;
use crate::support::Plan;
use crate::support::Setup;
use crate::support::Site;
use crate::support::VENDORS;
use crate::support::dice;
use crate::support::oracle;

/// Clients of each dialect.
const CLIENTS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_lose_nothing() {
    killed(20).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn two_hundred_kills_lose_nothing() {
    killed(200).await;
}

async fn killed(cycles: u32) {
    let mut dice = dice("kills");
    let seed: u64 = dice.random();
    let setup = || Setup::to(&VENDORS).start();
    let mut site = setup().await;
    for vendor in VENDORS {
        // Slow vendors, so that kills hit what is on its way.
        site.vendor(vendor).broken(json!({"delay_ms": 40})).await;
    }
    let load = Load::start(&site.client(), seed).await;
    for _ in 0..cycles {
        tokio::time::sleep(Duration::from_millis(dice.random_range(20..2_000))).await;
        site.kill();
        site.spawn();
    }
    site.ready().await;
    let client = load.client.clone();
    let plans = load.stop().await;
    let counts = client.counts();
    for vendor in VENDORS {
        site.vendor(vendor).clear_faults().await;
    }
    site.settled().await;

    let undisturbed = setup().await;
    send(&undisturbed.client(), &plans).await;
    undisturbed.settled().await;

    let items: u64 = plans.iter().map(Plan::items).sum();
    let kept = site.ledger_items();
    println!(
        "kills: {cycles} cycles, {} traces, {} requests acknowledged with {items} items, {} unanswered, {} refused \
         while nobody listened; {} items kept twice",
        plans.len(),
        counts.acked.load(Ordering::Relaxed),
        counts.unanswered.load(Ordering::Relaxed),
        counts.refused.load(Ordering::Relaxed),
        kept.saturating_sub(items),
    );
    assert!(counts.unanswered.load(Ordering::Relaxed) > 0, "no kill hit a request on its way");
    for vendor in VENDORS {
        oracle::nothing_is_lost(&site, vendor, &plans).await;
        oracle::same(&site, &undisturbed, vendor).await;
        all_delivered(&site, vendor, kept).await;
        all_delivered(&undisturbed, vendor, items).await;
    }
    site.close().await;
    undisturbed.close().await;
}

/// The books of a destination: everything that is kept was accepted for it and is shown.
async fn all_delivered(site: &Site, vendor: &str, items: u64) {
    let standing = site.stands(vendor, "settled", |standing| standing["pending"] == 0).await;
    let books = (&standing["accepted"], &standing["delivered"]);
    if books != (&json!(items), &json!(items)) {
        panic!("{vendor} has not all {items} items, but {standing:#}\nand {}", site.what_waits(vendor).await);
    }
}

/// Clients of every dialect, each with one trace after the other.
struct Load {
    client: Client,
    stop: Arc<AtomicBool>,
    running: Vec<tokio::task::JoinHandle<Vec<Plan>>>,
}

impl Load {
    async fn start(client: &Client, seed: u64) -> Self {
        let home = client.galileo().await;
        let stop = Arc::new(AtomicBool::new(false));
        let mut running = Vec::new();
        for (n, dialect) in VENDORS.iter().cycle().take(VENDORS.len() * CLIENTS).enumerate() {
            let dice = StdRng::seed_from_u64(seed.wrapping_add(n as u64));
            let (client, home, stop) = (client.clone(), home.clone(), Arc::clone(&stop));
            running.push(tokio::spawn(one_after_the_other(client, home, dialect, n, dice, stop)));
        }
        Self { client: client.clone(), stop, running }
    }

    /// Lets every client end the trace that it is at; all that were sent.
    async fn stop(self) -> Vec<Plan> {
        self.stop.store(true, Ordering::Relaxed);
        let mut plans = Vec::new();
        for running in self.running {
            plans.extend(running.await.unwrap());
        }
        plans
    }
}

async fn one_after_the_other(
    client: Client,
    home: Home,
    dialect: &str,
    n: usize,
    mut dice: StdRng,
    stop: Arc<AtomicBool>,
) -> Vec<Plan> {
    let mut plans = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let plan = Plan::new(dialect, &format!("{dialect} {n} {}", plans.len()), &home, &mut dice);
        for step in &plan.steps {
            client.step(step).await;
            tokio::time::sleep(Duration::from_millis(dice.random_range(0..20))).await;
        }
        plans.push(plan);
    }
    plans
}

/// Sends what is planned, some traces at a time.
async fn send(client: &Client, plans: &[Plan]) {
    client.galileo().await;
    let mut sending = tokio::task::JoinSet::new();
    for part in plans.chunks(plans.len().div_ceil(VENDORS.len() * CLIENTS)) {
        let (client, part) = (client.clone(), part.to_vec());
        sending.spawn(async move {
            for step in part.iter().flat_map(|plan| &plan.steps) {
                client.step(step).await;
            }
        });
    }
    while let Some(sent) = sending.join_next().await {
        sent.unwrap();
    }
}
