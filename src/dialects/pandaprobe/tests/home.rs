//! The same dialect in and out: what an SDK sent is what the vendor gets.

use super::*;
use crate::canonical::complement::Keep;

/// Numbers, key order and time spellings aside.
fn normal(mut body: Value) -> Value {
    let time = |value: &mut Value| {
        if let Some(time) = value.as_str().and_then(Time::parse_lenient) {
            *value = json!(time.exact());
        }
    };
    let rows = |row: &mut Value| {
        for key in ["started_at", "ended_at", "completion_start_time"] {
            if let Some(value) = row.get_mut(key) {
                time(value);
            }
        }
    };
    rows(&mut body);
    body["spans"].as_array_mut().into_iter().flatten().for_each(rows);
    serde_json::from_str(&Raw::of(&body).normal()).unwrap()
}

#[test]
fn every_recorded_trace_goes_home_as_it_came() {
    let mut seen = 0;
    for (name, call) in fixtures().into_iter().filter(|(_, call)| call.path == "/traces") {
        let mut asked: Value = serde_json::from_slice(&call.body).unwrap();
        if name.ends_with("odd_payloads/002.json") {
            asked["input"] = json!("ab \u{1f600}");
        }
        let plan = PandaProbe.plan(&fold(&PandaProbe.decode(&call, &SEED).unwrap().items), None, &out());
        assert_eq!(normal(row_of(&plan.writes[0])), normal(asked), "{name}");
        assert_eq!(
            plan.losses.len(),
            usize::from(name.ends_with("odd_payloads/002.json")),
            "{name}: {:?}",
            plan.losses
        );
        seen += 1;
    }
    assert!(seen >= 10);
}

#[test]
fn payloads_keep_their_text() {
    let body = r#"{"trace_id":"5b8efff7-9803-4103-9269-b633813fc60c","name":"t","started_at":"2026-11-21T01:00:00Z","input":{"b": 1.0, "a":1e2,"é":"\u00e9"}}"#;
    let items = PandaProbe.decode(&call(Method::POST, "/traces", body), &SEED).unwrap().items;
    let plan = PandaProbe.plan(&fold(&items), None, &out());
    let sent = String::from_utf8(plan.writes[0].row.to_vec()).unwrap();
    assert!(sent.contains(r#""input":{"b": 1.0, "a":1e2,"é":"\u00e9"}"#), "{sent}");
}

#[test]
fn token_counts_that_would_poison_the_project_are_mended() {
    let mut body = small();
    body["spans"][0]["token_usage"] = json!({"prompt_tokens": 10.0, "completion_tokens": "7", "audio": 1.5});
    let plan = PandaProbe.plan(&fold(&post("/traces", &body).unwrap().items), None, &out());
    let sent = row_of(&plan.writes[0]);
    assert_eq!(sent["spans"][0]["token_usage"], json!({"prompt_tokens": 10, "completion_tokens": 7, "audio": 1.5}));
    let losses: Vec<_> = plan.losses.iter().map(|loss| (loss.path.as_str(), loss.carried)).collect();
    assert_eq!(losses, [("usage", false)]);
}

#[test]
fn hashed_ids_are_told_and_lead_back() {
    let held = fold(&post("/traces", &small()).unwrap().items);
    let scoped = Outward { scope: Some("p".to_owned()), ..out() };
    let plan = PandaProbe.plan(&held, None, &scoped);
    let sent = row_of(&plan.writes[0]);
    assert_eq!(
        sent["metadata"],
        json!({"plan": "pro", "_spangate": {"v": 1, "src": "pandaprobe", "ids": {"t": TRACE}}})
    );
    assert_eq!(
        sent["spans"][0]["metadata"],
        json!({"_spangate": {"v": 1, "src": "pandaprobe", "ids": {"t": TRACE, "s": SPAN}}})
    );
    assert!(plan.losses.is_empty(), "{:?}", plan.losses);
    let back = fold(&receive(&plan.writes[0]));
    assert_eq!((back.id, back.spans[0].facts.id), (held.id, held.spans[0].facts.id));
    let off = PandaProbe.plan(&held, None, &Outward { keep: Keep::Off, ..scoped });
    assert_eq!(row_of(&off.writes[0])["metadata"], json!({"plan": "pro"}));
}
