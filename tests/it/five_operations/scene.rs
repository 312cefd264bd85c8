//! One small trace from each dialect: a span with a model call in it.
//!
//! All begin in one millisecond, so that an id's form at Opik differs from its form at Galileo in its
//! first bytes only.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::support::Client;
use crate::support::Home;
use crate::support::Setup;
use crate::support::Site;
use crate::support::bare;
use crate::support::literal;
use crate::support::spans;
use crate::support::unlike;

pub(super) const VENDORS: [&str; 3] = ["opik", "galileo", "pandaprobe"];

/// A subject's id as each dialect's clients see it.
pub(super) struct Forms {
    pub(super) opik: &'static str,
    pub(super) galileo: &'static str,
    pub(super) pandaprobe: &'static str,
}

impl Forms {
    fn forms(&self) -> [&'static str; 3] {
        [self.opik, self.galileo, self.pandaprobe]
    }
}

/// A trace with the ids of its spans.
pub(super) struct Origin {
    pub(super) name: &'static str,
    pub(super) trace: Forms,
    pub(super) outer: Forms,
    pub(super) chat: Forms,
}

pub(super) const FROM_OPIK: Origin = Origin {
    name: "from opik",
    trace: Forms {
        opik: "01a1fba9-b442-706a-888f-b0c0220b2677",
        galileo: "01a1fba9-b442-406a-888f-b0c0220b2677",
        pandaprobe: "01a1fba9-b442-706a-888f-b0c0220b2677",
    },
    outer: Forms {
        opik: "01a1fba9-b443-759e-8275-ee7b810cfe63",
        galileo: "01a1fba9-b443-459e-8275-ee7b810cfe63",
        pandaprobe: "01a1fba9-b443-759e-8275-ee7b810cfe63",
    },
    chat: Forms {
        opik: "01a1fba9-b46e-775d-8b79-c740e6ed8021",
        galileo: "01a1fba9-b46e-475d-8b79-c740e6ed8021",
        pandaprobe: "01a1fba9-b46e-775d-8b79-c740e6ed8021",
    },
};

pub(super) const FROM_GALILEO: Origin = Origin {
    name: "from galileo",
    trace: Forms {
        opik: "01a1fba9-b442-7353-af70-8e1c8b1ebde6",
        galileo: "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6",
        pandaprobe: "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6",
    },
    outer: Forms {
        opik: "01a1fba9-b442-7321-abe3-544c7f3f0838",
        galileo: "d7184b71-6901-4321-abe3-544c7f3f0838",
        pandaprobe: "d7184b71-6901-4321-abe3-544c7f3f0838",
    },
    chat: Forms {
        opik: "01a1fba9-b442-7422-85e7-7d871d157dcc",
        galileo: "b8f85067-3a9a-4422-85e7-7d871d157dcc",
        pandaprobe: "b8f85067-3a9a-4422-85e7-7d871d157dcc",
    },
};

pub(super) const FROM_PANDAPROBE: Origin = Origin {
    name: "from pandaprobe",
    trace: Forms {
        opik: "01a1fba9-b442-768b-80eb-02bdbbcb9674",
        galileo: "cc047292-1458-468b-80eb-02bdbbcb9674",
        pandaprobe: "cc047292-1458-468b-80eb-02bdbbcb9674",
    },
    outer: Forms {
        opik: "01a1fba9-b442-792a-895f-c1948f571b33",
        galileo: "29b5457c-8aa9-492a-895f-c1948f571b33",
        pandaprobe: "29b5457c-8aa9-492a-895f-c1948f571b33",
    },
    chat: Forms {
        opik: "01a1fba9-b442-7245-887b-e1f9b044a341",
        galileo: "4baebb2a-3a8d-4245-887b-e1f9b044a341",
        pandaprobe: "4baebb2a-3a8d-4245-887b-e1f9b044a341",
    },
};

/// A site with the three traces at all three vendors, and Galileo's home in it.
pub(super) async fn site() -> (Site, Client, Home) {
    let flush = "flush = { quiet = \"200ms\", idle = \"1s\" }";
    let site = Setup::new(&[("checkout", &VENDORS)]).every_route(flush).start().await;
    let client = site.client("checkout");
    let home = client.galileo("web").await;
    client.must(204, "POST", "/v1/private/traces/batch", &json!({"traces": [opik_trace()]})).await;
    client.must(204, "POST", "/v1/private/spans/batch", &json!({"spans": opik_spans()})).await;
    client.must(200, "POST", &home.path("traces"), &galileo_batch(&home)).await;
    client.must(202, "POST", "/traces", &pandaprobe_trace()).await;
    site.settled().await;
    for vendor in VENDORS {
        assert_eq!(site.vendor(vendor).traces().await.len(), 3, "{vendor}");
    }
    (site, client, home)
}

fn opik_trace() -> Value {
    json!({"id": FROM_OPIK.trace.opik, "project_name": "web", "name": FROM_OPIK.name,
        "start_time": "2026-11-21T01:12:45.378Z", "end_time": "2026-11-21T01:12:47.378Z", "input": {"q": "Oslo?"},
        "output": {"a": 3}, "last_updated_at": "2026-11-21T01:12:47.378Z", "source": "sdk"})
}

