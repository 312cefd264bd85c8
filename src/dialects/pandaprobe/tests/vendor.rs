//! The vendor's answers: verdicts, confirmation, reads. Answers are captures of the real server.

use std::time::Duration;

use super::*;
use crate::contract::Request;
use crate::contract::Verdict;
use crate::contract::Wanted;

const POSTED: &str = r#"{"trace_id":"76549f51-567f-4245-b3b6-1da04f74da2a","name":"pc","status":"COMPLETED","started_at":"2026-11-21T01:08:58.405906+00:00","input":{"messages":[{"role":"user","content":"hi"}]},"output":{"messages":[{"role":"assistant","content":"hello"}]},"ended_at":"2026-11-21T01:08:58.405923+00:00","session_id":"pc-s"}"#;
const SHOWN: &str = r#"{"trace_id":"76549f51-567f-4245-b3b6-1da04f74da2a","project_id":"87e85521-3696-4c38-b6d2-e7c43a9bec56","name":"pc","status":"COMPLETED","input":{"messages":[{"role":"user","content":"hi"}]},"output":{"messages":[{"role":"assistant","content":"hello"}]},"metadata":{},"started_at":"2026-11-21T01:08:58.405906+00:00","ended_at":"2026-11-21T01:08:58.405923+00:00","session_id":"pc-s","user_id":null,"tags":[],"environment":null,"release":null,"spans":[],"total_tokens":0,"total_cost":0.0}"#;
const SCORES: &str = r#"[{"id":"2a7ecfb5-0000-4000-8000-000000000000","trace_id":"76549f51-567f-4245-b3b6-1da04f74da2a","name":"relevance","value":"0.9","status":"SUCCESS","source":"PROGRAMMATIC","created_at":"2026-11-21T01:08:42.605479+00:00","project_id":"87e85521-3696-4c38-b6d2-e7c43a9bec56","data_type":"NUMERIC","eval_run_id":null,"author_user_id":null,"reason":null,"environment":null,"config_id":null,"metadata":{},"updated_at":"2026-11-21T01:08:42.605479+00:00"}]"#;

fn sent() -> Write {
    let items = PandaProbe.decode(&call(Method::POST, "/traces", POSTED), &SEED).unwrap().items;
    PandaProbe.plan(&fold(&items), None, &out()).writes.remove(0)
}

