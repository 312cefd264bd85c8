//! From Opik: start rows, then final rows, then scores, as `@opik.track` sends them.

use serde_json::Value;
use serde_json::json;

use super::compare;
use super::site;
use crate::support::Client;

const TRACE: &str = "01a1fba9-b442-706a-888f-b0c0220b2677";
const MAIN: &str = "01a1fba9-b443-759e-8275-ee7b810cfe63";
const TOOL: &str = "01a1fba9-b46d-79d4-862b-6ecc5938ca45";
const LLM: &str = "01a1fba9-b46e-775d-8b79-c740e6ed8021";

fn start_rows() -> Value {
    let open = |id: &str, parent: Value, name: &str, at: &str| {
        json!({"id": id, "project_name": "web", "trace_id": TRACE, "parent_span_id": parent, "name": name,
            "type": "general", "start_time": at, "input": {"q": "Oslo?"}, "last_updated_at": at, "source": "sdk"})
    };
    json!({"spans": [
        open(MAIN, Value::Null, "main", "2026-11-21T01:12:45.378729Z"),
        open(TOOL, json!(MAIN), "get_weather", "2026-11-21T01:12:45.421565Z"),
        open(LLM, json!(MAIN), "chat", "2026-11-21T01:12:45.421776Z"),
    ]})
}

fn final_rows() -> Value {
    json!({"spans": [
        {"id": TOOL, "project_name": "web", "trace_id": TRACE, "parent_span_id": MAIN, "name": "get_weather",
            "type": "tool", "start_time": "2026-11-21T01:12:45.421565Z", "end_time": "2026-11-21T01:12:45.421621Z",
            "input": {"city": "Oslo"}, "metadata": {"k": "v"}, "tags": ["t1"],
            "error_info": {"exception_type": "ValueError", "message": "no such city", "traceback": "Traceback: boom"},
            "last_updated_at": "2026-11-21T01:12:45.421639Z", "source": "sdk", "environment": "staging"},
        {"id": LLM, "project_name": "web", "trace_id": TRACE, "parent_span_id": MAIN, "name": "chat", "type": "llm",
            "start_time": "2026-11-21T01:12:45.421776Z", "end_time": "2026-11-21T01:12:46.421776Z",
            "input": {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "Oslo?"}]},
            "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]},
            "metadata": {"temperature": 0.2, "deep": {"list": [1, 2.5, null, true]}}, "model": "gpt-4o-mini",
            "provider": "openai", "ttft": 12.5, "total_estimated_cost": 0.0012,
            "usage": {"completion_tokens": 5, "prompt_tokens": 10, "total_tokens": 15,
                "original_usage.completion_tokens": 5, "original_usage.prompt_tokens": 10,
                "original_usage.total_tokens": 15, "original_usage.prompt_tokens_details.cached_tokens": 4},
            "last_updated_at": "2026-11-21T01:12:46.422415Z", "source": "sdk"},
        {"id": MAIN, "project_name": "web", "trace_id": TRACE, "name": "main", "type": "general",
            "start_time": "2026-11-21T01:12:45.378729Z", "end_time": "2026-11-21T01:12:46.422492Z",
            "input": {"q": "Oslo?"}, "output": {"output": "3 degrees"},
            "last_updated_at": "2026-11-21T01:12:46.422514Z", "source": "sdk"},
    ]})
}

fn trace(end: bool) -> Value {
    let mut trace = json!({"id": TRACE, "project_name": "web", "name": "main",
        "start_time": "2026-11-21T01:12:45.378699Z", "input": {"q": "Oslo?"},
        "last_updated_at": "2026-11-21T01:12:45.421178Z", "source": "sdk"});
    if end {
        trace["end_time"] = json!("2026-11-21T01:12:46.422543Z");
        trace["output"] = json!({"output": "3 degrees"});
        trace["metadata"] = json!({"x": 1, "user_id": "u-7"});
        trace["tags"] = json!(["a", "b"]);
        trace["thread_id"] = json!("th-1");
        trace["environment"] = json!("staging");
        trace["last_updated_at"] = json!("2026-11-21T01:12:46.422554Z");
    }
    json!({"traces": [trace]})
}

