//! What a trace comes to, whichever vendor shows it: for tests of when and in which order, not of how.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::shape::bare;
use super::shape::spans;

/// A shown trace as `{name, input, output, end, error, tags, spans: {name: {parent, …}}}`, the same from
/// every vendor: times in microseconds, JSON in strings read, no reserved key. `null` has no place.
pub(crate) fn glimpse(vendor: &str, trace: &Value) -> Value {
    let record = if vendor == "opik" { &trace["trace"] } else { trace };
    let names: BTreeMap<String, String> =
        spans(trace).iter().map(|span| (text(&id(vendor, span)), text(&span["name"]))).collect();
    let mut out = row(vendor, record);
    let mut below = Map::new();
    for span in spans(trace) {
        let mut row = row(vendor, &span);
        row["parent"] =
            parent(vendor, &span).and_then(|parent| names.get(&parent)).map_or(Value::Null, |name| json!(name));
        below.insert(text(&span["name"]), row);
    }
    out["spans"] = below.into();
    bare(&out)
}

fn row(vendor: &str, row: &Value) -> Value {
    let error = match vendor {
        "opik" => row["error_info"].is_object(),
        "galileo" => row["status_code"].as_i64().is_some_and(|code| code >= 400),
        _ => row["status"] == "ERROR",
    };
    json!({
        "name": row["name"], "input": read(&row["input"]), "output": read(&row["output"]),
        "end": end(vendor, row), "error": error.then_some(true), "tags": row["tags"], "metadata": metadata(row),
    })
}

fn metadata(row: &Value) -> Value {
    let metadata = row.get("metadata").or(row.get("user_metadata")).and_then(Value::as_object);
    let kept = metadata.into_iter().flatten().filter(|(key, _)| !key.starts_with("_spangate"));
    kept.map(|(key, value)| (key.clone(), read(value))).collect::<Map<_, _>>().into()
}

fn id(vendor: &str, span: &Value) -> Value {
    span[if vendor == "pandaprobe" { "span_id" } else { "id" }].clone()
}

fn parent(vendor: &str, span: &Value) -> Option<String> {
    span[if vendor == "galileo" { "parent_id" } else { "parent_span_id" }].as_str().map(str::to_owned)
}

fn end(vendor: &str, row: &Value) -> Value {
    let micros = |value: &Value| value.as_str().and_then(|text| text.parse().ok()).map(Timestamp::as_microsecond);
    let end = match vendor {
        "opik" => micros(&row["end_time"]),
        "galileo" => {
            let duration = row["metrics"]["duration_ns"].as_i64();
            micros(&row["created_at"]).zip(duration).map(|(start, duration)| start + duration / 1000)
        }
        _ => micros(&row["ended_at"]),
    };
    end.map_or(Value::Null, |end| json!(Timestamp::from_microsecond(end).unwrap().to_string()))
}

/// A value out of a string that holds JSON.
fn read(value: &Value) -> Value {
    let inner: Option<Value> = value.as_str().and_then(|text| serde_json::from_str(text).ok());
    inner.filter(|inner| inner.is_object() || inner.is_array()).unwrap_or_else(|| value.clone())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
