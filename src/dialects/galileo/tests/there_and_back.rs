//! Nothing is lost on the way there and back.

use serde_json::Value;
use serde_json::json;

use super::all_recorded;
use super::body;
use super::encode::START;
use super::encode::foreign;
use super::encode::foreign_span;
use super::encode::json_payload;
use super::encode::native;
use super::encode::outward;
use super::encode::uuid;
use super::out;
use super::post;
use super::scenario;
use super::view;
use super::without_nulls;
use crate::canonical::ClientProject;
use crate::canonical::Cost;
use crate::canonical::ErrorInfo;
use crate::canonical::Extra;
use crate::canonical::Facts;
use crate::canonical::Field;
use crate::canonical::Kind;
use crate::canonical::Metadata;
use crate::canonical::Raw;
use crate::canonical::Status;
use crate::canonical::Tags;
use crate::canonical::Usage;
use crate::canonical::View;
use crate::canonical::complement::Keep;
use crate::contract::Dialect;
use crate::contract::Outward;
use crate::contract::VendorProject;
use crate::dialects::galileo::Galileo;

/// Whole traces of a recorded body, as we would send them on.
fn resent(call: &crate::contract::Call) -> Vec<Value> {
    let sent: Value = serde_json::from_slice(&call.body).unwrap();
    let traces = sent["traces"].as_array().unwrap();
    let one = |trace: &Value| {
        let single = post(&call.path, &json!({ "traces": [trace], "is_complete": true }));
        let plan = Galileo.plan(&view(&[single]), None, &out());
        assert!(plan.losses.is_empty());
        body(&plan.writes[0])["traces"][0].clone()
    };
    traces.iter().map(one).collect()
}

/// What both SDKs and the vendor read the same: empty defaults, Python's document for no redaction,
/// the JS SDK's camel case.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let skip = |key: &str, value: &Value| {
                let empty = value.as_str() == Some("") && key == "name";
                let list = value.as_array().is_some_and(Vec::is_empty) && (key == "tags" || key == "spans");
                let object = value.as_object().is_some_and(serde_json::Map::is_empty)
                    && (key.ends_with("metadata") || key == "metrics");
                let document = key == "redacted_output" && *value == json!([{ "content": "" }]);
                let kind = key == "agent_type" && value == "default";
                empty || list && !value.is_null() || object || document || kind
            };
            let name = |key: String| match key.as_str() {
                "numReasoningTokens" => "num_reasoning_tokens".to_owned(),
                "numCachedInputTokens" => "num_cached_input_tokens".to_owned(),
                _ => key,
            };
            let plain = map.into_iter().map(|(key, value)| (name(key), plain(value)));
            plain.filter(|(key, value)| !skip(key, value)).collect()
        }
        Value::Array(list) => list.into_iter().map(plain).collect(),
        Value::String(text) if text.ends_with('Z') && text.len() == 24 && text.contains('T') => {
            Value::String(format!("{}000Z", &text[..23]))
        }
        other => other,
    }
}

#[test]
fn recorded_traces_go_on_as_they_came() {
    let mut seen = 0;
    for (name, call) in all_recorded() {
        let sent: Value = serde_json::from_slice(&call.body).unwrap();
        let Some(traces) = sent["traces"].as_array() else { continue };
        for (sent, resent) in traces.iter().zip(resent(&call)) {
            let sent = plain(without_nulls(sent.clone()));
            assert_eq!(plain(without_nulls(resent)), sent, "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 15, "{seen}");
}

#[test]
fn payloads_of_the_same_dialect_keep_their_text() {
    let body = r#"{"traces":[{"id":"11111111-1111-4111-8111-111111111111","input":"\u00e9","spans":[
        {"type":"llm","id":"22222222-2222-4222-8222-222222222222","tools":[{"b":1.0,"a":1e2}],
        "input":[{"role":"user","content":"\u00e9"}],"output":{"content":"x","role":"assistant"},
        "metrics":{"score":1.50,"note":"n"},"shiny":[1.0]}]}]}"#;
    let mut call = post("/v2/projects/p/traces", &json!({}));
    call.body = body.into();
    let plan = Galileo.plan(&view(&[call]), None, &out());
    let sent = String::from_utf8(plan.writes[0].row.to_vec()).unwrap();
    for kept in [
        r#""input":"\u00e9""#,
        r#""tools":[{"b":1.0,"a":1e2}]"#,
        r#""content":"\u00e9""#,
        r#""metrics":{"note":"n","score":1.50}"#,
        r#""shiny":[1.0]"#,
    ] {
        assert!(sent.contains(kept), "{kept} in {sent}");
    }
}

