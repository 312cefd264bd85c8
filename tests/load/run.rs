//! One run and its line in the table.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use futures::future::join_all;
use jiff::Timestamp;

use super::client;
use super::client::Answers;
use super::client::Load;
use super::disk;
use super::gateway::Gateway;
use super::requests::SPANS_A_TRACE;
use super::requests::Times;
use super::requests::Unit;
use super::text::Text;
use super::vendor::Vendor;

/// The table's head.
pub(crate) const HEADER: &str = "\
| run                          | accepted/s |  shown/s | p50 ms | p90 ms | p99 ms | p99.9 ms | refused | CPU µs/span | idle MB | peak MB | disk B/B | fsync/s | load | rows |
| ---------------------------- | ---------: | -------: | -----: | -----: | -----: | -------: | ------: | ----------: | ------: | ------: | -------: | ------: | ---: | ---- |";

/// The longest that the vendors may take to get everything after the last request.
const PATIENCE: Duration = Duration::from_secs(120);
const CONNECTIONS: usize = 32;
/// Units that differ in their text.
const VARIANTS: u64 = 16;

/// What to measure.
pub(crate) struct Run {
    /// Spans in a request; their traces' rows go before them in a request of their own.
    pub(crate) spans_a_request: u64,
    /// Spans in all.
    pub(crate) spans: u64,
    /// How many vendors.
    pub(crate) fan_out: usize,
    /// `fsync` or `os`.
    pub(crate) durability: &'static str,
    /// Whether the last vendor refuses everything.
    pub(crate) down: bool,
}

/// What was measured.
pub(crate) struct Report {
    name: String,
    accepted: f64,
    shown: f64,
    answers: Answers,
    cpu: f64,
    idle: f64,
    peak: f64,
    disk: f64,
    syncs: f64,
    load: String,
    repeats: u64,
    /// Whether every vendor that is up has every row, and none that was not sent.
    pub(crate) whole: bool,
}

impl Run {
    /// What it is called.
    pub(crate) fn name(&self) -> String {
        let down = if self.down { ", one down" } else { "" };
        format!("{} a request, to {}, {}{down}", self.spans_a_request, self.fan_out, self.durability)
    }

    /// Runs it against a binary.
    pub(crate) async fn run(&self, binary: &Path) -> Report {
        let traces = self.spans / SPANS_A_TRACE;
        let vendors: Vec<Arc<Vendor>> =
            (0..self.fan_out).map(|_| Vendor::expecting(traces, traces * SPANS_A_TRACE)).collect();
        let addresses = join_all(vendors.iter().map(|vendor| vendor.serve())).await;
        if let (true, Some(last)) = (self.down, vendors.last()) {
            last.down.store(true, Ordering::Relaxed);
        }
        let up = &vendors[..self.fan_out - usize::from(self.down)];
        let gateway = Gateway::start(binary, &addresses, self.durability).await;
        let syncs = disk::syncs_a_second(gateway.state());
        let (idle, cpu) = (gateway.memory("VmRSS"), gateway.cpu());
        let load = Arc::new(load(&gateway, self.spans_a_request, 0, traces));
        let begun = Instant::now();
        let answers = client::send(load, gateway.data).await;
        let accepted = begun.elapsed();
        let has_all = || up.iter().all(|vendor| vendor.has() == (traces, traces * SPANS_A_TRACE));
        while !has_all() && begun.elapsed() < accepted + PATIENCE {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let shown = begun.elapsed();
        let spans = (traces * SPANS_A_TRACE) as f64;
        Report {
            name: self.name(),
            accepted: spans / accepted.as_secs_f64(),
            shown: spans / shown.as_secs_f64(),
            cpu: (gateway.cpu() - cpu) * 1e6 / spans,
            idle,
            peak: gateway.memory("VmHWM"),
            disk: gateway.disk() as f64 / answers.bytes as f64,
            syncs,
            load: fs::read_to_string("/proc/loadavg").unwrap_or_default(),
            repeats: up.iter().map(|vendor| vendor.repeats()).sum(),
            whole: has_all() && up.iter().all(|vendor| vendor.strange() == 0),
            answers,
        }
    }
}

/// What to send to a gateway: traces from one number up to another.
pub(crate) fn load(gateway: &Gateway, spans_a_request: u64, first: u64, end: u64) -> Load {
    let now = Timestamp::now();
    let times = Times {
        ms: u64::try_from(now.as_millisecond()).unwrap(),
        start: now.to_string(),
        end: (now + Duration::from_secs(1)).to_string(),
    };
    let unit = |seed| {
        let host = gateway.data.to_string();
        Unit::new(&host, &gateway.key, spans_a_request, &times, &mut Text::new(seed))
    };
    Load { units: (1..=VARIANTS).map(unit).collect(), first, end, ms: times.ms, connections: CONNECTIONS }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |part: f64| {
            let took = &self.answers.took;
            let place = (took.len().saturating_sub(1) as f64 * part) as usize;
            took.get(place).map_or(0.0, |took| took.as_secs_f64() * 1e3)
        };
        write!(
            f,
            "| {:28} | {:10.0} | {:8.0} | {:6.1} | {:6.1} | {:6.1} | {:8.1} | {:7} | {:11.1} | {:7.1} | {:7.1} | {:8.2} | {:7.0} | {:>4} | {} |",
            self.name,
            self.accepted,
            self.shown,
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            self.answers.refused,
            self.cpu,
            self.idle,
            self.peak,
            self.disk,
            self.syncs,
            self.load.split('.').next().unwrap_or_default(),
            match (self.whole, self.repeats) {
                (false, _) => "MISSING".to_owned(),
                (true, 0) => "all, once".to_owned(),
                (true, repeats) => format!("all, {repeats} again"),
            }
        )
    }
}
