//! One vendor down for the whole of a run: what that costs the other, and how it gets everything after.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use super::client;
use super::client::Answers;
use super::gateway::Gateway;
use super::requests::SPANS_A_TRACE;
use super::run;
use super::vendor::Vendor;

/// What this run is asked for by.
pub(crate) const NAME: &str = "dead";

/// Spans in a request.
const SPANS_A_REQUEST: u64 = 100;

/// How long the vendors may take to get everything, once nothing is in the way.
const PATIENCE: Duration = Duration::from_secs(1_200);

/// The longest until a trace accepted after the recovery is shown.
const FRESH_WITHIN: Duration = Duration::from_secs(10);

/// The same run without and with a second vendor that is down.
pub(crate) struct Pair {
    alone: Leg,
    beside: Leg,
    recovery: Recovery,
}

/// One run, seen from the vendor that is up.
struct Leg {
    /// Spans accepted a second.
    accepted: f64,
    /// Spans shown a second.
    shown: f64,
    /// 99 of 100 requests were answered within so many milliseconds.
    answered_ms: f64,
    /// 99 of 100 traces were shown so many milliseconds after they were accepted.
    shown_ms: f64,
    /// Megabytes.
    peak: f64,
    whole: bool,
}

/// The vendor that was down is up again.
struct Recovery {
    /// Until a trace that was accepted then is shown.
    fresh: Option<Duration>,
    /// How many traces of the backlog were shown before that one.
    before: u64,
    /// Until everything is shown.
    drained: Duration,
    /// Megabytes.
    peak: f64,
    whole: bool,
}

/// Runs both, one after the other, with so many spans each.
pub(crate) async fn pair(binary: &Path, spans: u64) -> Pair {
    let traces = spans / SPANS_A_TRACE;
    let healthy = expecting(traces);
    let gateway = Gateway::start(binary, &[healthy.serve().await], "fsync").await;
    let alone = leg(&gateway, &healthy, traces).await;
    drop(gateway);
    let (healthy, dead) = (expecting(traces), expecting(traces));
    dead.down.store(true, Ordering::Relaxed);
    let gateway = Gateway::start(binary, &[healthy.serve().await, dead.serve().await], "fsync").await;
    let beside = leg(&gateway, &healthy, traces).await;
    let recovery = recovery(&gateway, &healthy, &dead, traces).await;
    Pair { alone, beside, recovery }
}

/// Room for one trace more than those of the run: the one that is sent after the recovery.
fn expecting(traces: u64) -> Arc<Vendor> {
    Vendor::expecting(traces + 1, (traces + 1) * SPANS_A_TRACE)
}

async fn leg(gateway: &Gateway, healthy: &Vendor, traces: u64) -> Leg {
    let begun = Instant::now();
    let answers = client::send(Arc::new(run::load(gateway, SPANS_A_REQUEST, 0, traces)), gateway.data).await;
    let accepted = begun.elapsed();
    let whole = until(|| healthy.has() == (traces, traces * SPANS_A_TRACE), PATIENCE).await.is_some();
    let rate = |took: Duration| (traces * SPANS_A_TRACE) as f64 / took.as_secs_f64();
    Leg {
        accepted: rate(accepted),
        shown: rate(begun.elapsed()),
        answered_ms: p99(&answers.took),
        shown_ms: p99(&lags(&answers, healthy)),
        peak: gateway.memory("VmHWM"),
        whole: whole && healthy.strange() == 0,
    }
}

async fn recovery(gateway: &Gateway, healthy: &Vendor, dead: &Vendor, traces: u64) -> Recovery {
    dead.down.store(false, Ordering::Relaxed);
    let begun = Instant::now();
    let mut one = run::load(gateway, SPANS_A_TRACE, traces, traces + 1);
    one.connections = 1;
    client::send(Arc::new(one), gateway.data).await;
    let fresh = until(|| dead.shows(traces), PATIENCE).await;
    let before = dead.has().0.saturating_sub(1);
    let all = (traces + 1, (traces + 1) * SPANS_A_TRACE);
    let whole = until(|| dead.has() == all && healthy.has() == all, PATIENCE).await.is_some();
    Recovery {
        fresh,
        before,
        drained: begun.elapsed(),
        peak: gateway.memory("VmHWM"),
        whole: whole && dead.strange() == 0 && healthy.strange() == 0,
    }
}

/// How long it took until a condition came true; `None`: it did not in time.
async fn until(is_so: impl Fn() -> bool, patience: Duration) -> Option<Duration> {
    let begun = Instant::now();
    while !is_so() {
        if begun.elapsed() > patience {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Some(begun.elapsed())
}

/// From accepted to shown, trace by trace, ascending.
fn lags(answers: &Answers, vendor: &Vendor) -> Vec<Duration> {
    let traces_a_unit = SPANS_A_REQUEST / SPANS_A_TRACE;
    let lags = answers.accepted.iter().flat_map(|(first, accepted)| {
        let shown = (*first..first + traces_a_unit).filter_map(|trace| vendor.shown_at(trace));
        shown.map(|shown| shown.saturating_duration_since(*accepted))
    });
    let mut lags: Vec<Duration> = lags.collect();
    lags.sort_unstable();
    lags
}

fn p99(ascending: &[Duration]) -> f64 {
    let place = ascending.len().saturating_sub(1) * 99 / 100;
    ascending.get(place).map_or(0.0, |took| took.as_secs_f64() * 1e3)
}

impl Pair {
    /// Whether every vendor has every row in the end and none that was not sent.
    pub(crate) fn whole(&self) -> bool {
        self.alone.whole && self.beside.whole && self.recovery.whole
    }

    /// Whether a new trace did not have to wait behind the old ones.
    pub(crate) fn fresh_in_time(&self) -> bool {
        self.recovery.fresh.is_some_and(|fresh| fresh <= FRESH_WITHIN)
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { alone, beside, recovery } = self;
        writeln!(
            f,
            "| one vendor is dead  | accepted/s | shown/s | p99 answered ms | p99 shown ms | peak MB | rows |"
        )?;
        writeln!(
            f,
            "| ------------------- | ---------: | ------: | --------------: | -----------: | ------: | ---- |"
        )?;
        for (name, leg) in [("alone", alone), ("beside the dead one", beside)] {
            let rows = if leg.whole { "all" } else { "MISSING" };
            let Leg { accepted, shown, answered_ms, shown_ms, peak, .. } = leg;
            writeln!(
                f,
                "| {name:19} | {accepted:10.0} | {shown:7.0} | {answered_ms:15.1} | {shown_ms:12.1} | {peak:7.1} | {rows} |"
            )?;
        }
        let ratio = |of: fn(&Leg) -> f64| of(beside) / of(alone).max(f64::EPSILON);
        writeln!(
            f,
            "| ratio               | {:10.2} | {:7.2} | {:15.2} | {:12.2} | {:7.2} |      |",
            ratio(|leg| leg.accepted),
            ratio(|leg| leg.shown),
            ratio(|leg| leg.answered_ms),
            ratio(|leg| leg.shown_ms),
            ratio(|leg| leg.peak),
        )?;
        let fresh = recovery.fresh.map_or("never".to_owned(), |fresh| format!("{:.1} s", fresh.as_secs_f64()));
        write!(
            f,
            "back again: a trace accepted then shown after {fresh}, before it {} of the backlog; everything after {:.0} s, peak {:.1} MB, rows {}",
            recovery.before,
            recovery.drained.as_secs_f64(),
            recovery.peak,
            if recovery.whole { "all" } else { "MISSING" },
        )
    }
}
