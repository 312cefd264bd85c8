//! What answers mean: every status, every form of the headers that name a time.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderName;
use http::HeaderValue;
use http::Method;

use crate::contract::Answer;
use crate::contract::Dialect;
use crate::contract::Request;
use crate::contract::Verdict;
use crate::dialects::opik::Opik;

const TRACE: &str = "/v1/private/traces/01a1fba6-5334-7c4b-aaa2-e4ea076c6c6d";

fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answer {
    let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    Answer { status, headers: headers.collect(), body: Bytes::from(body.to_owned()) }
}

fn request(method: Method, path: &str, rows: usize) -> Request {
    Request { method, path: path.to_owned(), rows, ..Request::default() }
}

fn batch(rows: usize) -> Request {
    request(Method::POST, "/v1/private/spans/batch", rows)
}

#[test]
fn every_status_has_its_meaning() {
    for status in 100..=999 {
        let (alone, several) = match status {
            200..=299 => ("delivered", "delivered"),
            400 | 413 | 422 => ("rejected", "split"),
            401..=404 => ("stop", "stop"),
            409 => ("rejected", "rejected"),
            _ => ("retry", "retry"),
        };
        let judge = |rows| Opik.verdict(&batch(rows), &answer(status, &[], r#"{"code":0,"message":"m"}"#)).word();
        assert_eq!((judge(1), judge(2)), (alone, several), "{status}");
    }
}

#[test]
fn a_refusal_quotes_the_vendor_in_either_shape() {
    let refused = answer(422, &[], r#"{"errors":["spans[0].startTime must not be null"]}"#);
    let expected = r#"422 ["spans[0].startTime must not be null"]"#;
    assert_eq!(Opik.verdict(&batch(1), &refused), Verdict::Rejected(expected.to_owned()));
    let old = answer(400, &[], r#"{"code":400,"message":"Invalid UUID for id","details":"too_old"}"#);
    let expected = r#"400 "Invalid UUID for id" "too_old""#;
    assert_eq!(Opik.verdict(&batch(1), &old), Verdict::Rejected(expected.to_owned()));
    assert_eq!(Opik.verdict(&batch(1), &answer(403, &[], "")), Verdict::Stop("403".to_owned()));
}

#[test]
fn a_proxys_page_is_not_the_vendors_word() {
    for status in [400, 422, 502] {
        assert_eq!(Opik.verdict(&batch(2), &answer(status, &[], "<html>no</html>")), Verdict::Retry(None), "{status}");
    }
    assert_eq!(Opik.verdict(&batch(2), &answer(413, &[], "<html>too large</html>")), Verdict::Split);
}

#[test]
fn taking_back_what_is_gone_is_done() {
    let gone = answer(404, &[], "");
    let scores = request(Method::POST, &format!("{TRACE}/feedback-scores/delete"), 1);
    assert_eq!(Opik.verdict(&scores, &gone), Verdict::Delivered);
    assert_eq!(Opik.verdict(&request(Method::DELETE, TRACE, 1), &gone), Verdict::Delivered);
}

#[test]
fn a_conflict_of_a_create_says_that_it_is_there() {
    let judge = |method, path, body| Opik.verdict(&request(method, path, 1), &answer(409, &[], body)).word();
    let mismatch = r#"{"errors":["Project name and workspace name do not match the existing trace"]}"#;
    let exists = r#"{"errors":["Trace already exists"]}"#;
    assert_eq!(judge(Method::POST, "/v1/private/traces", exists), "delivered");
    assert_eq!(judge(Method::POST, "/v1/private/traces", mismatch), "rejected");
    assert_eq!(
        judge(Method::PATCH, TRACE, r#"{"errors":["parent_span_id does not match the existing span"]}"#),
        "rejected"
    );
}

#[test]
fn the_latest_of_the_times_named_counts() {
    let judge = |status, headers: &[_]| Opik.verdict(&batch(1), &answer(status, headers, ""));
    let retry = |millis| Verdict::Retry(Some(Duration::from_millis(millis)));
    assert_eq!(judge(429, &[("ratelimit-reset", "7"), ("retry-after", "3")]), retry(7_000));
    assert_eq!(
        judge(429, &[("retry-after", "Sun, 06 Nov 1994 08:49:57 GMT"), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")]),
        retry(20_000)
    );
    assert_eq!(judge(429, &[("opik-user-remaining-limit-ttl-millis", "2500")]), retry(2_500));
    assert_eq!(judge(429, &[("ratelimit-reset", "7200")]), retry(900_000));
    assert_eq!(judge(429, &[("opik-workspace-remaining-limit-ttl-millis", "1e12")]), retry(900_000));
    assert_eq!(judge(503, &[("retry-after", "4")]), retry(4_000));
    for odd in ["soon", "-5", "", "NaN"] {
        assert_eq!(judge(429, &[("retry-after", odd), ("ratelimit-reset", odd)]), Verdict::Retry(None), "{odd}");
    }
}
