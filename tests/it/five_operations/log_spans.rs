//! Galileo's log spans, into a trace of each dialect that all vendors have long called complete.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::scene::FROM_GALILEO;
use super::scene::FROM_OPIK;
use super::scene::FROM_PANDAPROBE;
use super::scene::VENDORS;
use super::scene::plain;
use super::scene::site;
use crate::support::Site;
use crate::support::bare;
use crate::support::literal;
use crate::support::spans;
use crate::support::unlike;

#[tokio::test(flavor = "multi_thread")]
async fn galileo_log_spans() {
    let (site, client, home) = site().await;
    for (nth, origin) in [FROM_OPIK, FROM_GALILEO, FROM_PANDAPROBE].into_iter().enumerate() {
        let llm = json!({"type": "llm", "id": format!("0a000000-0000-4000-8000-00000000010{nth}"), "name": "deep",
            "created_at": "2026-11-21T01:12:46.600Z", "input": [{"role": "user", "content": "now?"}],
            "output": {"role": "assistant", "content": "yes"}, "model": "gpt-4o", "status_code": 200,
            "metrics": {"duration_ns": 1_000_000, "num_input_tokens": 1, "num_output_tokens": 2}});
        let tool = json!({"type": "tool", "id": format!("0a000000-0000-4000-8000-00000000000{nth}"), "name": "lookup",
            "created_at": "2026-11-21T01:12:46.500Z", "input": "{\"city\":\"Oslo\"}", "output": "3",
            "tool_call_id": "call_1", "metrics": {"duration_ns": 200_000_000}, "spans": [llm]});
        let body = json!({"log_stream_id": home.stream, "trace_id": origin.trace.galileo,
            "parent_id": origin.outer.galileo, "reliable": true, "spans": [tool]});
        let answer = client.must(200, "POST", &home.path("spans"), &body).await;
        assert_eq!(answer["records_count"], 2);
        assert_eq!(answer["trace_id"], origin.trace.galileo);
        assert_eq!(answer["parent_id"], origin.outer.galileo);
    }
    site.settled().await;
    compare(&site, AFTER).await;
    site.close().await;
}

/// Compares the spans that came with a document: by vendor, then by trace. How many there are in all
/// stands beside them: a vendor that is told the whole tree again must not show anything twice.
async fn compare(site: &Site, expected: &str) {
    let mut shown = Map::new();
    for vendor in VENDORS {
        let mut by_trace = Map::new();
        for trace in site.vendor(vendor).traces().await {
            let name = trace["name"].as_str().or(trace["trace"]["name"].as_str()).unwrap().to_owned();
            let all = spans(&trace);
            let came = |span: &&Value| span["name"] == "lookup" || span["name"] == "deep";
            let mut came: Vec<Value> = all.iter().filter(came).map(|span| plain(&bare(span))).collect();
            for span in &mut came {
                span.as_object_mut().unwrap().remove("spans");
            }
            by_trace.insert(name, json!({"spans": all.len(), "new": came}));
        }
        shown.insert(vendor.to_owned(), by_trace.into());
    }
    let (shown, expected) = (Value::from(shown), literal(expected));
    assert!(shown == expected, "otherwise:\n{}", unlike(&shown, &expected));
}

