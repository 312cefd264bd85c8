//! What is remembered of a trace: its id, where it came from and where it is filed, its time, and
//! whether it was whole or deleted. Everything else that a late change needs derives from that.

use serde::Deserialize;
use serde::Serialize;

use crate::canonical::ClientProject;
use crate::canonical::Id;
use crate::pipeline::fold::Past;
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
}

/// The words of a stub.
pub fn note(past: &Past) -> Vec<u8> {
    let Past { id, origin, project, ms, whole, deleted } = past.clone();
    serde_json::to_vec(&Note { id, origin: origin.to_owned(), project, ms, whole, deleted }).unwrap_or_default()
}

/// What a stub says; `None` when it cannot be read, or its dialect is not known any more.
pub fn past(dialects: &Dialects, stub: &Stub) -> Option<Past> {
    let Note { id, origin, project, ms, whole, deleted } = serde_json::from_slice(&stub.note).ok()?;
    Some(Past { id, origin: dialects.get(&origin)?.info().name, project, ms, whole, deleted })
}
