//! Packing and look-ups.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::Method;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;

use super::encode::foreign;
use super::encode::foreign_span;
use super::encode::outward;
use super::encode::uuid;
use crate::canonical::Field;
use crate::canonical::Kind;
use crate::canonical::View;
use crate::contract::Answer;
use crate::contract::Dialect;
use crate::contract::Known;
use crate::contract::VendorProject;
use crate::contract::Verdict;
use crate::dialects::galileo::Galileo;

fn answer(status: u16, body: &Value) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: body.to_string().into() }
}

fn renamed(mut view: View, id: &str) -> View {
    view.id = uuid(id);
    view.trace.as_mut().unwrap().facts.id = uuid(id);
    view
}

#[test]
fn traces_of_a_session_share_a_request() {
    let one = foreign(vec![foreign_span(1, None, Kind::Tool)]);
    let two = renamed(foreign(Vec::new()), "11111111-1111-4111-8111-111111111111");
    let mut other = two.clone();
    other.trace.as_mut().unwrap().facts.session = Field::Absent;
    let plan = |view: &View| Galileo.plan(view, None, &outward()).writes.remove(0);
    let (one, two, other) = (plan(&one), plan(&two), plan(&other));
    assert_eq!(one.batch, two.batch);
    assert_ne!(one.batch, other.batch);
    let request = Galileo.pack(&[&one, &two]);
    assert_eq!((&request.method, request.path.as_str(), request.rows), (&Method::POST, "/v2/projects/p1/traces", 2));
    let body: Value = serde_json::from_slice(&request.body.unwrap()).unwrap();
    let ids: Vec<_> = body["traces"].as_array().unwrap().iter().map(|trace| &trace["id"]).collect();
    assert_eq!(ids, ["01a1fba6-5334-4c4b-aaa2-000000000000", "11111111-1111-4111-8111-111111111111"]);
    assert_eq!(body["session_external_id"], json!("chat 1"));
    assert_eq!(Galileo.pack(&[&one]).body.unwrap(), one.row);
}

/// Walks the look-ups against a list of answers; the requests made.
fn walk(answers: &[(u16, Value)]) -> (Vec<String>, Known, Verdict) {
    let project = VendorProject { name: "my app".to_owned(), stream: "prod".to_owned() };
    let (mut known, mut asked, mut last) = (Known::new(), Vec::new(), Verdict::Delivered);
    let mut answers = answers.iter();
    while let Some(request) = Galileo.look_up(&project, &known) {
        let body = request.body.as_ref().map(|body| String::from_utf8(body.to_vec()).unwrap()).unwrap_or_default();
        asked.push(format!("{} {} {body}", request.method, request.path).trim().to_owned());
        let Some((status, body)) = answers.next() else { break };
        last = Galileo.learn(&project, &request, &answer(*status, body), &mut known);
        if last != Verdict::Delivered {
            break;
        }
    }
    (asked, known, last)
}

const FIND: &str = "GET /projects?project_name=my%20app&type=gen_ai";
const MAKE: &str = r#"POST /projects {"name":"my app","type":"gen_ai","create_example_templates":false}"#;
const FIND_STREAM: &str = "GET /projects/P/log_streams/paginated?include_counts=false&starting_token=0&limit=500";
const MAKE_STREAM: &str = r#"POST /projects/P/log_streams {"name":"prod"}"#;

#[test]
fn names_that_are_there_are_found() {
    let streams = json!({ "log_streams": [{ "id": "X", "name": "dev" }, { "id": "S", "name": "prod" }] });
    let (asked, known, _) = walk(&[(200, json!([{ "id": "P", "name": "my app" }])), (200, streams)]);
    assert_eq!(asked, [FIND, FIND_STREAM]);
    assert_eq!(known, Known::from([("project_id".into(), "P".into()), ("log_stream_id".into(), "S".into())]));
}

#[test]
fn names_that_are_not_there_are_created() {
    let empty = json!({ "log_streams": [], "paginated": false });
    let answers = [(200, json!([])), (200, json!({ "id": "P" })), (200, empty), (200, json!({ "id": "S" }))];
    let (asked, known, _) = walk(&answers);
    assert_eq!(asked, [FIND, MAKE, FIND_STREAM, MAKE_STREAM]);
    assert_eq!(known, Known::from([("project_id".into(), "P".into()), ("log_stream_id".into(), "S".into())]));
}

#[test]
fn log_streams_are_read_page_by_page_and_listed_again_when_another_was_first() {
    let project = (200, json!([{ "id": "P", "name": "my app" }]));
    let page = (200, json!({ "log_streams": [], "paginated": true, "next_starting_token": 500 }));
    let last = (200, json!({ "log_streams": [], "paginated": true, "next_starting_token": null }));
    let exists = (400, json!({ "standard_error": { "error_code": 10500 } }));
    let found = (200, json!({ "log_streams": [{ "id": "S", "name": "prod" }] }));
    let (asked, known, _) = walk(&[project, page, last, exists, found]);
    let second = FIND_STREAM.replace("=0", "=500");
    assert_eq!(asked, [FIND, FIND_STREAM, &second, MAKE_STREAM, FIND_STREAM]);
    assert_eq!(known, Known::from([("project_id".into(), "P".into()), ("log_stream_id".into(), "S".into())]));
}

#[test]
fn a_name_that_is_refused_for_good_is_rejected() {
    let refused = (400, json!({ "detail": "bad name" }));
    let (asked, _, verdict) = walk(&[(200, json!([])), refused.clone(), (200, json!([])), refused]);
    assert_eq!(asked, [FIND, MAKE, FIND, MAKE]);
    assert_eq!(verdict, Verdict::Rejected("bad name".to_owned()));
    let (_, _, verdict) = walk(&[(401, json!({ "detail": "no" }))]);
    assert_eq!(verdict, Verdict::Stop("no".to_owned()));
}

#[test]
fn the_key_goes_in_the_vendors_header_or_another() {
    let key = SecretString::from("k");
    let plain = Galileo.authorize(Some(&key), &BTreeMap::new());
    assert_eq!(plain["galileo-api-key"], "k");
    let settings = BTreeMap::from([("key_header".to_owned(), "Splunk-AO-API-Key".to_owned())]);
    assert_eq!(Galileo.authorize(Some(&key), &settings)["splunk-ao-api-key"], "k");
    assert!(Galileo.authorize(None, &settings).is_empty());
}
