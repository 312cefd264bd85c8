//! How one destination does.

use super::Operator;
use crate::canonical::Time;
use crate::contract::Account;
use crate::contract::AlarmLine;
use crate::contract::Standing;
use crate::pipeline::deliver::Book;
use crate::pipeline::deliver::State;
use crate::pipeline::explain::Live;
use crate::pipeline::explain::Outlet;
use crate::telemetry::alarm::Alarm;

impl Operator {
    pub(super) fn standing(&self, outlet: &Outlet, live: &Live) -> Standing {
        let now = self.now();
        let figures = live.backlog.figures();
        let (open, parked, last_error) = traces(&outlet.book.lock());
        let mut condition = live.control.condition(now);
        condition.last_error = condition.last_error.or(last_error);
        let (in_flight, concurrency) = live.client.gate().figures();
        let alarms = self.alarms.about(Some(&outlet.name));
        let items = live.backlog.items();
        Standing {
            destination: outlet.name.to_string(),
            dialect: outlet.dialect.info().name.to_owned(),
            base_url: outlet.base.to_string(),
            condition,
            items,
            unread: figures.unread,
            backlog_bytes: figures.bytes,
            oldest: figures.oldest.map(Time::exact),
            oldest_seconds: figures.oldest.map(|_| figures.age(now).as_secs()),
            open,
            parked,
            in_flight,
            concurrency,
            per_minute: live.backlog.rates(),
            alarms: alarms.into_iter().map(line).collect(),
            gateway_alarms: self.alarms.about(None).into_iter().map(line).collect(),
        }
    }
}

/// A destination's books.
pub(super) fn account(outlet: &Outlet, live: &Live) -> Account {
    let items = live.backlog.items();
    Account { destination: outlet.name.to_string(), items, balanced: items.balance() }
}

/// Traces that are not settled, those of them that are parked, and the newest error of any.
fn traces(book: &Book) -> (usize, usize, Option<String>) {
    let newest = book.traces().filter(|(_, trace)| trace.why.is_some()).max_by_key(|(_, trace)| trace.last_at);
    let parked = book.traces().filter(|(_, trace)| trace.state == State::Parked).count();
    (book.open(), parked, newest.and_then(|(_, trace)| trace.why.clone()))
}

pub(super) fn line(alarm: Alarm) -> AlarmLine {
    AlarmLine { kind: alarm.kind.word().to_owned(), text: alarm.text, since: Time(alarm.since_ns).exact() }
}
