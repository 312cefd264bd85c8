//! Instants as Opik reads and writes them (`wire/opik.md` §5.7).

use jiff::Timestamp;
use serde_json::Value;

use super::Refusal;

/// An instant out of JSON: ISO-8601 with a zone, or a number of seconds.
pub(super) fn parse(value: &Value) -> Result<Timestamp, Refusal> {
    let parsed = match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_f64().and_then(|seconds| {
            #[expect(clippy::cast_possible_truncation, reason = "an epoch fits, or is refused below")]
            let nanos = (seconds * 1e9) as i128;
            Timestamp::from_nanosecond(nanos).ok()
        }),
        _ => None,
    };
    parsed.ok_or_else(|| {
        Refusal::unreadable(format!("Cannot deserialize value of type `java.time.Instant` from {value}"))
    })
}

/// An instant as Java prints it: no, three, six or nine digits of a fraction.
pub(super) fn text(at: Timestamp) -> String {
    let nanos = at.subsec_nanosecond();
    let digits = match nanos {
        0 => 0,
        n if n % 1_000_000 == 0 => 3,
        n if n % 1_000 == 0 => 6,
        _ => 9,
    };
    format!("{at:.digits$}")
}

/// Milliseconds between two stored instants.
pub(super) fn between(start: &Value, end: &Value) -> Option<f64> {
    let (start, end) = (parse(start).ok()?, parse(end).ok()?);
    #[expect(clippy::cast_precision_loss, reason = "a duration is shown, not compared")]
    let nanos = (end.as_nanosecond() - start.as_nanosecond()) as f64;
    Some(nanos / 1e6)
}
