//! One road, whole: a decorated Opik program in, two unlike vendors out, and a kill in between.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::support::Demo;
use crate::support::Site;
use crate::support::eventually;

const PROGRAM: &str = r#"
import opik

@opik.track(type="llm")
def answer(question):
    return {"answer": "3 degrees"}

@opik.track(name="weather")
def weather(question):
    return answer(question)

weather("how cold is it in Oslo?")
opik.flush_tracker()
"#;

/// The interpreter that `tests/run` installed the SDKs for.
fn python() -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/sdk/venv/bin/python");
    path.exists().then_some(path)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_road() {
    let Some(python) = python() else {
        println!("skipped: no SDKs; `tests/sdk/install` installs them");
        return;
    };
    let state = TempDir::new().unwrap();
    let demo = Demo::start(state.path());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for vendor in ["opik", "pandaprobe"] {
        let fault = json!({"status": 503, "count": 0}).to_string();
        let url = format!("{}/_sandbox/{vendor}/faults", demo.vendors);
        let answer = http.post(url).header("content-type", "application/json").body(fault).send().await.unwrap();
        assert!(answer.status().is_success());
    }
    let program = Command::new(python)
        .args(["-c", PROGRAM])
        .env("OPIK_URL_OVERRIDE", format!("{}/opik/api", demo.data))
        .env("OPIK_API_KEY", "sg_demo")
        .env("OPIK_WORKSPACE", "default")
        .env("OPIK_PROJECT_NAME", "road")
        .env("OPIK_SENTRY_ENABLE", "false")
        .env("OPIK_ANALYTICS_ENABLE", "false")
        .output()
        .unwrap();
    assert!(program.status.success(), "{}", String::from_utf8_lossy(&program.stderr));
    for vendor in ["opik", "pandaprobe"] {
        let shown: Vec<Value> = get(&http, &format!("{}/_sandbox/{vendor}/traces", demo.vendors)).await;
        assert_eq!(shown, Vec::<Value>::new(), "nothing may have got to {vendor} before the kill");
    }
    demo.kill();

    let demo = Demo::start(state.path());
    let opik = shown(&http, &demo, "opik", |trace| {
        let spans = trace["spans"].as_array().is_some_and(|spans| spans.len() == 2);
        // The SDK tells its beginning before its end, and each may go out alone.
        spans && !trace["trace"]["output"].is_null()
    })
    .await;
    assert_eq!(opik["trace"]["name"], "weather");
    assert_eq!(opik["trace"]["input"], json!({"question": "how cold is it in Oslo?"}));
    assert_eq!(opik["trace"]["output"], json!({"answer": "3 degrees"}));
    let pandaprobe = shown(&http, &demo, "pandaprobe", |trace| trace["status"] == "COMPLETED").await;
    assert_eq!(pandaprobe["name"], "weather");
    assert_eq!(pandaprobe["output"], json!({"answer": "3 degrees"}));
    let mut kinds: Vec<_> =
        pandaprobe["spans"].as_array().unwrap().iter().map(|span| (&span["name"], &span["kind"])).collect();
    kinds.sort_by_key(|(name, _)| name.to_string());
    assert_eq!(kinds, [(&json!("answer"), &json!("LLM")), (&json!("weather"), &json!("OTHER"))]);
    let metrics = http.get(format!("{}/metrics", demo.admin));
    eventually("nothing is pending", async || {
        let text = metrics.try_clone().unwrap().send().await.unwrap().text().await.unwrap();
        let pending = text.lines().filter(|line| line.starts_with("spangate_backlog_items{"));
        (pending.filter(|line| line.ends_with(" 0")).count() >= 2).then_some(())
    })
    .await;
}

async fn get(http: &reqwest::Client, url: &str) -> Vec<Value> {
    serde_json::from_str(&http.get(url).send().await.unwrap().text().await.unwrap()).unwrap()
}

async fn shown(http: &reqwest::Client, demo: &Demo, vendor: &str, whole: impl Fn(&Value) -> bool) -> Value {
    let url = format!("{}/_sandbox/{vendor}/traces", demo.vendors);
    eventually(&format!("{vendor} shows the trace"), async || get(http, &url).await.into_iter().find(&whole)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_loses_and_repeats_nothing() {
    let mut site = Site::to(&["opik", "pandaprobe"]).await;
    site.vendor("pandaprobe").fault(&json!({"status": 503, "count": 0})).await;
    let trace = json!({"id": "01a1fba9-b442-706a-888f-b0c0220b2677", "project_name": "road", "name": "restarted",
        "start_time": "2026-11-21T01:12:45Z", "end_time": "2026-11-21T01:12:46Z", "input": {"q": 1}});
    site.client("checkout").must(204, "POST", "/v1/private/traces/batch", &json!({"traces": [trace]})).await;
    site.vendor("opik").shows("the trace", |traces| traces.len() == 1).await;
    site.restart().await;
    assert_eq!(site.vendor("pandaprobe").traces().await, Vec::<Value>::new());
    site.vendor("pandaprobe").clear_faults().await;
    let shown = site.vendor("pandaprobe").shows("the trace", |traces| traces.len() == 1).await;
    assert_eq!(shown[0]["name"], "restarted");
    site.settled().await;
    assert_eq!(site.counts("opik"), (1, 1, 0, 0));
    assert_eq!(site.counts("pandaprobe"), (1, 1, 0, 0));
    site.close().await;
}
