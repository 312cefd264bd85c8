//! Inputs and outputs: raw text first, and the few shapes one dialect turns into another's.

use indexmap::IndexMap;
use serde::Deserialize;
use serde::Serialize;

use super::Fact;
use super::Raw;

/// An input or output, verbatim.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Payload(pub Raw);

impl Payload {
    /// The value inside: where the payload is a string that holds JSON (`{`, `[` or `"` first), that
    /// JSON, verbatim; otherwise the payload itself (`wire/otlp.md §4.4b`).
    pub fn inner(&self) -> Raw {
        self.0
            .as_string()
            .filter(|text| text.starts_with(['{', '[', '"']))
            .and_then(|text| Raw::parse(&text))
            .unwrap_or_else(|| self.0.clone())
    }

    /// The payload as one string: its text when it is a string, else its JSON.
    pub fn text(&self) -> String {
        self.0.as_string().unwrap_or_else(|| self.0.text().to_owned())
    }
}

/// From a held payload to the one it was made of.
type WayBack = fn(&Raw) -> Option<Raw>;

/// The shapes that lead from one dialect's payload to another's, by name, each with its way back.
const WAYS_BACK: [(&str, WayBack); 11] = [
    ("text", |held| Some(Raw::of(held.text()))),
    ("json", |held| Raw::parse(&held.as_string()?)),
    ("value", |held| member(held, "value")),
    ("messages", |held| member(held, "messages")),
    ("message", |held| sole(member(held, "messages")?)),
    ("documents", |held| member(held, "documents")),
    ("content", content),
    ("json content", |held| Raw::parse(&content(held)?.as_string()?)),
    ("in messages", |held| Some(Raw::of(&IndexMap::from([("messages", held)])))),
    ("in message", |held| Some(Raw::of(&IndexMap::from([("messages", [held])])))),
    ("in documents", |held| Some(Raw::of(&IndexMap::from([("documents", held)])))),
];

/// The content of the only message, or of the last.
fn content(held: &Raw) -> Option<Raw> {
    let message = held.elements().map_or(Some(held.clone()), |mut list| list.pop())?;
    member(&message, "content")
}

fn member(object: &Raw, key: &str) -> Option<Raw> {
    object.members()?.swap_remove(key)
}

fn sole(list: Raw) -> Option<Raw> {
    let mut elements = list.elements()?;
    if elements.len() == 1 { elements.pop() } else { None }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Difference {
    /// Take the held payload back by a named way.
    As(String),
    /// The whole payload.
    Raw(Raw),
}

impl Fact for Payload {
    fn difference(&self, held: Option<&Self>) -> Raw {
        let way = held.and_then(|held| WAYS_BACK.iter().find(|(_, back)| back(&held.0).as_ref() == Some(&self.0)));
        Raw::of(&match way {
            Some((name, _)) => Difference::As((*name).to_owned()),
            None => Difference::Raw(self.0.clone()),
        })
    }

    fn restore(difference: &Raw, held: Option<&Self>) -> Option<Self> {
        match difference.read().ok()? {
            Difference::Raw(raw) => Some(Self(raw)),
            Difference::As(name) => {
                let (_, back) = WAYS_BACK.iter().find(|(way, _)| *way == name)?;
                back(&held?.0).map(Self)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_change_is_carried_by_name_and_not_by_value() {
        let held = Payload(Raw::parse(r#"{"messages":[{"role":"user","content":"hi"}]}"#).unwrap());
        let mine = Payload(Raw::parse(r#"[{"role":"user","content":"hi"}]"#).unwrap());
        let difference = mine.difference(Some(&held));
        assert_eq!(difference.text(), r#"{"as":"messages"}"#);
        assert_eq!(Payload::restore(&difference, Some(&held)), Some(mine));
    }

    #[test]
    fn json_inside_a_string_is_found_verbatim() {
        let payload = Payload(Raw::of("{\"a\": 1.0}"));
        assert_eq!(payload.inner().text(), "{\"a\": 1.0}");
        assert_eq!(Payload(Raw::of("{not json")).inner().text(), "\"{not json\"");
    }
}
