//! Metrics: each is described, documented, and there when it should be.

use std::fs;

use serde_json::json;
use spangate::telemetry::metrics::METRICS;

use super::trace;
use crate::support::Setup;
use crate::support::eventually;

#[test]
fn the_readme_has_every_metric_as_it_is() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let rows = readme.lines().filter(|line| line.starts_with("| `spangate_"));
    let expected = METRICS.iter().map(|metric| {
        let labels: Vec<String> =
            metric.labels.split(", ").filter(|label| !label.is_empty()).map(|label| format!("`{label}`")).collect();
        format!("| `{}` | {} | {} |", metric.name, labels.join(", "), metric.meaning)
    });
    assert_eq!(rows.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_can_be_read_from_them() {
    let site = Setup::new(&[("metered", &["opik-m", "pandaprobe-m"])]).start().await;
    site.vendor("opik-m").fault(&json!({"status": 503, "count": 1})).await;
    let client = site.client("metered");
    let body = json!({"traces": [trace(1, "one"), trace(2, "two")]});
    client.must(204, "POST", "/v1/private/traces/batch", &body).await;
    let foreign = site.client("metered").keyed("the-vendors-own").call("POST", "/v1/private/traces/batch", &body).await;
    assert_eq!(foreign.status, 401);
    site.settled().await;
    let text = eventually("the counts are in", async || {
        let (_, text) = site.admin("/metrics").await;
        let backlog = [
            r#"spangate_items{destination="opik_m",outcome="delivered"} 2"#,
            r#"spangate_items{destination="pandaprobe_m",outcome="delivered"} 2"#,
            r#"spangate_backlog_items{destination="opik_m"} 0"#,
        ];
        backlog.iter().all(|line| text.contains(line)).then_some(text)
    })
    .await;
    for line in [
        r#"spangate_accepted_items_total{project="metered"} 2"#,
        r#"spangate_vendor_requests_total{destination="opik_m",outcome="retry"} 1"#,
        r#"spangate_vendor_rows_total{destination="opik_m",outcome="delivered"} 2"#,
        r#"spangate_billable_units_total{destination="opik_m"} 2"#,
        r#"spangate_shown_seconds_count{destination="opik_m"} 2"#,
        r#"spangate_condition{destination="opik_m",condition="running"} 1"#,
        r#"spangate_breaker{destination="opik_m"} 0"#,
        r#"spangate_backlog_bytes{destination="opik_m"} 0"#,
        r#"spangate_backlog_oldest_seconds{destination="opik_m"} 0"#,
        r#"spangate_in_flight{destination="opik_m"} 0"#,
        r#"spangate_ledger_ready 1"#,
        r#"spangate_ledger_lost_records 0"#,
    ] {
        assert!(text.lines().any(|held| held == line), "{line}: {text}");
    }
    for name in [
        "spangate_retries_total{destination=\"opik_m\"}",
        "spangate_vendor_seconds_bucket{destination=\"opik_m\"",
        "spangate_refused_total{dialect=\"opik\",reason=\"foreign_key\"}",
        "spangate_concurrency{destination=\"opik_m\"}",
        "spangate_ledger_commit_seconds_bucket",
        "spangate_ledger_bytes ",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
    let known = |name: &str| {
        METRICS.iter().any(|metric| {
            name.strip_prefix(metric.name).is_some_and(|rest| ["", "_bucket", "_sum", "_count"].contains(&rest))
        })
    };
    let names = text.lines().filter(|line| line.starts_with("spangate_"));
    for name in names.map(|line| line.split(['{', ' ']).next().unwrap()) {
        assert!(known(name), "{name} is in no table");
    }
    site.close().await;
}
