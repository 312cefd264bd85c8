//! `destinations.NAME.egress`: how fast and how patiently we write to one vendor account.

use std::num::NonZeroU32;
use std::time::Duration;

use super::dialects::DialectInfo;
use super::print::Printer;
use super::values;
use super::walk::Table;

const IN_FLIGHT: NonZeroU32 = NonZeroU32::new(8).expect("eight is not zero");
const TIMEOUT: Duration = Duration::from_secs(60);

/// Rates for each credential, none where nothing is known; and bounds on single requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Egress {
    /// Requests a minute for each credential.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Rows a minute for each credential.
    pub items_per_minute: Option<NonZeroU32>,
    /// Scores a minute for each credential.
    pub scores_per_minute: Option<NonZeroU32>,
    /// Requests at once, all credentials together.
    pub in_flight: NonZeroU32,
    /// The longest that one request may take.
    pub timeout: Duration,
}

pub(super) fn read(table: &mut Table, info: Option<&DialectInfo>) -> Egress {
    Egress {
        requests_per_minute: rate(table, "requests_per_minute", info, |info| info.requests_per_minute),
        items_per_minute: rate(table, "items_per_minute", info, |info| info.items_per_minute),
        scores_per_minute: rate(table, "scores_per_minute", info, |info| info.scores_per_minute),
        in_flight: table.count("in_flight").unwrap_or(IN_FLIGHT),
        timeout: table.text("timeout", values::positive_duration).unwrap_or(TIMEOUT),
    }
}

/// What is written, else what the dialect is known to take; more than that is worth a warning.
fn rate(
    table: &mut Table,
    key: &str,
    info: Option<&DialectInfo>,
    known: fn(&DialectInfo) -> Option<u32>,
) -> Option<NonZeroU32> {
    let known = info.and_then(known).and_then(NonZeroU32::new);
    let Some(written) = table.count(key) else {
        return known;
    };
    if let Some(known) = known.filter(|known| written > *known) {
        let text = format!("{written} a minute is more than the {known} that the vendor is known to take");
        table.walk.warn(table.at(key), text);
    }
    Some(written)
}

impl Egress {
    /// `a = 1, b = 2`.
    pub(super) fn print(&self) -> String {
        Printer::inline([
            ("requests_per_minute", self.requests_per_minute.map(|n| n.to_string())),
            ("items_per_minute", self.items_per_minute.map(|n| n.to_string())),
            ("scores_per_minute", self.scores_per_minute.map(|n| n.to_string())),
            ("in_flight", Some(self.in_flight.to_string())),
            ("timeout", Some(Printer::quoted(&values::duration_text(self.timeout)))),
        ])
    }
}
