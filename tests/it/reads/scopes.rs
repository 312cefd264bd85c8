//! A key that may only write is told nothing of what is held.

use serde_json::Value;
use serde_json::json;

use super::scene;
use super::scene::Pair;
use super::scene::pair;
use super::scene::trace_path;
use crate::support::Setup;
use crate::support::key;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_only_write_reads_nothing_by_writing() {
    let site = Setup::new(&[("checkout", &["opik"])]).key("writer", "checkout", "scopes = [\"write\"]").start().await;
    let (owner, writer) = (site.client("checkout"), site.client("checkout").keyed(&key("writer")));
    for dialect in ["opik", "galileo", "pandaprobe"] {
        scene::send(dialect, &owner, "web").await;
        let Pair { trace, span } = pair(dialect);
        for reader in ["opik", "galileo", "pandaprobe"] {
            writer.must(403, "GET", &trace_path(reader, trace), &Value::Null).await;
        }
        let nothing = |told: &Value| {
            let text = told.to_string();
            assert!(!text.contains("trip") && !text.contains("step") && !text.contains("2026-11"), "{told}");
        };
        let told = writer.must(200, "PATCH", &format!("/traces/{trace}"), &json!({"output": "mine"})).await;
        assert_eq!((&told["trace_id"], &told["output"], &told["spans"]), (&json!(trace), &json!("mine"), &json!([])));
        nothing(&told);
        let path = format!("/traces/{trace}/spans/{span}");
        nothing(&writer.must(200, "PATCH", &path, &json!({"model": "m"})).await);
        let home = writer.galileo("web").await;
        let update = json!({"log_stream_id": home.stream, "trace_id": trace, "output": "mine"});
        nothing(&writer.must(200, "PATCH", &home.path(&format!("traces/{trace}")), &update).await);
        let update = json!({"log_stream_id": home.stream, "span_id": span, "output": "mine"});
        nothing(&writer.must(200, "PATCH", &home.path(&format!("spans/{span}")), &update).await);
        let update = json!({"project_name": "web", "tags": ["mine"]});
        nothing(&writer.must(204, "PATCH", &format!("/v1/private/traces/{trace}"), &update).await);
        // A key that may read is still told how the trace now stands.
        let told = owner.must(200, "PATCH", &format!("/traces/{trace}"), &json!({})).await;
        assert_eq!((&told["name"], &told["output"]), (&json!("trip"), &json!("mine")));
    }
    site.close().await;
}
