//! The vendor's words (`wire/pandaprobe.md §4`): what its clients post and its server answers.
//!
//! One struct serves creation, update and answer: a creation needs more keys, an update changes
//! fewer, an answer has all of them. Enums are text, because a newer word must survive.

use crate::canonical::Raw;
use crate::open_object;

open_object! {
    /// `TraceCreate`, `TraceUpdate` and `TraceResponse`.
    pub(super) struct Trace {
        /// A UUID in any spelling; generated when left out.
        trace_id: String,
        /// Answers only: the project's UUID.
        project_id: Raw,
        /// 1 to 512 characters.
        name: String,
        /// `PENDING`, `RUNNING`, `COMPLETED` (default) or `ERROR`.
        status: String,
        /// Any JSON.
        input: Raw,
        /// Any JSON.
        output: Raw,
        /// An object; merged by its top-level keys.
        metadata: Raw,
        /// ISO 8601 text, or Unix seconds or milliseconds.
        started_at: Raw,
        /// Like `started_at`.
        ended_at: Raw,
        /// At most 255 characters.
        session_id: String,
        /// At most 255 characters.
        user_id: String,
        /// A POST adds them, a PATCH replaces them.
        tags: Vec<String>,
        /// At most 255 characters.
        environment: String,
        /// At most 255 characters.
        release: String,
        /// At most 500 of [`Span`].
        spans: Vec<Raw>,
        /// Answers only: the sum over the spans.
        total_tokens: Raw,
        /// Answers only: the sum over the spans.
        total_cost: Raw,
    }
}

open_object! {
    /// `SpanCreate`, `SpanUpdate` and `SpanResponse`.
    pub(super) struct Span {
        /// A UUID in any spelling; generated when left out.
        span_id: String,
        /// Answers only.
        trace_id: Raw,
        /// A UUID; any, even of no span at all.
        parent_span_id: String,
        /// 1 to 512 characters.
        name: String,
        /// `AGENT`, `TOOL`, `LLM`, `RETRIEVER`, `CHAIN`, `EMBEDDING` or `OTHER` (default).
        kind: String,
        /// `UNSET` (default), `OK` or `ERROR`.
        status: String,
        /// Any JSON.
        input: Raw,
        /// Any JSON.
        output: Raw,
        /// At most 255 characters.
        model: String,
        /// An object; only `prompt_tokens` and `completion_tokens` are summed, as int4.
        token_usage: Raw,
        /// An object; merged by its top-level keys.
        metadata: Raw,
        /// ISO 8601 text, or Unix seconds or milliseconds.
        started_at: Raw,
        /// Like `started_at`.
        ended_at: Raw,
        /// Free text.
        error: String,
        /// When the first token came.
        completion_start_time: Raw,
        /// An object.
        model_parameters: Raw,
        /// An object of numbers; only `total` is summed.
        cost: Raw,
        /// Answers only.
        latency_ms: Raw,
        /// Answers only.
        time_to_first_token_ms: Raw,
    }
}

open_object! {
    /// `TraceScoreCreate` and `TraceScoreResponse`.
    pub(super) struct Score {
        /// Answers only.
        id: Raw,
        /// The trace's UUID.
        trace_id: String,
        /// At most 255 characters.
        name: String,
        /// Text whatever the type: `0.9`, `true`, `good`.
        value: String,
        /// `NUMERIC` (default), `BOOLEAN` or `CATEGORICAL`.
        data_type: String,
        /// `ANNOTATION` (default), `PROGRAMMATIC` or `AUTOMATED`.
        source: String,
        /// Free text.
        reason: String,
        /// An object.
        metadata: Raw,
        /// Answers only: `SUCCESS`, `FAILED` or `PENDING`.
        status: Raw,
        /// Answers only.
        created_at: Raw,
        /// Answers only.
        updated_at: Raw,
        /// Answers only.
        project_id: Raw,
        /// Answers only.
        eval_run_id: Raw,
        /// Answers only.
        author_user_id: Raw,
        /// Answers only.
        environment: Raw,
        /// Answers only.
        config_id: Raw,
    }
}
