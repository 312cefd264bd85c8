//! Ledger keys of subjects: (project, kind, the bytes of the id that every dialect's form shares).

use sha2::Digest;
use sha2::Sha256;

use crate::canonical::Id;
use crate::canonical::Item;
use crate::pipeline::ledger::SubjectKey;

/// The key of a trace; the same for every dialect's id of it.
pub fn trace(project: &str, id: Id) -> SubjectKey {
    key(b"t", project, id)
}

/// The key of a span; the same for every dialect's id of it.
pub fn span(project: &str, id: Id) -> SubjectKey {
    key(b"s", project, id)
}

/// The key an item is filed under: its trace, else its span, else its session.
pub fn home(project: &str, item: &Item) -> SubjectKey {
    match (item.trace(), item.span()) {
        (Some(id), _) => trace(project, id),
        (None, Some(id)) => span(project, id),
        (None, None) => sessions(project),
    }
}

/// The key that everything about a project's sessions is filed under.
pub fn sessions(project: &str) -> SubjectKey {
    SubjectKey(hash(&[b"x", project.as_bytes()]))
}

fn key(kind: &[u8], project: &str, id: Id) -> SubjectKey {
    SubjectKey(hash(&[kind, project.as_bytes(), &[0], &id.stem()]))
}

fn hash(parts: &[&[u8]]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let digest = hash.finalize();
    digest[..8].iter().fold(0, |key, byte| key << 8 | u64::from(*byte))
}
