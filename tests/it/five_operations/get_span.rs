//! Galileo's get span, and the other dialects' reads, of a span from each dialect, after each dialect
//! has changed something of it.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::scene::FROM_GALILEO;
use super::scene::FROM_OPIK;
use super::scene::FROM_PANDAPROBE;
use super::scene::plain;
use super::scene::site;
use crate::support::Client;
use crate::support::Home;
use crate::support::bare;
use crate::support::literal;
use crate::support::spans;
use crate::support::unlike;

/// Each dialect changes another field of each model call.
async fn change(client: &Client, home: &Home) {
    for origin in [FROM_OPIK, FROM_GALILEO, FROM_PANDAPROBE] {
        let body = json!({"log_stream_id": home.stream, "span_id": origin.chat.galileo, "status_code": 429});
        client.must(200, "PATCH", &home.path(&format!("spans/{}", origin.chat.galileo)), &body).await;
        let body = json!({"project_name": "web", "trace_id": origin.trace.opik, "model": "gpt-5"});
        client.must(204, "PATCH", &format!("/v1/private/spans/{}", origin.chat.opik), &body).await;
        let path = format!("/traces/{}/spans/{}", origin.trace.pandaprobe, origin.chat.pandaprobe);
        client.must(200, "PATCH", &path, &json!({"metadata": {"z": "2"}})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn galileo_get_span() {
    let (site, client, home) = site().await;
    change(&client, &home).await;
    let mut read = Map::new();
    for origin in [FROM_OPIK, FROM_GALILEO, FROM_PANDAPROBE] {
        let path = home.path(&format!("spans/{}", origin.chat.galileo));
        let span = client.must(200, "GET", &path, &Value::Null).await;
        assert_eq!(span["trace_id"], origin.trace.galileo);
        assert_eq!(span["parent_id"], origin.outer.galileo);
        read.insert(origin.name.to_owned(), plain(&bare(&span)));
    }
    compare(read, READ_AS_GALILEO);
    let missing = home.path("spans/00000000-0000-4000-8000-000000000000");
    let answer = client.must(404, "GET", &missing, &Value::Null).await;
    assert!(answer["detail"].as_str().unwrap().contains("not found"), "{answer}");
    site.settled().await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opik_get_span() {
    let (site, client, home) = site().await;
    change(&client, &home).await;
    let mut read = Map::new();
    for origin in [FROM_OPIK, FROM_GALILEO, FROM_PANDAPROBE] {
        let path = format!("/v1/private/spans/{}", origin.chat.opik);
        let span = client.must(200, "GET", &path, &Value::Null).await;
        assert_eq!(span["trace_id"], origin.trace.opik);
        read.insert(origin.name.to_owned(), plain(&bare(&span)));
    }
    compare(read, READ_AS_OPIK);
    site.settled().await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pandaprobe_get_trace() {
    let (site, client, home) = site().await;
    change(&client, &home).await;
    let mut read = Map::new();
    for origin in [FROM_OPIK, FROM_GALILEO, FROM_PANDAPROBE] {
        let path = format!("/traces/{}", origin.trace.pandaprobe);
        let trace = client.must(200, "GET", &path, &Value::Null).await;
        let is_chat = |span: &Value| span["span_id"] == origin.chat.pandaprobe;
        let chat = spans(&trace).into_iter().find(is_chat).unwrap();
        read.insert(origin.name.to_owned(), plain(&bare(&chat)));
    }
    compare(read, READ_AS_PANDAPROBE);
    site.settled().await;
    site.close().await;
}

fn compare(read: Map<String, Value>, expected: &str) {
    let (read, expected) = (Value::from(read), literal(expected));
    assert!(read == expected, "otherwise:\n{}", unlike(&read, &expected));
}

const READ_AS_GALILEO: &str = r#"{"from opik": {"type": "llm", "input": [{"role": "user", "content": "Oslo?"}],
  "output": {"role": "assistant", "content": "3 degrees"}, "name": "chat",
  "created_at": "2026-11-21T01:12:45.400000Z", "user_metadata": {"k": "1", "z": "2"}, "tags": ["first"],
  "status_code": 429,
  "metrics": {"duration_ns": 1000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15},
  "id": "01a1fba9-b46e-475d-8b79-c740e6ed8021", "parent_id": "01a1fba9-b443-459e-8275-ee7b810cfe63", "model": "gpt-5",
  "has_children": false},
 "from galileo": {"type": "llm", "input": [{"role": "user", "content": "Oslo?"}],
  "output": {"role": "assistant", "content": "3 degrees"}, "name": "chat",
  "created_at": "2026-11-21T01:12:45.400000Z", "user_metadata": {"k": "1", "z": "2"}, "tags": ["first"],
  "status_code": 429,
  "metrics": {"duration_ns": 1000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15},
  "id": "b8f85067-3a9a-4422-85e7-7d871d157dcc", "parent_id": "d7184b71-6901-4321-abe3-544c7f3f0838", "model": "gpt-5",
  "has_children": false},
 "from pandaprobe": {"type": "llm", "input": [{"role": "user", "content": "Oslo?"}],
  "output": {"role": "assistant", "content": "3 degrees"}, "name": "chat",
  "created_at": "2026-11-21T01:12:45.400000Z", "user_metadata": {"k": "1", "z": "2"}, "status_code": 429,
  "metrics": {"duration_ns": 1000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15},
  "id": "4baebb2a-3a8d-4245-887b-e1f9b044a341", "parent_id": "29b5457c-8aa9-492a-895f-c1948f571b33", "model": "gpt-5",
  "has_children": false}}"#;

const READ_AS_OPIK: &str = r#"{"from opik": {"id": "01a1fba9-b46e-775d-8b79-c740e6ed8021",
  "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "name": "chat", "type": "llm",
  "start_time": "2026-11-21T01:12:45.400000Z", "end_time": "2026-11-21T01:12:46.400000Z",
  "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
  "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "metadata": {"k": 1, "z": "2"},
  "model": "gpt-5", "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "tags": ["first"],
  "error_info": {"exception_type": "Error", "traceback": "Error"}},
 "from galileo": {"id": "01a1fba9-b442-7422-85e7-7d871d157dcc",
  "parent_span_id": "01a1fba9-b442-7321-abe3-544c7f3f0838", "name": "chat", "type": "llm",
  "start_time": "2026-11-21T01:12:45.400000Z", "end_time": "2026-11-21T01:12:46.400000Z",
  "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
  "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "metadata": {"k": "1", "z": "2"},
  "model": "gpt-5", "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "tags": ["first"],
  "error_info": {"exception_type": "Error", "traceback": "Error"}},
 "from pandaprobe": {"id": "01a1fba9-b442-7245-887b-e1f9b044a341",
  "parent_span_id": "01a1fba9-b442-792a-895f-c1948f571b33", "name": "chat", "type": "llm",
  "start_time": "2026-11-21T01:12:45.400000Z", "end_time": "2026-11-21T01:12:46.400000Z",
  "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
  "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "metadata": {"k": 1, "z": "2"},
  "model": "gpt-5", "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
  "error_info": {"exception_type": "Error", "traceback": "Error"}}}"#;

const READ_AS_PANDAPROBE: &str = r#"{"from opik": {"span_id": "01a1fba9-b46e-775d-8b79-c740e6ed8021", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63",
  "name": "chat", "kind": "LLM", "status": "ERROR", "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
  "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "model": "gpt-5",
  "token_usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "metadata": {"k": 1, "z": "2"},
  "started_at": "2026-11-21T01:12:45.400000+00:00", "ended_at": "2026-11-21T01:12:46.400000+00:00"},
 "from galileo": {"span_id": "b8f85067-3a9a-4422-85e7-7d871d157dcc", "parent_span_id": "d7184b71-6901-4321-abe3-544c7f3f0838",
  "name": "chat", "kind": "LLM", "status": "ERROR", "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
  "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "model": "gpt-5",
  "token_usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "metadata": {"k": "1", "z": "2"},
  "started_at": "2026-11-21T01:12:45.400000+00:00", "ended_at": "2026-11-21T01:12:46.400000+00:00"},
 "from pandaprobe": {"span_id": "4baebb2a-3a8d-4245-887b-e1f9b044a341", "parent_span_id": "29b5457c-8aa9-492a-895f-c1948f571b33",
  "name": "chat", "kind": "LLM", "status": "ERROR", "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
  "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "model": "gpt-5",
  "token_usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "metadata": {"k": 1, "z": "2"},
  "started_at": "2026-11-21T01:12:45.400000+00:00", "ended_at": "2026-11-21T01:12:46.400000+00:00"}}"#;