#[test]
fn a_posted_trace_is_confirmed_by_reading_it() {
    let write = sent();
    let look = PandaProbe.confirm(&write).unwrap();
    assert_eq!((look.method.as_str(), look.path.as_str()), ("GET", "/traces/76549f51-567f-4245-b3b6-1da04f74da2a"));
    assert_eq!(look.headers, [("x-project-name", "demo".to_owned())]);
    assert!(PandaProbe.confirmed(&write, &answer(200, SHOWN)));
    assert!(!PandaProbe.confirmed(&write, &answer(404, r#"{"detail":"Trace x not found."}"#)));
    for (from, to) in [
        (r#""name":"pc""#, r#""name":"old""#),
        (r#""content":"hello""#, r#""content":"other""#),
        ("58.405923", "58.405924"),
        (r#""session_id":"pc-s""#, r#""session_id":null"#),
    ] {
        assert!(!PandaProbe.confirmed(&write, &answer(200, &SHOWN.replace(from, to))), "{to}");
    }
}

#[test]
fn a_store_that_reorders_keys_and_rewrites_numbers_still_confirms() {
    let write = |row: Value| Write { row: Bytes::from(row.to_string()), ..sent() };
    let row = json!({"trace_id": TRACE, "name": "t", "started_at": "2026-11-21T01:00:00Z", "input": {"longer": 1e2, "a": -0.0},
        "metadata": {"k": 1}, "tags": ["b", "a"], "spans": [{"span_id": SPAN, "name": "s", "kind": "LLM", "parent_span_id": CHILD,
        "started_at": "2026-11-21T01:00:00Z", "cost": {"total": 1}, "token_usage": {"prompt_tokens": 1}}]});
    let shown = json!({"trace_id": TRACE, "name": "t", "started_at": "2026-11-21T01:00:00+00:00", "input": {"a": 0.0, "longer": 100.0},
        "metadata": {"k": 1, "older": 2}, "tags": ["a", "b", "c"], "spans": [{"span_id": SPAN, "name": "s", "kind": "LLM",
        "parent_span_id": null, "started_at": "2026-11-21T01:00:00+00:00", "cost": {"total": 1.0}, "token_usage": {"prompt_tokens": 1}}]});
    assert!(PandaProbe.confirmed(&write(row.clone()), &answer(200, &shown.to_string())));
    let mut lacking = shown;
    lacking["spans"] = json!([]);
    assert!(!PandaProbe.confirmed(&write(row), &answer(200, &lacking.to_string())));
}

#[test]
fn only_the_queue_needs_confirmation() {
    let update = Write { method: Method::PATCH, path: format!("/traces/{TRACE}"), ..sent() };
    assert!(PandaProbe.confirm(&update).is_none());
}

#[test]
fn a_score_that_is_there_is_not_posted_again() {
    let row = json!({"trace_id": "76549f51-567f-4245-b3b6-1da04f74da2a", "name": "relevance", "value": "0.9", "data_type": "NUMERIC"});
    let write = Write { path: "/evaluations/trace-scores".to_owned(), row: Bytes::from(row.to_string()), ..sent() };
    assert!(PandaProbe.confirmed(&write, &answer(200, SCORES)));
    assert!(!PandaProbe.confirmed(&write, &answer(200, "[]")));
    assert!(!PandaProbe.confirmed(&write, &answer(200, &SCORES.replace("0.9", "0.8"))));
}

#[test]
fn every_status_has_its_meaning() {
    let request = PandaProbe.pack(&[&sent()]);
    for status in 100..=999 {
        let expected = match status {
            200..=299 => "delivered",
            400 | 413 | 422 => "rejected",
            401..=403 => "stop",
            _ => "retry",
        };
        let verdict = PandaProbe.verdict(&request, &answer(status, r#"{"detail":"m"}"#));
        assert_eq!(verdict.word(), expected, "{status}");
    }
}

#[test]
fn what_is_refused_is_told_in_the_vendors_words() {
    let request = PandaProbe.pack(&[&sent()]);
    let refused = answer(422, r#"{"detail":"Validation error"}"#);
    assert_eq!(
        PandaProbe.verdict(&request, &refused),
        Verdict::Rejected(r#"422 {"detail":"Validation error"}"#.to_owned())
    );
    assert_eq!(PandaProbe.verdict(&request, &answer(401, "")), Verdict::Stop("401".to_owned()));
    assert_eq!(PandaProbe.verdict(&request, &answer(422, "<html></html>")), Verdict::Retry(None));
}

#[test]
fn a_spent_rate_ends_within_a_minute_and_a_spent_quota_does_not() {
    let request = PandaProbe.pack(&[&sent()]);
    let judge = |status, body: &str| PandaProbe.verdict(&request, &answer(status, body));
    let minutes = |n: u64| Verdict::Retry(Some(Duration::from_secs(n * 60)));
    assert_eq!(judge(429, r#"{"error":"Rate limit exceeded: 100 per 1 minute"}"#), minutes(1));
    assert_eq!(judge(429, r#"{"detail":"You've reached the traces limit (100) for your HOBBY plan."}"#), minutes(15));
    assert_eq!(judge(429, "<html>"), minutes(1));
    let mut busy = answer(503, "");
    busy.headers.insert("retry-after", "7".parse().unwrap());
    assert_eq!(PandaProbe.verdict(&request, &busy), Verdict::Retry(Some(Duration::from_secs(7))));
    let mut rude = answer(429, r#"{"error":"m"}"#);
    rude.headers.insert("retry-after", "86400".parse().unwrap());
    assert_eq!(PandaProbe.verdict(&request, &rude), minutes(15));
}

#[test]
fn what_is_not_there_yet_is_tried_again_and_what_is_gone_is_gone() {
    let missing = answer(404, r#"{"detail":"Trace x not found."}"#);
    let request = |method, path: String| Request { method, path, rows: 1, ..Request::default() };
    let judge = |method, path| PandaProbe.verdict(&request(method, path), &missing);
    assert_eq!(judge(Method::PATCH, format!("/traces/{TRACE}")), Verdict::Retry(None));
    assert_eq!(judge(Method::POST, format!("/traces/{TRACE}/spans")), Verdict::Retry(None));
    assert_eq!(judge(Method::POST, "/evaluations/trace-scores".to_owned()), Verdict::Retry(None));
    assert_eq!(judge(Method::DELETE, format!("/traces/{TRACE}")), Verdict::Delivered);
}

#[test]
fn a_read_brings_the_trace_and_its_scores() {
    let project = VendorProject { name: "demo".to_owned(), stream: String::new() };
    let wanted = Wanted {
        trace: Some("76549f51-567f-4245-b3b6-1da04f74da2a".to_owned()),
        span: None,
        project,
        in_stream: false,
    };
    let paths: Vec<_> = PandaProbe.read(&wanted, &Default::default()).into_iter().map(|request| request.path).collect();
    assert_eq!(
        paths,
        [
            "/traces/76549f51-567f-4245-b3b6-1da04f74da2a",
            "/evaluations/trace-scores/76549f51-567f-4245-b3b6-1da04f74da2a"
        ]
    );
    let answers = [answer(200, SHOWN), answer(200, SCORES)];
    let items = PandaProbe.read_answer(&wanted, &answers, &Default::default()).unwrap().unwrap();
    let posted = PandaProbe.decode(&call(Method::POST, "/traces", POSTED), &SEED).unwrap().items;
    let mut read = fold(&items);
    let Op::Score(score) = &items[1].op else { panic!("a score") };
    assert_eq!((score.name.as_str(), score.at), ("relevance", Time::parse("2026-11-21T01:08:42.605479Z").unwrap()));
    read.scores.clear();
    assert_eq!(read.print(), fold(&posted).print());
    let missing = [answer(404, ""), answer(200, "[]")];
    assert!(PandaProbe.read_answer(&wanted, &missing, &Default::default()).unwrap().is_none());
    assert!(PandaProbe.read_answer(&wanted, &[answer(500, "")], &Default::default()).is_err());
    let span = Wanted { span: Some(SPAN.to_owned()), ..wanted };
    assert!(PandaProbe.read_answer(&span, &answers, &Default::default()).unwrap().is_none());
}

#[test]
fn the_key_stands_in_its_own_header() {
    let key = secrecy::SecretString::from("sk_pp_x");
    let headers = PandaProbe.authorize(Some(&key), &Default::default());
    assert_eq!(headers["x-api-key"], "sk_pp_x");
    assert!(headers["x-api-key"].is_sensitive());
}

/// What the real server answered to the last request of `fixtures/pandaprobe/updates`.
const UPDATED: &str = r#"{"trace_id":"e88ea3de-9df5-4aa9-b540-203e7f1cccb0","project_id":"87e85521-3696-4c38-b6d2-e7c43a9bec56","name":"upd","status":"ERROR","input":{"messages":[{"role":"user","content":"hi"}]},"output":{"messages":[{"role":"assistant","content":"hello"}]},"metadata":{},"started_at":"2026-11-21T01:08:56.137058+00:00","ended_at":"2026-11-21T01:08:56.137185+00:00","session_id":null,"user_id":null,"tags":[],"environment":null,"release":null,"spans":[{"span_id":"11111111-1111-4111-8111-001795223337","trace_id":"e88ea3de-9df5-4aa9-b540-203e7f1cccb0","parent_span_id":null,"name":"late","kind":"TOOL","status":"UNSET","input":null,"output":null,"model":null,"token_usage":null,"metadata":{},"started_at":"2026-01-01T00:00:00+00:00","ended_at":null,"error":null,"completion_start_time":null,"model_parameters":null,"cost":null,"latency_ms":null,"time_to_first_token_ms":null},{"span_id":"9f33bbf0-8b41-43d1-9304-45e936fcf544","trace_id":"e88ea3de-9df5-4aa9-b540-203e7f1cccb0","parent_span_id":null,"name":"a","kind":"OTHER","status":"ERROR","input":null,"output":null,"model":null,"token_usage":null,"metadata":{},"started_at":"2026-11-21T01:08:56.137104+00:00","ended_at":"2026-01-01T00:00:01+00:00","error":"late","completion_start_time":null,"model_parameters":null,"cost":null,"latency_ms":-27997735137.104,"time_to_first_token_ms":null}],"total_tokens":0,"total_cost":0.0}"#;

#[test]
fn we_answer_as_the_real_server_did() {
    let check = |view: &View, expected: &str| {
        let shown =
            crate::dialects::pandaprobe::read::trace(view, &out(), "87e85521-3696-4c38-b6d2-e7c43a9bec56").unwrap();
        assert_eq!(raw(json!(shown)), raw(serde_json::from_str(expected).unwrap()), "in the same order, too");
    };
    check(&fold(&PandaProbe.decode(&call(Method::POST, "/traces", POSTED), &SEED).unwrap().items), SHOWN);
    let updates = fixtures().into_iter().filter(|(name, _)| name.contains("/updates/"));
    let items: Vec<Item> = updates.flat_map(|(_, call)| PandaProbe.decode(&call, &SEED).unwrap().items).collect();
    check(&fold(&items), UPDATED);
}
