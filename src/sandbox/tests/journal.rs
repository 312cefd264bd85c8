//! What was acknowledged survives a restart.

use std::fs;

use serde_json::{Value, json};

use super::{
    pandaprobe::{P, post, shown, trace},
    site::Site,
};

const NAMES: [&str; 3] = ["opik", "galileo", "pandaprobe"];

async fn everything(site: &Site) -> Vec<Value> {
    let mut out = Vec::new();
    for name in NAMES {
        out.push(site.get(&format!("/_sandbox/{name}/traces")).await.1);
        out.push(site.get(&format!("/_sandbox/{name}/scores")).await.1);
    }
    out
}

async fn fill(site: &Site) {
    let row = json!({"id": "0199a3f0-0000-7000-8000-000000000001", "project_name": "P", "start_time": "2026-01-01T00:00:00Z"});
    site.post("/opik/v1/private/traces", row).await;
    let update = json!({"project_name": "P", "output": 1});
    site.send("PATCH", "/opik/v1/private/traces/0199a3f0-0000-7000-8000-000000000001", &[], update).await;
    post(site, trace(json!({"spans": [{"name": "s", "started_at": 0}]}))).await;
    shown(site, |_| true).await;
    let score = json!({"trace_id": super::pandaprobe::TRACE, "name": "good", "value": "1"});
    site.send("POST", "/pandaprobe/evaluations/trace-scores", &P, score).await;
    let key = [("galileo-api-key", "k")];
    let (_, project) = site.send("POST", "/galileo/projects", &key, json!({"name": "P"})).await;
    let home = format!("/galileo/projects/{}", project["id"].as_str().unwrap());
    let (_, stream) = site.send("POST", &format!("{home}/log_streams"), &key, json!({"name": "L"})).await;
    let body = json!({
        "log_stream_id": stream["id"],
        "traces": [{"input": "i", "spans": [{"type": "tool", "input": "x", "metrics": {"mine": 1}}]}],
    });
    assert_eq!(site.send("POST", &format!("{home}/traces"), &key, body).await.0, 200);
}

#[tokio::test]
async fn a_restart_shows_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::kept_in(folder.path()).await;
    fill(&site).await;
    let before = everything(&site).await;
    assert!(before.iter().enumerate().all(|(index, shown)| index == 1 || *shown != json!([])));
    site.close().await;
    let site = Site::kept_in(folder.path()).await;
    assert_eq!(everything(&site).await, before);
}

#[tokio::test]
async fn a_torn_line_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::kept_in(folder.path()).await;
    fill(&site).await;
    let before = everything(&site).await;
    site.close().await;
    let path = folder.path().join("journal.jsonl");
    let mut text = fs::read_to_string(&path).unwrap();
    let whole = text.len();
    text.push_str("{\"name\":\"opik\",\"met");
    fs::write(&path, text).unwrap();
    let site = Site::kept_in(folder.path()).await;
    assert_eq!(everything(&site).await, before);
    assert_eq!(fs::read(&path).unwrap().len(), whole);
}

#[tokio::test]
async fn forgetting_empties_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::kept_in(folder.path()).await;
    fill(&site).await;
    site.send("DELETE", "/_sandbox", &[], json!(null)).await;
    site.close().await;
    let site = Site::kept_in(folder.path()).await;
    assert_eq!(everything(&site).await, vec![json!([]); 6]);
}

#[tokio::test]
async fn credentials_stay_out_of_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::kept_in(folder.path()).await;
    fill(&site).await;
    let text = fs::read_to_string(folder.path().join("journal.jsonl")).unwrap();
    assert!(text.contains("\"project\":\"P\""));
    assert!(!text.contains("sk_pp_1"));
}
