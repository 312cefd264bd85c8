//! Messages, documents and parts inside inputs and outputs (`wire/galileo.md` §5.3, §5.4).

use serde_json::Value;

use super::faults::{Faults, at};

const ROLES: [&str; 7] = ["agent", "assistant", "developer", "function", "system", "tool", "user"];
const MODALITIES: [&str; 5] = ["text", "document", "image", "audio", "video"];

/// A text or a list of content parts.
pub(super) fn parts(value: &Value, place: &[Value], faults: &mut Faults) {
    match value {
        Value::Null | Value::String(_) => {}
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                part(item, &at(place, index), faults);
            }
        }
        _ => faults.add(place, "string_type", "Input should be a valid string", value),
    }
}

fn part(value: &Value, place: &[Value], faults: &mut Faults) {
    match value["type"].as_str() {
        Some("text") if value["text"].is_string() => {}
        Some("text") => faults.missing(&at(place, "text"), value),
        Some("file") => drop(faults.required_id(value, "file_id", place)),
        // The SDK writes this form on the classic route too; that it is taken is assumed (§9.6).
        Some("data") => faults.one_of(&value["modality"], &MODALITIES, &at(place, "modality")),
        _ => faults.add(place, "union_tag_invalid", "Input should be a text or file content part", value),
    }
}

pub(super) fn messages(value: &Value, place: &[Value], faults: &mut Faults) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                message(item, &at(place, index), faults);
            }
        }
        // The core library makes a user message of a bare text (§5.2).
        Value::String(_) => {}
        _ => faults.add(place, "list_type", "Input should be a valid list", value),
    }
}

pub(super) fn message(value: &Value, place: &[Value], faults: &mut Faults) {
    if !value.is_object() {
        return faults.add(place, "model_attributes_type", "Input should be a valid dictionary", value);
    }
    let calls = &value["tool_calls"];
    match &value["content"] {
        Value::Null if calls.is_array() => {}
        Value::Null => faults.missing(&at(place, "content"), value),
        content => parts(content, &at(place, "content"), faults),
    }
    if value["role"].is_null() {
        faults.missing(&at(place, "role"), value);
    }
    faults.one_of(&value["role"], &ROLES, &at(place, "role"));
    faults.text(&value["tool_call_id"], &at(place, "tool_call_id"));
    for (index, call) in calls.as_array().into_iter().flatten().enumerate() {
        tool_call(call, &at(&at(place, "tool_calls"), index), faults);
    }
}

fn tool_call(call: &Value, place: &[Value], faults: &mut Faults) {
    let function = at(place, "function");
    let needed = [
        (&call["id"], at(place, "id")),
        (&call["function"]["name"], at(&function, "name")),
        (&call["function"]["arguments"], at(&function, "arguments")),
    ];
    for (value, place) in needed {
        if value.is_null() {
            faults.missing(&place, call);
        }
        faults.text(value, &place);
    }
}

/// Documents; they forbid what they do not know.
pub(super) fn documents(value: &Value, place: &[Value], faults: &mut Faults) {
    let Value::Array(items) = value else {
        return faults.add(place, "list_type", "Input should be a valid list", value);
    };
    for (index, item) in items.iter().enumerate() {
        document(item, &at(place, index), faults);
    }
}

fn document(value: &Value, place: &[Value], faults: &mut Faults) {
    let Value::Object(fields) = value else {
        return faults.add(place, "model_attributes_type", "Input should be a valid dictionary", value);
    };
    if value["content"].is_null() {
        faults.missing(&at(place, "content"), value);
    }
    faults.text(&value["content"], &at(place, "content"));
    for (name, field) in fields {
        if !matches!(name.as_str(), "content" | "metadata") {
            faults.add(&at(place, name.as_str()), "extra_forbidden", "Extra inputs are not permitted", field);
        }
    }
    for (name, field) in value["metadata"].as_object().into_iter().flatten() {
        if field.is_null() || field.is_object() || field.is_array() {
            let place = at(&at(place, "metadata"), name.as_str());
            faults.add(&place, "string_type", "Input should be a valid string", field);
        }
    }
}
