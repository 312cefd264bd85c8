//! Every accepted request has a receipt, and a receipt tells what became of each item.

use serde_json::Value;
use serde_json::json;

use super::id;
use super::printed;
use super::run;
use super::send;
use super::spangate;
use super::trace;
use crate::support::Answer;
use crate::support::Setup;
use crate::support::Site;
use crate::support::eventually;

fn receipt(answer: &Answer) -> Option<&str> {
    answer.headers.get("x-spangate-receipt").map(|value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reply_to_an_accepted_request_carries_one_and_no_other_does() {
    let site = Site::to(&["opik", "galileo", "pandaprobe"]).await;
    let client = site.client("checkout");
    let home = client.galileo("road").await;
    let galileo = json!({"traces": [{"id": "4b1c0f5d-2a6a-4b7f-9c3e-8f00aa112233", "type": "trace", "name": "g",
        "input": "q", "output": "a", "created_at": "2026-11-21T01:12:45Z", "spans": []}],
        "log_stream_id": home.stream, "is_complete": true});
    let pandaprobe = json!({"trace_id": "cc047292-1458-468b-80eb-02bdbbcb9674", "name": "p", "status": "COMPLETED",
        "started_at": "2026-11-21T01:08:37Z", "ended_at": "2026-11-21T01:08:38Z", "input": "q"});
    let calls = [
        ("POST", "/v1/private/traces/batch".to_owned(), json!({"traces": [trace(1, "o")]})),
        ("POST", home.path("traces"), galileo),
        ("POST", "/traces".to_owned(), pandaprobe),
        ("PATCH", format!("/v1/private/traces/{}", id(1)), json!({"project_name": "road", "output": {"a": 2}})),
    ];
    for (at, (method, path, body)) in (1..).zip(&calls) {
        let answer = client.call(method, path, body).await;
        let given = receipt(&answer).unwrap_or_else(|| panic!("{method} {path}: {} {:?}", answer.status, answer.body));
        let (seq, random) = given.split_once('-').unwrap();
        assert_eq!((seq, random.len()), (at.to_string().as_str(), 32), "{method} {path}");
        let told = site.api(&format!("/api/receipts/{given}")).await;
        // As the dialect knows it, without what only some clients put before it.
        assert_eq!(told["call"], format!("{method} {}", path.trim_start_matches("/v2")));
        assert_eq!((&told["receipt"], &told["key"], &told["items"]), (&json!(given), &json!("checkout"), &json!(1)));
    }
    let refused = client.call("POST", "/v1/private/traces/batch", &json!({"traces": [{"id": "no"}]})).await;
    let read = client.call("GET", &format!("/v1/private/traces/{}", id(1)), &Value::Null).await;
    assert_eq!((receipt(&refused), read.status, receipt(&read)), (None, 200, None));
    site.settled().await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_twice_has_one_receipt_in_every_dialect() {
    let site = Site::to(&["pandaprobe"]).await;
    let client = site.client("checkout");
    let home = client.galileo("road").await;
    let galileo = json!({"traces": [{"id": "4b1c0f5d-2a6a-4b7f-9c3e-8f00aa112233", "type": "trace", "name": "g",
        "input": "q", "output": "a", "created_at": "2026-11-21T01:12:45Z", "spans": []}],
        "log_stream_id": home.stream, "is_complete": true});
    let pandaprobe = json!({"trace_id": "cc047292-1458-468b-80eb-02bdbbcb9674", "name": "p", "status": "COMPLETED",
        "started_at": "2026-11-21T01:08:37Z", "ended_at": "2026-11-21T01:08:38Z", "input": "q"});
    // Without an id of its own, a second record would be a second trace.
    let nameless = json!({"name": "n", "start_time": "2026-11-21T01:12:45Z", "end_time": "2026-11-21T01:12:46Z"});
    let calls = [
        ("/opik/api/v1/private/traces/batch".to_owned(), json!({"traces": [trace(1, "o")]})),
        ("/v1/private/traces".to_owned(), nameless),
        (home.path("traces"), galileo),
        ("/traces".to_owned(), pandaprobe),
    ];
    let (once, other) = (client.with("x-request-id", "once"), site.client("checkout").with("x-request-id", "other"));
    for (path, body) in &calls {
        let [first, second] = [once.call("POST", path, body).await, once.call("POST", path, body).await];
        assert!(receipt(&first).is_some(), "{path}: {} {:?}", first.status, first.body);
        assert_eq!(receipt(&first), receipt(&second), "{path}");
        assert_eq!(first.headers.get("location"), second.headers.get("location"), "{path}");
        assert_ne!(receipt(&first), receipt(&other.call("POST", path, body).await), "{path}");
    }
    site.settled().await;
    assert_eq!(site.counts("pandaprobe").0, 8);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_where_each_item_has_got_to() {
    let mut site = Setup::new(&[("checkout", &["opik", "galileo", "pandaprobe"])]).start().await;
    site.vendor("pandaprobe").fault(&json!({"status": 400, "count": 0, "method": "POST"})).await;
    site.vendor("galileo").fault(&json!({"status": 503, "count": 0, "method": "POST", "path": "traces"})).await;
    let given = send(&site, &[trace(1, "first"), trace(2, "second")]).await;
    let path = format!("/api/receipts/{given}");
    let told = eventually("one shows, one waits, one has refused", async || {
        let told = site.api(&path).await;
        let at = |at: usize| told["destinations"][at].clone();
        let tried = at(0)["traces"].as_array().unwrap().iter().all(|trace| trace["attempts"].as_u64() > Some(0));
        let filed = at(2)["traces"].as_array().unwrap().iter().all(|trace| trace["letters"] != json!([]));
        (at(1)["delivered"] == 2 && at(2)["dead"] == 2 && tried && filed).then_some(told)
    })
    .await;
    let outcomes = |fate: &Value| {
        ["accepted", "delivered", "dead", "filtered", "expired", "quarantined", "pending", "before_route"]
            .map(|outcome| fate[outcome].as_u64().unwrap())
    };
    let [galileo, opik, pandaprobe] = [0, 1, 2].map(|at| &told["destinations"][at]);
    assert_eq!(outcomes(galileo), [2, 0, 0, 0, 0, 0, 2, 0]);
    assert_eq!(outcomes(opik), [2, 2, 0, 0, 0, 0, 0, 0]);
    assert_eq!(outcomes(pandaprobe), [2, 0, 2, 0, 0, 0, 0, 0]);
    let fate = |fate: &Value| -> Vec<(Value, Value, Value)> {
        let traces = fate["traces"].as_array().unwrap().iter();
        let mut traces: Vec<_> =
            traces.map(|trace| (trace["id"].clone(), trace["items"].clone(), trace["state"].clone())).collect();
        traces.sort_by_key(|(id, _, _)| id.to_string());
        traces
    };
    let all = |state: &str| [1, 2].map(|nth| (json!(id(nth)), json!(1), json!(state)));
    assert_eq!(fate(opik), all("shown"));
    assert_eq!(fate(pandaprobe), all("parked"));
    assert!(galileo["traces"][0]["why"].as_str().unwrap().contains("503"), "{galileo}");
    assert_eq!((&pandaprobe["traces"][0]["status"], &pandaprobe["traces"][0]["dead"]), (&json!(400), &json!(1)));
    let letter = site.api(&format!("/api/dlq/{}", pandaprobe["traces"][0]["letters"][0])).await;
    assert_eq!((&pandaprobe["traces"][0]["attempts"], &letter["attempts"]), (&json!(1), &json!(1)));
    assert_eq!(pandaprobe["traces"][0]["letters"].as_array().unwrap().len(), 1);

    let text = printed(&spangate(&site, &["explain", &given]));
    assert!(text.starts_with(&format!("request {given}\n")), "{text}");
    assert!(text.contains("\nopik: 2 delivered\n"), "{text}");
    assert!(text.contains("\npandaprobe: 2 dead\n"), "{text}");
    assert!(text.contains("last answer 400"), "{text}");

    let dir = site.stop_gateway().await;
    let stopped = run(&["explain", &given, "--json", "--state", dir.to_str().unwrap()]);
    let stopped: Value = serde_json::from_str(&printed(&stopped)).unwrap();
    for at in [1, 2] {
        assert_eq!(outcomes(&stopped["destinations"][at]), outcomes(&told["destinations"][at]));
    }
    site.start_gateway().await;
    site.vendor("galileo").clear_faults().await;
    site.settled().await;
    assert_eq!(outcomes(&site.api(&path).await["destinations"][0]), [2, 2, 0, 0, 0, 0, 0, 0]);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_never_given_is_not_found() {
    let site = Site::to(&["opik"]).await;
    let given = send(&site, &[trace(1, "o")]).await;
    let (seq, random) = given.split_once('-').unwrap();
    let guessed = format!("{seq}-{}", "0".repeat(32));
    let later = format!("99-{random}");
    for other in [guessed.as_str(), &later] {
        let (status, text) = site.admin(&format!("/api/receipts/{other}")).await;
        assert_eq!(status, 404);
        assert!(text.contains("no request of this receipt is held here"), "{text}");
        let output = spangate(&site, &["explain", other]);
        assert_eq!(output.status.code(), Some(1));
    }
    let (status, text) = site.admin("/api/receipts/7").await;
    assert_eq!(status, 404);
    assert!(text.contains("a receipt is a number, a hyphen and 32 hexadecimal digits"), "{text}");
    site.settled().await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_trace_that_is_shown_in_part_each_request_knows_its_own_items() {
    let site = Site::to(&["opik"]).await;
    site.vendor("opik").fault(&json!({"status": 400, "count": 0, "method": "POST", "path": "spans"})).await;
    let span = |nth: u32| {
        json!({"id": format!("01a1fba9-b443-759e-8275-ee7b810c{nth:04}"), "trace_id": id(1), "project_name": "road",
            "name": "step", "type": "tool", "start_time": "2026-11-21T01:12:45Z", "end_time": "2026-11-21T01:12:46Z"})
    };
    let spans = json!({"spans": [span(1), span(2)]});
    let answer = site.client("checkout").call("POST", "/v1/private/spans/batch", &spans).await;
    let of_spans = receipt(&answer).unwrap().to_owned();
    let of_trace = send(&site, &[trace(1, "half")]).await;
    site.settled().await;
    let fate = async |receipt: &str| {
        let fate = site.api(&format!("/api/receipts/{receipt}")).await["destinations"][0].clone();
        (fate["delivered"].as_u64().unwrap(), fate["dead"].as_u64().unwrap(), fate["pending"].as_u64().unwrap())
    };
    eventually("the letters are stored", async || (site.api("/api/dlq").await["total"] == 2).then_some(())).await;
    assert_eq!(fate(&of_trace).await, (1, 0, 0));
    assert_eq!(fate(&of_spans).await, (0, 2, 0));
    assert_eq!(site.counts("opik"), (3, 1, 2, 0));
    site.close().await;
}
