//! Requests, spans and bytes a second, of a key and of a project.

use serde_json::Value;
use serde_json::json;

use super::calls::Sending;
use super::calls::opik_batch;
use super::calls::opik_spans;
use super::calls::sendings;
use crate::support::Answer;
use crate::support::Client;
use crate::support::Setup;
use crate::support::Site;

/// A site with two keys of one project and a limit on the first, or on both together.
async fn site(owner: &str, limit: &str) -> Site {
    let setup = Setup::new(&[("checkout", &["opik"])]).key("second", "checkout", "");
    setup.more(&format!("[{owner}.checkout.limits]\n{limit}")).start().await
}

/// A call that must be refused.
async fn refused(client: &Client, sending: &Sending, what: &str) {
    let (method, path, body, _) = sending;
    check(path, &client.call(method, path, body).await, what);
}

/// Checks a refusal as each dialect's SDK reads it: when to come again, and why.
fn check(path: &str, answer: &Answer, what: &str) {
    assert_eq!(answer.status, 429, "{path}: {:?}", answer.body);
    let header = |name: &str| answer.headers.get(name)?.to_str().unwrap().parse::<u64>().ok();
    let after = header("retry-after").expect("Retry-After is an integer");
    let said = |value: &Value| value.as_str().is_some_and(|text| text.contains(what));
    match path {
        "/traces" => {
            assert!((1..=2).contains(&after), "a PandaProbe client was told to wait {after} s");
            assert!(said(&answer.body["error"]), "{:?}", answer.body);
        }
        path if path.starts_with("/v1/") => {
            assert!((1..=90).contains(&after), "{after}");
            assert_eq!(header("ratelimit-reset"), Some(after));
            assert_eq!(answer.body["code"], 429);
            assert!(said(&answer.body["message"]), "{:?}", answer.body);
        }
        _ => {
            assert!((1..=90).contains(&after), "{after}");
            assert!(said(&answer.body["detail"]), "{:?}", answer.body);
        }
    }
}

/// The second key is refused by a project's limit and not by the first key's.
async fn second_key(site: &Site, is_refused: bool) {
    let client = site.client("second");
    let answer = client.call("POST", "/v1/private/spans/batch", &sendings(9, "second")[0].2).await;
    assert_eq!(answer.status, if is_refused { 429 } else { 204 }, "{:?}", answer.body);
}

async fn spans_a_second(owner: &str, what: &str, items: u64) {
    let site = site(owner, "spans_per_second = 1").await;
    let client = site.client("checkout");
    // More than a second's worth passes once, and is paid for.
    client.must(204, "POST", "/v1/private/spans/batch", &opik_spans(60)).await;
    for sending in sendings(1, "late") {
        refused(&client, &sending, what).await;
    }
    second_key(&site, owner == "projects").await;
    site.settled().await;
    assert_eq!(site.counts("opik"), (items, items, 0, 0));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_a_second_of_a_key() {
    spans_a_second("keys", "key checkout may send 1 spans a second", 61).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_a_second_of_a_project() {
    spans_a_second("projects", "project checkout may send 1 spans a second", 60).await;
}

async fn bytes_a_second(owner: &str, what: &str, items: u64) {
    let site = site(owner, "bytes_per_second = \"1KiB\"").await;
    let client = site.client("checkout");
    let mut batch = opik_batch(1);
    batch["traces"][0]["input"] = json!({"text": "x".repeat(60 << 10)});
    client.must(204, "POST", "/v1/private/traces/batch", &batch).await;
    for sending in sendings(1, "late") {
        refused(&client, &sending, what).await;
    }
    second_key(&site, owner == "projects").await;
    site.settled().await;
    assert_eq!(site.counts("opik"), (items, items, 0, 0));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_a_second_of_a_key() {
    bytes_a_second("keys", "key checkout may send 1024 bytes a second", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_a_second_of_a_project() {
    bytes_a_second("projects", "project checkout may send 1024 bytes a second", 1).await;
}

/// In each dialect, the keys in turn until one request is refused: a limit of 1 a second lets that many
/// through only to clients that take their time. Only what was not refused is stored.
async fn requests_a_second(owner: &str, keys: &[&str], what: &str) -> Site {
    let site = site(owner, "requests_per_second = 1").await;
    let mut stored = 0;
    for dialect in 0..3 {
        let mut nth = dialect * 1000;
        loop {
            nth += 1;
            assert!(nth % 1000 < 200, "200 requests passed a limit of 1 a second");
            let (method, path, body, status) = &sendings(nth, "x")[dialect];
            let answer = site.client(keys[nth % keys.len()]).call(method, path, body).await;
            if answer.status == 429 {
                check(path, &answer, what);
                break;
            }
            assert_eq!(answer.status, *status, "{path}: {:?}", answer.body);
            // A span of Opik's; a trace with a span in the others.
            stored += if dialect == 0 { 1 } else { 2 };
        }
    }
    site.settled().await;
    assert!(stored > 0, "the first request is within the limit");
    assert_eq!(site.counts("opik"), (stored, stored, 0, 0));
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_a_second_of_a_key() {
    let site = requests_a_second("keys", &["checkout"], "key checkout may send 1 requests a second").await;
    second_key(&site, false).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_a_second_of_a_project() {
    let keys = ["checkout", "second"];
    requests_a_second("projects", &keys, "project checkout may send 1 requests a second").await.close().await;
}
