//! A look at the ledger now and then: metrics that show it, alarms where a human is needed. Each
//! courier does the same for its destination.

use std::sync::Arc;
use std::time::Duration;

use super::Operator;
use crate::canonical::Time;
use crate::pipeline::ledger::Status;
use crate::telemetry::alarm::Kind;
use crate::telemetry::metrics;

const EVERY: Duration = Duration::from_secs(1);

/// How long a ledger that does not accept is no alarm: it may be between two reopenings.
const NOT_READY_NS: i64 = 10_000_000_000;

impl Operator {
    /// Looks for ever.
    pub async fn watch(self: Arc<Self>) {
        let mut not_ready = None;
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            let now = self.now();
            let status = self.ledger().status();
            not_ready = (!status.ready).then(|| not_ready.unwrap_or(now));
            self.show(&status, not_ready, now);
        }
    }

    fn show(&self, status: &Status, not_ready: Option<Time>, now: Time) {
        let Status { ready, not_ready: why, records, bytes, lost, queued_bytes, .. } = status;
        let (records, bytes, lost, queued_bytes) = (*records, *bytes, *lost, *queued_bytes);
        metrics::ledger(metrics::Ledger { bytes, records, queued_bytes, lost, ready: *ready });
        let text = (lost > 0).then(|| format!("{lost} requests that were acknowledged are missing from the ledger"));
        self.alarms.set(Kind::Lost, None, text.as_deref(), now.0);
        let long = not_ready.filter(|since| now.0 - since.0 >= NOT_READY_NS);
        let why = why.as_deref().unwrap_or("no cause is known");
        let text = long.map(|_| format!("the ledger does not accept requests: {why}"));
        self.alarms.set(Kind::Ledger, None, text.as_deref(), now.0);
    }
}
