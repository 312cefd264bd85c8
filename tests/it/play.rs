//! `demo --play`: recorded sessions through the front door, and the lines that a person follows.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::Demo;

#[tokio::test(flavor = "multi_thread")]
async fn a_line_for_each_trace_in_and_one_for_each_destination_out() {
    let state = TempDir::new().unwrap();
    let demo = Demo::start_with(state.path(), &["--play=opik"]);
    let mut lines = demo.lines(5);
    // Destinations do not wait for one another, nor for the last request to be answered.
    lines.sort_unstable();
    let id = lines[0].rsplit('/').next().unwrap().to_owned();
    let lines: Vec<String> =
        lines.iter().map(|line| line.replace(&demo.admin, "[console]").replace(&id, "[id]")).collect();
    insta::assert_snapshot!("lines_of_one_session", lines.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn playing_twice_makes_new_traces_of_every_session() {
    let state = TempDir::new().unwrap();
    let first = Demo::start_with(state.path(), &["--play"]);
    let before = names(&first).await;
    assert_eq!(before.len(), 4, "{before:?}");
    first.kill();
    let second = Demo::start_with(state.path(), &["--play"]);
    let both = names(&second).await;
    assert_eq!(both.len(), 8, "{both:?}");
    let (mut new, mut old) = (both[..4].to_vec(), both[4..].to_vec());
    assert_eq!(old.iter().collect::<Vec<_>>(), before.iter().collect::<Vec<_>>());
    old.iter_mut().chain(&mut new).for_each(|(id, _)| id.clear());
    assert_eq!(new, old);
}

/// The ids and names of the newest traces, once every session is played.
async fn names(demo: &Demo) -> Vec<(String, String)> {
    let mut left = 3;
    while left > 0 {
        let line = demo.lines(1).remove(0);
        assert!(!line.contains("stopped"), "{line}");
        left -= usize::from(line.starts_with("play "));
    }
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let text = http.get(format!("{}/api/traces", demo.admin)).send().await.unwrap().text().await.unwrap();
    let traces: Vec<Value> = serde_json::from_str(&text).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    traces.iter().map(|trace| (text(&trace["id"]), text(&trace["name"]))).collect()
}
