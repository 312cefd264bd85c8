//! The part of a request's body that holds only some of its items. Every row of a list is one item,
//! in the list's order, so to carve is to leave out rows.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::canonical::Item;
use crate::canonical::Raw;
use crate::contract::Call;
use crate::contract::Seed;

use super::decode;

/// The body with the items at these positions only.
pub(super) fn carve(call: &Call, seed: &Seed, keep: &BTreeSet<u32>) -> Option<Bytes> {
    let items = decode::decode(call, seed).ok()?.items;
    let kept = |at: usize| u32::try_from(at).is_ok_and(|at| keep.contains(&at));
    if !(0..items.len()).any(kept) {
        return None;
    }
    let carved = match items.first()?.path.split_once('[') {
        Some((list, _)) => rows(&body(call)?, list, &items, seed, kept)?,
        None if items.first()?.creates() => identified(&body(call)?, "", seed)?,
        None => return Some(call.body.clone()),
    };
    Some(Bytes::from(carved.text().to_owned()))
}

fn body(call: &Call) -> Option<Raw> {
    serde_json::from_slice(&call.body).ok()
}

/// The body with only the kept rows of its list.
fn rows(body: &Raw, list: &str, items: &[Item], seed: &Seed, kept: impl Fn(usize) -> bool) -> Option<Raw> {
    let rows = body.members()?.get(list)?.elements()?;
    let rows = rows.into_iter().zip(items).enumerate().filter(|(at, _)| kept(*at));
    let rows: Option<Vec<Raw>> = rows
        .map(|(_, (row, item))| if item.creates() { identified(&row, &item.path, seed) } else { Some(row) })
        .collect();
    let rows = Raw::of(&rows?);
    body.edited(|members| drop(members.insert(list.to_owned(), rows)))
}

/// A created row with its id, which would be another at another place.
fn identified(row: &Raw, path: &str, seed: &Seed) -> Option<Raw> {
    let members = row.members()?;
    if !members.get("id").is_none_or(Raw::is_null) {
        return Some(row.clone());
    }
    let trace = members.get("trace_id").and_then(Raw::as_string);
    let id = decode::derived(seed, path, trace.as_deref());
    row.edited(|members| drop(members.insert("id".to_owned(), Raw::of(&id))))
}
