//! `metrics`: durations, token counts, cost; every further number is a score (`wire/galileo.md §4.11`).

use std::borrow::Cow;

use indexmap::IndexMap;

use super::fault;
use crate::canonical::Cost;
use crate::canonical::Field;
use crate::canonical::Raw;
use crate::canonical::Usage;
use crate::contract::Refusal;

/// Where a token count stands in a [`Usage`].
type Count = fn(&mut Usage) -> &mut Option<i64>;

/// The token counts we know by name; further `num_…_tokens` stay under their own.
pub(in crate::dialects::galileo) const USAGE: [(&str, Count); 5] = [
    ("num_input_tokens", |usage| &mut usage.input),
    ("num_output_tokens", |usage| &mut usage.output),
    ("num_total_tokens", |usage| &mut usage.total),
    ("num_cached_input_tokens", |usage| &mut usage.cache_read),
    ("num_reasoning_tokens", |usage| &mut usage.reasoning),
];

/// What a step's metrics say.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) duration: Field<i64>,
    pub(super) first_token_after: Field<i64>,
    pub(super) usage: Field<Usage>,
    pub(super) cost: Field<Cost>,
    /// Further numbers.
    pub(super) scores: Vec<(String, Raw)>,
    /// What is no number.
    pub(super) rest: IndexMap<String, Raw>,
}

/// Takes metrics apart.
pub(super) fn take(raw: Option<Raw>, path: &str) -> Result<Taken, Refusal> {
    let mut taken = Taken::default();
    let mut usage = Usage::default();
    for (key, value) in raw.and_then(|raw| raw.members()).unwrap_or_default() {
        if value.is_null() {
            continue;
        }
        let key = snake(&key);
        let known = USAGE.iter().find(|(name, _)| *name == key);
        match (key.as_ref(), known) {
            ("duration_ns", _) => taken.duration = Field::Set(nanos(&value, path, &key)?),
            ("time_to_first_token_ns", _) => taken.first_token_after = Field::Set(nanos(&value, path, &key)?),
            ("cost", _) if number(&value).is_some() => {
                taken.cost = Field::Set(Cost { total: number(&value), ..Cost::default() });
            }
            (_, Some((_, count))) if value.read::<i64>().is_ok() => *count(&mut usage) = value.read().ok(),
            (name, None) if is_count(name) && number(&value).is_some() => {
                usage.other.insert(name.to_owned(), value);
            }
            (name, None) if name != "cost" && number(&value).is_some() => taken.scores.push((name.to_owned(), value)),
            (name, _) => {
                taken.rest.insert(name.to_owned(), value);
            }
        }
    }
    if usage != Usage::default() {
        taken.usage = Field::Set(usage);
    }
    Ok(taken)
}

/// Whether a metric's name is taken, so that no score can have it.
pub(in crate::dialects::galileo) fn is_taken(name: &str) -> bool {
    ["duration_ns", "time_to_first_token_ns", "cost"].contains(&name) || is_count(&snake(name))
}

/// Whether a metric counts tokens.
pub(in crate::dialects::galileo) fn is_count(name: &str) -> bool {
    name.starts_with("num_") && name.ends_with("_tokens")
}

/// The JS SDK's second client sends metrics it does not know in camel case (`wire/galileo.md §3.8`);
/// names of scores are left as they are.
fn snake(key: &str) -> Cow<'_, str> {
    let ours =
        (key.starts_with("num") && key.ends_with("Tokens")) || key == "durationNs" || key == "timeToFirstTokenNs";
    if !ours {
        return Cow::Borrowed(key);
    }
    let mut out = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    Cow::Owned(out)
}

/// Whole nanoseconds; a float is cut.
fn nanos(value: &Raw, path: &str, key: &str) -> Result<i64, Refusal> {
    let float = || number(value).filter(|float| float.abs() < 9e18).map(|float| float as i64);
    let whole = value.read::<i64>().ok().or_else(float);
    whole.ok_or_else(|| fault::rule(&format!("{path}.{key}"), "Input should be a valid integer"))
}

fn number(value: &Raw) -> Option<f64> {
    value.read::<f64>().ok().filter(|number| number.is_finite())
}
