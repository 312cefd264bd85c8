//! Bodies too large or too deep, keys unknown or not allowed.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use serde_json::json;

use super::calls::opik_trace;
use super::calls::sendings;
use crate::support::Client;
use crate::support::Setup;
use crate::support::Site;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Letters that do not compress to less than half.
fn noise(length: usize) -> String {
    let mut state: u32 = 7;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (state >> 24) as u8 % 26)
    };
    (0..length).map(|_| letter()).collect()
}

/// Where each dialect, in the order of [`sendings`], puts the words of a refusal.
const WORDS: [&str; 3] = ["message", "detail", "detail"];

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_a_size_before_and_after_decoding() {
    let setup = Setup::new(&[("checkout", &["opik"])]);
    let site = setup.more("[server.max_body]\nencoded = \"1KiB\"\ndecoded = \"8KiB\"").start().await;
    let client = site.client("checkout");
    let noise = noise(4000);
    for (nth, words) in WORDS.into_iter().enumerate() {
        let check = async |encoding: Option<&str>, body: Vec<u8>, said: &str| {
            let (method, path, _, _) = sendings(1, "")[nth];
            let answer = client.send(method, path, encoding, body).await;
            assert_eq!((answer.status, &answer.body[words]), (413, &json!(said)), "{path}");
        };
        let body = |input: &str| sendings(1, input)[nth].2.to_string().into_bytes();
        let large = body(&"x".repeat(9 << 10));
        check(None, large.clone(), "the body is longer than 8192 bytes").await;
        check(Some("gzip"), gzip(&large), "the decoded body is longer than 8192 bytes").await;
        check(Some("gzip"), gzip(&body(&noise)), "the body is longer than 1024 bytes").await;
    }
    site.settled().await;
    assert_eq!(site.counts("opik"), (0, 0, 0, 0), "a refused request stores nothing");
    let body = |nth: usize| sendings(nth, &"x".repeat(3 << 10))[0].2.to_string().into_bytes();
    assert_eq!(client.send("POST", "/v1/private/spans/batch", None, body(1)).await.status, 204);
    assert_eq!(client.send("POST", "/v1/private/spans/batch", Some("gzip"), gzip(&body(2))).await.status, 204);
    site.settled().await;
    assert_eq!(site.counts("opik"), (2, 2, 0, 0));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_255_deep_is_taken_and_one_deeper_is_not() {
    let site = Site::to(&["opik"]).await;
    let client = site.client("checkout");
    // The batch, its list and the trace are three levels.
    let body = |levels: usize| {
        let text = json!({"traces": [opik_trace(levels, &json!("DEEP"))]}).to_string();
        text.replace("\"DEEP\"", &format!("{}{}", "[".repeat(levels - 3), "]".repeat(levels - 3))).into_bytes()
    };
    let answer = client.send("POST", "/v1/private/traces/batch", None, body(256)).await;
    assert_eq!(answer.status, 400);
    let said = answer.body["message"].as_str().unwrap();
    assert!(said.ends_with("the document nests deeper than 255 levels"), "{said}");
    assert_eq!(client.send("POST", "/v1/private/traces/batch", None, body(255)).await.status, 204);
    site.settled().await;
    assert_eq!(site.counts("opik"), (1, 1, 0, 0));
    site.close().await;
}

/// What each dialect, in the order of [`sendings`], answers a client with that key.
async fn turned_away(client: &Client, status: u16, bodies: [Value; 3]) {
    for ((method, path, body, _), expected) in sendings(1, "x").into_iter().zip(bodies) {
        let answer = client.call(method, path, &body).await;
        assert_eq!((answer.status, answer.body), (status, expected), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_known_key_nobody_comes_in() {
    let site = Site::to(&["opik"]).await;
    let missing = "Missing credentials. Provide Authorization: Bearer <token> (with X-Project-ID) or X-API-Key header.";
    let bodies = [
        json!({"code": 401, "message": "API key should be provided"}),
        json!({"detail": missing}),
        json!({"detail": "API Key is missing"}),
    ];
    turned_away(&site.client("checkout").keyed(""), 401, bodies).await;
    let unknown = "this gateway key is not known here";
    let invalid = |why: &str| json!({"detail": format!("Invalid or revoked API key: {why}.")});
    let bodies = [json!({"code": 401, "message": unknown}), invalid(unknown), json!({"detail": unknown})];
    turned_away(&site.client("nobody"), 401, bodies).await;
    let foreign = "this is not a gateway key: use one that begins with sg_ where the vendor's own key would go";
    let bodies = [json!({"code": 401, "message": foreign}), invalid(foreign), json!({"detail": foreign})];
    turned_away(&site.client("checkout").keyed("vendor-key"), 401, bodies).await;
    site.settled().await;
    assert_eq!(site.counts("opik"), (0, 0, 0, 0));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_its_scopes_say() {
    let setup = Setup::new(&[("checkout", &["opik"])]).key("reader", "checkout", "scopes = [\"read\"]");
    let site = setup.key("writer", "checkout", "scopes = [\"write\"]").start().await;
    let (reader, writer) = (site.client("reader"), site.client("writer"));
    let no_write = "the gateway key reader does not have the scope \"write\"";
    let bodies = [json!({"code": 403, "message": no_write}), json!({"detail": no_write}), json!({"detail": no_write})];
    turned_away(&reader, 403, bodies).await;
    for (method, path, body, status) in sendings(2, "x") {
        writer.must(status, method, path, &body).await;
    }
    let reads = [
        "/v1/private/spans/01a1fba9-b442-706a-888f-b0c0220d0002",
        "/traces/cc047292-1458-468b-80eb-02bdbbcb0002",
        "/v2/projects/7c1f9c5e-2f0b-4f5e-8a54-6b1f0c7d9e22/traces/11bac3f0-6ac8-4353-af70-8e1c8b1e0002",
    ];
    let no_read = "the gateway key writer does not have the scope \"read\"";
    for (path, words) in reads.into_iter().zip(WORDS) {
        let answer = writer.call("GET", path, &Value::Null).await;
        assert_eq!((answer.status, &answer.body[words]), (403, &json!(no_read)), "{path}");
        reader.must(200, "GET", path, &Value::Null).await;
    }
    site.settled().await;
    assert_eq!(site.counts("opik"), (5, 5, 0, 0));
    site.close().await;
}
