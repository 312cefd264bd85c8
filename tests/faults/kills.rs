//! `kill -9` again and again under load: nothing acknowledged is lost, and what the vendors hold in the
//! end is what they would hold had nobody been killed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;
use serde_json::json;

use crate::support::Client;
use crate::support::Home;
use crate::support::Plan;
use crate::support::Setup;
use crate::support::Site;
use crate::support::VENDORS;
use crate::support::dice;
use crate::support::glimpse;
use crate::support::unlike;

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
    site.settled().await;

    let undisturbed = setup().await;
    send(&undisturbed.client(), &plans).await;
    undisturbed.settled().await;

    let items: u64 = plans.iter().map(Plan::items).sum();
    let (delivered, ..) = site.counts(VENDORS[0]).await;
    println!(
        "kills: {cycles} cycles, {} traces, {} requests acknowledged with {items} items, {} unanswered, {} refused \
         while nobody listened; {} items kept twice",
        plans.len(),
        counts.acked.load(Ordering::Relaxed),
        counts.unanswered.load(Ordering::Relaxed),
        counts.refused.load(Ordering::Relaxed),
        delivered.saturating_sub(items),
    );
    assert!(counts.unanswered.load(Ordering::Relaxed) > 0, "no kill hit a request on its way");
    for vendor in VENDORS {
        nothing_is_lost(&site, vendor, &plans).await;
        same(&site, &undisturbed, vendor).await;
        let (delivered, dead, pending) = site.counts(vendor).await;
        assert!(delivered >= items && dead == 0 && pending == 0, "{vendor}: {delivered} of {items}, {dead} dead");
        assert_eq!(undisturbed.counts(vendor).await, (items, 0, 0), "{vendor}");
    }
    site.close().await;
    undisturbed.close().await;
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

/// Every planned trace is shown as its client meant it, every score is there, and nothing else is.
async fn nothing_is_lost(site: &Site, vendor: &str, plans: &[Plan]) {
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
async fn same(one: &Site, other: &Site, vendor: &str) {
    let (one, other) = (glimpses(one, vendor).await, glimpses(other, vendor).await);
    for (name, trace) in &one {
        let without = &other[name];
        assert!(trace == without, "{vendor} shows otherwise than without kills:\n{}", unlike(trace, without));
    }
    assert_eq!(one.len(), other.len(), "{vendor}");
}

async fn glimpses(site: &Site, vendor: &str) -> BTreeMap<String, Value> {
    let traces = site.vendor(vendor).traces().await;
    let count = traces.len();
    let glimpses = traces.iter().map(|trace| glimpse(vendor, trace));
    let named: BTreeMap<_, _> = glimpses.map(|one| (one["name"].as_str().unwrap().to_owned(), one)).collect();
    assert_eq!(named.len(), count, "{vendor} shows a trace twice");
    named
}

/// Scores by name; a name that stands twice is a failure.
async fn scores(site: &Site, vendor: &str) -> BTreeMap<String, f64> {
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
