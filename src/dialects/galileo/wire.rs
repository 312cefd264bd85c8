//! Galileo's bodies in its own words (`wire/galileo.md §4`, §5). No logic.

use serde::Deserialize;

use crate::canonical::Raw;
use crate::open_object;

open_object! {
    /// `POST …/traces` (§4.2).
    pub(super) struct Traces {
        /// Where the traces belong; this or an experiment.
        log_stream_id: String,
        /// The experiment they belong to.
        experiment_id: String,
        /// The metrics test they belong to.
        metrics_testing_id: String,
        /// Who logs: `playground`, `python_client`, `typescript_client`, `api_direct`.
        logging_method: String,
        /// Never set by the SDKs.
        client_version: String,
        /// Whether to answer only when the rows are stored.
        reliable: bool,
        /// The traces, at least one.
        traces: Vec<Raw>,
        /// The session, by the vendor's id.
        session_id: String,
        /// The session, by the client's.
        session_external_id: String,
        /// Whether nothing more follows; true if left out.
        is_complete: bool,
        /// Whether the answer should list ids.
        include_trace_ids: bool,
    }
}

open_object! {
    /// `POST …/spans` (§4.3).
    pub(super) struct Spans {
        /// Where the trace belongs.
        log_stream_id: String,
        /// The experiment it belongs to.
        experiment_id: String,
        /// The metrics test it belongs to.
        metrics_testing_id: String,
        /// Who logs.
        logging_method: String,
        /// Never set by the SDKs.
        client_version: String,
        /// Whether to answer only when the rows are stored.
        reliable: bool,
        /// The spans, at least one.
        spans: Vec<Raw>,
        /// The trace; required.
        trace_id: String,
        /// The enclosing span, or the trace; required.
        parent_id: String,
    }
}

open_object! {
    /// `PATCH …/traces/{id}` and `…/spans/{id}` (§4.4).
    pub(super) struct Update {
        /// Where the trace belongs.
        log_stream_id: String,
        /// The experiment it belongs to.
        experiment_id: String,
        /// The metrics test it belongs to.
        metrics_testing_id: String,
        /// Who logs.
        logging_method: String,
        /// Never set by the SDKs.
        client_version: String,
        /// Whether to answer only when the change is stored.
        reliable: bool,
        /// The trace changed, as in the path.
        trace_id: String,
        /// The span changed, as in the path.
        span_id: String,
        /// The new input.
        input: Raw,
        /// The new output.
        output: Raw,
        /// The new status number.
        status_code: i64,
        /// Tags to add.
        tags: Vec<String>,
        /// Whether the trace is complete now; traces only.
        is_complete: bool,
        /// The new duration.
        duration_ns: i64,
    }
}

open_object! {
    /// A trace or a span (§5.1, §5.2): the vendor's own base step, and the fields of single types.
    pub(super) struct Step {
        /// `trace`, `workflow`, `agent`, `llm`, `retriever`, `tool`, `control`.
        kind as "type": String,
        /// What went in.
        input: Raw,
        /// The same for outsiders.
        redacted_input: Raw,
        /// What came out.
        output: Raw,
        /// The same for outsiders.
        redacted_output: Raw,
        /// The name; empty if left out.
        name: String,
        /// When it began.
        created_at: String,
        /// Strings by name.
        user_metadata: Raw,
        /// Tags.
        tags: Vec<String>,
        /// An HTTP-like status number.
        status_code: i64,
        /// Numbers by name: duration, tokens, scores.
        metrics: Raw,
        /// The sender's own further id.
        external_id: String,
        /// The dataset row's input.
        dataset_input: String,
        /// The dataset row's output.
        dataset_output: String,
        /// Strings by name.
        dataset_metadata: Raw,
        /// The step's id.
        id: String,
        /// The session's id.
        session_id: String,
        /// The trace's id.
        trace_id: String,
        /// Its place among its siblings.
        step_number: i64,
        /// The enclosing step's id.
        parent_id: String,
        /// The children; not of llm and control.
        spans: Vec<Raw>,
        /// llm: tools offered.
        tools: Raw,
        /// llm: reasoning and internal tool calls.
        events: Raw,
        /// llm: the model.
        model: String,
        /// llm: the sampling temperature.
        temperature: f64,
        /// llm: why it stopped.
        finish_reason: String,
        /// tool: the call it answers.
        tool_call_id: String,
        /// agent: what sort of agent.
        agent_type: String,
        /// control: which.
        control_id: Raw,
        /// control: whose.
        agent_name: Raw,
        /// control: before or after.
        check_stage: Raw,
        /// control: to what call.
        applies_to: Raw,
        /// control: by which evaluator.
        evaluator_name: Raw,
        /// control: on which part.
        selector_path: Raw,
    }
}

open_object! {
    /// `POST …/traces/delete`, `…/spans/delete` and `…/sessions/search` (§4.7).
    pub(super) struct Selection {
        /// Where the rows are.
        log_stream_id: String,
        /// The experiment they are in.
        experiment_id: String,
        /// The metrics test they are in.
        metrics_testing_id: String,
        /// What the rows must pass.
        filters: Vec<Raw>,
    }
}

open_object! {
    /// One condition of a search or deletion (§4.7).
    pub(super) struct Filter {
        /// `id`, `text`, `date`, …
        kind as "type": String,
        /// The column.
        column_id: String,
        /// The column, as the Python SDK and the vendor's own examples spell it.
        name: String,
        /// `eq`, `one_of`, …
        operator: String,
        /// What to compare with.
        value: Raw,
    }
}

/// What an answer repeats of a request (§4.1), and what picks the session.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Base {
    /// Where the traces belong.
    pub(super) log_stream_id: Option<String>,
    /// The experiment they belong to.
    pub(super) experiment_id: Option<String>,
    /// The metrics test they belong to.
    pub(super) metrics_testing_id: Option<String>,
    /// The session, by the vendor's id.
    pub(super) session_id: Option<String>,
    /// The session, by the client's.
    pub(super) session_external_id: Option<String>,
    /// Whether the answer should list ids.
    pub(super) include_trace_ids: Option<bool>,
    /// The trace of new spans.
    pub(super) trace_id: Option<String>,
    /// The parent of new spans.
    pub(super) parent_id: Option<String>,
}

open_object! {
    /// `POST …/sessions` (§4.6).
    pub(super) struct Session {
        /// Where its traces belong.
        log_stream_id: String,
        /// The experiment they belong to.
        experiment_id: String,
        /// The metrics test they belong to.
        metrics_testing_id: String,
        /// Who logs.
        logging_method: String,
        /// Never set by the SDKs.
        client_version: String,
        /// Whether to answer only when it is stored.
        reliable: bool,
        /// Its name.
        name: String,
        /// The session before it.
        previous_session_id: String,
        /// The client's own id.
        external_id: String,
        /// Strings by name.
        user_metadata: Raw,
    }
}
