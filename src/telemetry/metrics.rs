//! Metrics: every name with what it counts, and one function for each thing that is counted.
//!
//! Labels have few values: a dialect, a reason, never an id, a path or a client's word.

use std::time::Duration;

use metrics::Unit;
use metrics_exporter_prometheus::BuildError;
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::Mutex;

/// Requests answered, by `dialect` and `outcome` (`ok`, `refused`, `failed`).
pub const REQUESTS: &str = "spangate_requests_total";

/// Requests refused by the edge, by `dialect` and `reason`.
pub const REFUSED: &str = "spangate_refused_total";

/// Seconds from a request's head to its answer, by `dialect`.
pub const REQUEST_SECONDS: &str = "spangate_request_seconds";

/// Connections open, to both listeners.
pub const CONNECTIONS: &str = "spangate_connections";

/// Starts counting for the whole process; called again, gives the same handle.
///
/// # Errors
/// If somebody else's recorder is installed.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let mut installed = HANDLE.lock();
    if let Some(handle) = &*installed {
        return Ok(handle.clone());
    }
    let recorder = PrometheusBuilder::new().set_buckets(&BUCKETS_S)?.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    describe();
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
    metrics::counter!(REQUESTS, "dialect" => dialect, "outcome" => outcome).increment(1);
    metrics::histogram!(REQUEST_SECONDS, "dialect" => dialect).record(duration);
}

/// The edge refused a request.
pub fn refused(dialect: &'static str, reason: &'static str) {
    metrics::counter!(REFUSED, "dialect" => dialect, "reason" => reason).increment(1);
}

/// A connection was opened; it counts until the value is dropped.
pub fn connection() -> Connection {
    metrics::gauge!(CONNECTIONS).increment(1);
    Connection(())
}

/// An open connection, counted.
#[derive(Debug)]
pub struct Connection(());

impl Drop for Connection {
    fn drop(&mut self) {
        metrics::gauge!(CONNECTIONS).decrement(1);
    }
}

fn describe() {
    metrics::describe_counter!(REQUESTS, "Requests answered on the data listener.");
    metrics::describe_counter!(REFUSED, "Requests refused by the edge, by reason.");
    metrics::describe_histogram!(REQUEST_SECONDS, Unit::Seconds, "Time from a request's head to its answer.");
    metrics::describe_gauge!(CONNECTIONS, "Connections open, to both listeners.");
}

/// The facade has one recorder a process; several gateways in one process (tests) share it.
static HANDLE: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

const UPKEEP: Duration = Duration::from_secs(5);

const BUCKETS_S: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0];
