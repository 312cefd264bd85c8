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

/// A value of so many levels around their number.
fn nested(levels: usize) -> String {
    format!("{}{levels}{}", "[".repeat(levels), "]".repeat(levels))
}

/// A trace with such a value as its input in every dialect, in the order of [`sendings`].
fn deep_sendings(levels: usize) -> [(&'static str, Vec<u8>, u16); 3] {
    let mut calls = sendings(levels, "DEEP");
    let trace = opik_trace(levels, &json!({"q": "DEEP"}));
    calls[0] = ("POST", "/v1/private/traces/batch", json!({ "traces": [trace] }), 204);
    calls.map(|(_, path, body, status)| {
        let text = body.to_string().replace(r#"{"q":"DEEP"}"#, r#""DEEP""#);
        (path, text.replace(r#""DEEP""#, &nested(levels)).into_bytes(), status)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_255_deep_is_taken_and_shown_everywhere_and_one_deeper_is_not() {
    let stand_ins = ["opik", "galileo", "pandaprobe"];
    let site = Site::to(&stand_ins).await;
    let client = site.client("checkout");
    let refused = [
        json!({"errors": ["traces[0].input nests deeper than 255 levels"]}),
        json!({"detail": "Validation error", "errors": [{"field": "input", "message": "nests deeper than 255 levels"}]}),
        json!({"detail": [{"loc": ["body", "traces", 0, "input"], "msg": "nests deeper than 255 levels",
            "type": "value_error"}]}),
    ];
    for ((path, body, _), said) in deep_sendings(256).into_iter().zip(refused) {
        let answer = client.send("POST", path, None, body).await;
        assert_eq!((answer.status, answer.body), (422, said), "{path}");
    }
    let depths = [126, 200, 250, 255];
    for levels in depths {
        for (path, body, status) in deep_sendings(levels) {
            let answer = client.send("POST", path, None, body).await;
            assert_eq!(answer.status, status, "{path} {levels}: {:?}", answer.body);
        }
    }
    site.settled().await;
    for stand_in in stand_ins {
        let (accepted, delivered, dead, pending) = site.counts(stand_in);
        assert_eq!((delivered, dead, pending), (accepted, 0, 0), "{stand_in}");
        // As itself, or as a text of the same letters.
        let (_, shown) = site.follow(&format!("http://{}/_sandbox/{stand_in}/traces", site.vendors)).await;
        for levels in depths {
            assert!(
                shown.matches(&nested(levels)).count() >= 3,
                "{stand_in} does not show {levels} levels three times"
            );
        }
    }
    let read = client.call("GET", "/traces/cc047292-1458-468b-80eb-02bdbbcb00fa", &Value::Null).await;
    let text = read.body.as_str().expect("too deep for a tree");
    assert!(text.contains(&format!(r#""input":{}"#, nested(250))), "{text}");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_in_spans_are_shown_everywhere() {
    let stand_ins = ["opik", "galileo", "pandaprobe"];
    let site = Site::to(&stand_ins).await;
    let step = |name: String, spans: Value| {
        json!({"type": "workflow", "name": name, "input": "q", "output": "a", "created_at": "2026-11-21T01:12:45Z",
            "metrics": {"duration_ns": 1_000_000_000}, "spans": spans})
    };
    let spans = (0..100).rev().fold(json!([]), |inside, level| json!([step(format!("level {level}"), inside)]));
    let mut body = sendings(1, "q")[2].2.clone();
    body["traces"][0]["spans"] = spans;
    let home = site.client("checkout").galileo("deep").await;
    body["log_stream_id"] = json!(home.stream);
    site.client("checkout").must(200, "POST", &home.path("traces"), &body).await;
    site.settled().await;
    for stand_in in stand_ins {
        assert_eq!(site.counts(stand_in), (101, 101, 0, 0), "{stand_in}");
        let (_, shown) = site.follow(&format!("http://{}/_sandbox/{stand_in}/traces", site.vendors)).await;
        assert!(shown.contains(r#""level 99""#), "{stand_in} lacks the innermost");
    }
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
