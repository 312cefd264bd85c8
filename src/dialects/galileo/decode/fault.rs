//! Mistakes, named by their path in the document and the rule they break.

use indexmap::IndexMap;
use serde::de::DeserializeOwned;

use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Raw;
use crate::canonical::Time;
use crate::contract::Refusal;

/// A body as a type.
pub(super) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| {
        if error.is_data() { invalid("", &error) } else { Refusal::Malformed { message: error.to_string() } }
    })
}

/// Part of a body as a type.
pub(super) fn part<T: DeserializeOwned>(raw: &Raw, path: &str) -> Result<T, Refusal> {
    raw.read().map_err(|error| invalid(path, &error))
}

/// A list that must be there and hold something (`wire/galileo.md §4.2`, §4.3).
pub(super) fn list(field: Field<Vec<Raw>>, path: &str) -> Result<Vec<Raw>, Refusal> {
    match field.take() {
        None => Err(rule(path, "Field required")),
        Some(list) if list.is_empty() => Err(rule(path, "List should have at least 1 item after validation, not 0")),
        Some(list) => Ok(list),
    }
}

/// An id that must be there.
pub(super) fn required_uuid(field: &Field<String>, path: &str) -> Result<Id, Refusal> {
    field.get().map_or_else(|| Err(rule(path, "Field required")), |text| uuid(text, path))
}

/// An id that may be left out.
pub(super) fn optional_uuid(field: Field<String>, path: &str) -> Result<Option<Id>, Refusal> {
    field.take().map(|text| uuid(&text, path)).transpose()
}

/// An id of any version; that the vendor wants version 4 is settled when we write to it.
pub(in crate::dialects::galileo) fn uuid(text: &str, path: &str) -> Result<Id, Refusal> {
    Id::parse(text).ok_or_else(|| rule(path, "Input should be a valid UUID"))
}

/// An instant, with or without a zone (`wire/galileo.md §3.8`).
pub(super) fn time(field: Field<String>, path: &str) -> Result<Option<Time>, Refusal> {
    let read =
        |text: String| Time::parse_lenient(&text).ok_or_else(|| rule(path, "Input should be a valid datetime or date"));
    field.take().map(read).transpose()
}

/// An object, or nothing.
pub(super) fn object(field: Field<Raw>, path: &str) -> Result<Option<Raw>, Refusal> {
    match field.take() {
        Some(raw) if !raw.is_object() => Err(rule(path, "Input should be a valid dictionary")),
        given => Ok(given),
    }
}

/// Keys of a request that we do not know and nothing keeps.
pub(super) fn unknown(subject: &impl ToString, extra: &IndexMap<String, Raw>) -> Vec<Loss> {
    let loss = |key: &String| Loss {
        subject: subject.to_string(),
        path: key.clone(),
        why: "not a field of this request that we know".to_owned(),
        carried: false,
    };
    extra.keys().map(loss).collect()
}

pub(super) fn rule(path: &str, rule: &str) -> Refusal {
    Refusal::Invalid { path: path.to_owned(), rule: rule.to_owned() }
}

/// A reader's error, whose message begins with the keys it arose under.
fn invalid(path: &str, error: &serde_json::Error) -> Refusal {
    let text = error.to_string();
    let text = text.split_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let (path, text) = match text.split_once(": ") {
        Some((key, text)) if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
            (if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }, text)
        }
        _ => (path.to_owned(), text),
    };
    Refusal::Invalid { path, rule: text.to_owned() }
}
