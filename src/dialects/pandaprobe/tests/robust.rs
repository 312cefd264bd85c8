//! No bytes make the dialect panic, and what it accepts it can send.

use proptest::prelude::*;

use super::*;

/// Somewhere in the document, another value.
fn mutate(value: &mut Value, place: &mut usize, with: &Value) {
    if *place == 0 {
        *value = with.clone();
    }
    *place = place.wrapping_sub(1);
    match value {
        Value::Array(list) => list.iter_mut().for_each(|inner| mutate(inner, place, with)),
        Value::Object(map) => map.iter_mut().for_each(|(_, inner)| mutate(inner, place, with)),
        _ => {}
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("9999-12-31T23:59:59Z")),
        Just(json!("\u{0}")),
        Just(
            json!({"_spangate": {"v": 1, "src": "other", "ids": {"t": "x"}, "c": {"start": 5, "name": 7}, "f": {"start": "0"}}})
        ),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map("[a-z_]{1,12}", inner, 0..3).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn check(call: &Call) {
    let Ok(decoded) = PandaProbe.decode(call, &SEED) else { return };
    let view = fold(&decoded.items);
    let plan = PandaProbe.plan(&view, None, &out());
    for write in &plan.writes {
        let text = String::from_utf8(write.row.to_vec()).unwrap();
        assert!(write.row.is_empty() || serde_json::from_str::<Raw>(&text).is_ok(), "{text}");
        assert!(!text.replace("\\\\", "").contains("\\u0000"), "{text}");
        let _ = PandaProbe.confirmed(write, &answer(200, &text));
    }
    let again = PandaProbe.plan(&view, Some(&view), &out());
    assert_eq!(again.writes.len(), 0);
}

proptest! {
    #[test]
    fn any_value_anywhere(which in any::<prop::sample::Index>(), place in 0_usize..60, with in anything()) {
        let fixtures = fixtures();
        let (_, call) = which.get(&fixtures);
        let mut body: Value = serde_json::from_slice(&call.body).unwrap();
        mutate(&mut body, &mut place.clone(), &with);
        check(&Call { body: Bytes::from(body.to_string()), ..call.clone() });
    }

    #[test]
    fn any_byte_anywhere(which in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), with in any::<u8>()) {
        let fixtures = fixtures();
        let (_, call) = which.get(&fixtures);
        let mut body = call.body.to_vec();
        let at = place.index(body.len());
        body[at] = with;
        check(&Call { body: Bytes::from(body), ..call.clone() });
    }

    #[test]
    fn any_answer(text in any::<String>(), value in anything()) {
        for body in [text, value.to_string()] {
            let wanted = crate::contract::Wanted { trace: Some(TRACE.to_owned()), span: Some(SPAN.to_owned()), project: out().project, in_stream: false };
            let answers = [answer(200, &body), answer(200, &body)];
            let _ = PandaProbe.read_answer(&wanted, &answers, &Default::default());
        }
    }
}

#[test]
fn depth_costs_no_stack() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for key in ["input", "metadata", "flavour"] {
        let body = format!(r#"{{"name":"t","started_at":1,"{key}":{deep},"metadata":{{"a":{deep}}}}}"#);
        check(&call(Method::POST, "/traces", &body));
    }
}
