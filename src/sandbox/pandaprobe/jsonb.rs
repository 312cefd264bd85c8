//! What a JSONB column keeps of a value (`wire/pandaprobe.md` §8).

use serde_json::{Map, Value, json};

/// Keys of an object come back shorter first, then by byte; a negative zero loses its sign.
pub(super) fn stored(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(stored).collect(),
        Value::Object(items) => {
            let mut keys: Vec<_> = items.iter().collect();
            keys.sort_by_key(|(key, _)| (key.len(), key.as_bytes()));
            let sorted: Map<_, _> = keys.into_iter().map(|(key, value)| (key.clone(), stored(value))).collect();
            Value::Object(sorted)
        }
        Value::Number(number) if number.is_f64() && number.as_f64() == Some(0.0) => json!(0.0),
        _ => value.clone(),
    }
}
