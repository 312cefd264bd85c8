//! Payloads in the shape that each type's fields have (`wire/galileo.md §5.2`, `wire/otlp.md §4.4b`).

use indexmap::IndexMap;
use serde_json::Value;

use crate::canonical::Field;
use crate::canonical::Payload;
use crate::canonical::Raw;
use crate::canonical::shape;
use crate::canonical::shape::Document;
use crate::canonical::shape::Message;
use crate::canonical::shape::Shape;

/// The speakers that a message may have (`wire/galileo.md §5.3`).
const ROLES: [&str; 7] = ["agent", "assistant", "developer", "function", "system", "tool", "user"];

/// An input for a step of a type.
pub(super) fn input(word: &str, payload: &Payload) -> Raw {
    match (word, shape::of(payload)) {
        ("llm", Shape::Messages(messages)) => array(messages.iter().map(message)),
        ("llm", _) => array([plain("user", payload)]),
        ("retriever", Shape::Messages(messages)) => {
            let asked = messages.iter().rev().find(|message| message.role == "user");
            asked.map_or_else(|| text(payload), |message| Raw::of(&message.text()))
        }
        ("workflow" | "agent" | "control", Shape::Messages(messages)) => array(messages.iter().map(message)),
        _ => text(payload),
    }
}

/// An output for a step of a type.
pub(super) fn output(word: &str, payload: &Payload) -> Raw {
    match (word, shape::of(payload)) {
        ("llm", Shape::Messages(messages)) => match messages.last() {
            Some(last) => message(last),
            None => plain("assistant", payload),
        },
        ("llm", _) => plain("assistant", payload),
        ("retriever" | "workflow" | "agent", Shape::Documents(documents)) => array(documents.iter().map(document)),
        ("retriever", Shape::Json(json)) if json.text() == "[]" => json,
        ("retriever", _) => array([only_document(payload)]),
        ("workflow" | "agent", Shape::Messages(messages)) if messages.len() == 1 => message(&messages[0]),
        ("control", Shape::Json(json)) if is_control_result(payload) => json,
        _ => text(payload),
    }
}

/// Gives a step the input, and an llm the output, that the vendor requires (`wire/galileo.md §5.2`).
pub(super) fn fill(word: &str, input: &mut Field<Raw>, output: &mut Field<Raw>) {
    let silent = |role: &str| Raw::of(&IndexMap::from([("content", ""), ("role", role)]));
    let (needs_input, needs_output) = match word {
        "llm" => (Some(array([])), Some(silent("assistant"))),
        "tool" => (Some(Raw::of("")), None),
        "retriever" => (None, Some(array([]))),
        _ => (None, None),
    };
    if let (false, Some(empty)) = (input.is_set(), needs_input) {
        *input = Field::Set(empty);
    }
    if let (false, Some(empty)) = (output.is_set(), needs_output) {
        *output = Field::Set(empty);
    }
}

/// Whether a value is of a kind that a type's input or output may have (`wire/galileo.md §5.2`): a
/// string, or one of its structures.
pub(super) fn fits(word: &str, value: &Raw) -> bool {
    let has = |value: &Raw, keys: &[&str]| {
        value.members().is_some_and(|members| keys.iter().any(|key| members.contains_key(*key)))
    };
    if value.is_null() || value.as_string().is_some() {
        return true;
    }
    match (word, value.elements()) {
        ("tool", _) | ("trace", None) => false,
        ("trace", Some(parts)) => parts.iter().all(|part| has(part, &["type"])),
        (_, Some(elements)) => elements.iter().all(|element| has(element, &["content", "type"])),
        (_, None) => has(value, &["content", "action"]),
    }
}

/// Whether an output is what a control span's must be.
pub(super) fn is_control_result(payload: &Payload) -> bool {
    let value = payload.inner().value();
    let action = value.get("action").and_then(Value::as_str);
    action.is_some_and(|action| ["deny", "steer", "observe"].contains(&action))
        && value.get("matched").is_some_and(Value::is_boolean)
}

/// A payload as one string.
pub(super) fn text(payload: &Payload) -> Raw {
    Raw::of(&payload.text())
}

fn plain(role: &str, payload: &Payload) -> Raw {
    Raw::of(&IndexMap::from([("content", payload.text().as_str()), ("role", role)]))
}

fn only_document(payload: &Payload) -> Raw {
    let metadata = Raw::of(&IndexMap::<String, Raw>::new());
    Raw::of(&IndexMap::from([("content", text(payload)), ("metadata", metadata)]))
}

fn array(elements: impl IntoIterator<Item = Raw>) -> Raw {
    Raw::of(&elements.into_iter().collect::<Vec<_>>())
}

