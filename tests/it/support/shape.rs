//! What a stand-in shows, without what says nothing.

use serde_json::Value;

/// What differs from run to run or stands on every row: when the vendor wrote it, its own ids for
/// projects and runs, empty lists of annotations.
const VOLATILE: [&str; 8] = [
    "project_id",
    "run_id",
    "created_by",
    "last_updated_by",
    "last_updated_at",
    "updated_at",
    "visibility_mode",
    "duration",
];

/// A value without nulls, empty lists and maps, and what differs from run to run.
pub(crate) fn bare(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            // Opik's `created_at` is the server's; Galileo's is the client's start.
            let kept = map.iter().filter(|(name, _)| !VOLATILE.contains(&name.as_str()));
            let kept = kept.filter(|(name, _)| *name != "created_at" || !map.contains_key("start_time"));
            let kept = kept.map(|(name, value)| (name.clone(), bare(value)));
            Value::Object(kept.filter(|(_, value)| !says_nothing(value)).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(bare).collect()),
        other => other.clone(),
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// The lines in which two documents differ.
pub(crate) fn unlike(shown: &Value, expected: &Value) -> String {
    let [shown, expected] = [shown, expected].map(|value| serde_json::to_string_pretty(value).unwrap());
    let only = |sign: &str, these: &str, those: &str| -> String {
        let others: Vec<&str> = those.lines().collect();
        these.lines().filter(|line| !others.contains(line)).map(|line| format!("{sign} {line}\n")).collect()
    };
    only("+", &shown, &expected) + &only("-", &expected, &shown)
}

/// A document written out in a test.
pub(crate) fn literal(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Every span of a trace that a stand-in shows, flat.
pub(crate) fn spans(trace: &Value) -> Vec<Value> {
    let below = trace["spans"].as_array().into_iter().flatten();
    below
        .flat_map(|span| {
            [vec![span.clone()], if span.get("spans").is_some() { spans(span) } else { Vec::new() }].concat()
        })
        .collect()
}
