//! One rich trace in each dialect, as its own SDK sends it, and what each vendor shows of it.
//!
//! Three sources, three targets. What is expected is written out whole, less nulls and what the
//! vendor itself makes up; it follows `wire/otlp.md` §4.2–§4.4.

mod galileo;
mod opik;
mod pandaprobe;

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::Site;
use crate::support::bare;
use crate::support::literal;
use crate::support::unlike;

const VENDORS: [&str; 3] = ["opik", "galileo", "pandaprobe"];

/// A site whose one project goes to all three, once all of a trace is there.
async fn site() -> Site {
    Setup::new(&[("checkout", &VENDORS)]).every_route("flush = { quiet = \"5m\" }").start().await
}

/// Lets the quiet pass, and compares what each vendor shows, once everything is settled, with a document: the one trace, and
/// beside it the scores, and what is sent but not shown.
async fn compare(site: &Site, expected: [&str; 3]) {
    site.advance(Duration::from_secs(360));
    site.settled().await;
    for (vendor, expected) in VENDORS.into_iter().zip(expected) {
        let mut traces = site.vendor(vendor).traces().await;
        assert_eq!(traces.len(), 1, "{vendor} shows {traces:#?}");
        let mut scores: Vec<Value> = site.vendor(vendor).scores().await.iter().map(score).collect();
        scores.sort_by_key(|score| score["name"].to_string());
        let unseen = unseen(site, vendor).await;
        let shown = bare(&legible(&json!({"trace": traces.remove(0), "scores": scores, "unseen": unseen})));
        let expected = literal(expected);
        assert!(shown == expected, "{vendor} shows otherwise:\n{}", unlike(&shown, &expected));
    }
}

/// What a vendor takes and its stand-in does not show: Galileo's session beside the trace, Opik's
/// environment, which is newer than the version imitated.
async fn unseen(site: &Site, vendor: &str) -> Value {
    let requests = site.vendor(vendor).requests().await;
    let creates = requests.iter().rev().filter(|request| request["method"] == "POST").map(|request| &request["body"]);
    match vendor {
        "galileo" => creates.map(|body| &body["session_external_id"]).find(|it| !it.is_null()).cloned(),
        "opik" => creates.map(|body| &body["traces"][0]["environment"]).find(|it| !it.is_null()).cloned(),
        _ => None,
    }
    .unwrap_or_default()
}

/// A score, less what the vendor makes up.
fn score(score: &Value) -> Value {
    const SENT: [&str; 11] = [
        "trace_id",
        "entity_type",
        "entity_id",
        "record_id",
        "name",
        "value",
        "data_type",
        "category_name",
        "reason",
        "source",
        "metadata",
    ];
    SENT.into_iter().map(|name| (name.to_owned(), score[name].clone())).collect::<serde_json::Map<_, _>>().into()
}

/// The reserved key as a document at every vendor, without the hashes of what the vendor held beside
/// it; no vendor's own ids of sessions.
fn legible(value: &Value) -> Value {
    let Value::Object(map) = value else {
        let list = value.as_array().map(|list| list.iter().map(legible).collect());
        return list.unwrap_or_else(|| value.clone());
    };
    let mut out = serde_json::Map::new();
    let galileo = map.contains_key("is_complete");
    for (name, value) in map {
        let mut value = legible(value);
        if name == "_spangate" {
            value = value.as_str().map_or(value.clone(), literal);
            value.as_object_mut().unwrap().remove("f");
        }
        if name != "feedback_scores" && !(galileo && name == "session_id") {
            out.insert(name.clone(), value);
        }
    }
    out.into()
}
