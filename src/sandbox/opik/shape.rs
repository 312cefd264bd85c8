//! What Jackson makes of a row: types and enums, before any rule (`wire/opik.md` §5).

use serde_json::{Number, Value, json};

use super::{Fields, Kind, Refusal, refusal, times};

const SOURCES: [&str; 4] = ["sdk", "experiment", "playground", "optimization"];
const TYPES: [&str; 4] = ["general", "tool", "llm", "guardrail"];

/// The known, non-null fields of a row in storable form. Unknown fields are ignored (§5.8), a bad
/// type or enum refuses the whole request.
pub(super) fn fields(kind: Kind, item: &Value) -> Result<Fields, Refusal> {
    let Value::Object(item) = item else {
        return Err(Refusal::unreadable("Cannot construct instance from this JSON token"));
    };
    let mut out = Fields::new();
    for (name, value) in item.iter().filter(|(_, value)| !value.is_null()) {
        if let Some(value) = field(kind, name, value)? {
            out.insert(name.clone(), value);
        }
    }
    Ok(out)
}

fn field(kind: Kind, name: &str, value: &Value) -> Result<Option<Value>, Refusal> {
    let span = kind == Kind::Span;
    Ok(Some(match name {
        "id" | "project_id" => json!(refusal::uuid(value)?),
        "trace_id" | "parent_span_id" if span => json!(refusal::uuid(value)?),
        "start_time" | "end_time" | "last_updated_at" => json!(times::text(times::parse(value)?)),
        "name" | "project_name" => text(value)?,
        "thread_id" if !span => text(value)?,
        "model" | "provider" | "total_estimated_cost_version" if span => text(value)?,
        "input" | "output" | "metadata" => value.clone(),
        "error_info" if value.is_object() => value.clone(),
        "tags" => tags(value)?,
        "ttft" => number(value)?,
        "total_estimated_cost" if span => number(value)?,
        "usage" if span => usage(value)?,
        "source" => one_of(value, &SOURCES, "Source")?,
        "type" if span => one_of(value, &TYPES, "SpanType")?,
        "error_info" => return Err(mismatch("ErrorInfo", value)),
        _ => return Ok(None),
    }))
}

fn mismatch(kind: &str, value: &Value) -> Refusal {
    Refusal::unreadable(format!("Cannot deserialize value of type `{kind}` from {value}"))
}

fn text(value: &Value) -> Result<Value, Refusal> {
    match value {
        Value::String(_) => Ok(value.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(json!(value.to_string())),
        _ => Err(mismatch("java.lang.String", value)),
    }
}

fn tags(value: &Value) -> Result<Value, Refusal> {
    let items = value.as_array().ok_or_else(|| mismatch("java.util.Set", value))?;
    let mut out: Vec<Value> = Vec::new();
    for item in items {
        let tag = text(item)?;
        if !out.contains(&tag) {
            out.push(tag);
        }
    }
    Ok(Value::Array(out))
}

fn number(value: &Value) -> Result<Value, Refusal> {
    match value {
        Value::Number(_) => Ok(value.clone()),
        Value::String(text) => {
            let parsed = text.parse::<f64>().ok().and_then(Number::from_f64);
            parsed.map(Value::Number).ok_or_else(|| mismatch("java.math.BigDecimal", value))
        }
        _ => Err(mismatch("java.math.BigDecimal", value)),
    }
}

/// A flat map of 32-bit integers, as in server 2.0.2 (§5.2).
fn usage(value: &Value) -> Result<Value, Refusal> {
    let items = value.as_object().ok_or_else(|| mismatch("java.util.Map", value))?;
    let fits = |value: &Value| value.as_i64().is_some_and(|n| i32::try_from(n).is_ok());
    match items.values().find(|value| !fits(value)) {
        Some(bad) => Err(mismatch("java.lang.Integer", bad)),
        None => Ok(value.clone()),
    }
}

fn one_of(value: &Value, known: &[&str], kind: &str) -> Result<Value, Refusal> {
    match value.as_str() {
        Some(text) if known.contains(&text) => Ok(value.clone()),
        _ => Err(mismatch(kind, value)),
    }
}