async fn send(client: &Client) {
    client.must(204, "POST", "/v1/private/spans/batch", &start_rows()).await;
    client.must(204, "POST", "/v1/private/traces/batch", &trace(false)).await;
    client.must(204, "POST", "/v1/private/spans/batch", &final_rows()).await;
    client.must(204, "POST", "/v1/private/traces/batch", &trace(true)).await;
    let scores = json!({"scores": [{"project_name": "web", "id": TRACE, "name": "quality", "value": 0.9,
        "reason": "good", "source": "sdk", "category_name": null}]});
    client.must(204, "PUT", "/v1/private/traces/feedback-scores", &scores).await;
    let scores = json!({"scores": [{"project_name": "web", "id": LLM, "name": "tone", "value": 1.0,
        "category_name": "kind", "reason": null, "source": "sdk"}]});
    client.must(204, "PUT", "/v1/private/spans/feedback-scores", &scores).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opik_to_all() {
    let site = site().await;
    send(&site.client("checkout")).await;
    compare(&site, [OPIK, GALILEO, PANDAPROBE]).await;
    site.close().await;
}

const OPIK: &str = r#"{"trace": {"project_name": "web", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677",
  "trace": {"id": "01a1fba9-b442-706a-888f-b0c0220b2677", "name": "main", "start_time": "2026-11-21T01:12:45.378699Z",
   "end_time": "2026-11-21T01:12:46.422543Z", "input": {"q": "Oslo?"}, "output": {"output": "3 degrees"},
   "metadata": {"providers": ["openai"], "x": 1, "user_id": "u-7"}, "tags": ["a", "b"], "thread_id": "th-1",
   "source": "sdk",
   "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "original_usage.completion_tokens": 5,
    "original_usage.prompt_tokens": 10, "original_usage.total_tokens": 15,
    "original_usage.prompt_tokens_details.cached_tokens": 4},
   "total_estimated_cost": 0.0012, "span_count": 3, "llm_span_count": 1, "has_tool_spans": true,
   "providers": ["openai"]},
  "spans": [{"id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "name": "main",
    "type": "general", "start_time": "2026-11-21T01:12:45.378729Z", "end_time": "2026-11-21T01:12:46.422492Z",
    "input": {"q": "Oslo?"}, "output": {"output": "3 degrees"}, "source": "sdk"},
   {"id": "01a1fba9-b46d-79d4-862b-6ecc5938ca45", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677",
    "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "name": "get_weather", "type": "tool",
    "start_time": "2026-11-21T01:12:45.421565Z", "end_time": "2026-11-21T01:12:45.421621Z", "input": {"city": "Oslo"},
    "metadata": {"k": "v"}, "tags": ["t1"],
    "error_info": {"exception_type": "ValueError", "message": "no such city", "traceback": "Traceback: boom"},
    "source": "sdk"},
   {"id": "01a1fba9-b46e-775d-8b79-c740e6ed8021", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677",
    "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "name": "chat", "type": "llm",
    "start_time": "2026-11-21T01:12:45.421776Z", "end_time": "2026-11-21T01:12:46.421776Z",
    "input": {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "Oslo?"}]},
    "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]},
    "metadata": {"provider": "openai", "temperature": 0.2, "deep": {"list": [1, 2.5, null, true]}},
    "model": "gpt-4o-mini", "provider": "openai",
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "original_usage.completion_tokens": 5,
     "original_usage.prompt_tokens": 10, "original_usage.total_tokens": 15,
     "original_usage.prompt_tokens_details.cached_tokens": 4},
    "total_estimated_cost": 0.0012, "ttft": 12.5, "source": "sdk"}]},
 "scores": [{"entity_type": "trace", "entity_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "name": "quality", "value": 0.9,
   "reason": "good", "source": "sdk"},
  {"entity_type": "span", "entity_id": "01a1fba9-b46e-775d-8b79-c740e6ed8021", "name": "tone", "value": 1.0,
   "category_name": "kind", "source": "sdk"}],
 "unseen": "staging"}"#;

