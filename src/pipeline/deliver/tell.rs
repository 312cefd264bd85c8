//! Shows how a destination does: its gauges, and the alarms about it.

use super::backlog::Backlog;
use super::ship::Shipper;
use crate::canonical::Time;
use crate::contract::State;
use crate::telemetry::alarm::Alarms;
use crate::telemetry::alarm::Kind;
use crate::telemetry::metrics;

/// Sets the gauges, and raises and ends the alarms.
pub(super) fn tell(shipper: &Shipper, backlog: &Backlog, alarms: &Alarms, now: Time) {
    let name = &*shipper.destination.name;
    let condition = shipper.control.condition(now);
    metrics::condition(name, &State::ALL.map(State::word), condition.state.word());
    metrics::breaker(name, shipper.control.breaker(now));
    let (in_flight, limit) = shipper.destination.client.gate().figures();
    metrics::in_flight(name, in_flight, limit);
    let standing = backlog.figures();
    metrics::backlog(name, standing.items, standing.bytes, standing.age(now));
    metrics::items(name, backlog.items_lately().outcomes());
    let alarm = |kind, text: Option<&str>| alarms.set(kind, Some(name), text, now.0);
    let when = |state, text| (condition.state == state).then_some(text);
    alarm(Kind::Credential, when(State::Credential, "the vendor does not take our credential: replace it, or resume"));
    alarm(
        Kind::Refusals,
        when(State::Refusing, "the vendor refuses nearly everything: look at its answers, then resume"),
    );
    alarm(Kind::Worker, when(State::Behind, "the vendor accepts and does not show: its worker is behind"));
    alarm(Kind::Backlog, standing.warning.as_deref());
    let full = "its share of the disk is used up, so new requests of its projects are refused until it has room: \
                look at what the vendor answers, or give it a larger share";
    alarm(Kind::Full, standing.refuses.then_some(full));
    alarm(Kind::Expired, standing.expired.as_deref());
}
