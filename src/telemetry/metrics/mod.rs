//! Metrics: one function for each thing that is counted; `names` has every name with what it says.
//!
//! Labels have few values: a dialect, a reason, a project or destination of the configuration (at most a
//! thousand of each, the rest is `other`), never an id, a path or a client's word.

mod delivery;
mod labels;
mod names;

use std::time::Duration;

use metrics_exporter_prometheus::BuildError;
use metrics_exporter_prometheus::Matcher;
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::Mutex;

pub(super) use delivery::alarm;

pub use delivery::Breaker;
pub use delivery::backlog;
pub use delivery::billed;
pub use delivery::breaker;
pub use delivery::condition;
pub use delivery::confirm_failed;
pub use delivery::in_flight;
pub use delivery::items;
pub use delivery::letters_expired;
pub use delivery::lost;
pub use delivery::retried;
pub use delivery::shown;
pub use delivery::vendor_answered;
pub use delivery::vendor_failed;
pub use names::Kind;
pub use names::METRICS;
pub use names::Metric;

use labels::Labels;

static PROJECTS: Labels = Labels::new(1_000);

/// Starts counting for the whole process; called again, gives the same handle.
///
/// # Errors
/// If somebody else's recorder is installed.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let mut installed = HANDLE.lock();
    if let Some(handle) = &*installed {
        return Ok(handle.clone());
    }
    let full = |name: &str| Matcher::Full(name.to_owned());
    let recorder = PrometheusBuilder::new()
        .set_buckets(&BUCKETS_S)?
        .set_buckets_for_metric(full(names::SHOWN_SECONDS), &SHOWN_BUCKETS_S)?
        .set_buckets_for_metric(full(names::LEDGER_COMMIT_SECONDS), &COMMIT_BUCKETS_S)?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    names::describe();
    Ok(installed.insert(handle).clone())
}

/// Keeps the recorder's memory bounded where nobody asks for `/metrics`; never ends.
pub async fn keep_up(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

/// A request was answered; `dialect` is `none` where no dialect has the path.
pub fn answered(dialect: &'static str, status: u16, duration: Duration) {
    let outcome = match status {
        ..400 => "ok",
        400..500 => "refused",
        500.. => "failed",
    };
    metrics::counter!(names::REQUESTS, "dialect" => dialect, "outcome" => outcome).increment(1);
    metrics::histogram!(names::REQUEST_SECONDS, "dialect" => dialect).record(duration);
}

/// The edge refused a request.
pub fn refused(dialect: &'static str, reason: &'static str) {
    metrics::counter!(names::REFUSED, "dialect" => dialect, "reason" => reason).increment(1);
}

/// A connection was opened; it counts until the value is dropped.
pub fn connection() -> Connection {
    metrics::gauge!(names::CONNECTIONS).increment(1);
    Connection(())
}

/// An open connection, counted.
#[derive(Debug)]
pub struct Connection(());

impl Drop for Connection {
    fn drop(&mut self) {
        metrics::gauge!(names::CONNECTIONS).decrement(1);
    }
}

/// A request of so many items is durable.
pub fn accepted(project: &str, items: usize) {
    metrics::counter!(names::ACCEPTED, "project" => PROJECTS.of(project)).increment(items as u64);
}

/// A request was held back, so that couriers keep up.
pub fn held_back() {
    metrics::counter!(names::HELD_BACK).increment(1);
}

/// A group is durable in the ledger.
pub fn committed(took: Duration) {
    metrics::histogram!(names::LEDGER_COMMIT_SECONDS).record(took);
}

/// Settled requests have gone, or have been carved to what is still needed.
pub fn retired(gone: u64, carved: u64, bytes: u64) {
    metrics::counter!(names::RETIRED, "how" => "gone").increment(gone);
    metrics::counter!(names::RETIRED, "how" => "carved").increment(carved);
    metrics::counter!(names::RETIRED_BYTES).increment(bytes);
}

/// How the ledger does.
#[derive(Clone, Copy, Debug)]
pub struct Ledger {
    /// Bytes of its files.
    pub bytes: u64,
    /// Requests held.
    pub records: u64,
    /// Bytes that wait for the writer.
    pub queued_bytes: u64,
    /// Requests once acknowledged and missing since.
    pub lost: u64,
    /// Requests that could not be read and were put aside, ever.
    pub quarantined: u64,
    /// How often its file was found damaged as a whole, ever.
    pub salvaged: u64,
    /// Whether requests can be accepted.
    pub ready: bool,
}

/// Shows how the ledger does.
pub fn ledger(ledger: Ledger) {
    let Ledger { bytes, records, queued_bytes, lost, quarantined, salvaged, ready } = ledger;
    metrics::gauge!(names::LEDGER_BYTES).set(bytes as f64);
    metrics::gauge!(names::LEDGER_RECORDS).set(records as f64);
    metrics::gauge!(names::LEDGER_QUEUED).set(queued_bytes as f64);
    metrics::gauge!(names::LEDGER_LOST).set(lost as f64);
    metrics::gauge!(names::LEDGER_QUARANTINED).set(quarantined as f64);
    metrics::gauge!(names::LEDGER_SALVAGED).set(salvaged as f64);
    metrics::gauge!(names::LEDGER_READY).set(f64::from(u8::from(ready)));
}

/// The gateway was started at a time, nanoseconds since 1970.
pub fn started(at_ns: i64) {
    metrics::gauge!(names::STARTED).set(at_ns as f64 / 1e9);
}

/// Somebody set the wall clock.
pub fn clock_jumped() {
    metrics::counter!(names::CLOCK_JUMPS).increment(1);
}

/// The facade has one recorder a process; several gateways in one process (tests) share it.
static HANDLE: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

const UPKEEP: Duration = Duration::from_secs(5);

const BUCKETS_S: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0];

/// From a second to a day: a vendor that was down shows late.
const SHOWN_BUCKETS_S: [f64; 12] = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0, 86_400.0];

const COMMIT_BUCKETS_S: [f64; 9] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1.0, 5.0];
