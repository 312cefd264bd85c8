//! From Opik: start rows, then final rows, then scores, as `@opik.track` sends them.

use serde_json::Value;
use serde_json::json;

use super::shown;
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
    for vendor in super::VENDORS {
        let s = shown(&site, vendor).await;
        println!("=== {vendor}\n{}", serde_json::to_string_pretty(&s).unwrap());
        println!("scores {}", json!(site.vendor(vendor).scores().await));
    }
    site.close().await;
}