const GALILEO: &str = r#"{"trace": {"input": "{\"q\":\"Oslo?\"}", "output": "{\"output\":\"3 degrees\"}", "name": "main",
  "created_at": "2026-11-21T01:12:45.378699Z", "tags": ["a", "b"],
  "metrics": {"duration_ns": 1043844000, "quality": 0.9},
  "user_metadata": {"x": "1", "user_id": "u-7", "environment": "staging",
   "_spangate": {"v": 1, "src": "opik",
    "c": {"input": {"as": "json"}, "output": {"as": "json"}, "metadata": {"set": {"x": 1}}, "session": "th-1",
     "source": "sdk"}}},
  "type": "trace", "id": "01a1fba9-b442-406a-888f-b0c0220b2677", "trace_id": "01a1fba9-b442-406a-888f-b0c0220b2677",
  "is_complete": true, "num_spans": 3, "has_children": true,
  "spans": [{"input": "{\"q\":\"Oslo?\"}", "output": "{\"output\":\"3 degrees\"}", "name": "main",
    "created_at": "2026-11-21T01:12:45.378729Z", "metrics": {"duration_ns": 1043763000},
    "user_metadata": {"_spangate": {"v": 1, "src": "opik",
      "c": {"kind": "other", "input": {"as": "json"}, "output": {"as": "json"}, "source": "sdk"}}},
    "type": "workflow", "id": "01a1fba9-b443-459e-8275-ee7b810cfe63",
    "trace_id": "01a1fba9-b442-406a-888f-b0c0220b2677", "parent_id": "01a1fba9-b442-406a-888f-b0c0220b2677",
    "is_complete": true, "has_children": true,
    "spans": [{"input": "{\"city\":\"Oslo\"}", "name": "get_weather", "created_at": "2026-11-21T01:12:45.421565Z",
      "tags": ["t1"], "status_code": 500, "metrics": {"duration_ns": 56000},
      "user_metadata": {"k": "v", "environment": "staging", "error.type": "ValueError", "error.message": "no such city",
       "error.stack": "Traceback: boom",
       "_spangate": {"v": 1, "src": "opik", "c": {"input": {"as": "json"}, "source": "sdk"}}},
      "type": "tool", "id": "01a1fba9-b46d-49d4-862b-6ecc5938ca45",
      "trace_id": "01a1fba9-b442-406a-888f-b0c0220b2677", "parent_id": "01a1fba9-b443-459e-8275-ee7b810cfe63",
      "is_complete": true, "has_children": false},
     {"input": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "Oslo?"}],
      "output": {"role": "assistant", "content": "3 degrees"}, "name": "chat",
      "created_at": "2026-11-21T01:12:45.421776Z",
      "metrics": {"duration_ns": 1000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15,
       "num_cached_input_tokens": 4, "time_to_first_token_ns": 12500000, "cost": 0.0012, "tone": 1.0},
      "user_metadata": {"temperature": "0.2", "deep": "{\"list\":[1,2.5,null,true]}", "provider": "openai",
       "_spangate": {"v": 1, "src": "opik",
        "c": {"input": {"as": "in messages"},
         "output": {"as": "in message"},
         "usage": {"input": 10, "output": 5, "total": 15, "cache_read": 4,
          "other": {"original_usage.completion_tokens": 5, "original_usage.prompt_tokens": 10,
           "original_usage.total_tokens": 15, "original_usage.prompt_tokens_details.cached_tokens": 4}},
         "metadata": {"set": {"temperature": 0.2, "deep": {"list": [1, 2.5, null, true]}}}, "source": "sdk"}}},
      "type": "llm", "model": "gpt-4o-mini", "id": "01a1fba9-b46e-475d-8b79-c740e6ed8021",
      "trace_id": "01a1fba9-b442-406a-888f-b0c0220b2677", "parent_id": "01a1fba9-b443-459e-8275-ee7b810cfe63",
      "is_complete": true}]}],
  "project_name": "web"},
 "scores": [{"trace_id": "01a1fba9-b442-406a-888f-b0c0220b2677", "record_id": "01a1fba9-b46e-475d-8b79-c740e6ed8021",
   "name": "cost", "value": 0.0012},
  {"trace_id": "01a1fba9-b442-406a-888f-b0c0220b2677", "record_id": "01a1fba9-b46e-475d-8b79-c740e6ed8021",
   "name": "num_cached_input_tokens", "value": 4},
  {"trace_id": "01a1fba9-b442-406a-888f-b0c0220b2677", "record_id": "01a1fba9-b442-406a-888f-b0c0220b2677",
   "name": "quality", "value": 0.9},
  {"trace_id": "01a1fba9-b442-406a-888f-b0c0220b2677", "record_id": "01a1fba9-b46e-475d-8b79-c740e6ed8021",
   "name": "tone", "value": 1.0}],
 "unseen": "th-1"}"#;

