//! Instants as PandaProbe reads and writes them (`wire/pandaprobe.md` §7).

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde_json::Value;

/// Above this a number counts milliseconds; seconds below (pydantic's watershed).
const WATERSHED: f64 = 2e10;
/// The last second of year 9999.
const LAST: f64 = 253_402_300_799.0;

/// An instant out of JSON, fractions cut to microseconds; none when pydantic would refuse it.
/// What has no zone is UTC, as in the vendor's own image.
pub(super) fn parse(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok().map_or_else(|| iso(text), epoch),
        Value::Number(number) => number.as_f64().and_then(epoch),
        _ => None,
    }
    .and_then(|at| Timestamp::from_microsecond(at.as_nanosecond().div_euclid(1000).try_into().ok()?).ok())
}

fn iso(text: &str) -> Option<Timestamp> {
    // The basic format has no dashes; jiff would take it, pydantic does not.
    if text.as_bytes().get(4) != Some(&b'-') || text.contains(":60") {
        return None;
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let zoned = |at: DateTime| at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    if text.len() == 10 {
        return text.parse::<Date>().ok().and_then(|day| zoned(day.at(0, 0, 0, 0)));
    }
    text.parse::<DateTime>().ok().and_then(zoned)
}

fn epoch(number: f64) -> Option<Timestamp> {
    let seconds = if number.abs() > WATERSHED { number / 1e3 } else { number };
    if !seconds.is_finite() || !(-LAST..=LAST).contains(&seconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "in the range checked above")]
    let micros = (seconds * 1e6).round() as i64;
    Timestamp::from_microsecond(micros).ok()
}

/// `YYYY-MM-DDTHH:MM:SS[.ffffff]+00:00`.
pub(super) fn text(at: Timestamp) -> String {
    let plain = if at.subsec_microsecond() == 0 && at.subsec_nanosecond() == 0 {
        at.strftime("%Y-%m-%dT%H:%M:%S")
    } else {
        at.strftime("%Y-%m-%dT%H:%M:%S.%6f")
    };
    format!("{plain}+00:00")
}

/// Milliseconds from one stored instant to another; none when one is missing.
pub(super) fn between(start: Option<&Value>, end: Option<&Value>) -> Option<f64> {
    let (start, end) = (parse(start?)?, parse(end?)?);
    #[expect(clippy::cast_precision_loss, reason = "a latency is shown, not compared")]
    let micros = (end.as_microsecond() - start.as_microsecond()) as f64;
    Some(micros / 1e3)
}

/// Whether an instant is written without a zone.
pub(super) fn naive(value: &Value) -> bool {
    let zoned = |text: &str| text.parse::<Timestamp>().is_ok() || text.parse::<f64>().is_ok();
    value.as_str().is_some_and(|text| !zoned(text))
}
