//! Values as the sources gave them, before anything is asked of them.

use config::Map;
use config::Value;
use config::ValueKind;

use super::sources::DEFAULT;
use super::sources::PREFIX;
use super::sources::toml_value;

/// The entries of a table.
pub(super) fn entries(value: &Value) -> Option<&Map<String, Value>> {
    match &value.kind {
        ValueKind::Table(entries) => Some(entries),
        _ => None,
    }
}

/// Where a value was set; none for a default. A table has the origin of its first value.
pub(super) fn origin(value: &Value) -> Option<&str> {
    match &value.kind {
        ValueKind::Table(values) => {
            let mut keys: Vec<&String> = values.keys().collect();
            keys.sort();
            keys.iter().find_map(|key| origin(&values[*key]))
        }
        _ => value.origin().filter(|origin| *origin != DEFAULT),
    }
}

/// A number or boolean that the environment, which knows only text, stands for.
pub(super) fn typed(value: &Value) -> Value {
    match (&value.kind, from_environment(value)) {
        (ValueKind::String(text), Some(name)) => toml_value(name, text.trim()).unwrap_or_else(|| value.clone()),
        _ => value.clone(),
    }
}

/// A list, from the environment also one separated by commas.
pub(super) fn list(value: &Value) -> Option<Vec<Value>> {
    match (&value.kind, from_environment(value)) {
        (ValueKind::Array(items), _) => Some(items.clone()),
        (ValueKind::String(text), Some(name)) => match toml_value(name, text.trim()) {
            Some(Value { kind: ValueKind::Array(items), .. }) => Some(items),
            _ => Some(
                text.split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(|item| Value::new(Some(&name.to_owned()), item))
                    .collect(),
            ),
        },
        _ => None,
    }
}

/// The variable that set the value, if one did.
fn from_environment(value: &Value) -> Option<&str> {
    value.origin().filter(|origin| origin.starts_with(PREFIX))
}
