//! Traces that are sent in every order: the recorded ones, and one of each dialect that has all that can
//! come early, patches and completions and scores, in requests of their own.

use std::path::Path;

use serde_json::json;
use spangate::contract::Dialect;
use spangate::dialects::DIALECTS;
use spangate::pipeline::translate::Input;

use crate::support::literal;
use crate::translation::folders;
use crate::translation::scenario;

/// What clients of a dialect send, in the order in which they did.
pub(super) struct Scenario {
    pub(super) from: &'static dyn Dialect,
    pub(super) name: String,
    pub(super) inputs: Vec<Input>,
}

/// The recorded ones.
pub(super) fn recorded() -> Vec<Scenario> {
    let of = |from: &'static dyn Dialect| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(from.info().name);
        let read = |name: String| Scenario { from, inputs: scenario(&root.join(&name)), name };
        folders(&root).into_iter().map(read).collect::<Vec<_>>()
    };
    DIALECTS.into_iter().flat_map(of).collect()
}

/// Those of one request a fact.
pub(super) fn piecemeal() -> Vec<Scenario> {
    SCENARIOS.iter().map(|(from, _)| piecemeal_of(from)).collect()
}

/// The one of a dialect.
pub(super) fn piecemeal_of(from: &str) -> Scenario {
    let (_, text) = SCENARIOS.iter().find(|(name, _)| *name == from).unwrap();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let inputs = (1..).zip(lines).map(|(at, line)| input(at, line)).collect();
    let from = *DIALECTS.iter().find(|dialect| dialect.info().name == from).unwrap();
    Scenario { from, name: "piecemeal".to_owned(), inputs }
}

fn input(at: usize, line: &str) -> Input {
    let [method, path, body] = line.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
    let headers = json!({"x-project-name": "web"});
    let request = json!({"method": method, "path": path, "headers": headers, "body": literal(body)});
    Input::read(at, &request.to_string()).unwrap()
}

/// One trace of each vendor's clients, a line a request: `METHOD path body`.
const SCENARIOS: [(&str, &str); 3] = [("opik", OPIK), ("galileo", GALILEO), ("pandaprobe", PANDAPROBE)];

/// Opik's low-level client without batching: creates without an end, updates of different fields, ends.
const OPIK: &str = r#"
POST /v1/private/traces {"id": "01a1fba9-b442-706a-888f-b0c0220b2677", "project_name": "web", "name": "weather", "start_time": "2026-11-21T01:12:45.378Z", "input": {"q": "Oslo?"}, "metadata": {"m": {"n": 1}}, "tags": ["x"], "last_updated_at": "2026-11-21T01:12:45.379Z", "thread_id": "thr-9", "source": "sdk"}
POST /v1/private/spans {"id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "project_name": "web", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "name": "outer", "type": "general", "start_time": "2026-11-21T01:12:45.379Z", "input": {"a": 1}, "last_updated_at": "2026-11-21T01:12:45.380Z", "source": "sdk"}
POST /v1/private/spans {"id": "01a1fba9-b46e-775d-8b79-c740e6ed8021", "project_name": "web", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "name": "chat", "type": "llm", "start_time": "2026-11-21T01:12:45.400Z", "input": {"messages": [{"role": "user", "content": "Oslo?"}]}, "model": "gpt-4o", "last_updated_at": "2026-11-21T01:12:45.401Z", "source": "sdk"}
PATCH /v1/private/spans/01a1fba9-b46e-775d-8b79-c740e6ed8021 {"project_name": "web", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "tags": ["late"], "source": "sdk"}
PATCH /v1/private/spans/01a1fba9-b46e-775d-8b79-c740e6ed8021 {"project_name": "web", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "end_time": "2026-11-21T01:12:46.400Z", "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "total_estimated_cost": 0.01, "source": "sdk"}
PATCH /v1/private/spans/01a1fba9-b443-759e-8275-ee7b810cfe63 {"project_name": "web", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "metadata": {"k": 2}, "tags": ["u"], "source": "sdk"}
PATCH /v1/private/spans/01a1fba9-b443-759e-8275-ee7b810cfe63 {"project_name": "web", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "end_time": "2026-11-21T01:12:47.300Z", "output": {"r": 2}, "error_info": {"exception_type": "ValueError", "message": "m", "traceback": "tb"}, "source": "sdk"}
PATCH /v1/private/traces/01a1fba9-b442-706a-888f-b0c0220b2677 {"project_name": "web", "metadata": {"z": 1}, "tags": ["y"], "source": "sdk"}
PATCH /v1/private/traces/01a1fba9-b442-706a-888f-b0c0220b2677 {"project_name": "web", "end_time": "2026-11-21T01:12:47.378Z", "output": {"a": 3}, "source": "sdk"}
PUT /v1/private/traces/feedback-scores {"scores": [{"project_name": "web", "name": "quality", "value": 0.9, "reason": "r", "source": "sdk", "id": "01a1fba9-b442-706a-888f-b0c0220b2677"}]}
PUT /v1/private/spans/feedback-scores {"scores": [{"project_name": "web", "name": "exact", "value": 1.0, "source": "sdk", "id": "01a1fba9-b46e-775d-8b79-c740e6ed8021"}]}
"#;

/// Galileo's distributed mode: a trace that is open until a PATCH says otherwise.
const GALILEO: &str = r#"
POST /ingest/traces/38705802-f7bd-4489-b983-32a69a27c762 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "is_complete": false, "traces": [{"type": "trace", "id": "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6", "name": "weather", "input": "Oslo?", "created_at": "2026-11-21T01:12:45.378000Z", "user_metadata": {"k": "v"}, "tags": ["a"], "metrics": {}, "spans": []}]}
POST /ingest/spans/38705802-f7bd-4489-b983-32a69a27c762 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "trace_id": "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6", "parent_id": "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6", "spans": [{"type": "workflow", "id": "d7184b71-6901-4321-abe3-544c7f3f0838", "name": "outer", "input": "Oslo?", "created_at": "2026-11-21T01:12:45.379000Z", "user_metadata": {}, "tags": ["w"], "metrics": {}, "spans": []}]}
POST /ingest/spans/38705802-f7bd-4489-b983-32a69a27c762 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "trace_id": "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6", "parent_id": "d7184b71-6901-4321-abe3-544c7f3f0838", "spans": [{"type": "llm", "id": "b8f85067-3a9a-4422-85e7-7d871d157dcc", "name": "chat", "input": [{"role": "user", "content": "Oslo?"}], "output": {"role": "assistant", "content": "3 degrees"}, "created_at": "2026-11-21T01:12:45.400000Z", "user_metadata": {"m": "1"}, "tags": [], "metrics": {"duration_ns": 1000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15}, "model": "gpt-4o"}]}
PATCH /v2/projects/38705802-f7bd-4489-b983-32a69a27c762/spans/d7184b71-6901-4321-abe3-544c7f3f0838 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "span_id": "d7184b71-6901-4321-abe3-544c7f3f0838", "tags": ["w", "late"]}
PATCH /v2/projects/38705802-f7bd-4489-b983-32a69a27c762/spans/d7184b71-6901-4321-abe3-544c7f3f0838 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "span_id": "d7184b71-6901-4321-abe3-544c7f3f0838", "output": "3 degrees", "status_code": 200, "duration_ns": 1900000000}
PATCH /v2/projects/38705802-f7bd-4489-b983-32a69a27c762/traces/11bac3f0-6ac8-4353-af70-8e1c8b1ebde6 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "trace_id": "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6", "tags": ["a", "late"], "is_complete": false}
PATCH /v2/projects/38705802-f7bd-4489-b983-32a69a27c762/traces/11bac3f0-6ac8-4353-af70-8e1c8b1ebde6 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "trace_id": "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6", "output": "3", "status_code": 200, "is_complete": true, "duration_ns": 2000000000}
"#;

