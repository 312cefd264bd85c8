//! Inputs and outputs by the vendor's conventions: messages and documents under a key of their own.

use indexmap::IndexMap;
use serde::Serialize;

use super::Notes;
use super::hygiene;
use crate::canonical::Field;
use crate::canonical::Payload;
use crate::canonical::Raw;

/// An input or output; a native one verbatim, another's in the vendor's shape (`wire/otlp.md §4.4b`).
pub(super) fn payload(path: &'static str, payload: &Field<Payload>, is_native: bool, notes: &mut Notes) -> Field<Raw> {
    let Field::Set(payload) = payload else { return Field::Absent };
    let raw = if is_native { payload.0.clone() } else { shaped(payload) };
    if raw.is_null() {
        return Field::Absent;
    }
    let (raw, cleaned) = hygiene::json(&raw, hygiene::DEPTH);
    if cleaned.too_deep {
        notes.add(path, "nests too deep, sent as text");
    } else if cleaned.changed {
        notes.add(path, "characters or numbers that cannot be stored");
    }
    Field::Set(raw)
}

/// JSON inside a string becomes JSON and stays as it is; a list of messages or documents, or a
/// message alone, gets its key.
fn shaped(payload: &Payload) -> Raw {
    let inner = payload.inner();
    if inner != payload.0 {
        return inner;
    }
    if is_message(&inner) {
        return Raw::of(&Messages { messages: &[&inner] });
    }
    let Some(list) = inner.elements().filter(|list| !list.is_empty()) else { return inner };
    if list.iter().all(is_message) {
        return Raw::of(&IndexMap::from([("messages", &inner)]));
    }
    if list.iter().all(is_document) {
        return Raw::of(&IndexMap::from([("documents", &inner)]));
    }
    inner
}

#[derive(Serialize)]
struct Messages<'a> {
    messages: &'a [&'a Raw],
}

fn is_message(raw: &Raw) -> bool {
    let Some(members) = raw.members() else { return false };
    let role = members.get("role").is_some_and(|role| role.as_string().is_some());
    role && (members.contains_key("content") || members.contains_key("tool_calls"))
}

fn is_document(raw: &Raw) -> bool {
    let Some(members) = raw.members() else { return false };
    let text = |key: &str| members.get(key).is_some_and(|text| text.as_string().is_some());
    !members.contains_key("role") && (text("content") || text("page_content"))
}
