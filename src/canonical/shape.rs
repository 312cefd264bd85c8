//! What a payload can be seen as: messages, documents, text, or only JSON (`wire/otlp.md §4.4b`).
//!
//! A view is for encoding towards a dialect that has a field of that shape; what it leaves behind
//! travels in the complement. Looking never changes the payload.

use indexmap::IndexMap;
use serde_json::Value;

use super::Payload;
use super::Raw;

/// A payload as seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// One text; JSON inside a string is looked into first.
    Text(String),
    /// A conversation, or one message of it.
    Messages(Vec<Message>),
    /// What a retriever found.
    Documents(Vec<Document>),
    /// Anything else.
    Json(Raw),
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who speaks, in the common word (`user`, `assistant`, `system`, `tool`, …).
    pub role: String,
    /// Its members, verbatim.
    pub members: IndexMap<String, Raw>,
    /// The whole message, verbatim.
    pub raw: Raw,
}

/// One document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its text.
    pub content: String,
    /// Its metadata, and beside them its other members (`id`, `score`, …) with `_` before the name.
    pub metadata: IndexMap<String, Raw>,
    /// The whole document, verbatim.
    pub raw: Raw,
}

/// Looks at a payload.
pub fn of(payload: &Payload) -> Shape {
    let inner = payload.inner();
    if let Some(text) = inner.as_string() {
        return Shape::Text(text);
    }
    if let Some(messages) = messages(&inner) {
        return Shape::Messages(messages);
    }
    match documents(&inner) {
        Some(documents) => Shape::Documents(documents),
        None => Shape::Json(inner),
    }
}

/// The messages of `[{role,content}]`, `[{role,parts}]`, `{"messages":[…]}`, LangChain's
/// `{"messages":[[…]]}`, one message, or the first choice of a completion; `None` when it is none.
pub fn messages(raw: &Raw) -> Option<Vec<Message>> {
    if let Some(list) = raw.elements() {
        return conversation(list);
    }
    let members = raw.members()?;
    let list = ["messages", "contents"].iter().find_map(|key| members.get(*key)?.elements());
    if let Some(list) = list {
        return conversation(list);
    }
    let first = |key: &str, inside: &str| members.get(key)?.elements()?.first()?.members()?.swap_remove(inside);
    let chosen = first("choices", "message").or_else(|| first("candidates", "content"));
    message(chosen.as_ref().unwrap_or(raw)).map(|message| vec![message])
}

/// The documents of `[{content|page_content|document.content}]` or `{"documents":[…]}`.
pub fn documents(raw: &Raw) -> Option<Vec<Document>> {
    let list = raw.elements().or_else(|| raw.members()?.get("documents")?.elements())?;
    if list.is_empty() {
        return None;
    }
    list.iter().map(document).collect()
}

impl Message {
    /// What is said, as one text: the content, or the texts among its parts.
    pub fn text(&self) -> String {
        let parts = self.members.get("content").or(self.members.get("parts"));
        match parts.map(Raw::value) {
            Some(Value::String(text)) => text,
            Some(Value::Array(parts)) => parts.iter().filter_map(part_text).collect::<Vec<_>>().join("\n"),
            _ => String::new(),
        }
    }
}

fn part_text(part: &Value) -> Option<&str> {
    part.as_str().or_else(|| part.get("text")?.as_str()).or_else(|| part.get("content")?.as_str())
}

fn conversation(list: Vec<Raw>) -> Option<Vec<Message>> {
    let list = match list.as_slice() {
        [only] if only.text().starts_with('[') => only.elements()?,
        _ => list,
    };
    if list.is_empty() {
        return None;
    }
    list.iter().map(message).collect()
}

/// One message; LangChain's serialized form is opened.
fn message(raw: &Raw) -> Option<Message> {
    let mut members = raw.members()?;
    if let Some(inside) = members.get("kwargs").and_then(Raw::members) {
        members = inside;
    }
    let speaks = ["content", "parts", "tool_calls"].iter().any(|key| members.contains_key(*key));
    let said = members.get("role").and_then(Raw::as_string);
    let role = match said {
        Some(role) => role,
        None => langchain_role(&members.get("type")?.as_string()?)?.to_owned(),
    };
    let role = match role.as_str() {
        "human" => "user".to_owned(),
        "ai" | "model" => "assistant".to_owned(),
        _ => role,
    };
    speaks.then(|| Message { role, members, raw: raw.clone() })
}

