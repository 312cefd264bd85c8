//! From PandaProbe: one POST with everything, children before parents, then a score.

use serde_json::json;

use super::literal;
use super::shown;
use super::site;
use crate::support::Client;

const TRACE: &str = "cc047292-1458-468b-80eb-02bdbbcb9674";

const BODY: &str = r#"{"trace_id": "cc047292-1458-468b-80eb-02bdbbcb9674", "name": "ctx-trace", "status": "ERROR",
    "started_at": "2026-11-21T01:08:37.323207+00:00", "ended_at": "2026-11-21T01:08:39.323457+00:00",
    "input": {"messages": [{"role": "user", "content": "hi"}]},
    "output": {"messages": [{"role": "assistant", "content": "hello"}]},
    "metadata": {"plan": "pro", "extra": true, "n": 3}, "session_id": "s-1", "user_id": "u-1",
    "tags": ["a", "b"], "environment": "staging", "release": "v1.2.3",
    "spans": [
        {"span_id": "4baebb2a-3a8d-4245-887b-e1f9b044a341", "parent_span_id": "29b5457c-8aa9-492a-895f-c1948f571b33", "name": "llm", "kind": "LLM", "status": "OK",
            "input": {"messages": [{"role": "user", "content": "hi"}]},
            "output": {"messages": [{"role": "assistant", "content": "hello"}]}, "model": "gpt-x",
            "token_usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
                "reasoning_tokens": 2, "cache_read_tokens": 3},
            "metadata": {"provider": "acme", "k": {"deep": [1, 2]}},
            "started_at": "2026-11-21T01:08:37.323299+00:00", "ended_at": "2026-11-21T01:08:38.323299+00:00",
            "completion_start_time": "2026-11-21T01:08:37.523299+00:00",
            "model_parameters": {"temperature": 0.2, "max_tokens": 64},
            "cost": {"total": 0.0123, "prompt": 0.01, "completion": 0.0023}},
        {"span_id": "5c0e9a4e-6a30-4f0f-9b6a-2f6d0c0d8a11", "parent_span_id": "29b5457c-8aa9-492a-895f-c1948f571b33", "name": "lookup", "kind": "TOOL", "status": "ERROR",
            "input": {"city": "Oslo"}, "error": "ValueError: no such city",
            "started_at": "2026-11-21T01:08:38.400000+00:00", "ended_at": "2026-11-21T01:08:38.500000+00:00"},
        {"span_id": "7c33d03e-1f7a-4c46-8f0e-3a4d2b1c0e22", "parent_span_id": "29b5457c-8aa9-492a-895f-c1948f571b33", "name": "kb", "kind": "RETRIEVER", "status": "OK",
            "input": "oslo", "output": {"documents": [{"content": "Oslo is cold", "score": 0.9}]},
            "started_at": "2026-11-21T01:08:38.600000+00:00", "ended_at": "2026-11-21T01:08:38.700000+00:00"},
        {"span_id": "29b5457c-8aa9-492a-895f-c1948f571b33", "name": "plan", "kind": "AGENT", "status": "OK", "input": {"goal": "x"},
            "output": "done", "started_at": "2026-11-21T01:08:37.323268+00:00",
            "ended_at": "2026-11-21T01:08:39.323439+00:00"}
    ]}"#;

async fn send(client: &Client) {
    client.must(202, "POST", "/traces", &literal(BODY)).await;
    let score = json!({"trace_id": TRACE, "name": "relevance", "value": "0.9", "data_type": "NUMERIC",
        "source": "PROGRAMMATIC", "reason": "thumbs up", "metadata": {"rater": "u1"}});
    client.must(201, "POST", "/evaluations/trace-scores", &score).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pandaprobe_to_all() {
    let site = site().await;
    send(&site.client("checkout")).await;
    for vendor in super::VENDORS {
        let s = shown(&site, vendor).await;
        println!("=== {vendor}\n{}", serde_json::to_string_pretty(&s).unwrap());
        println!("scores {}", json!(site.vendor(vendor).scores().await));
    }
    site.close().await;
}
