//! The part of a request's body that holds only some of its items: a trace with some of its spans,
//! spans without their trace's own record, or some of the spans added to a trace.

use std::collections::BTreeSet;

use bytes::Bytes;
use indexmap::IndexMap;

use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Raw;
use crate::canonical::complement::KEY;
use crate::contract::Call;
use crate::contract::Seed;

use super::decode;

/// What spans take from the trace they are posted with, besides its reserved key.
const SHARED: [&str; 5] = ["trace_id", "name", "status", "started_at", "ended_at"];

/// The body with the items at these positions only.
pub(super) fn carve(call: &Call, seed: &Seed, keep: &BTreeSet<u32>) -> Option<Bytes> {
    let items = decode::decode(call, seed).ok()?.items;
    let kept: Vec<bool> = (0..items.len()).map(|at| u32::try_from(at).is_ok_and(|at| keep.contains(&at))).collect();
    if !kept.contains(&true) {
        return None;
    }
    if !items.first()?.creates() {
        return Some(call.body.clone());
    }
    let body: Raw = serde_json::from_slice(&call.body).ok()?;
    let carved = match body.elements() {
        Some(rows) => Raw::of(&spans(rows, &items, &kept, seed)?),
        None => trace(&body, &items, &kept, seed)?,
    };
    Some(Bytes::from(carved.text().to_owned()))
}

/// A created trace with the kept ones of its spans.
fn trace(body: &Raw, items: &[Item], kept: &[bool], seed: &Seed) -> Option<Raw> {
    let own = usize::from(matches!(items.first()?.op, Op::Trace(_)));
    let rows = body.members()?.get("spans").and_then(Raw::elements).unwrap_or_default();
    let rows = spans(rows, &items[own..], &kept[own..], seed)?;
    body.edited(|members| {
        identify(members, "trace_id", decode::derived(seed, "", "trace_id"));
        if own == 0 || !kept[0] {
            members.retain(|key, _| SHARED.contains(&key.as_str()) || key == "metadata");
            let metadata = without_record(members.get("metadata"));
            members.insert("metadata".to_owned(), metadata);
        }
        if !rows.is_empty() || members.contains_key("spans") {
            members.insert("spans".to_owned(), Raw::of(&rows));
        }
    })
}

/// Metadata that says that the trace has no record of its own: it is not read as an item then.
fn without_record(metadata: Option<&Raw>) -> Raw {
    let held = metadata.and_then(Raw::members).and_then(|members| members.get(KEY)?.members());
    let mut reserved = held.unwrap_or_default();
    reserved.insert("synthetic".to_owned(), Raw::of(&true));
    Raw::of(&IndexMap::from([(KEY, reserved)]))
}

/// The kept rows, each with its id, which would be another at another place.
fn spans(rows: Vec<Raw>, items: &[Item], kept: &[bool], seed: &Seed) -> Option<Vec<Raw>> {
    let rows = rows.into_iter().zip(items).zip(kept).filter(|(_, kept)| **kept);
    rows.map(|((row, item), _)| {
        row.edited(|members| identify(members, "span_id", decode::derived(seed, &item.path, "span_id")))
    })
    .collect()
}

fn identify(members: &mut IndexMap<String, Raw>, key: &str, id: Id) {
    members.entry(key.to_owned()).or_insert_with(|| Raw::of(&id));
}
