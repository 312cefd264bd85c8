//! What is remembered of a trace: its id, where it came from and where it is filed, its time, whether
//! it was whole or deleted, its spans and their parents. All else that a late change needs derives.

use std::collections::HashMap;

use serde::Deserialize;
use serde::Serialize;

use crate::canonical::ClientProject;
use crate::canonical::Id;
use crate::pipeline::fold::Past;
use crate::pipeline::fold::PastSpan;
use crate::pipeline::ledger::Stub;
use crate::pipeline::record::Dialects;

/// The words of a stub, as JSON: what a later version does not know it leaves out.
#[derive(Deserialize, Serialize)]
struct Note {
    id: Id,
    origin: String,
    #[serde(default)]
    project: ClientProject,
    ms: i64,
    #[serde(default)]
    whole: bool,
    #[serde(default)]
    deleted: bool,
    /// Each span's id, and its parent's place among them, or its id where it is none of them.
    #[serde(default)]
    spans: Vec<(Id, Option<Parent>)>,
}

#[derive(Deserialize, Serialize)]
enum Parent {
    #[serde(rename = "n")]
    Place(usize),
    #[serde(rename = "i")]
    Id(Id),
}

/// Far above any trace's, and far below what would hurt.
const LARGEST: usize = 64 << 20;

/// The words of a stub, compressed.
pub fn note(past: &Past) -> Vec<u8> {
    let Past { id, origin, project, ms, whole, deleted, spans } = past.clone();
    let places: HashMap<Id, usize> = spans.iter().enumerate().map(|(place, span)| (span.id, place)).collect();
    let parent = |id: Id| places.get(&id).map_or(Parent::Id(id), |place| Parent::Place(*place));
    let spans = spans.iter().map(|span| (span.id, span.parent.map(parent))).collect();
    let note = Note { id, origin: origin.to_owned(), project, ms, whole, deleted, spans };
    let json = serde_json::to_vec(&note).unwrap_or_default();
    zstd::bulk::compress(&json, 3).unwrap_or_default()
}

/// What a stub says; `None` when it cannot be read, or its dialect is not known any more.
pub fn past(dialects: &Dialects, stub: &Stub) -> Option<Past> {
    let json = zstd::bulk::decompress(&stub.note, LARGEST).ok()?;
    let Note { id, origin, project, ms, whole, deleted, spans } = serde_json::from_slice(&json).ok()?;
    let parent = |parent: &Parent| match parent {
        Parent::Place(place) => spans.get(*place).map(|(id, _)| *id),
        Parent::Id(id) => Some(*id),
    };
    let span = |(id, held): &(Id, Option<Parent>)| PastSpan { id: *id, parent: held.as_ref().and_then(parent) };
    let past = spans.iter().map(span).collect();
    Some(Past { id, origin: dialects.get(&origin)?.info().name, project, ms, whole, deleted, spans: past })
}
