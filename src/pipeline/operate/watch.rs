//! A look around now and then: metrics that show the ledger, alarms where a human is needed. Each courier
//! does the same for its destination.

use std::sync::Arc;
use std::time::Duration;

use super::Operator;
use super::pace::Pace;
use crate::canonical::Time;
use crate::pipeline::explain::Live;
use crate::pipeline::explain::Outlet;
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
        let mut pace = Pace::new(self.now());
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            let now = self.now();
            let status = self.ledger().status();
            not_ready = (!status.ready).then(|| not_ready.unwrap_or(now));
            self.show(&status, not_ready, now);
            self.time(&mut pace, now);
            self.live().for_each(|(outlet, live)| self.look_at(outlet, live, now));
        }
    }

    fn show(&self, status: &Status, not_ready: Option<Time>, now: Time) {
        let &Status { ready, records, bytes, lost, quarantined, salvaged, aside, queued_bytes, .. } = status;
        metrics::ledger(metrics::Ledger { bytes, records, queued_bytes, lost, quarantined, salvaged, ready });
        let text = (lost > 0).then(|| format!("{lost} requests that were acknowledged are missing from the ledger"));
        self.alarms.set(Kind::Lost, None, text.as_deref(), now.0);
        let text = (quarantined > 0).then(|| format!("{quarantined} requests could not be read and are put aside"));
        self.alarms.set(Kind::Quarantined, None, text.as_deref(), now.0);
        let text =
            (aside > 0).then(|| format!("the ledger's file was damaged and salvaged; {aside} such are kept aside"));
        self.alarms.set(Kind::Salvaged, None, text.as_deref(), now.0);
        let long = not_ready.filter(|since| now.0 - since.0 >= NOT_READY_NS);
        let why = status.not_ready.as_deref().unwrap_or("no cause is known");
        let text = long.map(|_| format!("the ledger does not accept requests: {why}"));
        self.alarms.set(Kind::Ledger, None, text.as_deref(), now.0);
    }

    /// The wall clock beside the time that passes.
    fn time(&self, pace: &mut Pace, now: Time) {
        if pace.look(now) {
            metrics::clock_jumped();
        }
        self.alarms.set(Kind::Clock, None, pace.lately().as_deref(), now.0);
    }

    /// What the destination's courier does not see, or not as an alarm.
    fn look_at(&self, outlet: &Outlet, live: &Live, now: Time) {
        let name = Some(&*outlet.name);
        self.alarms.set(Kind::Unreachable, name, live.client.stuck(), now.0);
        let items = outlet.book.lock().counters.quarantined;
        let text = (items > 0).then(|| format!("{items} items could not be decoded any more and are not sent"));
        self.alarms.set(Kind::Quarantined, name, text.as_deref(), now.0);
    }
}
