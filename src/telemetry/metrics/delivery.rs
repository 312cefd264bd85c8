//! What couriers count.

use std::time::Duration;

use super::labels;
use super::labels::Labels;
use super::names;

static DESTINATIONS: Labels = Labels::new(1_000);
static FIELDS: Labels = Labels::new(200);

/// A vendor answered a request (or did not, within its time): `outcome` is what that meant, in one word.
pub fn vendor_answered(destination: &str, outcome: &'static str, rows: usize, took: Duration) {
    let destination = DESTINATIONS.of(destination);
    metrics::counter!(names::VENDOR_REQUESTS, "destination" => destination.clone(), "outcome" => outcome).increment(1);
    metrics::counter!(names::VENDOR_ROWS, "destination" => destination.clone(), "outcome" => outcome)
        .increment(rows as u64);
    metrics::histogram!(names::VENDOR_SECONDS, "destination" => destination).record(took);
}

/// A vendor gave no answer; `kind` says in a word what went wrong.
pub fn vendor_failed(destination: &str, kind: &'static str) {
    metrics::counter!(names::VENDOR_ERRORS, "destination" => DESTINATIONS.of(destination), "kind" => kind).increment(1);
}

/// A vendor took traces and spans, in rows as it bills them.
pub fn billed(destination: &str, units: u64) {
    metrics::counter!(names::UNITS, "destination" => DESTINATIONS.of(destination)).increment(units);
}

/// A trace is shown, so long after the oldest of what was not shown of it had been accepted.
pub fn shown(destination: &str, after: Duration) {
    metrics::histogram!(names::SHOWN_SECONDS, "destination" => DESTINATIONS.of(destination)).record(after);
}

/// A trace will be tried again after a failure.
pub fn retried(destination: &str) {
    metrics::counter!(names::RETRIES, "destination" => DESTINATIONS.of(destination)).increment(1);
}

/// A write that a vendor had accepted did not show in time.
pub fn confirm_failed(destination: &str) {
    metrics::counter!(names::CONFIRM_FAILURES, "destination" => DESTINATIONS.of(destination)).increment(1);
}

/// Items of a dead letter that is not kept any longer.
pub fn letters_expired(destination: &str, items: u64) {
    metrics::counter!(names::LETTERS_EXPIRED, "destination" => DESTINATIONS.of(destination)).increment(items);
}

/// A field of a trace could not be carried to a destination at all.
pub fn lost(destination: &str, path: &str) {
    let field = FIELDS.of(&labels::field(path));
    metrics::counter!(names::LOSSES, "destination" => DESTINATIONS.of(destination), "field" => field).increment(1);
}

/// What has become of the items accepted for a destination: each outcome with its count.
pub fn items(destination: &str, outcomes: impl IntoIterator<Item = (&'static str, u64)>) {
    for (outcome, items) in outcomes {
        metrics::gauge!(names::ITEMS, "destination" => DESTINATIONS.of(destination), "outcome" => outcome)
            .set(items as f64);
    }
}

/// What waits for a destination.
pub fn backlog(destination: &str, items: u64, bytes: u64, oldest: Duration) {
    let destination = DESTINATIONS.of(destination);
    metrics::gauge!(names::BACKLOG_ITEMS, "destination" => destination.clone()).set(items as f64);
    metrics::gauge!(names::BACKLOG_BYTES, "destination" => destination.clone()).set(bytes as f64);
    metrics::gauge!(names::BACKLOG_SECONDS, "destination" => destination).set(oldest.as_secs_f64());
}

/// How many requests are on their way to a destination, and how many may be.
pub fn in_flight(destination: &str, now: usize, most: usize) {
    let destination = DESTINATIONS.of(destination);
    metrics::gauge!(names::IN_FLIGHT, "destination" => destination.clone()).set(now as f64);
    metrics::gauge!(names::CONCURRENCY, "destination" => destination).set(most as f64);
}

/// A destination's circuit breaker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Breaker {
    /// Requests pass.
    Closed,
    /// One request is let through to see.
    Trying,
    /// None pass.
    Open,
}

/// How a destination's breaker stands.
pub fn breaker(destination: &str, breaker: Breaker) {
    metrics::gauge!(names::BREAKER, "destination" => DESTINATIONS.of(destination)).set(f64::from(breaker as u8));
}

/// Which of all conditions a destination is in.
pub fn condition(destination: &str, all: &[&'static str], now: &str) {
    for condition in all.iter().copied() {
        let holds = if condition == now { 1.0 } else { 0.0 };
        metrics::gauge!(names::CONDITION, "destination" => DESTINATIONS.of(destination), "condition" => condition)
            .set(holds);
    }
}

/// Whether an alarm stands; without a destination it is about the gateway itself.
pub(in crate::telemetry) fn alarm(kind: &'static str, destination: Option<&str>, stands: bool) {
    let destination = destination.map_or_else(|| "".into(), |destination| DESTINATIONS.of(destination));
    let value = if stands { 1.0 } else { 0.0 };
    metrics::gauge!(names::ALARM, "kind" => kind, "destination" => destination).set(value);
}
