//! A judgement about a trace, span or session.

use serde::Deserialize;
use serde::Serialize;

use super::ClientProject;
use super::Raw;
use super::Target;
use super::Time;

/// What a score says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ScoreValue {
    /// A number, in the sender's own digits where it sent text.
    Number(f64),
    /// Yes or no.
    Bool(bool),
    /// One of some words.
    Category(String),
}

/// One judgement. The newest of a (target, name, author) stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// What it judges.
    pub target: Target,
    /// Its name.
    pub name: String,
    /// What it says.
    pub value: ScoreValue,
    /// The value exactly as it was sent, where the form matters to the same dialect.
    pub verbatim: Option<String>,
    /// A word beside a number.
    pub label: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who judged, in the sender's word (`sdk`, `ui`, `PROGRAMMATIC`, …).
    pub source: Option<String>,
    /// The author's name.
    pub author: Option<String>,
    /// Metadata, an object.
    pub metadata: Option<Raw>,
    /// The client's project.
    pub project: ClientProject,
    /// When it was accepted.
    pub at: Time,
}
