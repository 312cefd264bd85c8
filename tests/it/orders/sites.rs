//! Through the front door, a site an order.

use std::time::Duration;

use futures::future::join_all;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::Value;
use serde_json::json;
use spangate::contract::Call;
use spangate::pipeline::translate::Input;

use super::all_said;
use super::rule::order;
use super::runner;
use super::scenarios::piecemeal_of;
use crate::support::Setup;
use crate::support::bare;
use crate::support::unlike;

const VENDORS: [&str; 3] = ["opik", "galileo", "pandaprobe"];

/// Orders tried of each scenario, beside its own.
const CASES: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn opik_requests_in_any_order() {
    any_order("opik").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn galileo_requests_in_any_order() {
    any_order("galileo").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pandaprobe_requests_in_any_order() {
    any_order("pandaprobe").await;
}

async fn any_order(from: &str) {
    let scenario = piecemeal_of(from);
    let (said, mut runner) = (all_said(&scenario), runner(0));
    let keys = prop::collection::vec(any::<u32>(), said.len());
    let drawn = (0..CASES).map(|_| order(&said, &keys.new_tree(&mut runner).unwrap().current()));
    let orders: Vec<Vec<usize>> = std::iter::once((0..said.len()).collect()).chain(drawn).collect();
    let shown = join_all(orders.iter().map(|order| shown(&scenario.inputs, order))).await;
    for (order, shown_now) in orders.iter().zip(&shown).skip(1) {
        assert!(*shown_now == shown[0], "{order:?} shows otherwise:\n{}", unlike(shown_now, &shown[0]));
    }
}

/// What every vendor shows once the requests were sent in an order.
async fn shown(inputs: &[Input], order: &[usize]) -> Value {
    // Nothing is due before all has come, however slow the machine: what comes after a trace is shown finds
    // other rules at Galileo, which takes neither scores nor usage then (`wire/galileo.md §4.4`).
    let site = Setup::new(&[("checkout", &VENDORS)]).every_route("flush = { quiet = \"5m\" }").start().await;
    let client = site.client("checkout");
    for at in order {
        let Call { method, path, body, .. } = &inputs[*at].call;
        let answer = client.send(method.as_str(), path, None, body.to_vec()).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
    }
    site.advance(Duration::from_secs(360));
    site.settled().await;
    let mut all = serde_json::Map::new();
    for vendor in VENDORS {
        let traces = site.vendor(vendor).traces().await;
        assert_eq!(traces.len(), 1, "{vendor} shows {traces:#?}");
        assert_eq!(site.counts(vendor).2, 0, "{vendor} refused something");
        let scores: Vec<Value> = site.vendor(vendor).scores().await.iter().map(score).collect();
        all.insert(vendor.to_owned(), sorted(&bare(&json!({"traces": traces, "scores": scores}))));
    }
    site.close().await;
    all.into()
}

/// A score, less what the vendor makes up.
fn score(score: &Value) -> Value {
    const SENT: [&str; 8] =
        ["trace_id", "entity_type", "entity_id", "record_id", "name", "value", "data_type", "reason"];
    SENT.into_iter().map(|name| (name.to_owned(), score[name].clone())).collect::<serde_json::Map<_, _>>().into()
}

/// Rows in an order of their own, for a vendor lists them as they came; scores only beside the trace;
/// no id that the vendor gave a session.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let galileo = map.contains_key("is_complete");
            let kept = map.iter().filter(|(name, _)| *name != "feedback_scores");
            let kept = kept.filter(|(name, _)| !(galileo && *name == "session_id"));
            kept.map(|(name, value)| (name.clone(), sorted(value))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(list) if list.iter().all(Value::is_object) => {
            let mut list: Vec<Value> = list.iter().map(sorted).collect();
            list.sort_by_key(|row| ["span_id", "id", "name"].map(|name| row[name].to_string()));
            list.into()
        }
        other => other.clone(),
    }
}