/// PandaProbe: a running trace with a span in it, one more span, updates, scores.
const PANDAPROBE: &str = r#"
POST /traces {"trace_id": "cc047292-1458-468b-80eb-02bdbbcb9674", "name": "weather", "status": "RUNNING", "started_at": "2026-11-21T01:12:45.378+00:00", "input": {"q": "Oslo?"}, "tags": ["a"], "spans": [{"span_id": "29b5457c-8aa9-492a-895f-c1948f571b33", "name": "outer", "kind": "CHAIN", "status": "UNSET", "started_at": "2026-11-21T01:12:45.379+00:00"}]}
POST /traces/cc047292-1458-468b-80eb-02bdbbcb9674/spans [{"span_id": "4baebb2a-3a8d-4245-887b-e1f9b044a341", "parent_span_id": "29b5457c-8aa9-492a-895f-c1948f571b33", "name": "chat", "kind": "LLM", "status": "OK", "started_at": "2026-11-21T01:12:45.400+00:00", "ended_at": "2026-11-21T01:12:46.400+00:00", "input": {"messages": [{"role": "user", "content": "Oslo?"}]}, "model": "gpt-4o", "metadata": {"k": 1}}]
PATCH /traces/cc047292-1458-468b-80eb-02bdbbcb9674/spans/4baebb2a-3a8d-4245-887b-e1f9b044a341 {"output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "token_usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}
PATCH /traces/cc047292-1458-468b-80eb-02bdbbcb9674/spans/29b5457c-8aa9-492a-895f-c1948f571b33 {"status": "OK", "ended_at": "2026-11-21T01:12:47.300+00:00"}
PATCH /traces/cc047292-1458-468b-80eb-02bdbbcb9674 {"user_id": "u1", "output": {"a": 3}}
PATCH /traces/cc047292-1458-468b-80eb-02bdbbcb9674 {"status": "COMPLETED", "ended_at": "2026-11-21T01:12:47.378+00:00"}
POST /evaluations/trace-scores {"trace_id": "cc047292-1458-468b-80eb-02bdbbcb9674", "name": "relevance", "value": "0.8", "data_type": "NUMERIC", "source": "PROGRAMMATIC"}
POST /evaluations/trace-scores {"trace_id": "cc047292-1458-468b-80eb-02bdbbcb9674", "name": "relevance", "value": "0.9", "data_type": "NUMERIC", "source": "PROGRAMMATIC"}
"#;
