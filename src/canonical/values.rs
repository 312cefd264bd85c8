//! The small values that facts have: kind, status, error, tags, metadata, unknown fields.

use indexmap::IndexMap;
use serde::Deserialize;
use serde::Serialize;

use super::Fact;
use super::Raw;
use super::facts::plain_facts;

/// What a span did (`wire/otlp.md §4.3`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the field's own")]
pub enum Kind {
    Agent,
    Workflow,
    Llm,
    Embedding,
    Retriever,
    Reranker,
    Tool,
    Guardrail,
    Evaluator,
    Prompt,
    Memory,
    Step,
    Other,
}

/// How a trace or span ended, where its dialect says so.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Said to have succeeded.
    Ok,
    /// Said to have failed.
    Error,
}

/// What went wrong.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct ErrorInfo {
    /// The exception's type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Its stack trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}

/// Tags, or a change of tags. A state always holds [`Tags::Set`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tags {
    /// The whole list.
    Set(Vec<String>),
    /// What to add and what to remove, in this order.
    Change {
        /// Tags to add.
        add: Vec<String>,
        /// Tags to remove.
        remove: Vec<String>,
    },
}

impl Tags {
    /// The tags; of a change, those it adds.
    pub fn list(&self) -> &[String] {
        match self {
            Self::Set(list) | Self::Change { add: list, .. } => list,
        }
    }
}

impl Fact for Tags {
    fn over(self, older: Option<&Self>) -> Self {
        let Self::Change { add, remove } = self else {
            return self;
        };
        let mut list = older.map(|tags| tags.list().to_vec()).unwrap_or_default();
        for tag in add {
            if !list.contains(&tag) {
                list.push(tag);
            }
        }
        list.retain(|tag| !remove.contains(tag));
        Self::Set(list)
    }
}

/// Metadata, or a change of metadata. A state always holds [`Metadata::Set`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Metadata {
    /// The whole value: an object nearly always.
    Set(Raw),
    /// Members to lay over those held; shallow.
    Merge(Raw),
}

impl Metadata {
    /// The raw value.
    pub fn raw(&self) -> &Raw {
        match self {
            Self::Set(raw) | Self::Merge(raw) => raw,
        }
    }
}

impl Fact for Metadata {
    fn over(self, older: Option<&Self>) -> Self {
        let Self::Merge(raw) = &self else { return self };
        let held = older.and_then(|metadata| metadata.raw().members());
        match (held, raw.members()) {
            (Some(mut members), Some(newer)) => {
                members.extend(newer);
                Self::Set(Raw::of(&members))
            }
            _ => Self::Set(raw.clone()),
        }
    }
}

/// Fields newer than we know, kept for the dialect that sent them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Extra {
    /// The dialect's name.
    pub dialect: String,
    /// The members, verbatim.
    pub members: IndexMap<String, Raw>,
}

impl Fact for Extra {
    fn over(self, older: Option<&Self>) -> Self {
        let Some(older) = older.filter(|older| older.dialect == self.dialect) else {
            return self;
        };
        let mut members = older.members.clone();
        members.extend(self.members);
        Self { dialect: self.dialect, members }
    }
}

plain_facts!(Kind, Status, ErrorInfo);