/// A message with the vendor's members only; as it came where it has no others.
fn message(message: &Message) -> Raw {
    if is_native(message) {
        return message.raw.clone();
    }
    let role = if ROLES.contains(&message.role.as_str()) { message.role.as_str() } else { "user" };
    let mut out = IndexMap::from([("content", content(message)), ("role", Raw::of(role))]);
    if let Some(id) = message.members.get("tool_call_id").filter(|id| id.as_string().is_some()) {
        out.insert("tool_call_id", id.clone());
    }
    let calls = message.members.get("tool_calls").and_then(Raw::elements).unwrap_or_default();
    let calls: Vec<Raw> = calls.iter().filter_map(tool_call).collect();
    if !calls.is_empty() {
        out.insert("tool_calls", Raw::of(&calls));
    }
    Raw::of(&out)
}

fn is_native(message: &Message) -> bool {
    message.raw.members().as_ref() == Some(&message.members)
        && ROLES.contains(&message.role.as_str())
        && message.members.iter().all(|(key, value)| match key.as_str() {
            "role" => value.as_string().is_some(),
            "content" => value.as_string().is_some() || (has_parts(value) && value.elements().is_some_and(are_native)),
            "tool_call_id" => value.is_null() || value.as_string().is_some(),
            "tool_calls" => {
                let calls = value.elements();
                value.is_null()
                    || calls.is_some_and(|calls| calls.iter().all(|call| tool_call(call).as_ref() == Some(call)))
            }
            _ => false,
        })
        && message.members.contains_key("content")
}

fn has_parts(content: &Raw) -> bool {
    content.text().starts_with('[')
}

fn are_native(parts: Vec<Raw>) -> bool {
    parts.iter().all(|part| content_part(part) == *part)
}

/// A message's content: a string, or parts; what is no text has no inline home and becomes one.
fn content(message: &Message) -> Raw {
    match message.members.get("content") {
        Some(content) if content.as_string().is_some() => content.clone(),
        Some(content) if has_parts(content) => array(content.elements().unwrap_or_default().iter().map(content_part)),
        Some(content) if !content.is_null() => Raw::of(content.text()),
        _ => Raw::of(&message.text()),
    }
}

fn content_part(part: &Raw) -> Raw {
    let members = part.members().unwrap_or_default();
    let kind = members.get("type").and_then(Raw::as_string).unwrap_or_default();
    let text = members.get("text").filter(|text| text.as_string().is_some());
    match (kind.as_str(), text, members.len()) {
        ("text", Some(_), 2) => part.clone(),
        ("text" | "input_text" | "output_text", Some(text), _) => text_part(text.clone()),
        ("file", _, 2) if members.get("file_id").is_some_and(|id| id.as_string().is_some()) => part.clone(),
        _ => text_part(part.as_string().map_or_else(|| Raw::of(part.text()), |text| Raw::of(&text))),
    }
}

fn text_part(text: Raw) -> Raw {
    Raw::of(&IndexMap::from([("type", Raw::of("text")), ("text", text)]))
}

/// `{id, function:{name, arguments}}`, from that with more or from LangChain's `{id, name, args}`.
fn tool_call(call: &Raw) -> Option<Raw> {
    let members = call.members()?;
    let id = members.get("id").filter(|id| id.as_string().is_some())?;
    let function = members.get("function").and_then(Raw::members).unwrap_or_else(|| members.clone());
    let name = function.get("name").filter(|name| name.as_string().is_some())?;
    let arguments = function.get("arguments").or(function.get("args"))?;
    let arguments = if arguments.as_string().is_some() { arguments.clone() } else { Raw::of(arguments.text()) };
    let function = Raw::of(&IndexMap::from([("name", name), ("arguments", &arguments)]));
    Some(Raw::of(&IndexMap::from([("id", id), ("function", &function)])))
}

/// A document; the vendor refuses further members, and metadata that is not scalar.
fn document(document: &Document) -> Raw {
    let metadata: IndexMap<&String, Raw> =
        document.metadata.iter().filter_map(|(key, value)| Some((key, scalar(value)?))).collect();
    let native = Raw::of(&IndexMap::from([("content", Raw::of(&document.content)), ("metadata", Raw::of(&metadata))]));
    if native.normal() == document.raw.normal() { document.raw.clone() } else { native }
}

fn scalar(value: &Raw) -> Option<Raw> {
    match value.text().as_bytes().first()? {
        b'n' => None,
        b'{' | b'[' => Some(Raw::of(value.text())),
        _ => Some(value.clone()),
    }
}