/// Sends a view to the vendor and reads the request back as one of its clients' would be.
fn back(view_: &View, out: &Outward) -> View {
    let plan = Galileo.plan(view_, None, out);
    let mut returned = view(&[post(&plan.writes[0].path, &body(&plan.writes[0]))]);
    if let Some(trace) = &mut returned.trace {
        trace.facts.project = view_.trace.as_ref().unwrap().facts.project.clone();
    }
    returned
}

fn rich() -> View {
    let mut view = foreign(Vec::new());
    for (n, kind) in
        [Kind::Agent, Kind::Workflow, Kind::Llm, Kind::Embedding, Kind::Retriever, Kind::Reranker, Kind::Tool]
            .into_iter()
            .chain([Kind::Guardrail, Kind::Evaluator, Kind::Prompt, Kind::Memory, Kind::Step, Kind::Other])
            .enumerate()
    {
        let n = u8::try_from(n).unwrap() + 1;
        let mut span = foreign_span(n, n.checked_sub(1).filter(|parent| *parent > 0), kind);
        span.facts.input =
            json_payload(&json!({ "messages": [{ "role": "user", "content": "hi", "name": "n" }], "k": n }));
        span.facts.output = json_payload(&json!({ "answer": [1, 2.5, null] }));
        span.facts.redacted_output = json_payload(&json!("hidden"));
        span.facts.start = Field::Set(START.plus(i64::from(n) + 7));
        span.facts.first_token = Field::Set(START.plus(999));
        span.facts.status = Field::Set(if n % 2 == 0 { Status::Ok } else { Status::Error });
        span.facts.error =
            Field::Set(ErrorInfo { kind: None, message: Some("m".to_owned()), stack: Some("s".to_owned()) });
        span.facts.metadata =
            Field::Set(Metadata::Set(Raw::of(&json!({ "a": 1, "b": null, "user_id": "x", "c": { "d": [] } }))));
        span.facts.usage = Field::Set(Usage {
            input: Some(1),
            cache_write: Some(2),
            other: [("x".to_owned(), Raw::of(&1))].into(),
            ..Usage::default()
        });
        span.facts.cost = Field::Set(Cost { total: Some(0.5), parts: [("in".to_owned(), Raw::of(&0.25))].into() });
        span.facts.model = Field::Set("m".to_owned());
        span.facts.provider = Field::Set("p".to_owned());
        span.facts.model_parameters = Field::Set(Raw::of(&json!({ "temperature": 1, "stop": ["x"] })));
        span.facts.tags = Field::Set(Tags::Set(vec!["b".to_owned(), "a".to_owned()]));
        span.facts.source = Field::Set("sdk".to_owned());
        span.facts.session = Field::Set("s".to_owned());
        span.facts.extra =
            Field::Set(Extra { dialect: "other".to_owned(), members: [("z".to_owned(), Raw::of(&1))].into() });
        view.spans.push(span);
    }
    let trace = &mut view.trace.as_mut().unwrap().facts;
    trace.metadata = Field::Set(Metadata::Set(Raw::of(&json!(["not", "an", "object"]))));
    trace.environment = Field::Set("prod".to_owned());
    trace.pending = Field::Set(false);
    trace.source = Field::Set("experiment".to_owned());
    trace.first_token = Field::Set(START.plus(1_500));
    view
}

#[test]
fn a_foreign_trace_comes_back_as_it_was() {
    let (there, out) = (rich(), Outward { trace_ms: 0, ..outward() });
    let back = back(&there, &out);
    let (mine, held) = (there.trace.as_ref().unwrap(), back.trace.as_ref().unwrap());
    assert_eq!(mine.facts.difference(&held.facts), []);
    assert_eq!(held.facts.id, native(0));
    for span in &there.spans {
        let held = back.span(span.facts.id).unwrap_or_else(|| panic!("{}", span.facts.id));
        assert_eq!(span.facts.difference(&held.facts), [], "{:?}", span.facts.kind);
        assert_eq!(held.facts.trace, Some(native(0)));
    }
    assert_eq!(back.spans.len(), there.spans.len());
}

#[test]
fn a_hashed_trace_comes_back_by_the_ids_that_are_told() {
    let there = rich();
    let back = back(&there, &Outward { scope: Some("tenant".to_owned()), ..outward() });
    for span in &there.spans {
        assert_eq!(span.facts.difference(&back.span(span.facts.id).unwrap().facts), []);
    }
}

#[test]
fn an_edit_there_wins() {
    let mut there = foreign(vec![foreign_span(1, None, Kind::Prompt)]);
    there.spans[0].facts.output = json_payload(&json!({ "a": 1 }));
    let plan = Galileo.plan(&there, None, &outward());
    let mut edited = body(&plan.writes[0]);
    edited["traces"][0]["spans"][0]["output"] = json!("edited");
    let held = view(&[post("/v2/projects/p/traces", &edited)]);
    let span = &held.spans[0].facts;
    assert_eq!(span.kind, Field::Set(Kind::Prompt), "what was not touched is still told");
    assert_eq!(span.output.get().unwrap().text(), "edited");
}

