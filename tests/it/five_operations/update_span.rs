//! Updates: the change shows at all three vendors, whoever made it and whoever made the span.

use serde_json::json;

use super::scene::FROM_GALILEO;
use super::scene::FROM_OPIK;
use super::scene::FROM_PANDAPROBE;
use super::scene::compare;
use super::scene::site;

#[tokio::test(flavor = "multi_thread")]
async fn galileo_update_span() {
    let (site, client, home) = site().await;
    for id in [FROM_OPIK.chat.galileo, FROM_GALILEO.chat.galileo, FROM_PANDAPROBE.chat.galileo] {
        let body = json!({"log_stream_id": home.stream, "span_id": id, "input": null,
            "output": {"role": "assistant", "content": "4 degrees"}, "status_code": 400, "tags": ["late"],
            "duration_ns": 2_000_000_000, "reliable": true});
        let answer = client.must(200, "PATCH", &home.path(&format!("spans/{id}")), &body).await;
        assert_eq!((&answer["span_id"], &answer["records_count"]), (&json!(id), &json!(1)));
    }
    site.settled().await;
    compare(&site, AFTER_GALILEO).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opik_update_span() {
    let (site, client, _) = site().await;
    for origin in [FROM_OPIK, FROM_GALILEO, FROM_PANDAPROBE] {
        let body = json!({"project_name": "web", "trace_id": origin.trace.opik, "end_time": "2026-11-21T01:12:47.400Z",
            "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "metadata": {"z": 2},
            "tags": ["late"], "usage": {"prompt_tokens": 11, "completion_tokens": 6, "total_tokens": 17},
            "model": "gpt-5", "error_info": {"exception_type": "Late", "message": "m", "traceback": "tb"},
            "total_estimated_cost": 0.5, "source": "sdk"});
        client.must(204, "PATCH", &format!("/v1/private/spans/{}", origin.chat.opik), &body).await;
    }
    site.settled().await;
    compare(&site, AFTER_OPIK).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pandaprobe_update_span() {
    let (site, client, _) = site().await;
    for origin in [FROM_OPIK, FROM_GALILEO, FROM_PANDAPROBE] {
        let path = format!("/traces/{}/spans/{}", origin.trace.pandaprobe, origin.chat.pandaprobe);
        let body = json!({"name": "renamed", "status": "ERROR", "error": "Late: m",
            "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "metadata": {"z": 2},
            "ended_at": "2026-11-21T01:12:47.400+00:00", "input": null});
        let answer = client.must(200, "PATCH", &path, &body).await;
        assert_eq!((&answer["name"], &answer["input"]), (&json!("renamed"), &json!(null)), "{answer}");
    }
    site.settled().await;
    compare(&site, AFTER_PANDAPROBE).await;
    site.close().await;
}

const AFTER_GALILEO: &str = r#"{"opik": {"from opik": {"id": "01a1fba9-b46e-775d-8b79-c740e6ed8021", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63",
   "name": "chat", "type": "llm", "start_time": "2026-11-21T01:12:45.400Z", "end_time": "2026-11-21T01:12:47.400Z",
   "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
   "output": {"role": "assistant", "content": "4 degrees"}, "metadata": {"k": 1}, "model": "gpt-4o",
   "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "tags": ["first", "late"],
   "error_info": {"exception_type": "Error", "traceback": "Error"}},
  "from galileo": {"id": "01a1fba9-b442-7422-85e7-7d871d157dcc", "parent_span_id": "01a1fba9-b442-7321-abe3-544c7f3f0838",
   "name": "chat", "type": "llm", "start_time": "2026-11-21T01:12:45.400Z", "end_time": "2026-11-21T01:12:47.400Z",
   "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "metadata": {"k": "1"}, "model": "gpt-4o",
   "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "tags": ["first", "late"],
   "error_info": {"exception_type": "Error", "traceback": "Error"}},
  "from pandaprobe": {"id": "01a1fba9-b442-7245-887b-e1f9b044a341", "parent_span_id": "01a1fba9-b442-792a-895f-c1948f571b33",
   "name": "chat", "type": "llm", "start_time": "2026-11-21T01:12:45.400Z", "end_time": "2026-11-21T01:12:47.400Z",
   "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "metadata": {"k": 1}, "model": "gpt-4o",
   "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "tags": ["late"],
   "error_info": {"exception_type": "Error", "traceback": "Error"}}},
 "galileo": {"from opik": {"input": [{"role": "user", "content": "Oslo?"}], "output": {"role": "assistant", "content": "4 degrees"},
   "name": "chat", "created_at": "2026-11-21T01:12:45.400000Z", "tags": ["first", "late"], "status_code": 400,
   "metrics": {"duration_ns": 2000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15},
   "user_metadata": {"k": "1"}, "type": "llm", "model": "gpt-4o", "id": "01a1fba9-b46e-475d-8b79-c740e6ed8021",
   "parent_id": "01a1fba9-b443-459e-8275-ee7b810cfe63"},
  "from galileo": {"input": [{"role": "user", "content": "Oslo?"}], "output": {"role": "assistant", "content": "4 degrees"},
   "name": "chat", "created_at": "2026-11-21T01:12:45.400000Z", "tags": ["first", "late"], "status_code": 400,
   "metrics": {"duration_ns": 2000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15},
   "user_metadata": {"k": "1"}, "type": "llm", "model": "gpt-4o", "id": "b8f85067-3a9a-4422-85e7-7d871d157dcc",
   "parent_id": "d7184b71-6901-4321-abe3-544c7f3f0838"},
  "from pandaprobe": {"input": [{"role": "user", "content": "Oslo?"}], "output": {"role": "assistant", "content": "4 degrees"},
   "name": "chat", "created_at": "2026-11-21T01:12:45.400000Z", "tags": ["late"], "status_code": 400,
   "metrics": {"duration_ns": 2000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15},
   "user_metadata": {"k": "1"}, "type": "llm", "model": "gpt-4o", "id": "4baebb2a-3a8d-4245-887b-e1f9b044a341",
   "parent_id": "29b5457c-8aa9-492a-895f-c1948f571b33"}},
 "pandaprobe": {"from opik": {"span_id": "01a1fba9-b46e-775d-8b79-c740e6ed8021", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63",
   "name": "chat", "kind": "LLM", "status": "ERROR", "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "model": "gpt-4o",
   "token_usage": {"total_tokens": 15, "prompt_tokens": 10, "completion_tokens": 5}, "metadata": {"k": 1},
   "started_at": "2026-11-21T01:12:45.400000+00:00", "ended_at": "2026-11-21T01:12:47.400000+00:00"},
  "from galileo": {"span_id": "b8f85067-3a9a-4422-85e7-7d871d157dcc", "parent_span_id": "d7184b71-6901-4321-abe3-544c7f3f0838",
   "name": "chat", "kind": "LLM", "status": "ERROR", "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "model": "gpt-4o",
   "token_usage": {"total_tokens": 15, "prompt_tokens": 10, "completion_tokens": 5}, "metadata": {"k": "1"},
   "started_at": "2026-11-21T01:12:45.400000+00:00", "ended_at": "2026-11-21T01:12:47.400000+00:00"},
  "from pandaprobe": {"span_id": "4baebb2a-3a8d-4245-887b-e1f9b044a341", "parent_span_id": "29b5457c-8aa9-492a-895f-c1948f571b33",
   "name": "chat", "kind": "LLM", "status": "ERROR", "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
   "output": {"role": "assistant", "content": "4 degrees"}, "model": "gpt-4o",
   "token_usage": {"total_tokens": 15, "prompt_tokens": 10, "completion_tokens": 5}, "metadata": {"k": 1},
   "started_at": "2026-11-21T01:12:45.400000+00:00", "ended_at": "2026-11-21T01:12:47.400000+00:00"}}}"#;

