//! Collects what is wrong with a body, each fault with its place, as pydantic does.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Refusal;

/// A path into the body: `["body", "traces", 0, "id"]`.
pub(super) type Place = Vec<Value>;

#[derive(Default)]
pub(super) struct Faults(Vec<Value>);

/// The place one step further in.
pub(super) fn at(place: &[Value], step: impl Into<Value>) -> Place {
    let mut inner = place.to_vec();
    inner.push(step.into());
    inner
}

impl Faults {
    pub(super) fn add(&mut self, place: &[Value], kind: &str, message: &str, input: &Value) {
        self.0.push(json!({"type": kind, "loc": place, "msg": message, "input": input}));
    }

    pub(super) fn missing(&mut self, place: &[Value], input: &Value) {
        self.add(place, "missing", "Field required", input);
    }

    pub(super) fn done(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::Fields(self.0)) }
    }

    /// A version 4 id (§6); null is none.
    pub(super) fn id(&mut self, value: &Value, place: &[Value]) -> Option<Uuid> {
        if value.is_null() {
            return None;
        }
        match value.as_str().map(Uuid::parse_str) {
            Some(Ok(id)) if id.get_version_num() == 4 => return Some(id),
            Some(Ok(_)) => self.add(place, "uuid_version", "UUID version 4 expected", value),
            Some(Err(error)) => {
                self.add(place, "uuid_parsing", &format!("Input should be a valid UUID, {error}"), value);
            }
            None => self.add(place, "uuid_type", "UUID input should be a string, bytes or UUID object", value),
        }
        None
    }

    pub(super) fn required_id(&mut self, body: &Value, name: &str, place: &[Value]) -> Option<Uuid> {
        if body[name].is_null() {
            self.missing(&at(place, name), body);
        }
        self.id(&body[name], &at(place, name))
    }

    pub(super) fn text(&mut self, value: &Value, place: &[Value]) {
        if !value.is_null() && !value.is_string() {
            self.add(place, "string_type", "Input should be a valid string", value);
        }
    }

    pub(super) fn int(&mut self, value: &Value, place: &[Value]) {
        let whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
        let written = value.as_str().is_some_and(|text| text.trim().parse::<i64>().is_ok());
        if !value.is_null() && !whole && !written {
            self.add(place, "int_type", "Input should be a valid integer", value);
        }
    }

    pub(super) fn number(&mut self, value: &Value, place: &[Value]) {
        if !value.is_null() && !value.is_number() {
            self.add(place, "float_type", "Input should be a valid number", value);
        }
    }

    pub(super) fn texts(&mut self, value: &Value, place: &[Value]) {
        match value {
            Value::Null => {}
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if !item.is_string() {
                        self.add(&at(place, index), "string_type", "Input should be a valid string", item);
                    }
                }
            }
            _ => self.add(place, "list_type", "Input should be a valid list", value),
        }
    }

    /// A map of strings; null values are dropped, anything else is refused (§5.1).
    pub(super) fn string_map(&mut self, value: &Value, place: &[Value]) -> Map<String, Value> {
        let mut out = Map::new();
        match value {
            Value::Null => {}
            Value::Object(items) => {
                for (name, item) in items.iter().filter(|(_, item)| !item.is_null()) {
                    self.text(item, &at(place, name.as_str()));
                    out.insert(name.clone(), item.clone());
                }
            }
            _ => self.add(place, "dict_type", "Input should be a valid dictionary", value),
        }
        out
    }

    pub(super) fn one_of(&mut self, value: &Value, known: &[&str], place: &[Value]) {
        let fine = value.as_str().is_some_and(|text| known.contains(&text));
        if !value.is_null() && !fine {
            let message = format!("Input should be one of {}", known.join(", "));
            self.add(place, "enum", &message, value);
        }
    }

    pub(super) fn time(&mut self, value: &Value, place: &[Value]) {
        if !value.is_null() && instant(value).is_none() {
            self.add(place, "datetime_from_date_parsing", "Input should be a valid datetime or date", value);
        }
    }
}

/// An instant; what has no zone is UTC.
pub(super) fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok().or_else(|| {
            let local: DateTime = text.parse().ok()?;
            local.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
        }),
        Value::Number(number) => {
            #[expect(clippy::cast_possible_truncation, reason = "an epoch of seconds fits")]
            let seconds = number.as_f64()? as i64;
            Timestamp::from_second(seconds).ok()
        }
        _ => None,
    }
}