fn opik_spans() -> Value {
    json!([
        {"id": FROM_OPIK.outer.opik, "trace_id": FROM_OPIK.trace.opik, "project_name": "web", "name": "outer",
            "type": "general", "start_time": "2026-11-21T01:12:45.379Z", "end_time": "2026-11-21T01:12:47.300Z",
            "last_updated_at": "2026-11-21T01:12:47.300Z"},
        {"id": FROM_OPIK.chat.opik, "trace_id": FROM_OPIK.trace.opik, "parent_span_id": FROM_OPIK.outer.opik,
            "project_name": "web", "name": "chat", "type": "llm", "start_time": "2026-11-21T01:12:45.400Z",
            "end_time": "2026-11-21T01:12:46.400Z", "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
            "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "model": "gpt-4o",
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "metadata": {"k": 1},
            "tags": ["first"], "last_updated_at": "2026-11-21T01:12:46.400Z"},
    ])
}

fn galileo_batch(home: &Home) -> Value {
    let chat = json!({"type": "llm", "id": FROM_GALILEO.chat.galileo, "name": "chat",
        "created_at": "2026-11-21T01:12:45.400Z", "input": [{"role": "user", "content": "Oslo?"}],
        "output": {"role": "assistant", "content": "3 degrees"}, "model": "gpt-4o", "tags": ["first"],
        "user_metadata": {"k": "1"}, "metrics": {"duration_ns": 1_000_000_000, "num_input_tokens": 10,
            "num_output_tokens": 5, "num_total_tokens": 15}});
    let outer = json!({"type": "workflow", "id": FROM_GALILEO.outer.galileo, "name": "outer", "input": "Oslo?",
        "created_at": "2026-11-21T01:12:45.379Z", "metrics": {"duration_ns": 1_921_000_000}, "spans": [chat]});
    let trace = json!({"type": "trace", "id": FROM_GALILEO.trace.galileo, "name": FROM_GALILEO.name, "input": "Oslo?",
        "output": "3", "created_at": "2026-11-21T01:12:45.378Z", "metrics": {"duration_ns": 2_000_000_000},
        "spans": [outer]});
    json!({"log_stream_id": home.stream, "reliable": false, "is_complete": true, "traces": [trace]})
}

fn pandaprobe_trace() -> Value {
    let chat = json!({"span_id": FROM_PANDAPROBE.chat.pandaprobe, "parent_span_id": FROM_PANDAPROBE.outer.pandaprobe,
        "name": "chat", "kind": "LLM", "status": "UNSET", "started_at": "2026-11-21T01:12:45.400+00:00",
        "ended_at": "2026-11-21T01:12:46.400+00:00", "input": {"messages": [{"role": "user", "content": "Oslo?"}]},
        "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "model": "gpt-4o",
        "token_usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "metadata": {"k": 1}});
    let outer = json!({"span_id": FROM_PANDAPROBE.outer.pandaprobe, "name": "outer", "kind": "CHAIN", "status": "UNSET",
        "started_at": "2026-11-21T01:12:45.379+00:00", "ended_at": "2026-11-21T01:12:47.300+00:00"});
    json!({"trace_id": FROM_PANDAPROBE.trace.pandaprobe, "name": FROM_PANDAPROBE.name, "status": "COMPLETED",
        "started_at": "2026-11-21T01:12:45.378+00:00", "ended_at": "2026-11-21T01:12:47.378+00:00",
        "input": {"q": "Oslo?"}, "output": {"a": 3}, "spans": [chat, outer]})
}

/// Compares what every vendor shows of each trace's model call with a document: by vendor, then by trace.
pub(super) async fn compare(site: &Site, expected: &str) {
    let mut shown = Map::new();
    for vendor in VENDORS {
        let mut by_trace = Map::new();
        for trace in site.vendor(vendor).traces().await {
            let name = trace["name"].as_str().or(trace["trace"]["name"].as_str()).unwrap().to_owned();
            let chats = [FROM_OPIK.chat, FROM_GALILEO.chat, FROM_PANDAPROBE.chat];
            let is_chat = |id: &Value| chats.iter().any(|chat| chat.forms().contains(&id.as_str().unwrap_or_default()));
            let found = spans(&trace).into_iter().find(|span| is_chat(&span["id"]) || is_chat(&span["span_id"]));
            by_trace.insert(name, plain(&bare(&found.unwrap_or_default())));
        }
        shown.insert(vendor.to_owned(), by_trace.into());
    }
    let (shown, expected) = (Value::from(shown), literal(expected));
    assert!(shown == expected, "otherwise:\n{}", unlike(&shown, &expected));
}

/// A span without the reserved key, which `nine_pairs` looks at, and without its trace's ids.
pub(super) fn plain(span: &Value) -> Value {
    let mut span = span.clone();
    for name in ["metadata", "user_metadata"] {
        if let Some(metadata) = span.get_mut(name).and_then(Value::as_object_mut) {
            metadata.retain(|key, _| !key.starts_with("_spangate"));
        }
    }
    if let Some(span) = span.as_object_mut() {
        span.retain(|name, _| !["trace_id", "session_id", "latency_ms", "is_complete"].contains(&name.as_str()));
    }
    bare(&span)
}