const PANDAPROBE: &str = r#"{"trace": {"trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "name": "main", "status": "COMPLETED", "input": {"q": "Oslo?"},
  "output": {"output": "3 degrees"},
  "metadata": {"x": 1, "_spangate": {"c": {"source": "sdk"}, "src": "opik", "v": 1}},
  "started_at": "2026-11-21T01:12:45.378699+00:00", "ended_at": "2026-11-21T01:12:46.422543+00:00",
  "session_id": "th-1", "user_id": "u-7", "tags": ["a", "b"], "environment": "staging",
  "spans": [{"span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677",
    "name": "main", "kind": "OTHER", "status": "UNSET", "input": {"q": "Oslo?"}, "output": {"output": "3 degrees"},
    "metadata": {"_spangate": {"c": {"source": "sdk"}, "src": "opik", "v": 1}},
    "started_at": "2026-11-21T01:12:45.378729+00:00", "ended_at": "2026-11-21T01:12:46.422492+00:00",
    "latency_ms": 1043.763},
   {"span_id": "01a1fba9-b46d-79d4-862b-6ecc5938ca45", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677",
    "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "name": "get_weather", "kind": "TOOL",
    "status": "ERROR", "input": {"city": "Oslo"},
    "metadata": {"k": "v",
     "_spangate": {"c": {"tags": {"set": ["t1"]},
       "error": {"type": "ValueError", "stack": "Traceback: boom", "message": "no such city"}, "source": "sdk",
       "environment": "staging"},
      "src": "opik", "v": 1}},
    "started_at": "2026-11-21T01:12:45.421565+00:00", "ended_at": "2026-11-21T01:12:45.421621+00:00",
    "error": "ValueError: no such city", "latency_ms": 0.056},
   {"span_id": "01a1fba9-b46e-775d-8b79-c740e6ed8021", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677",
    "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "name": "chat", "kind": "LLM", "status": "UNSET",
    "input": {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "Oslo?"}]},
    "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "model": "gpt-4o-mini",
    "token_usage": {"total_tokens": 15, "prompt_tokens": 10, "cache_read_tokens": 4, "completion_tokens": 5,
     "original_usage.total_tokens": 15, "original_usage.prompt_tokens": 10, "original_usage.completion_tokens": 5,
     "original_usage.prompt_tokens_details.cached_tokens": 4},
    "metadata": {"deep": {"list": [1, 2.5, null, true]}, "provider": "openai",
     "_spangate": {"c": {"source": "sdk"}, "src": "opik", "v": 1}, "temperature": 0.2},
    "started_at": "2026-11-21T01:12:45.421776+00:00", "ended_at": "2026-11-21T01:12:46.421776+00:00",
    "completion_start_time": "2026-11-21T01:12:45.434276+00:00", "cost": {"total": 0.0012}, "latency_ms": 1000.0,
    "time_to_first_token_ms": 12.5}],
  "total_tokens": 15, "total_cost": 0.0012, "project_name": "web"},
 "scores": [{"trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "name": "quality", "value": "0.9", "data_type": "NUMERIC",
   "reason": "good", "source": "PROGRAMMATIC", "metadata": {"_spangate": {"v": 1, "c": {"source": "sdk"}}}},
  {"trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "name": "tone", "value": "1.0", "data_type": "NUMERIC",
   "source": "PROGRAMMATIC",
   "metadata": {"span_id": "01a1fba9-b46e-775d-8b79-c740e6ed8021", "_spangate": {"v": 1, "c": {"label": "kind", "source": "sdk"}}}}]}"#;
