//! The vendor's documents, in its own words (`wire/opik.md §4`, `§5`).
//!
//! One struct serves create, update and read of a subject: an update is the same fields, fewer of
//! them, and a read adds [`READ_ONLY`] ones, which arrive in `extra`.

use std::borrow::Cow;
use std::fmt;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::value::RawValue;

use crate::canonical::Key;
use crate::canonical::Raw;
use crate::open_object;

/// Fields that only the server writes (`wire/opik.md §5.1`, `§5.2`), besides those named below.
pub(super) const READ_ONLY: &[&str] = &[
    "annotation_queues",
    "comments",
    "created_at",
    "created_by",
    "duration",
    "experiment",
    "feedback_scores",
    "guardrails_validations",
    "has_tool_spans",
    "last_updated_by",
    "llm_span_count",
    "providers",
    "span_count",
    "span_feedback_scores",
    "visibility_mode",
];

/// What a trace's row sums up from its spans; a span's row carries both itself.
pub(super) const READ_ONLY_TRACE: &[&str] = &["total_estimated_cost", "usage"];

/// `source` values every server takes (`wire/opik.md §10.4`).
pub(super) const SOURCES: &[&str] = &["sdk", "experiment", "playground", "optimization"];

/// `source` values of a feedback score (`wire/opik.md §4.6`).
pub(super) const SCORE_SOURCES: &[&str] = &["ui", "sdk", "online_scoring"];

/// The plain keys of `usage`.
pub(super) const COUNTS: &[&str] =
    &["prompt_tokens", "completion_tokens", "total_tokens", CACHE_READ[0], CACHE_WRITE[0], REASONING[0]];

/// Keys of `usage` that say how many prompt tokens came from a cache, the plain one first.
pub(super) const CACHE_READ: &[&str] = &[
    "cache_read_input_tokens",
    "original_usage.prompt_tokens_details.cached_tokens",
    "original_usage.cache_read_input_tokens",
    "original_usage.cacheReadInputTokens",
];

/// Keys of `usage` that say how many prompt tokens went into a cache, the plain one first.
pub(super) const CACHE_WRITE: &[&str] = &[
    "cache_creation_input_tokens",
    "original_usage.cache_creation_input_tokens",
    "original_usage.cacheWriteInputTokens",
];

/// Keys of `usage` that say how many completion tokens were reasoning, the plain one first.
pub(super) const REASONING: &[&str] =
    &["reasoning_tokens", "original_usage.completion_tokens_details.reasoning_tokens"];

open_object! {
    /// A trace: `TraceWrite`, `TraceUpdate`, `TracePublic`.
    pub(super) struct Trace {
        /// UUID, version 7.
        id: String,
        /// The project; none means `Default Project`.
        project_name: String,
        /// The project's id: in updates and reads only.
        project_id: String,
        /// The name.
        name: String,
        /// RFC 3339 with a zone; required to create.
        start_time: String,
        /// RFC 3339; none while it runs.
        end_time: String,
        /// Any JSON.
        input: Raw,
        /// Any JSON.
        output: Raw,
        /// Any JSON, an object nearly always.
        metadata: Raw,
        /// A set.
        tags: Vec<String>,
        /// Updates only.
        tags_to_add: Vec<String>,
        /// Updates only.
        tags_to_remove: Vec<String>,
        /// What went wrong.
        error_info: ErrorInfo,
        /// The row's version; the greatest wins.
        last_updated_at: String,
        /// Milliseconds to the first token.
        ttft: f64,
        /// The session.
        thread_id: String,
        /// Who logged it, see [`SOURCES`].
        source: String,
        /// The deployment environment, up to 150 characters.
        environment: String,
    }
}

open_object! {
    /// A span: `SpanWrite`, `SpanUpdate`, `SpanPublic`.
    pub(super) struct Span {
        /// UUID, version 7.
        id: String,
        /// The project; none means `Default Project`.
        project_name: String,
        /// The project's id: in updates and reads only.
        project_id: String,
        /// The trace; required.
        trace_id: String,
        /// The enclosing span; none for a top-level one.
        parent_span_id: String,
        /// The name.
        name: String,
        /// `general`, `tool`, `llm` or `guardrail`.
        kind as "type": String,
        /// RFC 3339 with a zone; required to create.
        start_time: String,
        /// RFC 3339; none while it runs.
        end_time: String,
        /// Any JSON.
        input: Raw,
        /// Any JSON.
        output: Raw,
        /// Any JSON, an object nearly always.
        metadata: Raw,
        /// The model.
        model: String,
        /// Who serves it.
        provider: String,
        /// Token counts, integers within int32.
        usage: Counts,
        /// USD, not negative.
        total_estimated_cost: f64,
        /// A set.
        tags: Vec<String>,
        /// Updates only.
        tags_to_add: Vec<String>,
        /// Updates only.
        tags_to_remove: Vec<String>,
        /// What went wrong.
        error_info: ErrorInfo,
        /// The row's version; the greatest wins.
        last_updated_at: String,
        /// Milliseconds to the first token.
        ttft: f64,
        /// Who logged it, see [`SOURCES`].
        source: String,
        /// The deployment environment, up to 150 characters.
        environment: String,
    }
}

