//! One small call in each dialect, and the ids it names.

use serde_json::Value;
use serde_json::json;

/// Each dialect's own way to send one trace: method, path, body, the status of success.
pub(super) type Sending = (&'static str, &'static str, Value, u16);

/// A trace of Opik's with an input.
pub(super) fn opik_trace(nth: usize, input: &Value) -> Value {
    json!({"id": format!("01a1fba9-b442-706a-888f-b0c0220b{nth:04x}"), "project_name": "web",
        "name": format!("trace {nth}"), "start_time": "2026-11-21T01:12:45Z", "end_time": "2026-11-21T01:12:46Z",
        "input": input})
}

/// So many traces of Opik's in one batch.
pub(super) fn opik_batch(count: usize) -> Value {
    let traces: Vec<Value> = (0..count).map(|nth| opik_trace(nth, &json!({"n": nth}))).collect();
    json!({"traces": traces})
}

/// So many spans of Opik's in one batch, all in one trace.
pub(super) fn opik_spans(count: usize) -> Value {
    let span = |nth: usize| {
        json!({"id": format!("01a1fba9-b442-706a-888f-b0c0220c{nth:04x}"), "project_name": "web", "name": "step",
            "trace_id": "01a1fba9-b442-706a-888f-b0c0220b0000", "type": "general",
            "start_time": "2026-11-21T01:12:45Z", "end_time": "2026-11-21T01:12:46Z"})
    };
    json!({"spans": (0..count).map(span).collect::<Vec<_>>()})
}

/// A trace with one span and an input, in every dialect; the ids differ by `nth`.
pub(super) fn sendings(nth: usize, input: &str) -> [Sending; 3] {
    let times = ["2026-11-21T01:12:45Z", "2026-11-21T01:12:46Z"];
    let opik = json!({"spans": [{"id": format!("01a1fba9-b442-706a-888f-b0c0220d{nth:04x}"), "name": "step",
        "trace_id": format!("01a1fba9-b442-706a-888f-b0c0220e{nth:04x}"), "project_name": "web", "type": "general",
        "start_time": times[0], "end_time": times[1], "input": {"q": input}}]});
    let pandaprobe = json!({"trace_id": format!("cc047292-1458-468b-80eb-02bdbbcb{nth:04x}"), "name": "own",
        "status": "COMPLETED", "started_at": times[0], "ended_at": times[1], "input": {"q": input},
        "spans": [{"span_id": format!("4baebb2a-3a8d-4245-887b-e1f9b044{nth:04x}"), "name": "step", "kind": "OTHER",
            "status": "OK", "started_at": times[0], "ended_at": times[1]}]});
    let galileo = json!({"log_stream_id": "0a3ff0b6-1f1c-4d5a-9a86-0d2c5d3f7a11", "is_complete": true,
        "traces": [{"type": "trace", "id": format!("11bac3f0-6ac8-4353-af70-8e1c8b1e{nth:04x}"), "name": "own",
            "input": input, "output": "done", "created_at": times[0], "metrics": {"duration_ns": 1_000_000_000},
            "spans": [{"type": "workflow", "id": format!("d7184b71-6901-4321-abe3-544c7f3f{nth:04x}"), "name": "step",
                "input": input, "output": "done", "created_at": times[0], "metrics": {"duration_ns": 1_000_000_000},
                "spans": []}]}]});
    [
        ("POST", "/v1/private/spans/batch", opik, 204),
        ("POST", "/traces", pandaprobe, 202),
        ("POST", "/v2/projects/7c1f9c5e-2f0b-4f5e-8a54-6b1f0c7d9e22/traces", galileo, 200),
    ]
}
