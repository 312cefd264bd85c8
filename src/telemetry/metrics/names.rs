//! Every metric's name, with its labels and what it says; `README.md` has the same table.

use metrics::Unit;

/// How a metric moves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Only up.
    Counter,
    /// Up and down.
    Gauge,
    /// By size.
    Histogram,
}

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static str,
    /// What it says.
    pub meaning: &'static str,
}

pub(super) const REQUESTS: &str = "spangate_requests_total";
pub(super) const REQUEST_SECONDS: &str = "spangate_request_seconds";
pub(super) const REFUSED: &str = "spangate_refused_total";
pub(super) const CONNECTIONS: &str = "spangate_connections";
pub(super) const ACCEPTED: &str = "spangate_accepted_items_total";
pub(super) const HELD_BACK: &str = "spangate_held_back_requests_total";
pub(super) const ITEMS: &str = "spangate_items";
pub(super) const BACKLOG_ITEMS: &str = "spangate_backlog_items";
pub(super) const BACKLOG_BYTES: &str = "spangate_backlog_bytes";
pub(super) const BACKLOG_SECONDS: &str = "spangate_backlog_oldest_seconds";
pub(super) const SHOWN_SECONDS: &str = "spangate_shown_seconds";
pub(super) const UNITS: &str = "spangate_billable_units_total";
pub(super) const VENDOR_REQUESTS: &str = "spangate_vendor_requests_total";
pub(super) const VENDOR_ROWS: &str = "spangate_vendor_rows_total";
pub(super) const VENDOR_ERRORS: &str = "spangate_vendor_errors_total";
pub(super) const VENDOR_SECONDS: &str = "spangate_vendor_seconds";
pub(super) const RETRIES: &str = "spangate_retries_total";
pub(super) const CONFIRM_FAILURES: &str = "spangate_confirm_failures_total";
pub(super) const LOSSES: &str = "spangate_losses_total";
pub(super) const IN_FLIGHT: &str = "spangate_in_flight";
pub(super) const CONCURRENCY: &str = "spangate_concurrency";
pub(super) const BREAKER: &str = "spangate_breaker";
pub(super) const CONDITION: &str = "spangate_condition";
pub(super) const LEDGER_COMMIT_SECONDS: &str = "spangate_ledger_commit_seconds";
pub(super) const LEDGER_BYTES: &str = "spangate_ledger_bytes";
pub(super) const LEDGER_RECORDS: &str = "spangate_ledger_records";
pub(super) const LEDGER_QUEUED: &str = "spangate_ledger_queued_bytes";
pub(super) const LEDGER_LOST: &str = "spangate_ledger_lost_records";
pub(super) const LEDGER_QUARANTINED: &str = "spangate_ledger_quarantined_records";
pub(super) const LEDGER_SALVAGED: &str = "spangate_ledger_salvages";
pub(super) const RETIRED: &str = "spangate_retired_records_total";
pub(super) const LETTERS_EXPIRED: &str = "spangate_dead_letters_expired_items_total";
pub(super) const RETIRED_BYTES: &str = "spangate_retired_bytes_total";
pub(super) const LEDGER_READY: &str = "spangate_ledger_ready";
pub(super) const ALARM: &str = "spangate_alarm";
pub(super) const CLOCK_JUMPS: &str = "spangate_clock_jumps_total";
pub(super) const STARTED: &str = "spangate_start_time_seconds";

/// All of them, in the order in which data flows.
pub const METRICS: [Metric; 37] = [
    counter(REQUESTS, "dialect, outcome", "requests answered on the data listener: `ok`, `refused`, `failed`"),
    histogram(REQUEST_SECONDS, "dialect", "seconds from a request's head to its answer"),
    counter(
        REFUSED,
        "dialect, reason",
        "requests refused, by reason; `foreign_key`: it carried a vendor's own key; `disk_full`, `share_full`, `queue_full`: no room",
    ),
    gauge(CONNECTIONS, "", "connections open, to both listeners"),
    counter(ACCEPTED, "project", "items accepted and durable"),
    counter(HELD_BACK, "", "requests held back, by up to 100 ms, on a machine too busy to deliver"),
    gauge(ITEMS, "destination, outcome", "items accepted for a destination, by what has become of them"),
    gauge(BACKLOG_ITEMS, "destination", "items that wait, what is not read yet included"),
    gauge(BACKLOG_BYTES, "destination", "bytes of the requests that hold them, as stored"),
    gauge(BACKLOG_SECONDS, "destination", "age of the oldest item that waits"),
    histogram(SHOWN_SECONDS, "destination", "seconds from a trace's oldest unshown item accepted to shown"),
    counter(UNITS, "destination", "traces and spans that the vendor took, as vendors bill them"),
    counter(VENDOR_REQUESTS, "destination, outcome", "requests to a vendor, by what the answer meant"),
    counter(VENDOR_ROWS, "destination, outcome", "rows in them"),
    counter(VENDOR_ERRORS, "destination, kind", "requests to a vendor without an answer, by what went wrong"),
    histogram(VENDOR_SECONDS, "destination", "seconds from a request to a vendor's answer"),
    counter(RETRIES, "destination", "traces tried again after a failure"),
    counter(CONFIRM_FAILURES, "destination", "writes accepted by a vendor that did not show in time"),
    counter(
        LOSSES,
        "destination, field",
        "fields that a translation could not carry at all; `row`: the longest texts of a row too large for the vendor",
    ),
    gauge(IN_FLIGHT, "destination", "requests on their way"),
    gauge(CONCURRENCY, "destination", "requests that may be on their way at once, as learnt"),
    gauge(BREAKER, "destination", "0 closed, 1 trying, 2 open"),
    gauge(CONDITION, "destination, condition", "1 for the condition a destination is in"),
    histogram(LEDGER_COMMIT_SECONDS, "", "seconds that a group commit took, its fsync included"),
    gauge(LEDGER_BYTES, "", "bytes of the ledger's files"),
    gauge(LEDGER_RECORDS, "", "requests held"),
    gauge(LEDGER_QUEUED, "", "bytes that wait for the writer"),
    gauge(LEDGER_LOST, "", "requests once acknowledged and missing since; must be 0"),
    gauge(LEDGER_QUARANTINED, "", "requests that could not be read and were put aside, ever"),
    gauge(
        LEDGER_SALVAGED,
        "",
        "how often the ledger's file was found damaged and what could be read of it was salvaged",
    ),
    counter(RETIRED, "how", "settled requests past retention: `gone`, or `carved` to what is still needed"),
    counter(RETIRED_BYTES, "", "bytes that gave back"),
    counter(LETTERS_EXPIRED, "destination", "items of dead letters that were kept as long as dead letters are"),
    gauge(LEDGER_READY, "", "1 while requests can be accepted"),
    gauge(ALARM, "kind, destination", "1 while an alarm stands"),
    counter(CLOCK_JUMPS, "", "times that the wall clock was set by more than a minute"),
    gauge(STARTED, "", "when the gateway was started, seconds since 1970"),
];

const fn counter(name: &'static str, labels: &'static str, meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, meaning }
}

const fn gauge(name: &'static str, labels: &'static str, meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, meaning }
}

const fn histogram(name: &'static str, labels: &'static str, meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, labels, meaning }
}

/// Tells the recorder what each is.
pub(super) fn describe() {
    for Metric { name, kind, meaning, .. } in METRICS {
        match kind {
            Kind::Counter => metrics::describe_counter!(name, meaning),
            Kind::Gauge => metrics::describe_gauge!(name, meaning),
            Kind::Histogram => metrics::describe_histogram!(name, Unit::Seconds, meaning),
        }
    }
}
