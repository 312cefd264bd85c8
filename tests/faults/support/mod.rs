//! A gateway in a process of its own, the vendors' stand-ins, clients, and what they must come to.

mod client;
#[path = "../../it/support/gateway.rs"]
mod gateway;
#[path = "../../it/support/glimpse.rs"]
mod glimpse;
mod inside;
pub(crate) mod oracle;
mod plan;
mod process;
mod sandbox;
mod setup;
#[expect(dead_code, reason = "the other tests use more of it")]
#[path = "../../it/support/shape.rs"]
mod shape;
mod site;
pub(crate) mod tls;
#[path = "../../it/support/vendor.rs"]
mod vendor;
#[path = "../../it/support/wait.rs"]
mod wait;

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

pub(crate) use client::Client;
pub(crate) use client::Home;
pub(crate) use inside::Inside;
pub(crate) use plan::Plan;
pub(crate) use process::Process;
pub(crate) use setup::Setup;
pub(crate) use site::Site;
pub(crate) use vendor::Vendor;
pub(crate) use wait::eventually;

use glimpse::glimpse;
use shape::unlike;

/// The stand-ins that a site has unless it says otherwise.
pub(crate) const VENDORS: [&str; 3] = ["opik", "galileo", "pandaprobe"];

/// How long a condition may take to come true; nothing waits this long when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where everything random in a test begins: `FAULTS_SEED`, else 1. What it was is printed, so that a
/// failure can be had again.
pub(crate) fn dice(test: &str) -> StdRng {
    let seed = std::env::var("FAULTS_SEED").ok().map_or(1, |text| text.parse().unwrap());
    println!("{test}: FAULTS_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// A sample in the text of `/metrics` by its name and some of its labels; 0 where there is none.
pub(crate) fn sample(metrics: &str, name: &str, labels: &[impl AsRef<str>]) -> f64 {
    let mut lines = metrics.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    let line = lines.find(|line| labels.iter().all(|label| line.contains(label.as_ref())));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
}