#[test]
fn what_is_carried_and_what_is_not_is_said() {
    let mut there = foreign(vec![foreign_span(1, None, Kind::Prompt)]);
    let losses = |view: &View, out: &Outward| {
        let losses = Galileo.plan(view, None, out).losses;
        losses.into_iter().map(|loss| (loss.subject, loss.path, loss.carried)).collect::<Vec<_>>()
    };
    let span = format!("span {}", native(1));
    assert_eq!(
        losses(&there, &outward()),
        [(format!("trace {}", native(0)), "input".to_owned(), true), (span.clone(), "kind".to_owned(), true)]
    );
    there.trace.as_mut().unwrap().facts.input = json_payload(&json!("in"));
    let off = Outward { keep: Keep::Off, ..outward() };
    assert_eq!(losses(&there, &off), [(span, "kind".to_owned(), false)]);
}

#[test]
fn a_renamed_project_is_told() {
    let mut there = foreign(Vec::new());
    let fixed = Outward { project: VendorProject { name: "fixed".to_owned(), stream: "s".to_owned() }, ..outward() };
    let told = |view: &View, out: &Outward| {
        let sent = body(&Galileo.plan(view, None, out).writes[0]);
        let text = sent["traces"][0]["user_metadata"]["_spangate"].as_str().unwrap_or("{}").to_owned();
        serde_json::from_str::<Value>(&text).unwrap()["c"]["project"].clone()
    };
    assert_eq!(told(&there, &outward()), Value::Null);
    assert_eq!(told(&there, &fixed), json!({ "name": "demo" }));
    let project =
        ClientProject { name: Some("fixed".to_owned()), stream: Some("s".to_owned()), ..ClientProject::default() };
    there.trace.as_mut().unwrap().facts.project = Field::Set(project);
    assert_eq!(told(&there, &fixed), Value::Null);
}

#[test]
fn a_session_of_either_sdk_is_one_text() {
    let calls = scenario("py_sessions");
    let sessions: Vec<_> = calls
        .iter()
        .filter(|call| call.path.ends_with("/traces"))
        .map(|call| view(std::slice::from_ref(call)).trace.unwrap().facts.session.take())
        .collect();
    assert_eq!(sessions.first().unwrap().as_deref(), Some("ext-s-1"));
    let _ = uuid("fbbd9fd8-371a-48be-94a8-3a5b3947bff2");
    let js = scenario("js_streaming");
    let post = js.iter().find(|call| call.path.ends_with("/traces")).unwrap();
    let session = view(std::slice::from_ref(post)).trace.unwrap().facts.session.take();
    assert_eq!(session.as_deref(), Some("fbbd9fd8-371a-48be-94a8-3a5b3947bff2"));
}

#[test]
fn hashed_ids_of_the_same_dialect_are_told_and_lead_back() {
    let (trace, outer, inner) = (
        "11111111-1111-4111-8111-111111111111",
        "22222222-2222-4222-8222-222222222222",
        "33333333-3333-4333-8333-333333333333",
    );
    let step = json!({ "type": "tool", "id": inner, "name": "inner", "input": "q", "output": "a" });
    let step = json!({ "type": "workflow", "id": outer, "name": "outer", "input": "q", "spans": [step] });
    let row = json!({ "id": trace, "input": "q", "user_metadata": { "k": "v" }, "spans": [step] });
    let sent = view(&[post("/v2/projects/p/traces", &json!({ "traces": [row], "is_complete": true }))]);
    let scoped = Outward { scope: Some("x".to_owned()), ..out() };
    let plan = Galileo.plan(&sent, None, &scoped);
    assert!(plan.losses.is_empty(), "{:?}", plan.losses);
    let row = &body(&plan.writes[0])["traces"][0];
    let key = format!(r#"{{"v":1,"src":"galileo","ids":{{"t":"{trace}"}}}}"#);
    assert_eq!(row["user_metadata"], json!({ "k": "v", "_spangate": key }));
    let below = &row["spans"][0]["spans"][0];
    let key = format!(r#"{{"v":1,"src":"galileo","ids":{{"t":"{trace}","s":"{inner}","p":"{outer}"}}}}"#);
    assert_eq!(below["user_metadata"], json!({ "_spangate": key }));
    let returned = back(&sent, &scoped);
    assert_eq!(returned.id, sent.id);
    let ids =
        |view: &View| view.spans.iter().map(|span| (span.facts.id, span.facts.parent.clone())).collect::<Vec<_>>();
    assert_eq!(ids(&returned), ids(&sent));
    let off = Galileo.plan(&sent, None, &Outward { keep: Keep::Off, ..scoped });
    assert_eq!(body(&off.writes[0])["traces"][0]["user_metadata"], json!({ "k": "v" }));
}