fn langchain_role(kind: &str) -> Option<&'static str> {
    match kind {
        "human" | "HumanMessage" => Some("user"),
        "ai" | "AIMessage" | "AIMessageChunk" => Some("assistant"),
        "system" | "SystemMessage" => Some("system"),
        "tool" | "ToolMessage" => Some("tool"),
        "function" | "FunctionMessage" => Some("function"),
        _ => None,
    }
}

/// One document; one wrapped as `{"document":{…},"score":…}` is opened.
fn document(raw: &Raw) -> Option<Document> {
    let mut members = raw.members()?;
    if members.contains_key("role") {
        return None;
    }
    if let Some(inside) = members.get("document").and_then(Raw::members) {
        members.shift_remove("document");
        for (key, value) in inside {
            members.entry(key).or_insert(value);
        }
    }
    let content = ["page_content", "content"].iter().find_map(|key| members.get(*key)?.as_string())?;
    let mut metadata = members.shift_remove("metadata").and_then(|metadata| metadata.members()).unwrap_or_default();
    members.retain(|key, value| !["page_content", "content"].contains(&key.as_str()) && !value.is_null());
    for (key, value) in members {
        metadata.entry(format!("_{key}")).or_insert(value);
    }
    Some(Document { content, metadata, raw: raw.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> String {
        match of(&Payload(Raw::parse(text).unwrap())) {
            Shape::Text(text) => format!("text {text}"),
            Shape::Json(raw) => format!("json {}", raw.text()),
            Shape::Messages(list) => list
                .iter()
                .map(|message| format!("{}: {}", message.role, message.text()))
                .collect::<Vec<_>>()
                .join("; "),
            Shape::Documents(list) => {
                let one = |document: &Document| format!("{} {}", document.content, Raw::of(&document.metadata).text());
                list.iter().map(one).collect::<Vec<_>>().join("; ")
            }
        }
    }

    #[test]
    fn conversations_are_seen_in_each_habit() {
        assert_eq!(seen(r#"[{"role":"user","content":"hi"}]"#), "user: hi");
        assert_eq!(seen(r#""{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}""#), "user: hi");
        assert_eq!(seen(r#"{"messages":[[{"lc":1,"kwargs":{"type":"human","content":"hi"}}]]}"#), "user: hi");
        assert_eq!(seen(r#"{"contents":[{"role":"model","parts":[{"text":"a"},{"text":"b"}]}]}"#), "assistant: a\nb");
        assert_eq!(seen(r#"{"id":"x","choices":[{"message":{"role":"assistant","content":"yo"}}]}"#), "assistant: yo");
        assert_eq!(seen(r#"{"role":"assistant","content":null,"tool_calls":[]}"#), "assistant: ");
    }

    #[test]
    fn documents_are_seen_and_their_own_fields_kept_apart() {
        assert_eq!(seen(r#"[{"page_content":"x","metadata":{"a":1}}]"#), r#"x {"a":1}"#);
        assert_eq!(seen(r#"{"documents":[{"id":7,"content":"x","score":0.5}]}"#), r#"x {"_id":7,"_score":0.5}"#);
        assert_eq!(seen(r#"[{"document":{"content":"x"},"score":1}]"#), r#"x {"_score":1}"#);
    }

    #[test]
    fn the_rest_is_text_or_json() {
        assert_eq!(seen(r#""plain""#), "text plain");
        assert_eq!(seen(r#"{"a": 1}"#), r#"json {"a": 1}"#);
        assert_eq!(seen("[]"), "json []");
        assert_eq!(seen(r#"[{"role":"user","content":"hi"},3]"#), r#"json [{"role":"user","content":"hi"},3]"#);
    }
}
