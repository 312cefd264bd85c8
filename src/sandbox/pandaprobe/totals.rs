//! A trace's totals, and the counts that break them (`wire/pandaprobe.md` §9).

use serde_json::Value;

use super::{Refusal, Span};

/// Σ prompt and completion tokens, each span's sum an int4, and Σ `cost.total`.
pub(super) fn of<'a>(spans: impl Iterator<Item = &'a Span>) -> Result<(i64, f64), Refusal> {
    let (mut tokens, mut cost) = (0, 0.0);
    for span in spans {
        let usage = &span.fields["token_usage"];
        let sum = count(&usage["prompt_tokens"])? + count(&usage["completion_tokens"])?;
        tokens += int4(sum)?;
        cost += span.fields["cost"]["total"].as_f64().unwrap_or(0.0);
    }
    if cost.is_finite() { Ok((tokens, cost)) } else { Err(Refusal::Crash) }
}

/// What `::int` makes of a JSON value: integers, also written as text, and nothing else.
fn count(value: &Value) -> Result<i64, Refusal> {
    let number = match value {
        Value::Null => Some(0),
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    int4(number.ok_or(Refusal::Crash)?)
}

fn int4(number: i64) -> Result<i64, Refusal> {
    i32::try_from(number).map(i64::from).map_err(|_| Refusal::Crash)
}
