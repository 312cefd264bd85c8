//! The operator's view: pages, JSON and the command line tell the same, of a running and of a stopped
//! gateway.

use std::path::Path;
use std::process::Command;
use std::process::Output;

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::Site;
use crate::support::eventually;

const V7: &str = "01a1fba9-b442-706a-888f-b0c0220b2677";
const V4: &str = "01a1fba9-b442-406a-888f-b0c0220b2677";
const SPAN_V7: &str = "01a1fba9-b443-759e-8275-ee7b810cfe63";
const SPAN_V4: &str = "01a1fba9-b443-459e-8275-ee7b810cfe63";

fn trace(name: &str) -> Value {
    json!({"traces": [{"id": V7, "project_name": "road", "name": name, "start_time": "2026-11-21T01:12:45Z",
        "end_time": "2026-11-21T01:12:46Z", "input": {"q": 1}}]})
}

fn span() -> Value {
    json!({"spans": [{"id": SPAN_V7, "trace_id": V7, "project_name": "road", "name": "step", "type": "tool",
        "start_time": "2026-11-21T01:12:45Z", "end_time": "2026-11-21T01:12:46Z", "output": {"a": 2}}]})
}

async fn send(site: &Site, name: &str) {
    let client = site.client("checkout");
    client.must(204, "POST", "/v1/private/spans/batch", &span()).await;
    client.must(204, "POST", "/v1/private/traces/batch", &trace(name)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_show_a_trace_at_every_destination_and_run_nothing_of_it() {
    let site = Site::to(&["opik", "galileo", "pandaprobe"]).await;
    send(&site, "<script>alert(1)</script>").await;
    site.settled().await;
    let (status, front) = site.admin("/").await;
    assert_eq!(status, 200);
    let link = format!("<a href=\"/t/{V7}?project=checkout\">&lt;script&gt;alert(1)&lt;/script&gt;</a>");
    assert!(front.contains(&link), "{front}");
    assert_eq!(front.matches("<span class=\"state shown\">shown</span>").count(), 3, "{front}");
    let (status, page) = site.admin(&format!("/t/{V7}")).await;
    assert_eq!(status, 200);
    for destination in ["opik", "galileo", "pandaprobe"] {
        assert!(page.contains(&format!("<h2>As {destination} now shows it</h2>")), "{destination}: {page}");
    }
    assert!(page.contains("<h2>As sent</h2>"), "{page}");
    assert!(page.contains("<mark class=\"kept\">output</mark>"), "{page}");
    // The vendors' own answers: each in its own words, and nothing of them is markup here.
    for answer in [
        "&quot;span_count&quot;: 1",
        "&quot;user_metadata&quot;: {",
        "&quot;status&quot;: &quot;COMPLETED&quot;",
        "&quot;name&quot;: &quot;&lt;script&gt;alert(1)&lt;/script&gt;&quot;",
    ] {
        assert!(page.contains(answer), "{answer}: {page}");
    }
    assert!(!front.contains("<script") && !page.contains("<script"));
    assert_eq!(site.admin("/t/%3Cscript%3E").await.0, 404);
    assert!(!site.admin("/t/%3Cscript%3E").await.1.contains("<script"));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_dialects_id_of_a_trace_or_span_explains_the_same() {
    let site = Site::to(&["opik", "galileo", "pandaprobe"]).await;
    send(&site, "asked for").await;
    site.settled().await;
    let told = site.api(&format!("/api/explain/{V7}")).await;
    assert_eq!(told["name"], "asked for");
    assert_eq!((&told["complete"], told["records"].as_array().unwrap().len()), (&json!(true), 2));
    let ids: Vec<_> = told["destinations"].as_array().unwrap().iter().map(|there| there["id"].clone()).collect();
    assert_eq!(ids, [V4, V7, V7]);
    let states: Vec<_> = told["destinations"].as_array().unwrap().iter().map(|there| there["state"].clone()).collect();
    assert_eq!(states, ["shown", "shown", "shown"]);
    assert_eq!(told["destinations"][0]["spans"], json!({SPAN_V7: SPAN_V4}));
    let link = format!("http://{}/opik/v1/session/redirect/projects/?trace_id={V7}&path=", site.vendors);
    assert!(told["destinations"][1]["link"].as_str().unwrap().starts_with(&link), "{told}");
    let (_, vendors_page) = site.follow(told["destinations"][1]["link"].as_str().unwrap()).await;
    assert!(vendors_page.contains("asked for"), "{vendors_page}");
    let printed_by_sdk = format!("http://{}/opik/api/v1/session/redirect/projects/?trace_id={V7}&path=YQ==", site.data);
    let (_, our_page) = site.follow(&printed_by_sdk).await;
    assert!(our_page.contains("<h1>asked for</h1>"), "{our_page}");
    for id in [V4, &V7.to_uppercase(), &V7.replace('-', "")] {
        assert_eq!(site.api(&format!("/api/explain/{id}")).await, told, "{id}");
    }
    for id in [SPAN_V7, SPAN_V4] {
        let mut of_span = site.api(&format!("/api/explain/{id}")).await;
        assert_eq!(of_span["asked_span"].take(), SPAN_V7, "{id}");
        assert_eq!(of_span, told, "{id}");
    }
    assert_eq!(site.admin("/api/explain/01a1fba9-ffff-706a-888f-ffffffffffff").await.0, 404);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_minted_or_hashed_for_a_vendor_leads_back() {
    let site = Setup::new(&[("checkout", &["opik", "pandaprobe"]), ("search", &["opik", "pandaprobe"])]).start().await;
    let id = "cc047292-1458-468b-80eb-02bdbbcb9674";
    let trace = json!({"trace_id": id, "name": "ours", "status": "COMPLETED",
        "started_at": "2026-11-21T01:08:37Z", "ended_at": "2026-11-21T01:08:38Z", "input": "q"});
    site.client("search").must(202, "POST", "/traces", &trace).await;
    site.settled().await;
    let told = site.api(&format!("/api/explain/{id}")).await;
    assert_eq!(told["project"], "search");
    let shown = site.vendor("opik").traces().await;
    assert_eq!(told["destinations"][0]["id"], shown[0]["trace"]["id"]);
    assert_ne!(told["destinations"][0]["id"], id, "two projects share the server, so the id is hashed");
    for there in told["destinations"].as_array().unwrap() {
        let there = there["id"].as_str().unwrap();
        assert_eq!(site.api(&format!("/api/explain/{there}")).await, told, "{there}");
    }
    assert_eq!(site.admin(&format!("/api/explain/{id}?project=checkout")).await.0, 404);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_trace_says_why_and_a_failing_one_when_it_is_tried_next() {
    let mut site = Site::to(&["opik", "galileo", "pandaprobe"]).await;
    site.vendor("pandaprobe").fault(&json!({"status": 400, "count": 1000})).await;
    site.vendor("galileo").fault(&json!({"status": 503, "count": 1000})).await;
    send(&site, "refused").await;
    let path = format!("/api/explain/{V7}");
    let told = eventually("pandaprobe has refused and galileo failed", async || {
        let told = site.api(&path).await;
        let at = |at: usize| told["destinations"][at].clone();
        // A next try is named before the first, too.
        let failed = at(0)["attempts"].as_u64() > Some(0) && at(0)["next_try"].is_string();
        (at(1)["state"] == "shown" && at(2)["letters"] != json!([]) && failed).then_some(told)
    })
    .await;
    let [galileo, _, pandaprobe] = [0, 1, 2].map(|at| &told["destinations"][at]);
    assert!(galileo["why"].as_str().unwrap().contains("503"), "{galileo}");
    assert!(galileo["next_try"].is_string(), "{galileo}");
    assert_eq!((&galileo["shown"], &galileo["pending"], &galileo["link"]), (&json!(0), &json!(2), &Value::Null));
    assert!(pandaprobe["why"].as_str().unwrap().contains("400"), "{pandaprobe}");
    assert_eq!((&pandaprobe["dead"], &pandaprobe["next_try"]), (&json!(2), &Value::Null));
    let standing = site.api("/api/destinations").await;
    assert_eq!((&standing[2]["parked"], &standing[2]["dead"]), (&json!(1), &json!(2)));
    assert!(standing[2]["last_error"].as_str().unwrap().contains("400"), "{standing}");

    let text = printed(&explain(&[V4, "--admin", &format!("http://{}", site.admin)]));
    let why = pandaprobe["why"].as_str().unwrap();
    assert!(text.contains("\npandaprobe: parked  (0 items shown, 0 pending, 2 refused)\n"), "{text}");
    assert!(text.contains(&format!("  why      {why}\n")), "{text}");

    // Everything about it is in the directory, for when the gateway is not there to be asked.
    let dir = site.stop_gateway().await;
    let stopped = stopped(&dir, V4);
    for at in [1, 2] {
        assert_eq!(stopped["destinations"][at], told["destinations"][at]);
    }
    assert_eq!(stopped["records"], told["records"]);
    assert_eq!(stopped["destinations"][0]["state"], "waiting");
    site.start_gateway().await;
    site.vendor("galileo").clear_faults().await;
    site.settled().await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_update_lost_is_told_of_a_running_and_of_a_stopped_gateway() {
    let mut site = Site::to(&["galileo", "opik"]).await;
    send(&site, "changed too late").await;
    site.settled().await;
    let client = site.client("checkout");
    let kept = site.api(&format!("/api/explain/{V7}")).await["destinations"][0]["losses"].clone();
    assert!(kept.as_array().unwrap().iter().all(|loss| loss["carried"] == true), "{kept}");
    let span = json!({"trace_id": V7, "project_name": "road", "model": "m2", "output": {"a": 3}});
    client.must(204, "PATCH", &format!("/v1/private/spans/{SPAN_V7}"), &span).await;
    client
        .must(204, "PATCH", &format!("/v1/private/traces/{V7}"), &json!({"project_name": "road", "metadata": {"m": 2}}))
        .await;
    let score = json!({"scores": [{"id": V7, "project_name": "road", "name": "rel", "value": 0.5, "source": "sdk"}]});
    client.must(204, "PUT", "/v1/private/traces/feedback-scores", &score).await;
    site.settled().await;
    let told = site.api(&format!("/api/explain/{V7}")).await;
    let lost = |destination: usize| {
        let losses = told["destinations"][destination]["losses"].as_array().unwrap().iter();
        losses.filter(|loss| loss["carried"] == false).cloned().collect::<Vec<_>>()
    };
    let loss =
        |subject: &str, path: &str, why: &str| json!({"subject": subject, "path": path, "why": why, "carried": false});
    let (trace, span) = (format!("trace {V7}"), format!("span {SPAN_V7}"));
    assert_eq!(
        lost(0),
        [
            loss(&trace, "scores.rel.source", "a metric is a number and no more"),
            loss(&span, "model", "cannot change once it is sent"),
            loss(&span, "output", "it changed as text, and the reserved key still has what it was"),
            loss(&trace, "metadata", "cannot change once it is sent"),
            loss(&trace, "scores.rel.value", "scores go with the creation only"),
        ]
    );
    assert_eq!(lost(1), Vec::<Value>::new());
    let text = printed(&explain(&[V7, "--admin", &format!("http://{}", site.admin)]));
    assert!(text.contains(&format!("{trace}: metadata")), "{text}");
    let dir = site.stop_gateway().await;
    assert_eq!(stopped(&dir, V7)["destinations"], told["destinations"]);
    site.start_gateway().await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_without_its_create_can_be_found_too() {
    let site = Setup::new(&[("checkout", &["opik", "pandaprobe"])]).every_route("orphan_wait = \"1s\"").start().await;
    let client = site.client("checkout");
    let patch = json!({"span_id": SPAN_V4, "output": "late"});
    client.must(200, "PATCH", &format!("/v2/projects/{V4}/spans/{SPAN_V4}"), &patch).await;
    let path = format!("/api/explain/{SPAN_V4}");
    let orphan = eventually("the update is given up everywhere", async || {
        let told = site.api(&path).await;
        let parked = told["destinations"].as_array().unwrap().iter().filter(|there| there["state"] == "parked").count();
        (parked == 2).then_some(told)
    })
    .await;
    assert_eq!((&orphan["id"], &orphan["asked_span"]), (&json!(SPAN_V4), &json!(SPAN_V4)));
    assert_eq!(orphan["destinations"][1]["why"], format!("span {SPAN_V4}: no create"));
    assert_eq!(site.api("/api/traces").await[0]["id"], SPAN_V4);
    assert_eq!(site.admin(&format!("/t/{SPAN_V4}")).await.0, 200);

    // The create adopts it, and the list has one trace.
    client.must(204, "POST", "/v1/private/spans/batch", &span()).await;
    client.must(204, "POST", "/v1/private/traces/batch", &trace("adopted")).await;
    site.settled().await;
    let told = site.api(&path).await;
    assert_eq!((&told["id"], &told["asked_span"]), (&json!(V7), &json!(SPAN_V7)));
    assert_eq!(told["destinations"][1]["state"], "shown");
    assert_eq!(site.api("/api/traces").await.as_array().unwrap().len(), 1);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_exits_as_documented() {
    let mut site = Site::to(&["opik"]).await;
    send(&site, "asked for").await;
    site.settled().await;
    let admin = format!("http://{}", site.admin);
    assert_eq!(explain(&[V7, "--admin", &admin]).status.code(), Some(0));
    assert_eq!(explain(&["01a1fba9-ffff-706a-888f-ffffffffffff", "--admin", &admin]).status.code(), Some(1));
    assert_eq!(explain(&["--limit", "many"]).status.code(), Some(2));
    let dir = site.state_dir();
    assert_eq!(explain(&["--state", dir.to_str().unwrap()]).status.code(), Some(3));
    assert_eq!(explain(&["--admin", &format!("http://{}", site.data)]).status.code(), Some(4), "no admin listener");
    let list = printed(&explain(&["--admin", &admin]));
    assert!(list.ends_with(&format!("  {V7}  checkout/opik  \"asked for\"  opik shown\n")), "{list}");
    site.stop_gateway().await;
    assert_eq!(explain(&[V7, "--admin", &admin]).status.code(), Some(4), "nobody listens");
    assert_eq!(printed(&explain(&["--state", dir.to_str().unwrap()])), list);
    site.start_gateway().await;
    site.close().await;
}

fn explain(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spangate"));
    command.arg("explain").args(args).env_remove("SPANGATE_ADMIN").output().unwrap()
}

fn stopped(dir: &Path, id: &str) -> Value {
    serde_json::from_str(&printed(&explain(&[id, "--json", "--state", dir.to_str().unwrap()]))).unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}
