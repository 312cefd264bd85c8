//! Packing, verdicts and headers.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use crate::canonical::Id;
use crate::canonical::Target;
use crate::contract::Answer;
use crate::contract::Bucket;
use crate::contract::Dialect;
use crate::contract::Request;
use crate::contract::Verdict;
use crate::contract::Write;

use super::super::Opik;
use super::json as read;

fn write(batch: &str, path: &str, row: &str) -> Write {
    Write {
        stage: 0,
        batch: batch.to_owned(),
        method: Method::POST,
        path: path.to_owned(),
        headers: Vec::new(),
        row: Bytes::from(row.to_owned()),
        bucket: Bucket::Write,
        target: Target::Trace(Id::default()),
        unless: None,
    }
}

fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answer {
    let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    Answer { status, headers: headers.collect(), body: Bytes::from(body.to_owned()) }
}

fn verdict(rows: usize, answer: &Answer) -> Verdict {
    let request = Request { path: "/v1/private/spans/batch".to_owned(), rows, ..Request::default() };
    Opik.verdict(&request, answer)
}

#[test]
fn rows_are_packed_in_the_list_of_their_endpoint() {
    for (path, expected) in [
        ("/v1/private/traces/batch", json!({"traces": [{"a": 1}, {"a": 2}]})),
        ("/v1/private/spans/batch", json!({"spans": [{"a": 1}, {"a": 2}]})),
        ("/v1/private/traces/threads/feedback-scores", json!({"scores": [{"a": 1}, {"a": 2}]})),
    ] {
        let writes = [write("b", path, r#"{"a":1}"#), write("b", path, r#"{"a":2}"#)];
        let request = Opik.pack(&writes.iter().collect::<Vec<_>>());
        assert_eq!(read(&request.body.expect("a body")), expected);
        assert_eq!((request.rows, request.path.as_str()), (2, path));
    }
    let alone = write("", "/v1/private/traces/delete", r#"{"ids":[]}"#);
    assert_eq!(Opik.pack(&[&alone]).body.as_deref(), Some(&br#"{"ids":[]}"#[..]));
}

#[test]
fn an_answer_is_judged_by_its_status() {
    let retry = |seconds| Verdict::Retry(Some(Duration::from_secs(seconds)));
    assert_eq!(verdict(1, &answer(204, &[], "")), Verdict::Delivered);
    assert_eq!(verdict(9, &answer(400, &[], "")), Verdict::Split);
    assert_eq!(verdict(9, &answer(422, &[], "")), Verdict::Split);
    assert_eq!(verdict(9, &answer(413, &[], "")), Verdict::Split);
    let refused = answer(422, &[], r#"{"errors":["spans[0].startTime must not be null"]}"#);
    assert_eq!(verdict(1, &refused), Verdict::Rejected(r#"422 ["spans[0].startTime must not be null"]"#.to_owned()));
    assert!(matches!(verdict(1, &answer(409, &[], "")), Verdict::Rejected(_)));
    for status in [401, 402, 403, 404] {
        assert!(matches!(verdict(1, &answer(status, &[], "")), Verdict::Stop(_)), "{status}");
    }
    assert_eq!(verdict(1, &answer(429, &[("ratelimit-reset", "7"), ("retry-after", "3")], "")), retry(7));
    let left = ("opik-user-remaining-limit-ttl-millis", "2500");
    assert_eq!(verdict(1, &answer(429, &[left], "")), Verdict::Retry(Some(Duration::from_millis(2_500))));
    assert_eq!(verdict(1, &answer(503, &[("retry-after", "4")], "")), retry(4));
    assert_eq!(verdict(1, &answer(429, &[("retry-after", "soon")], "")), Verdict::Retry(None));
    for status in [408, 500, 502, 301, 999] {
        assert_eq!(verdict(1, &answer(status, &[], "<html>")), Verdict::Retry(None), "{status}");
    }
}

#[test]
fn taking_back_what_is_gone_is_done() {
    let path = "/v1/private/traces/01a1fba6-5334-7c4b-aaa2-e4ea076c6c6d/feedback-scores/delete".to_owned();
    let request = Request { path, rows: 1, ..Request::default() };
    assert_eq!(Opik.verdict(&request, &answer(404, &[], "")), Verdict::Delivered);
}

#[test]
fn the_key_goes_raw_and_hidden() {
    let key = SecretString::from("k-1");
    let headers: HeaderMap = Opik.authorize(Some(&key), &BTreeMap::from([("workspace".to_owned(), "acme".to_owned())]));
    assert_eq!(
        (&headers["authorization"], &headers["comet-workspace"]),
        (&"k-1".parse().expect("a value"), &"acme".parse().expect("a value"))
    );
    assert!(headers["authorization"].is_sensitive());
    let open = Opik.authorize(None, &BTreeMap::new());
    assert_eq!(open.len(), 1);
    assert_eq!(open["comet-workspace"], "default");
}

#[test]
fn only_the_cloud_checks_the_age_of_ids() {
    let window = |url: &str| (Opik.info().id_window)(&Url::parse(url).expect("a URL"));
    assert_eq!(window("https://www.comet.com/opik/api"), Some(Duration::from_secs(39_600)));
    assert_eq!(window("https://comet.com.example.org/"), None);
    assert_eq!(window("http://opik.obs.svc:8080"), None);
}

#[test]
fn both_sdks_are_pointed_at_the_prefix() {
    let sdks = Opik.environment("http://127.0.0.1:4400", "sg_demo");
    assert_eq!(sdks.iter().map(|sdk| sdk.sdk).collect::<Vec<_>>(), ["python", "typescript"]);
    assert_eq!(
        sdks[0].lines,
        [
            ("OPIK_URL_OVERRIDE", "http://127.0.0.1:4400/opik/api".to_owned()),
            ("OPIK_API_KEY", "sg_demo".to_owned()),
            ("OPIK_WORKSPACE", "default".to_owned()),
        ]
    );
}
