//! What the scenarios share: a directory, small drafts, short ways to ask.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;

use super::Engine;
use crate::pipeline::ledger::Counters;
use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::Open;
use crate::pipeline::ledger::Place;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;

/// A directory of its own, and the engine under test.
pub(crate) struct Scene<'a> {
    dir: TempDir,
    engine: &'a Engine,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(engine: &'a Engine) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, engine }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn open(&self) -> Arc<dyn Ledger> {
        (self.engine.open)(self.path()).unwrap()
    }

    pub(crate) fn open_read_only(&self) -> Arc<dyn Ledger> {
        (self.engine.open_read_only)(self.path()).unwrap()
    }
}

/// Appends `count` records of one item each.
pub(super) async fn fill(ledger: &dyn Ledger, count: u64) {
    for n in 0..count {
        ledger.append(draft(&format!("body {n}"))).await.unwrap();
    }
}

/// A small draft of one item and no trace.
pub(crate) fn draft(body: &str) -> Draft {
    Draft {
        id: [1; 16],
        at_ns: 1_700_000_000_000_000_000,
        project: "project".into(),
        key: "key".into(),
        dialect: "wire",
        head: Bytes::from_static(b"{}"),
        body: Bytes::copy_from_slice(body.as_bytes()),
        items: 1,
        traces: vec![],
        subjects: vec![],
        place: Place::default(),
    }
}

pub(super) fn fact(space: &str, key: &[u8], value: &[u8]) -> Fact {
    Fact { space: space.to_owned(), key: key.to_vec(), value: value.to_vec() }
}

pub(super) fn gap(after: Seq, upto: Seq) -> Gap {
    Gap { after, upto }
}

pub(super) fn open(trace: u64, shown: Seq) -> Open {
    Open { trace: SubjectKey(trace), project: "project".into(), shown, first: 1, last: 9, note: vec![0, 255] }
}

pub(super) fn counters(from: u64) -> Counters {
    Counters {
        accepted: from,
        delivered: from + 1,
        dead: from + 2,
        filtered: from + 3,
        expired: from + 4,
        quarantined: from + 5,
    }
}

pub(super) fn seqs(ledger: &dyn Ledger, after: Seq, records: usize, bytes: usize) -> Vec<Seq> {
    let range = ledger.range(after, records, bytes).unwrap();
    range.iter().map(|record| record.seq).collect()
}

pub(super) fn newest(ledger: &dyn Ledger, limit: usize, before: Option<Seq>) -> Vec<Seq> {
    let newest = ledger.newest(limit, before).unwrap();
    newest.iter().map(|record| record.seq).collect()
}

/// Bytes that do not compress, the same each time.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state: u64 = 1;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}
