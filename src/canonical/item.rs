//! What a request says: one fact about one subject.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use super::Fact;
use super::Id;
use super::Score;
use super::Span;
use super::Time;
use super::Trace;

/// One fact inside a record.
#[derive(Clone, Debug)]
pub struct Item {
    /// Where it stands in the document, e.g. `spans[3]`.
    pub path: String,
    /// The dialect that brought it.
    pub origin: &'static str,
    /// What kind of statement it is.
    pub rank: Rank,
    /// The statement.
    pub op: Op,
}

/// How much a create or an update says; the fold rule's ranks (`design.md §3`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rank {
    /// A create that is open or a placeholder (no end, a default kind).
    Open {
        /// The client's own version.
        version: Option<Time>,
    },
    /// A complete create.
    Complete {
        /// The client's own version.
        version: Option<Time>,
        /// Whether a second one replaces the first whole instead of field by field.
        replaces: bool,
    },
    /// An update.
    Patch,
}

/// The statement itself. The [`Rank`] tells a create from an update.
#[derive(Clone, Debug)]
pub enum Op {
    /// A trace, created or changed.
    Trace(Box<Trace>),
    /// A span, created or changed.
    Span(Box<Span>),
    /// A score, set.
    Score(Box<Score>),
    /// A score, taken back.
    DeleteScore {
        /// What it judged.
        target: Target,
        /// Its name.
        name: String,
    },
    /// A trace or span, deleted.
    Delete(Target),
}

/// What a score, delete or read is about.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// A trace.
    Trace(Id),
    /// A span.
    Span {
        /// Its trace, where the sender said.
        trace: Option<Id>,
        /// The span.
        span: Id,
    },
    /// A session or thread, by external text.
    Session(String),
}

impl Target {
    /// The trace it lies in, where that is known.
    pub fn trace(&self) -> Option<Id> {
        match self {
            Self::Trace(id) => Some(*id),
            Self::Span { trace, .. } => *trace,
            Self::Session(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trace(id) => write!(f, "trace {id}"),
            Self::Span { span, .. } => write!(f, "span {span}"),
            Self::Session(session) => write!(f, "session {session:?}"),
        }
    }
}

/// The project a client named: by name, or by ids that we or the vendor once gave.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
pub struct ClientProject {
    /// The project's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The project's id, where the request carried that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The second level's name (log stream).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// The second level's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_id: Option<String>,
}

impl Fact for ClientProject {}

impl Item {
    /// The trace the item is about, where it says.
    pub fn trace(&self) -> Option<Id> {
        match &self.op {
            Op::Trace(trace) => Some(trace.id),
            Op::Span(span) => span.trace,
            Op::Score(score) => score.target.trace(),
            Op::DeleteScore { target, .. } | Op::Delete(target) => target.trace(),
        }
    }

    /// The span the item is about, if it is about one.
    pub fn span(&self) -> Option<Id> {
        let target = match &self.op {
            Op::Trace(_) => return None,
            Op::Span(span) => return Some(span.id),
            Op::Score(score) => &score.target,
            Op::DeleteScore { target, .. } | Op::Delete(target) => target,
        };
        match target {
            Target::Span { span, .. } => Some(*span),
            Target::Trace(_) | Target::Session(_) => None,
        }
    }

    /// Whether it creates its subject (an update needs one to exist).
    pub fn creates(&self) -> bool {
        !matches!(self.rank, Rank::Patch)
    }
}
