//! A whole row as an update of what is there: once its id is too old to be created again, or people may
//! have edited it since. What an update cannot say is a loss (`wire/opik.md §6.4`): it never clears a
//! field, and knows neither start nor another parent.

use indexmap::IndexMap;
use serde::Serialize;

use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Raw;
use crate::canonical::Target;
use crate::contract::Outward;
use crate::contract::Plan;
use crate::contract::RowMode;

use super::lose;
use super::patch;

/// What every update of a trace, or a span, carries (`wire/opik.md §3.2`).
pub(super) const OF_TRACE: &[&str] = &["project_name"];
pub(super) const OF_SPAN: &[&str] = &["project_name", "trace_id", "parent_span_id"];

/// A row's members.
type Members = IndexMap<String, Raw>;

/// Whether a whole row goes as an update: it is there already, or cannot be created any more
/// (`wire/opik.md §6.1`); an update of a row that is not there makes one, which the rows that name it
/// as theirs then find.
pub(super) fn applies(id: Id, is_there: bool, out: &Outward) -> bool {
    match out.rows {
        RowMode::Whole => false,
        RowMode::Update => is_there,
        RowMode::Closed => is_there || !out.fresh.contains_key(&id.stem()),
    }
}

/// Plans the update from the row that is there, if one is, to the row wanted.
pub(super) fn plan<T: Serialize>(
    (rows, id, trace): (&str, Id, Id),
    (row, before): (&T, Option<&T>),
    out: &Outward,
    (plan, mut losses): (&mut Plan, Vec<Loss>),
) {
    let members = |row: &T| Raw::of(row).members().unwrap_or_default();
    let (mut wanted, held) = (members(row), before.map(members));
    let (target, always) = match rows {
        "traces" => (Target::Trace(trace), OF_TRACE),
        _ => (Target::Span { trace: Some(trace), span: id }, OF_SPAN),
    };
    let subject = target.to_string();
    keep(&mut wanted, held.as_ref(), &subject, &mut losses);
    let nothing = Members::new();
    let held = held.as_ref().unwrap_or(&nothing);
    for key in held.keys().filter(|key| !wanted.contains_key(*key) && !["id", "start_time"].contains(&key.as_str())) {
        lose(&mut losses, &subject, key, "an update cannot clear it");
    }
    wanted.retain(|key, value| always.contains(&key.as_str()) || held.get(key) != Some(value));
    if wanted.keys().any(|key| !always.contains(&key.as_str())) {
        plan.push(patch(rows, id, trace, target, &wanted, out), losses);
    } else {
        plan.losses.extend(losses);
    }
}

/// Keeps what an update cannot change as it is held.
fn keep(wanted: &mut Members, held: Option<&Members>, subject: &str, losses: &mut Vec<Loss>) {
    wanted.shift_remove("id");
    let start = wanted.shift_remove("start_time");
    if start.as_ref() != held.and_then(|held| held.get("start_time")) {
        lose(losses, subject, "start", "an update cannot set it, and the row is too old to be sent whole");
    }
    let Some(held) = held else { return };
    let parent = held.get("parent_span_id");
    if wanted.get("parent_span_id") != parent {
        lose(losses, subject, "parent", "a row keeps its parent for life");
        match parent {
            Some(parent) => drop(wanted.insert("parent_span_id".to_owned(), parent.clone())),
            None => drop(wanted.shift_remove("parent_span_id")),
        }
    }
}