const AFTER: &str = r#"{"opik": {"from opik": {"spans": 4,
   "new": [{"id": "01a1fba9-b442-7000-8000-000000000000", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63",
     "name": "lookup", "type": "tool", "start_time": "2026-11-21T01:12:46.500Z",
     "end_time": "2026-11-21T01:12:46.700Z", "input": {"city": "Oslo"}, "output": "3"},
    {"id": "01a1fba9-b442-7000-8000-000000000100", "parent_span_id": "01a1fba9-b442-7000-8000-000000000000",
     "name": "deep", "type": "llm", "start_time": "2026-11-21T01:12:46.600Z", "end_time": "2026-11-21T01:12:46.601Z",
     "input": {"messages": [{"role": "user", "content": "now?"}]},
     "output": {"messages": [{"role": "assistant", "content": "yes"}]}, "model": "gpt-4o",
     "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}]},
  "from galileo": {"spans": 4,
   "new": [{"id": "01a1fba9-b442-7000-8000-000000000001", "parent_span_id": "01a1fba9-b442-7321-abe3-544c7f3f0838",
     "name": "lookup", "type": "tool", "start_time": "2026-11-21T01:12:46.500Z",
     "end_time": "2026-11-21T01:12:46.700Z", "input": {"city": "Oslo"}, "output": "3"},
    {"id": "01a1fba9-b442-7000-8000-000000000101", "parent_span_id": "01a1fba9-b442-7000-8000-000000000001",
     "name": "deep", "type": "llm", "start_time": "2026-11-21T01:12:46.600Z", "end_time": "2026-11-21T01:12:46.601Z",
     "input": {"messages": [{"role": "user", "content": "now?"}]},
     "output": {"messages": [{"role": "assistant", "content": "yes"}]}, "model": "gpt-4o",
     "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}]},
  "from pandaprobe": {"spans": 4,
   "new": [{"id": "01a1fba9-b442-7000-8000-000000000002", "parent_span_id": "01a1fba9-b442-792a-895f-c1948f571b33",
     "name": "lookup", "type": "tool", "start_time": "2026-11-21T01:12:46.500Z",
     "end_time": "2026-11-21T01:12:46.700Z", "input": {"city": "Oslo"}, "output": "3"},
    {"id": "01a1fba9-b442-7000-8000-000000000102", "parent_span_id": "01a1fba9-b442-7000-8000-000000000002",
     "name": "deep", "type": "llm", "start_time": "2026-11-21T01:12:46.600Z", "end_time": "2026-11-21T01:12:46.601Z",
     "input": {"messages": [{"role": "user", "content": "now?"}]},
     "output": {"messages": [{"role": "assistant", "content": "yes"}]}, "model": "gpt-4o",
     "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}]}},
 "galileo": {"from opik": {"spans": 4,
   "new": [{"input": "{\"city\":\"Oslo\"}", "output": "3", "name": "lookup", "created_at": "2026-11-21T01:12:46.500000Z",
     "metrics": {"duration_ns": 200000000}, "type": "tool", "tool_call_id": "call_1",
     "id": "0a000000-0000-4000-8000-000000000000", "parent_id": "01a1fba9-b443-459e-8275-ee7b810cfe63",
     "has_children": true},
    {"input": [{"role": "user", "content": "now?"}], "output": {"role": "assistant", "content": "yes"},
     "name": "deep", "created_at": "2026-11-21T01:12:46.600000Z", "status_code": 200,
     "metrics": {"duration_ns": 1000000, "num_input_tokens": 1, "num_output_tokens": 2}, "type": "llm",
     "model": "gpt-4o", "id": "0a000000-0000-4000-8000-000000000100",
     "parent_id": "0a000000-0000-4000-8000-000000000000"}]},
  "from galileo": {"spans": 4,
   "new": [{"input": "{\"city\":\"Oslo\"}", "output": "3", "name": "lookup", "created_at": "2026-11-21T01:12:46.500000Z",
     "metrics": {"duration_ns": 200000000}, "type": "tool", "tool_call_id": "call_1",
     "id": "0a000000-0000-4000-8000-000000000001", "parent_id": "d7184b71-6901-4321-abe3-544c7f3f0838",
     "has_children": true},
    {"input": [{"role": "user", "content": "now?"}], "output": {"role": "assistant", "content": "yes"},
     "name": "deep", "created_at": "2026-11-21T01:12:46.600000Z", "status_code": 200,
     "metrics": {"duration_ns": 1000000, "num_input_tokens": 1, "num_output_tokens": 2}, "type": "llm",
     "model": "gpt-4o", "id": "0a000000-0000-4000-8000-000000000101",
     "parent_id": "0a000000-0000-4000-8000-000000000001"}]},
  "from pandaprobe": {"spans": 4,
   "new": [{"input": "{\"city\":\"Oslo\"}", "output": "3", "name": "lookup", "created_at": "2026-11-21T01:12:46.500000Z",
     "metrics": {"duration_ns": 200000000}, "type": "tool", "tool_call_id": "call_1",
     "id": "0a000000-0000-4000-8000-000000000002", "parent_id": "29b5457c-8aa9-492a-895f-c1948f571b33",
     "has_children": true},
    {"input": [{"role": "user", "content": "now?"}], "output": {"role": "assistant", "content": "yes"},
     "name": "deep", "created_at": "2026-11-21T01:12:46.600000Z", "status_code": 200,
     "metrics": {"duration_ns": 1000000, "num_input_tokens": 1, "num_output_tokens": 2}, "type": "llm",
     "model": "gpt-4o", "id": "0a000000-0000-4000-8000-000000000102",
     "parent_id": "0a000000-0000-4000-8000-000000000002"}]}},
 "pandaprobe": {"from opik": {"spans": 4,
   "new": [{"span_id": "0a000000-0000-4000-8000-000000000000", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63",
     "name": "lookup", "kind": "TOOL", "status": "UNSET", "input": {"city": "Oslo"}, "output": "3",
     "started_at": "2026-11-21T01:12:46.500000+00:00", "ended_at": "2026-11-21T01:12:46.700000+00:00"},
    {"span_id": "0a000000-0000-4000-8000-000000000100", "parent_span_id": "0a000000-0000-4000-8000-000000000000",
     "name": "deep", "kind": "LLM", "status": "OK", "input": {"messages": [{"role": "user", "content": "now?"}]},
     "output": {"messages": [{"role": "assistant", "content": "yes"}]}, "model": "gpt-4o",
     "token_usage": {"prompt_tokens": 1, "completion_tokens": 2}, "started_at": "2026-11-21T01:12:46.600000+00:00",
     "ended_at": "2026-11-21T01:12:46.601000+00:00"}]},
  "from galileo": {"spans": 4,
   "new": [{"span_id": "0a000000-0000-4000-8000-000000000001", "parent_span_id": "d7184b71-6901-4321-abe3-544c7f3f0838",
     "name": "lookup", "kind": "TOOL", "status": "UNSET", "input": {"city": "Oslo"}, "output": "3",
     "started_at": "2026-11-21T01:12:46.500000+00:00", "ended_at": "2026-11-21T01:12:46.700000+00:00"},
    {"span_id": "0a000000-0000-4000-8000-000000000101", "parent_span_id": "0a000000-0000-4000-8000-000000000001",
     "name": "deep", "kind": "LLM", "status": "OK", "input": {"messages": [{"role": "user", "content": "now?"}]},
     "output": {"messages": [{"role": "assistant", "content": "yes"}]}, "model": "gpt-4o",
     "token_usage": {"prompt_tokens": 1, "completion_tokens": 2}, "started_at": "2026-11-21T01:12:46.600000+00:00",
     "ended_at": "2026-11-21T01:12:46.601000+00:00"}]},
  "from pandaprobe": {"spans": 4,
   "new": [{"span_id": "0a000000-0000-4000-8000-000000000002", "parent_span_id": "29b5457c-8aa9-492a-895f-c1948f571b33",
     "name": "lookup", "kind": "TOOL", "status": "UNSET", "input": {"city": "Oslo"}, "output": "3",
     "started_at": "2026-11-21T01:12:46.500000+00:00", "ended_at": "2026-11-21T01:12:46.700000+00:00"},
    {"span_id": "0a000000-0000-4000-8000-000000000102", "parent_span_id": "0a000000-0000-4000-8000-000000000002",
     "name": "deep", "kind": "LLM", "status": "OK", "input": {"messages": [{"role": "user", "content": "now?"}]},
     "output": {"messages": [{"role": "assistant", "content": "yes"}]}, "model": "gpt-4o",
     "token_usage": {"prompt_tokens": 1, "completion_tokens": 2}, "started_at": "2026-11-21T01:12:46.600000+00:00",
     "ended_at": "2026-11-21T01:12:46.601000+00:00"}]}}}"#;
