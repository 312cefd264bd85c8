//! Decoding takes any bytes; whatever it takes can be sent on.

use http::Method;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use serde_json::json;

use super::all_recorded;
use super::call;
use super::decode;
use super::encode::outward;
use super::view_of;
use crate::canonical::complement::Keep;
use crate::contract::Call;
use crate::contract::Dialect;
use crate::contract::Outward;
use crate::dialects::galileo::Galileo;

/// Something that does not belong.
fn odd() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("{\"messages\":[{\"role\":\"user\"}]}")),
        Just(
            json!({ "_spangate": "{\"v\":1,\"src\":\"x\",\"ids\":{\"t\":\"y\"},\"c\":{\"parent\":7,\"end\":null},\"f\":{}}" })
        ),
        Just(json!("11111111-1111-7111-8111-111111111111")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..3).prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    let known = ["spans", "id", "type", "input", "metrics", "user_metadata", "role", "content", "tags", "parent_id"];
    prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), "[a-z_]{1,8}"]
}

/// Puts a value somewhere into a document.
fn put(document: &mut Value, at: Index, value: Value) {
    let mut places = Vec::new();
    walk(document, String::new(), &mut places);
    if let Some(place) = document.pointer_mut(&places[at.index(places.len())]) {
        *place = value;
    }
}

fn walk(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| {
                walk(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), places)
            });
        }
        Value::Array(list) => list.iter().enumerate().for_each(|(n, value)| walk(value, format!("{at}/{n}"), places)),
        _ => {}
    }
    places.push(at);
}

/// Decodes, sends on, and reads back what was sent.
fn check(call: &Call) {
    let Ok(decoded) = decode(call) else { return };
    let mut view = view_of(decoded.items);
    for origin in ["galileo", "other"] {
        view.trace.iter_mut().for_each(|trace| trace.origin = origin);
        view.spans.iter_mut().for_each(|span| span.origin = origin);
        for complete in [true, false] {
            view.complete = complete;
            let off = Outward { keep: Keep::Off, ..outward() };
            Galileo.plan(&view, None, &off);
            let plan = Galileo.plan(&view, None, &outward());
            for write in &plan.writes {
                let sent = Call {
                    method: write.method.clone(),
                    path: write.path.clone(),
                    query: String::new(),
                    headers: Vec::new(),
                    body: write.row.clone(),
                };
                decode(&sent).expect("what we send is what we would take");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_bent_recording_is_taken_or_refused(
        which in any::<Index>(),
        bends in prop::collection::vec((any::<Index>(), odd()), 1..4),
    ) {
        let recorded = all_recorded();
        let (_, original) = &recorded[which.index(recorded.len())];
        let mut document: Value = serde_json::from_slice(&original.body).unwrap();
        for (at, value) in bends {
            put(&mut document, at, value);
        }
        check(&call(original.method.clone(), &original.path, &document));
    }

    #[test]
    fn any_bytes_are_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64), path in "/[a-z/0-9%-]{0,40}") {
        let mut any = call(Method::POST, &path, &Value::Null);
        any.body = bytes.clone().into();
        let _ = decode(&any);
        any.path = "/v2/projects/p/traces".to_owned();
        any.body = bytes.into();
        let _ = decode(&any);
    }
}

#[test]
fn depth_is_refused_or_carried_but_never_fatal() {
    let nest = |levels: usize, open: &str, close: &str, inner: &str| {
        format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
    };
    let trace =
        |spans: String| format!(r#"{{"traces":[{{"id":"11111111-1111-4111-8111-111111111111","spans":[{spans}]}}]}}"#);
    let mut call = call(Method::POST, "/v2/projects/p/traces", &Value::Null);
    let deep = |levels: usize| nest(levels, r#"{"type":"workflow","spans":["#, "]}", r#"{"type":"tool"}"#);
    call.body = trace(deep(200)).into();
    check(&call);
    assert_eq!(decode(&call).unwrap().items.len(), 202);
    call.body = trace(deep(2_000)).into();
    assert!(decode(&call).is_err());
    let payload = nest(5_000, "[", "]", "1");
    call.body =
        trace(format!(r#"{{"type":"tool","input":{payload},"output":{payload},"user_metadata":{{"k":{payload}}}}}"#))
            .into();
    check(&call);
}
