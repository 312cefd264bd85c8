//! Requests, spans and bytes a second, of a key and of a project.

use serde_json::Value;
use serde_json::json;

use super::calls::Sending;
use super::calls::opik_batch;
use super::calls::opik_spans;
use super::calls::sendings;
use crate::support::Client;
use crate::support::Setup;
use crate::support::Site;

/// A site with two keys of one project and a limit on the first, or on both together.
async fn site(owner: &str, limit: &str) -> Site {
    let setup = Setup::new(&[("checkout", &["opik"])]).key("second", "checkout", "");
    setup.more(&format!("[{owner}.checkout.limits]\n{limit}")).start().await
}

/// Checks a refusal as each dialect's SDK reads it: when to come again, and why.
async fn refused(client: &Client, sending: &Sending, what: &str) {
    let (method, path, body, _) = sending;
    let answer = client.call(method, path, body).await;
    assert_eq!(answer.status, 429, "{path}: {:?}", answer.body);
    let header = |name: &str| answer.headers.get(name)?.to_str().unwrap().parse::<u64>().ok();
    let after = header("retry-after").expect("Retry-After is an integer");
    let said = |value: &Value| value.as_str().is_some_and(|text| text.contains(what));
    match *path {
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

/// Sends until a request is refused; how many passed.
async fn pass_until_refused(client: &Client) -> u64 {
    for passed in 0..200 {
        let body = json!({"traces": [super::calls::opik_trace(passed, &json!({}))]});
        let answer = client.call("POST", "/v1/private/traces/batch", &body).await;
        if answer.status == 429 {
            return passed as u64;
        }
        assert_eq!(answer.status, 204, "{:?}", answer.body);
    }
    panic!("200 requests passed a limit of 1 a second");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_a_second_of_a_key() {
    let site = site("keys", "requests_per_second = 1").await;
    let passed = pass_until_refused(&site.client("checkout")).await;
    assert!(passed >= 1, "the first request is within the limit");
    second_key(&site, false).await;
    site.settled().await;
    assert_eq!(site.counts("opik"), (passed + 1, passed + 1, 0, 0));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_a_second_of_a_project() {
    let site = site("projects", "requests_per_second = 1").await;
    let passed = pass_until_refused(&site.client("checkout")).await;
    // The second key shares what is left, so that it cannot send for ever either.
    let answer = site.client("second").call("GET", "/v1/private/traces/none", &Value::Null).await;
    assert!([404, 429].contains(&answer.status), "{}", answer.status);
    site.settled().await;
    assert_eq!(site.counts("opik"), (passed, passed, 0, 0));
    site.close().await;
}
