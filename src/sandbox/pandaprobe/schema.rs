//! The request schemas, field by field (`wire/pandaprobe.md` §4.1, §6, §7).

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Fields, Refusal,
    lenient::{NOT_FINITE, SURROGATE},
    times,
};

const TRACE_STATUS: &[&str] = &["PENDING", "RUNNING", "COMPLETED", "ERROR"];
const SPAN_STATUS: &[&str] = &["UNSET", "OK", "ERROR"];
const KINDS: &[&str] = &["AGENT", "TOOL", "LLM", "RETRIEVER", "CHAIN", "EMBEDDING", "OTHER"];
const NAME: usize = 512;
const SHORT: usize = 255;
pub(super) const MAX_SPANS: usize = 500;

#[derive(Clone, Copy)]
pub(super) enum Rule {
    Name,
    Time,
    Any,
    Object,
    Short,
    Long,
    OneOf(&'static [&'static str]),
    Id,
    Tags,
    Cost,
    Spans,
}

/// A field, its rule, and whether it may be null. Required fields stand apart.
type Row = (&'static str, Rule, bool);

const TRACE: &[Row] = &[
    ("trace_id", Rule::Id, false),
    ("name", Rule::Name, false),
    ("started_at", Rule::Time, false),
    ("status", Rule::OneOf(TRACE_STATUS), false),
    ("input", Rule::Any, true),
    ("output", Rule::Any, true),
    ("metadata", Rule::Object, false),
    ("ended_at", Rule::Time, true),
    ("session_id", Rule::Short, true),
    ("user_id", Rule::Short, true),
    ("tags", Rule::Tags, false),
    ("environment", Rule::Short, true),
    ("release", Rule::Short, true),
    ("spans", Rule::Spans, false),
];
const SPAN: &[Row] = &[
    ("span_id", Rule::Id, false),
    ("parent_span_id", Rule::Id, true),
    ("name", Rule::Name, false),
    ("kind", Rule::OneOf(KINDS), false),
    ("status", Rule::OneOf(SPAN_STATUS), false),
    ("input", Rule::Any, true),
    ("output", Rule::Any, true),
    ("model", Rule::Short, true),
    ("token_usage", Rule::Object, true),
    ("metadata", Rule::Object, false),
    ("started_at", Rule::Time, false),
    ("ended_at", Rule::Time, true),
    ("error", Rule::Long, true),
    ("completion_start_time", Rule::Time, true),
    ("model_parameters", Rule::Object, true),
    ("cost", Rule::Cost, true),
];
const REQUIRED: &[&str] = &["name", "started_at"];
/// What a PATCH cannot reach, and ignores.
const FIXED: &[&str] = &["trace_id", "span_id", "parent_span_id", "started_at", "spans"];

/// A `TraceCreate`.
pub(super) fn trace(body: &Value) -> Result<Fields, Refusal> {
    finish(|errors| object(body, TRACE, REQUIRED, &[], "", errors))
}

/// One to five hundred `SpanCreate`s.
pub(super) fn spans(body: &Value) -> Result<Vec<Fields>, Refusal> {
    let Some(items) = body.as_array() else {
        return Err(Refusal::field("", "Input should be a valid list"));
    };
    if items.is_empty() || items.len() > MAX_SPANS {
        let (least, word) = if items.is_empty() { ("at least 1 item", "0") } else { ("at most 500 items", "more") };
        return Err(Refusal::field("", format!("List should have {least} after validation, not {word}")));
    }
    finish(|errors| {
        let of = |(index, item)| object(item, SPAN, REQUIRED, &[], &format!("{index}"), errors);
        items.iter().enumerate().map(of).collect()
    })
}

/// A `TraceUpdate`: everything optional, null meaning what §5.2 says.
pub(super) fn trace_update(body: &Value) -> Result<Fields, Refusal> {
    finish(|errors| object(body, TRACE, &[], FIXED, "", errors))
}

/// A `SpanUpdate`.
pub(super) fn span_update(body: &Value) -> Result<Fields, Refusal> {
    finish(|errors| object(body, SPAN, &[], FIXED, "", errors))
}

fn finish<T>(check: impl FnOnce(&mut Vec<(String, String)>) -> T) -> Result<T, Refusal> {
    let mut errors = Vec::new();
    let made = check(&mut errors);
    if errors.is_empty() { Ok(made) } else { Err(Refusal::Fields(errors)) }
}

fn object(
    body: &Value,
    rows: &[Row],
    required: &[&str],
    ignored: &[&str],
    prefix: &str,
    errors: &mut Vec<(String, String)>,
) -> Fields {
    let mut out = Map::new();
    let Value::Object(body) = body else {
        let text = "Input should be a valid dictionary or object to extract fields from";
        errors.push((prefix.to_owned(), text.to_owned()));
        return out;
    };
    // A PATCH asks for nothing, so every field of it may be null.
    let update = required.is_empty();
    for &(name, rule, nullable) in rows.iter().filter(|row| !ignored.contains(&row.0)) {
        let place = if prefix.is_empty() { name.to_owned() } else { format!("{prefix} -> {name}") };
        match body.get(name) {
            None if required.contains(&name) => errors.push((place, "Field required".to_owned())),
            None => {}
            Some(Value::Null) if nullable || update => {
                out.insert(name.to_owned(), Value::Null);
            }
            Some(value) => {
                let least = if update { 0 } else { 1 };
                if let Some(value) = rule.read(value, least, &place, errors) {
                    out.insert(name.to_owned(), value);
                }
            }
        }
    }
    out
}

impl Rule {
    fn read(self, value: &Value, least: usize, place: &str, errors: &mut Vec<(String, String)>) -> Option<Value> {
        let read = match self {
            Self::Any => Ok(value.clone()),
            Self::Name => text(value, least, NAME),
            Self::Short => text(value, 0, SHORT),
            Self::Long => text(value, 0, usize::MAX),
            Self::Time => times::parse(value)
                .map(|at| json!(times::text(at)))
                .ok_or_else(|| "Input should be a valid datetime or date".to_owned()),
            Self::Object if value.is_object() => Ok(value.clone()),
            Self::Object => Err("Input should be a valid dictionary".to_owned()),
            Self::OneOf(known) => one_of(value, known),
            Self::Id => id(value).map(|id| json!(id)),
            Self::Tags => return tags(value, place, errors),
            Self::Cost => return cost(value, place, errors),
            Self::Spans => return nested(value, place, errors),
        };
        read.map_err(|message| errors.push((place.to_owned(), message))).ok()
    }
}

fn text(value: &Value, least: usize, most: usize) -> Result<Value, String> {
    let text = match value.as_str() {
        Some(text) if text != NOT_FINITE => text,
        _ => return Err("Input should be a valid string".to_owned()),
    };
    let length = text.chars().count();
    if text.contains(SURROGATE) {
        return Err("Input should be a valid string, unable to parse raw data as a unicode string".to_owned());
    }
    if length < least {
        return Err(format!("String should have at least {least} character"));
    }
    if length > most {
        return Err(format!("String should have at most {most} characters"));
    }
    Ok(value.clone())
}

fn one_of(value: &Value, known: &[&str]) -> Result<Value, String> {
    if value.as_str().is_some_and(|text| known.contains(&text)) {
        return Ok(value.clone());
    }
    let quoted: Vec<String> = known.iter().map(|word| format!("'{word}'")).collect();
    let (last, first) = quoted.split_last().map_or(("", &[][..]), |(last, first)| (last.as_str(), first));
    Err(format!("Input should be {} or {last}", first.join(", ")))
}

/// A UUID in any of the spellings of §6.
pub(super) fn id(value: &Value) -> Result<Uuid, String> {
    let Some(text) = value.as_str() else {
        return Err("UUID input should be a string, bytes or UUID object".to_owned());
    };
    Uuid::parse_str(text).map_err(|error| {
        // The wording of the vendor's own parser, an older one of the same family.
        let reason = match text.len() {
            length if !text.contains('-') && length != 32 => {
                format!("invalid length: expected length 32 for simple format, found {length}")
            }
            _ => error.to_string(),
        };
        format!("Input should be a valid UUID, {reason}")
    })
}

fn tags(value: &Value, place: &str, errors: &mut Vec<(String, String)>) -> Option<Value> {
    let Some(items) = value.as_array() else {
        errors.push((place.to_owned(), "Input should be a valid list".to_owned()));
        return None;
    };
    for (index, item) in items.iter().enumerate() {
        if let Err(message) = text(item, 0, usize::MAX) {
            errors.push((format!("{place} -> {index}"), message));
        }
    }
    Some(value.clone())
}

/// Numbers by name; strings and booleans become floats, nothing else does.
fn cost(value: &Value, place: &str, errors: &mut Vec<(String, String)>) -> Option<Value> {
    let Some(items) = value.as_object() else {
        errors.push((place.to_owned(), "Input should be a valid dictionary".to_owned()));
        return None;
    };
    let mut out = Map::new();
    for (name, value) in items {
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
            Value::String(text) if text == NOT_FINITE => Some(f64::NAN),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if number.is_finite() => drop(out.insert(name.clone(), json!(number))),
            Some(_) => drop(out.insert(name.clone(), json!(NOT_FINITE))),
            None => errors.push((format!("{place} -> {name}"), "Input should be a valid number".to_owned())),
        }
    }
    Some(Value::Object(out))
}

fn nested(value: &Value, place: &str, errors: &mut Vec<(String, String)>) -> Option<Value> {
    let Some(items) = value.as_array() else {
        errors.push((place.to_owned(), "Input should be a valid list".to_owned()));
        return None;
    };
    if items.len() > MAX_SPANS {
        let text = format!("List should have at most {MAX_SPANS} items after validation, not {}", items.len());
        errors.push((place.to_owned(), text));
        return None;
    }
    let of = |(index, item)| Value::Object(object(item, SPAN, REQUIRED, &[], &format!("{place} -> {index}"), errors));
    Some(items.iter().enumerate().map(of).collect())
}