const AFTER_OPIK: &str = r#"{"opik": {"from opik": {"id": "01a1fba9-b46e-775d-8b79-c740e6ed8021", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63",
   "name": "chat", "type": "llm", "start_time": "2026-11-21T01:12:45.400Z", "end_time": "2026-11-21T01:12:47.400Z",
   "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "metadata": {"z": 2}, "model": "gpt-5",
   "usage": {"prompt_tokens": 11, "completion_tokens": 6, "total_tokens": 17}, "total_estimated_cost": 0.5,
   "tags": ["late"], "error_info": {"exception_type": "Late", "message": "m", "traceback": "tb"}, "source": "sdk"},
  "from galileo": {"id": "01a1fba9-b442-7422-85e7-7d871d157dcc", "parent_span_id": "01a1fba9-b442-7321-abe3-544c7f3f0838",
   "name": "chat", "type": "llm", "start_time": "2026-11-21T01:12:45.400Z", "end_time": "2026-11-21T01:12:47.400Z",
   "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "metadata": {"z": 2}, "model": "gpt-5",
   "usage": {"prompt_tokens": 11, "completion_tokens": 6, "total_tokens": 17}, "total_estimated_cost": 0.5,
   "tags": ["late"], "error_info": {"exception_type": "Late", "message": "m", "traceback": "tb"}, "source": "sdk"},
  "from pandaprobe": {"id": "01a1fba9-b442-7245-887b-e1f9b044a341", "parent_span_id": "01a1fba9-b442-792a-895f-c1948f571b33",
   "name": "chat", "type": "llm", "start_time": "2026-11-21T01:12:45.400Z", "end_time": "2026-11-21T01:12:47.400Z",
   "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "metadata": {"z": 2}, "model": "gpt-5",
   "usage": {"prompt_tokens": 11, "completion_tokens": 6, "total_tokens": 17}, "total_estimated_cost": 0.5,
   "tags": ["late"], "error_info": {"exception_type": "Late", "message": "m", "traceback": "tb"}, "source": "sdk"}},
 "galileo": {"from opik": {"input": [{"role": "user", "content": "Oslo?"}], "output": {"role": "assistant", "content": "4 degrees"},
   "name": "chat", "created_at": "2026-11-21T01:12:45.400000Z", "tags": ["first", "late"], "status_code": 500,
   "metrics": {"duration_ns": 2000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15},
   "user_metadata": {"k": "1"}, "type": "llm", "model": "gpt-4o", "id": "01a1fba9-b46e-475d-8b79-c740e6ed8021",
   "parent_id": "01a1fba9-b443-459e-8275-ee7b810cfe63"},
  "from galileo": {"input": [{"role": "user", "content": "Oslo?"}], "output": {"role": "assistant", "content": "4 degrees"},
   "name": "chat", "created_at": "2026-11-21T01:12:45.400000Z", "tags": ["first", "late"], "status_code": 500,
   "metrics": {"duration_ns": 2000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15},
   "user_metadata": {"k": "1"}, "type": "llm", "model": "gpt-4o", "id": "b8f85067-3a9a-4422-85e7-7d871d157dcc",
   "parent_id": "d7184b71-6901-4321-abe3-544c7f3f0838"},
  "from pandaprobe": {"input": [{"role": "user", "content": "Oslo?"}], "output": {"role": "assistant", "content": "4 degrees"},
   "name": "chat", "created_at": "2026-11-21T01:12:45.400000Z", "tags": ["late"], "status_code": 500,
   "metrics": {"duration_ns": 2000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15},
   "user_metadata": {"k": "1"}, "type": "llm", "model": "gpt-4o", "id": "4baebb2a-3a8d-4245-887b-e1f9b044a341",
   "parent_id": "29b5457c-8aa9-492a-895f-c1948f571b33"}},
 "pandaprobe": {"from opik": {"span_id": "01a1fba9-b46e-775d-8b79-c740e6ed8021", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63",
   "name": "chat", "kind": "LLM", "status": "ERROR", "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "model": "gpt-5",
   "token_usage": {"total_tokens": 17, "prompt_tokens": 11, "completion_tokens": 6}, "metadata": {"z": 2},
   "started_at": "2026-11-21T01:12:45.400000+00:00", "ended_at": "2026-11-21T01:12:47.400000+00:00",
   "error": "Late: m", "cost": {"total": 0.5}},
  "from galileo": {"span_id": "b8f85067-3a9a-4422-85e7-7d871d157dcc", "parent_span_id": "d7184b71-6901-4321-abe3-544c7f3f0838",
   "name": "chat", "kind": "LLM", "status": "ERROR", "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "model": "gpt-5",
   "token_usage": {"total_tokens": 17, "prompt_tokens": 11, "completion_tokens": 6}, "metadata": {"z": 2},
   "started_at": "2026-11-21T01:12:45.400000+00:00", "ended_at": "2026-11-21T01:12:47.400000+00:00",
   "error": "Late: m", "cost": {"total": 0.5}},
  "from pandaprobe": {"span_id": "4baebb2a-3a8d-4245-887b-e1f9b044a341", "parent_span_id": "29b5457c-8aa9-492a-895f-c1948f571b33",
   "name": "chat", "kind": "LLM", "status": "ERROR", "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "model": "gpt-5",
   "token_usage": {"total_tokens": 17, "prompt_tokens": 11, "completion_tokens": 6}, "metadata": {"z": 2},
   "started_at": "2026-11-21T01:12:45.400000+00:00", "ended_at": "2026-11-21T01:12:47.400000+00:00",
   "error": "Late: m", "cost": {"total": 0.5}}}}"#;

