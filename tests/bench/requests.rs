//! A trace and its spans as each dialect's clients send it, whole, in one request or two.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;
use serde_json::json;
use spangate::contract::Call;
use spangate::contract::Dialect;
use spangate::contract::Known;
use spangate::dialects::DIALECTS;

use crate::text::Text;

/// Spans in a trace.
pub(crate) const SPANS: usize = 10;

const TRACE: &str = "01a1fba9-b442-706a-888f-b0c0220b2677";
const START: &str = "2026-11-21T01:12:45.123456Z";
const END: &str = "2026-11-21T01:12:46.654321Z";

/// What a dialect's client sends for one trace.
pub(crate) struct Sent {
    /// The dialect.
    pub(crate) dialect: &'static dyn Dialect,
    /// The requests, in order.
    pub(crate) calls: Vec<Call>,
}

impl Sent {
    /// Bytes of all bodies.
    pub(crate) fn bytes(&self) -> u64 {
        self.calls.iter().map(|call| call.body.len() as u64).sum()
    }
}

/// A trace with [`SPANS`] spans, each with about `size` bytes of text.
pub(crate) fn whole_trace(dialect: &str, size: usize) -> Sent {
    let mut text = Text::new(size as u64);
    let requests = match dialect {
        "opik" => opik(size, &mut text),
        "pandaprobe" => vec![pandaprobe(size, &mut text)],
        "galileo" => vec![galileo(size, &mut text)],
        other => panic!("no request of {other} is known here"),
    };
    let known = DIALECTS.iter().copied().find(|known| known.info().name == dialect);
    Sent { dialect: known.unwrap(), calls: requests.into_iter().map(call).collect() }
}

fn call((path, body): Request) -> Call {
    Call {
        method: Method::POST,
        path: path.to_owned(),
        query: String::new(),
        headers: vec![("x-project-name".to_owned(), "bench".to_owned())],
        body: body.to_string().into(),
    }
}

/// What a look-up at a vendor would have taught.
pub(crate) fn known() -> Known {
    BTreeMap::from(["project_id", "log_stream_id"].map(|name| (name.to_owned(), id(900))))
}

type Request = (&'static str, Value);

fn id(n: usize) -> String {
    format!("01a1fba9-b443-7{n:03x}-888f-b0c0220b{n:04x}")
}

fn opik(size: usize, text: &mut Text) -> Vec<Request> {
    let trace = json!({
        "id": TRACE, "project_name": "bench", "name": "answer", "start_time": START, "end_time": END,
        "input": {"question": "how cold is it in Oslo?"}, "output": {"answer": "3 degrees"},
        "metadata": {"user_id": "u-17"}, "tags": ["prod"], "last_updated_at": END, "source": "sdk",
    });
    let span = |n: usize| {
        json!({
            "id": id(n), "trace_id": TRACE, "parent_span_id": (n > 0).then(|| id(0)), "project_name": "bench",
            "name": "chat", "type": "llm", "start_time": START, "end_time": END,
            "input": {"messages": [{"role": "user", "content": text.take(size / 2)}]},
            "output": {"choices": [{"message": {"role": "assistant", "content": text.take(size / 2)}}]},
            "model": "gpt-4o", "provider": "openai", "metadata": {"temperature": 0.2, "user_id": "u-17"},
            "usage": {"prompt_tokens": 310, "completion_tokens": 120, "total_tokens": 430},
            "tags": ["prod", "checkout"], "last_updated_at": END, "source": "sdk",
        })
    };
    let spans: Vec<Value> = (0..SPANS).map(span).collect();
    vec![
        ("/v1/private/traces/batch", json!({ "traces": [trace] })),
        ("/v1/private/spans/batch", json!({ "spans": spans })),
    ]
}

fn pandaprobe(size: usize, text: &mut Text) -> Request {
    let span = |n: usize| {
        json!({
            "span_id": id(n), "parent_span_id": (n > 0).then(|| id(0)), "name": "chat", "kind": "LLM", "status": "OK",
            "input": {"messages": [{"role": "user", "content": text.take(size / 2)}]},
            "output": {"messages": [{"role": "assistant", "content": text.take(size / 2)}]},
            "model": "gpt-4o", "model_parameters": {"temperature": 0.2}, "started_at": START, "ended_at": END,
            "token_usage": {"prompt_tokens": 310, "completion_tokens": 120, "total_tokens": 430},
        })
    };
    let spans: Vec<Value> = (0..SPANS).map(span).collect();
    let body = json!({
        "trace_id": TRACE, "name": "answer", "status": "COMPLETED", "started_at": START, "ended_at": END,
        "input": {"messages": [{"role": "user", "content": "how cold is it in Oslo?"}]}, "user_id": "u-17",
        "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "tags": ["prod"], "spans": spans,
    });
    ("/traces", body)
}

fn galileo(size: usize, text: &mut Text) -> Request {
    let span = |n: usize| {
        json!({
            "type": "llm", "id": id(n), "name": "chat", "created_at": START, "model": "gpt-4o", "temperature": 0.2,
            "input": [{"role": "user", "content": text.take(size / 2)}],
            "output": {"role": "assistant", "content": text.take(size / 2)},
            "user_metadata": {"user_id": "u-17"}, "tags": ["prod"], "status_code": 200,
            "metrics": {"duration_ns": 1_530_865_000_u64, "num_input_tokens": 310, "num_output_tokens": 120,
                "num_total_tokens": 430},
        })
    };
    let spans: Vec<Value> = (0..SPANS).map(span).collect();
    let trace = json!({
        "type": "trace", "id": TRACE, "name": "answer", "created_at": START, "input": "how cold is it in Oslo?",
        "output": "3 degrees", "user_metadata": {}, "tags": ["prod"], "status_code": 200,
        "metrics": {"duration_ns": 1_530_865_000_u64}, "spans": spans,
    });
    let body = json!({ "traces": [trace], "is_complete": true, "logging_method": "api_direct" });
    ("/v2/projects/de0cba14-1c6b-4845-86cf-331299d9b6be/traces", body)
}