/// Token counts by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Counts(pub(super) IndexMap<Cow<'static, str>, Count>);

/// A token count, which as an integer needs no text of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Count {
    /// Nearly always.
    Integer(i64),
    /// Anything else, verbatim.
    Other(Raw),
}

impl Count {
    /// A count as it stands in a document.
    pub(super) fn of(raw: &Raw) -> Self {
        raw.read().map_or_else(|_| Self::Other(raw.clone()), Self::Integer)
    }

    /// The count as text.
    pub(super) fn raw(self) -> Raw {
        match self {
            Self::Integer(count) => Raw::of(&count),
            Self::Other(raw) => raw,
        }
    }
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Counts;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Counts, A::Error> {
                let mut counts = IndexMap::new();
                while let Some(Key(key)) = map.next_key()? {
                    let known = COUNTS.iter().find(|known| **known == key);
                    let key = known.map_or_else(|| Cow::Owned(key.into_owned()), |known| Cow::Borrowed(*known));
                    let value: &RawValue = map.next_value()?;
                    let count = serde_json::from_str(value.get()).map(Count::Integer);
                    counts.insert(key, count.unwrap_or_else(|_| Count::Other(value.into())));
                }
                Ok(Counts(counts))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

open_object! {
    /// An error; type and traceback are declared required (`wire/opik.md §5.5`).
    pub(super) struct ErrorInfo {
        /// The exception's type.
        exception_type: String,
        /// Its message.
        message: String,
        /// Its stack.
        traceback: String,
    }
}

open_object! {
    /// A feedback score (`wire/opik.md §4.6`).
    pub(super) struct Score {
        /// The trace or span it judges; not in the single form, whose path says it.
        id: String,
        /// The thread it judges.
        thread_id: String,
        /// The project; none means `Default Project`.
        project_name: String,
        /// Or the project's id.
        project_id: String,
        /// Its name.
        name: String,
        /// A number of magnitude below 10^9 with up to 9 decimals.
        value: Raw,
        /// A word beside the number.
        category_name: String,
        /// Why.
        reason: String,
        /// See [`SCORE_SOURCES`].
        source: String,
        /// Who judged.
        author: String,
    }
}

open_object! {
    /// The body of a batch create or a batch of scores.
    pub(super) struct Batch {
        /// Of `traces/batch`.
        traces: Vec<Raw>,
        /// Of `spans/batch`.
        spans: Vec<Raw>,
        /// Of `feedback-scores`.
        scores: Vec<Raw>,
    }
}

open_object! {
    /// The body of a batch create of traces, all of whose rows can be read.
    pub(super) struct Traces {
        /// The rows.
        traces: Vec<Trace>,
    }
}

open_object! {
    /// The body of a batch create of spans, all of whose rows can be read.
    pub(super) struct Spans {
        /// The rows.
        spans: Vec<Span>,
    }
}

open_object! {
    /// The body of a batch update.
    pub(super) struct PatchBatch {
        /// Whom it changes.
        ids: Vec<String>,
        /// How.
        update: Raw,
        /// Whether its tags are added to those held.
        merge_tags: bool,
    }
}

open_object! {
    /// The body of a batch delete.
    pub(super) struct Ids {
        /// Whom.
        ids: Vec<String>,
    }
}

open_object! {
    /// The body of a score's delete.
    pub(super) struct DeleteScores {
        /// The score of a trace or span.
        name: String,
        /// The scores of a thread.
        names: Vec<String>,
        /// The thread.
        thread_id: String,
        /// The thread's project.
        project_name: String,
        /// Only this author's.
        author: String,
    }
}

open_object! {
    /// A page of a list.
    pub(super) struct Page {
        /// How many there are in all.
        total: u64,
        /// Those of this page.
        content: Vec<Raw>,
    }
}

open_object! {
    /// A project, and the body that asks for one by name.
    pub(super) struct Project {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
    }
}