const AFTER_PANDAPROBE: &str = r#"{"opik": {"from opik": {"id": "01a1fba9-b46e-775d-8b79-c740e6ed8021", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63",
   "name": "renamed", "type": "llm", "start_time": "2026-11-21T01:12:45.400Z", "end_time": "2026-11-21T01:12:47.400Z",
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "metadata": {"k": 1, "z": 2},
   "model": "gpt-4o", "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "tags": ["first"],
   "error_info": {"exception_type": "Error", "message": "Late: m", "traceback": "Late: m"}},
  "from galileo": {"id": "01a1fba9-b442-7422-85e7-7d871d157dcc", "parent_span_id": "01a1fba9-b442-7321-abe3-544c7f3f0838",
   "name": "renamed", "type": "llm", "start_time": "2026-11-21T01:12:45.400Z", "end_time": "2026-11-21T01:12:47.400Z",
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "metadata": {"k": "1", "z": 2},
   "model": "gpt-4o", "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "tags": ["first"],
   "error_info": {"exception_type": "Error", "message": "Late: m", "traceback": "Late: m"}},
  "from pandaprobe": {"id": "01a1fba9-b442-7245-887b-e1f9b044a341", "parent_span_id": "01a1fba9-b442-792a-895f-c1948f571b33",
   "name": "renamed", "type": "llm", "start_time": "2026-11-21T01:12:45.400Z", "end_time": "2026-11-21T01:12:47.400Z",
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "metadata": {"k": 1, "z": 2},
   "model": "gpt-4o", "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
   "error_info": {"exception_type": "Error", "message": "Late: m", "traceback": "Late: m"}}},
 "galileo": {"from opik": {"output": {"role": "assistant", "content": "4 degrees"}, "name": "chat",
   "created_at": "2026-11-21T01:12:45.400000Z", "tags": ["first"], "status_code": 500,
   "metrics": {"duration_ns": 2000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15},
   "user_metadata": {"k": "1"}, "type": "llm", "model": "gpt-4o", "id": "01a1fba9-b46e-475d-8b79-c740e6ed8021",
   "parent_id": "01a1fba9-b443-459e-8275-ee7b810cfe63"},
  "from galileo": {"output": {"role": "assistant", "content": "4 degrees"}, "name": "chat",
   "created_at": "2026-11-21T01:12:45.400000Z", "tags": ["first"], "status_code": 500,
   "metrics": {"duration_ns": 2000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15},
   "user_metadata": {"k": "1"}, "type": "llm", "model": "gpt-4o", "id": "b8f85067-3a9a-4422-85e7-7d871d157dcc",
   "parent_id": "d7184b71-6901-4321-abe3-544c7f3f0838"},
  "from pandaprobe": {"output": {"role": "assistant", "content": "4 degrees"}, "name": "chat",
   "created_at": "2026-11-21T01:12:45.400000Z", "status_code": 500,
   "metrics": {"duration_ns": 2000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15},
   "user_metadata": {"k": "1"}, "type": "llm", "model": "gpt-4o", "id": "4baebb2a-3a8d-4245-887b-e1f9b044a341",
   "parent_id": "29b5457c-8aa9-492a-895f-c1948f571b33"}},
 "pandaprobe": {"from opik": {"span_id": "01a1fba9-b46e-775d-8b79-c740e6ed8021", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63",
   "name": "renamed", "kind": "LLM", "status": "ERROR",
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "model": "gpt-4o",
   "token_usage": {"total_tokens": 15, "prompt_tokens": 10, "completion_tokens": 5}, "metadata": {"k": 1, "z": 2},
   "started_at": "2026-11-21T01:12:45.400000+00:00", "ended_at": "2026-11-21T01:12:47.400000+00:00",
   "error": "Late: m"},
  "from galileo": {"span_id": "b8f85067-3a9a-4422-85e7-7d871d157dcc", "parent_span_id": "d7184b71-6901-4321-abe3-544c7f3f0838",
   "name": "renamed", "kind": "LLM", "status": "ERROR",
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "model": "gpt-4o",
   "token_usage": {"total_tokens": 15, "prompt_tokens": 10, "completion_tokens": 5}, "metadata": {"k": "1", "z": 2},
   "started_at": "2026-11-21T01:12:45.400000+00:00", "ended_at": "2026-11-21T01:12:47.400000+00:00",
   "error": "Late: m"},
  "from pandaprobe": {"span_id": "4baebb2a-3a8d-4245-887b-e1f9b044a341", "parent_span_id": "29b5457c-8aa9-492a-895f-c1948f571b33",
   "name": "renamed", "kind": "LLM", "status": "ERROR",
   "output": {"messages": [{"role": "assistant", "content": "4 degrees"}]}, "model": "gpt-4o",
   "token_usage": {"total_tokens": 15, "prompt_tokens": 10, "completion_tokens": 5}, "metadata": {"k": 1, "z": 2},
   "started_at": "2026-11-21T01:12:45.400000+00:00", "ended_at": "2026-11-21T01:12:47.400000+00:00",
   "error": "Late: m"}}}"#;
