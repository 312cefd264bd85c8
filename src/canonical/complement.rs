//! The reserved key: what a translation could not carry natively, so that A to B to A is the identity.
//!
//! Mechanical (`design.md §4`): encode, decode our own encoding, and keep the difference. Beside each
//! entry stands a hash of what the target then held; on the way back an entry applies only while that
//! still holds, so a field that somebody edited in the target wins.

use indexmap::IndexMap;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use super::Facts;
use super::Loss;
use super::Raw;

/// The one key everything of ours stands under at a vendor.
pub const KEY: &str = "_spangate";

/// More complement than this is cut: the largest entries go first (`wire/otlp.md §4.5`).
const LIMIT: usize = 32 * 1024;

/// What the reserved key may hold at a destination (`reserved_key`).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// Ids and differences.
    #[default]
    Full,
    /// Ids only.
    Ids,
    /// Nothing: the key is never written.
    Off,
}

/// The native ids of a subject, for where the target's form of them is no way back.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Ids {
    /// The trace.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none", default)]
    pub trace: Option<String>,
    /// The span.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none", default)]
    pub span: Option<String>,
    /// The parent span.
    #[serde(rename = "p", skip_serializing_if = "Option::is_none", default)]
    pub parent: Option<String>,
}

/// The reserved key's value.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Reserved {
    /// The format's version.
    pub v: u8,
    /// The dialect the subject came from.
    pub src: String,
    /// Its native ids, where needed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ids: Option<Ids>,
    /// Differences by canonical path.
    #[serde(skip_serializing_if = "IndexMap::is_empty", default)]
    pub c: IndexMap<String, Raw>,
    /// What the target held at each of these paths, hashed.
    #[serde(skip_serializing_if = "IndexMap::is_empty", default)]
    pub f: IndexMap<String, String>,
}

/// What the reserved key must hold so that `held` (our own encoding, decoded) leads back to `mine`,
/// and the losses: one a difference, carried or not.
pub fn reserve<T: Facts>(
    subject: &str,
    src: &str,
    mine: &T,
    held: &T,
    ids: Option<Ids>,
    keep: Keep,
) -> (Option<Reserved>, Vec<Loss>) {
    let mut differences = mine.difference(held);
    // What only the target knows of its own row is no fact that `mine` lacks.
    differences.retain(|(path, difference)| *path != "extra" || !difference.is_null());
    let dropped = drop_largest(&mut differences, keep);
    let mut reserved = Reserved { v: 1, src: src.to_owned(), ids, ..Reserved::default() };
    let mut losses = Vec::new();
    for (path, difference) in differences {
        losses.push(loss(subject, path, "no native home", true));
        reserved.f.insert(path.to_owned(), fingerprint(held, path));
        reserved.c.insert(path.to_owned(), difference);
    }
    losses.extend(dropped.into_iter().map(|(path, why)| loss(subject, path, why, false)));
    let empty = reserved.c.is_empty() && reserved.ids.is_none();
    ((!empty && keep != Keep::Off).then_some(reserved), losses)
}

/// Applies the entries whose target field is still as we wrote it; the paths of the others.
pub fn restore<T: Facts>(held: &mut T, reserved: &Reserved) -> Vec<String> {
    let untouched = held.clone();
    let mut edited = Vec::new();
    for (path, difference) in &reserved.c {
        let unchanged = reserved.f.get(path).is_some_and(|hash| *hash == fingerprint(&untouched, path));
        if !unchanged || !held.restore(path, difference) {
            edited.push(path.clone());
        }
    }
    edited
}

type Difference = (&'static str, Raw);

/// Takes away what may not be carried: everything unless `Full`, else the largest above the limit.
fn drop_largest(differences: &mut Vec<Difference>, keep: Keep) -> Vec<(&'static str, &'static str)> {
    if keep != Keep::Full {
        return differences.drain(..).map(|(path, _)| (path, "the reserved key is off")).collect();
    }
    let mut dropped = Vec::new();
    while differences.iter().map(|(_, raw)| raw.text().len()).sum::<usize>() > LIMIT {
        let largest = (0..differences.len()).max_by_key(|at| differences[*at].1.text().len());
        let Some(at) = largest else { break };
        dropped.push((differences.remove(at).0, "too large for the reserved key"));
    }
    dropped
}

fn loss(subject: &str, path: &str, why: &str, carried: bool) -> Loss {
    Loss { subject: subject.to_owned(), path: path.to_owned(), why: why.to_owned(), carried }
}

fn fingerprint<T: Facts>(held: &T, path: &str) -> String {
    let hash = Sha256::digest(held.normal(path).unwrap_or_default());
    hash[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}
