//! Sessions that are more than an id, at the vendor.

use http::HeaderMap;
use serde_json::Value;
use serde_json::json;

use super::body;
use super::encode::foreign;
use super::encode::outward;
use crate::canonical::Raw;
use crate::canonical::Session;
use crate::canonical::Target;
use crate::canonical::View;
use crate::contract::Answer;
use crate::contract::Dialect;
use crate::contract::Request;
use crate::contract::Verdict;
use crate::contract::Write;
use crate::dialects::galileo::Galileo;

/// A trace in the session `chat 1`, which came after `chat 0`.
fn view() -> View {
    let own = Session {
        id: "chat 1".to_owned(),
        name: Some("support".to_owned()),
        metadata: Raw::parse(r#"{"tier":"gold","n":3,"none":null}"#),
        previous: Some("chat 0".to_owned()),
    };
    let before = Session { id: "chat 0".to_owned(), ..Session::default() };
    View { sessions: vec![own, before], ..foreign(Vec::new()) }
}

fn writes() -> Vec<Write> {
    Galileo.plan(&view(), None, &outward()).writes
}

fn answer(status: u16, body: &Value) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: body.to_string().into() }
}

fn json_of(request: &Request) -> Value {
    serde_json::from_slice(request.body.as_ref().unwrap()).unwrap()
}

#[test]
fn they_are_made_before_the_trace_the_oldest_first() {
    let writes = writes();
    let planned: Vec<_> = writes.iter().map(|write| (write.stage, write.path.as_str())).collect();
    let sessions = "/v2/projects/p1/sessions";
    assert_eq!(planned, [(0, sessions), (1, sessions), (2, "/v2/projects/p1/traces")]);
    assert_eq!(writes[1].target, Target::Session("chat 1".to_owned()));
    assert_eq!(body(&writes[2])["session_external_id"], json!("chat 1"));
    assert!(writes[0].once.is_some() && writes[0].once != writes[1].once);
    let look = &writes[1].each.as_ref().unwrap().look;
    assert_eq!(look.path, "/v2/projects/p1/sessions/search");
    let filter = json!({ "type": "text", "column_id": "external_id", "operator": "one_of",
        "value": ["chat 1", "chat 0"] });
    assert_eq!(json_of(look), json!({ "log_stream_id": "s1", "filters": [filter] }));

    let plain = Galileo.plan(&View { sessions: Vec::new(), ..view() }, None, &outward()).writes;
    assert_eq!(plain.len(), 1, "logging makes a session that is no more than its id");
    assert_eq!(plain[0].stage, 0);
    let shown = Galileo.plan(&view(), Some(&view()), &outward()).writes;
    assert!(shown.is_empty(), "{shown:?}");
}

#[test]
fn what_is_not_there_is_made_after_what_is_before_it() {
    let own = &writes()[1];
    let there = json!({ "records": [{ "id": "id-0", "external_id": "chat 0" }] });
    let rows = Galileo.each(own, &answer(200, &there)).unwrap();
    let made = json!({ "log_stream_id": "s1", "name": "support", "previous_session_id": "id-0",
        "external_id": "chat 1", "user_metadata": { "tier": "gold", "n": "3" } });
    assert_eq!((rows.writes.len(), body(&rows.writes[0])), (1, made));
    assert_eq!(rows.losses, []);
    assert!(rows.writes[0].each.is_none() && rows.writes[0].once.is_none());
}

#[test]
fn what_is_there_is_left_alone_and_what_it_lacks_is_lost() {
    let own = &writes()[1];
    let mut record = json!({ "id": "id-1", "external_id": "chat 1", "name": "support",
        "user_metadata": { "tier": "gold", "n": "3" }, "previous_session_id": "id-0" });
    let lost = |record: &Value| {
        let rows = Galileo.each(own, &answer(200, &json!({ "records": [record] }))).unwrap();
        assert!(rows.writes.is_empty());
        rows.losses.into_iter().map(|loss| loss.path).collect::<Vec<_>>()
    };
    assert_eq!(lost(&record), [""; 0]);
    (record["name"], record["user_metadata"], record["previous_session_id"]) = (Value::Null, json!({}), Value::Null);
    assert_eq!(lost(&record), ["session.name", "session.metadata", "session.previous"]);
}

#[test]
fn a_search_that_fails_makes_nothing() {
    let own = &writes()[1];
    for (status, body) in [(503, json!({})), (200, json!("a page")), (429, json!({}))] {
        assert!(Galileo.each(own, &answer(status, &body)).is_err(), "{status}");
    }
    // Where there is none to ask, nothing is there.
    let rows = Galileo.each(own, &answer(404, &json!({ "detail": "Not Found" }))).unwrap();
    assert_eq!(rows.losses.iter().map(|loss| loss.path.as_str()).collect::<Vec<_>>(), ["session.previous"]);
    assert_eq!(body(&rows.writes[0])["previous_session_id"], Value::Null);
}

#[test]
fn a_server_without_sessions_is_no_reason_to_wait() {
    let request = Request { path: "/v2/projects/p1/sessions".to_owned(), rows: 1, ..Request::default() };
    let verdict = |status, detail: &str| Galileo.verdict(&request, &answer(status, &json!({ "detail": detail })));
    assert_eq!(verdict(404, "Not Found"), Verdict::Rejected("Not Found".to_owned()));
    assert_eq!(verdict(404, "Project not found."), Verdict::Retry(None));
    assert_eq!(verdict(422, "bad"), Verdict::Rejected("bad".to_owned()));
}
