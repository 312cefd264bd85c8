//! From Galileo: one batch with the tree in it, as the Python logger sends it.

use serde_json::json;

use super::galileo_home;
use super::literal;
use super::shown;
use super::site;
use crate::support::Client;

const BATCH: &str = r#"{"log_stream_id": "STREAM", "experiment_id": null, "logging_method": "api_direct", "client_version": null,
    "reliable": false, "session_id": null, "session_external_id": "visit-3", "is_complete": true,
    "traces": [{"type": "trace", "id": "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6", "name": "weather", "input": "What is the weather in Oslo?",
        "redacted_input": "What is the weather in [CITY]?", "output": "It is 3 degrees.", "redacted_output": null,
        "created_at": "2026-11-21T01:06:02.528187Z",
        "user_metadata": {"user_id": "u1", "n": "3", "b": "True", "environment": "staging"},
        "tags": ["t1", "t2"], "status_code": 200, "metrics": {"duration_ns": 1500000000, "quality": 0.75},
        "external_id": "ext-1", "dataset_input": "di", "dataset_output": "do", "dataset_metadata": {"k": "v"},
        "session_id": null, "trace_id": null, "step_number": null, "parent_id": null,
        "spans": [{"type": "agent", "id": "d7184b71-6901-4321-abe3-544c7f3f0838", "name": "planner", "agent_type": "planner", "input": "plan",
            "redacted_input": null, "output": "3 degrees", "redacted_output": null,
            "created_at": "2026-11-21T01:06:02.528264Z", "user_metadata": {}, "tags": [], "status_code": 200,
            "metrics": {"duration_ns": 1400000000}, "external_id": null, "session_id": null, "trace_id": null,
            "step_number": null, "parent_id": null, "spans": [
                {"type": "llm", "id": "b8f85067-3a9a-4422-85e7-7d871d157dcc", "name": "chat", "created_at": "2026-11-21T01:06:02.529506Z",
                    "input": [{"content": "sys", "role": "system", "tool_call_id": null, "tool_calls": null},
                        {"content": "hi", "role": "user", "tool_call_id": null, "tool_calls": null}],
                    "redacted_input": null,
                    "output": {"content": "", "role": "assistant", "tool_call_id": null, "tool_calls": [
                        {"id": "call_1", "function": {"name": "get_weather", "arguments": "{\"city\":\"Oslo\"}"}}]},
                    "redacted_output": null, "user_metadata": {"m": "1"}, "tags": ["llm"], "status_code": 200,
                    "metrics": {"duration_ns": 1000000000, "num_input_tokens": 10, "num_output_tokens": 5,
                        "num_total_tokens": 15, "time_to_first_token_ns": 1000, "num_image_input_tokens": null,
                        "num_audio_input_tokens": null, "num_audio_output_tokens": null,
                        "num_image_output_tokens": null, "cost": 0.0012, "num_cached_input_tokens": 4},
                    "external_id": null, "session_id": null, "trace_id": null, "step_number": 1, "parent_id": null,
                    "tools": [{"type": "function", "function": {"name": "get_weather"}}], "events": null,
                    "model": "gpt-4o", "temperature": 0.2, "finish_reason": "tool_calls"},
                {"type": "tool", "id": "6ef0452d-79db-4190-97ac-27f51f3a796e", "name": "get_weather", "created_at": "2026-11-21T01:06:03.529803Z",
                    "input": "{\"city\":\"Oslo\"}", "redacted_input": null, "output": "no such city",
                    "redacted_output": null, "user_metadata": {"error.type": "ValueError",
                        "error.message": "no such city"}, "tags": [], "status_code": 400,
                    "metrics": {"duration_ns": 5000}, "external_id": null, "session_id": null, "trace_id": null,
                    "step_number": null, "parent_id": null, "spans": [], "tool_call_id": "call_1"},
                {"type": "retriever", "id": "edca8834-c355-4de6-99d6-27eb89b41a16", "name": "kb", "created_at": "2026-11-21T01:06:03.541565Z",
                    "input": "oslo", "redacted_input": null,
                    "output": [{"content": "Oslo is cold", "metadata": {"source": "wiki", "rank": 1}}],
                    "redacted_output": [{"content": "", "metadata": {}}], "user_metadata": {}, "tags": [],
                    "status_code": null, "metrics": {"duration_ns": 7000}, "external_id": null, "session_id": null,
                    "trace_id": null, "step_number": null, "parent_id": null, "spans": []}]}]}]}"#;

async fn send(client: &Client) {
    let (project, stream) = galileo_home(client, "web").await;
    client
        .must(200, "POST", &format!("/v2/projects/{project}/traces"), &literal(&BATCH.replace("STREAM", &stream)))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn galileo_to_all() {
    let site = site().await;
    send(&site.client("checkout")).await;
    for vendor in super::VENDORS {
        let s = shown(&site, vendor).await;
        println!("=== {vendor}\n{}", serde_json::to_string_pretty(&s).unwrap());
        println!("scores {}", json!(site.vendor(vendor).scores().await));
    }
    site.close().await;
}
