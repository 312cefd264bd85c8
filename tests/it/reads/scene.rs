//! A trace with one span, as each vendor's clients send it, to the gateway or to the vendor itself.

use serde_json::Value;
use serde_json::json;

use crate::support::Client;
use crate::support::eventually;

/// A trace and a span in it.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) trace: &'static str,
    pub(super) span: &'static str,
}

/// Ids as the clients of a vendor make them.
pub(super) fn pair(vendor: &str) -> Pair {
    match vendor {
        "opik" => Pair { trace: "01a1fba9-b442-706a-888f-b0c0220b2677", span: "01a1fba9-b46e-775d-8b79-c740e6ed8021" },
        "galileo" => {
            Pair { trace: "6d7c0032-6f1a-4f0e-9d4b-0d8a5c1e2f30", span: "1b0c7c2e-5a5f-4b7e-8a86-5f0f4c9b8d11" }
        }
        _ => Pair { trace: "785c0f86-3a1e-4c55-b0a4-2f6d1e9c7b22", span: "71abf5ab-0c4d-4f7e-9e61-7d2b8a5f3c33" },
    }
}

/// Sends them in a client project.
pub(super) async fn send(vendor: &str, client: &Client, project: &str) {
    let Pair { trace, span } = pair(vendor);
    let (start, end) = ("2026-11-21T01:12:45.378Z", "2026-11-21T01:12:47.378Z");
    match vendor {
        "opik" => {
            let row = json!({"id": trace, "project_name": project, "name": "trip", "start_time": start,
                "end_time": end, "metadata": {"k": 1}, "last_updated_at": end});
            client.must(204, "POST", "/v1/private/traces/batch", &json!({"traces": [row]})).await;
            let row = json!({"id": span, "trace_id": trace, "project_name": project, "name": "step", "type": "tool",
                "start_time": start, "end_time": end, "last_updated_at": end});
            client.must(204, "POST", "/v1/private/spans/batch", &json!({"spans": [row]})).await;
        }
        "galileo" => {
            let home = client.galileo(project).await;
            let step = json!({"type": "tool", "id": span, "name": "step", "input": "q", "created_at": start,
                "metrics": {"duration_ns": 1_000_000_000}});
            let row = json!({"type": "trace", "id": trace, "name": "trip", "input": "q", "created_at": start,
                "user_metadata": {"k": "1"}, "metrics": {"duration_ns": 2_000_000_000_i64}, "spans": [step]});
            let body = json!({"log_stream_id": home.stream, "is_complete": true, "reliable": true, "traces": [row]});
            client.must(200, "POST", &home.path("traces"), &body).await;
        }
        _ => {
            let step = json!({"span_id": span, "name": "step", "kind": "TOOL", "status": "OK", "started_at": start,
                "ended_at": end});
            let row = json!({"trace_id": trace, "name": "trip", "status": "COMPLETED", "started_at": start,
                "ended_at": end, "metadata": {"k": 1}, "spans": [step]});
            client.must(202, "POST", "/traces", &row).await;
        }
    }
}

/// Sends them to the vendor itself, and waits until it shows them.
pub(super) async fn keep(vendor: &str, past: &Client, project: &str) {
    send(vendor, past, project).await;
    if vendor == "pandaprobe" {
        let path = trace_path(vendor, pair(vendor).trace);
        eventually("the vendor shows the trace", async || {
            (past.call("GET", &path, &Value::Null).await.status == 200).then_some(())
        })
        .await;
    }
}

/// Where a vendor's clients read a trace.
pub(super) fn trace_path(vendor: &str, trace: &str) -> String {
    match vendor {
        "opik" => format!("/v1/private/traces/{trace}"),
        "galileo" => format!("/v2/projects/web/traces/{trace}"),
        _ => format!("/traces/{trace}"),
    }
}

/// Where they read a span; PandaProbe's read none alone.
pub(super) fn span_path(vendor: &str, span: &str) -> Option<String> {
    match vendor {
        "opik" => Some(format!("/v1/private/spans/{span}")),
        "galileo" => Some(format!("/v2/projects/web/spans/{span}")),
        _ => None,
    }
}

/// The ids of a trace and its only span, as a vendor's client reads them.
pub(super) async fn read(vendor: &str, client: &Client, trace: &str) -> (String, String) {
    let shown = client.must(200, "GET", &trace_path(vendor, trace), &Value::Null).await;
    let listed = match vendor {
        "opik" => {
            let path = format!("/v1/private/spans?trace_id={trace}");
            client.must(200, "GET", &path, &Value::Null).await["content"].clone()
        }
        _ => shown["spans"].clone(),
    };
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{shown}");
    let key = |trace, other| if vendor == "pandaprobe" { trace } else { other };
    let id = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    assert_eq!(listed[0]["trace_id"], shown[key("trace_id", "id")]);
    (id(&shown, key("trace_id", "id")), id(&listed[0], key("span_id", "id")))
}
