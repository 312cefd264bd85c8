//! Old formats: their bytes are kept for ever, and every later build opens them.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use super::open;
use crate::pipeline::ledger::Counters;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::Letters;
use crate::pipeline::ledger::Open;
use crate::pipeline::ledger::Options;
use crate::pipeline::ledger::Progress;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::Weight;
use crate::pipeline::ledger::conformance::draft;

/// A directory as the first format left it: three records in the file, a fourth in the log.
fn format_1() -> TempDir {
    fixture("format_1")
}

/// A directory as the second format left it: twelve records, something settled, a fact, a letter, a stub.
fn format_2() -> TempDir {
    fixture("format_2")
}

fn fixture(name: &str) -> TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ledger").join(name);
    let dir = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
    }
    // Every directory has one; it is empty.
    std::fs::write(dir.path().join("lock"), []).unwrap();
    dir
}

#[tokio::test]
async fn opens_format_1_and_moves_it_on() {
    let dir = format_1();
    let ledger = open(Options::new(dir.path())).unwrap();
    check_format_1(&*ledger);
    assert_eq!(ledger.append(draft("five")).await, Ok(5));
    let progress = ledger.progress("vendor").unwrap();
    let Progress { base, counters, open: opened, gaps } = progress;
    let step = Settle { base: base + 1, counters, opened, gaps, ..Settle::default() };
    ledger.settle("vendor", step).await.unwrap();
    drop(ledger);
    let conn = Connection::open(dir.path().join("ledger.db")).unwrap();
    let format: u32 = conn.query_row("SELECT v FROM meta WHERE k = 'format'", [], |row| row.get(0)).unwrap();
    assert_eq!(format, 3);
    drop(conn);
    let ledger = open(Options::new(dir.path())).unwrap();
    assert_eq!((ledger.head(), ledger.progress("vendor").unwrap().base), (5, 3));
}

#[test]
fn looks_at_format_1_without_moving_it() {
    let dir = format_1();
    for _ in 0..2 {
        let ledger = open(Options { read_only: true, ..Options::new(dir.path()) }).unwrap();
        check_format_1(&*ledger);
    }
}

#[tokio::test]
async fn opens_format_2_and_moves_it_on() {
    let dir = format_2();
    let ledger = open(Options::new(dir.path())).unwrap();
    check_format_2(&*ledger);
    // Rows without a checksum stand beside those with one.
    let Progress { base, counters, open: mut opened, gaps } = ledger.progress("d").unwrap();
    opened.truncate(1);
    ledger.settle("d", Settle { base, counters, opened, gaps, ..Settle::default() }).await.unwrap();
    ledger.close().await.unwrap();
    check_format_2(&*open(Options::new(dir.path())).unwrap());
}

#[test]
fn looks_at_format_2_without_moving_it() {
    let dir = format_2();
    for _ in 0..2 {
        let ledger = open(Options { read_only: true, ..Options::new(dir.path()) }).unwrap();
        check_format_2(&*ledger);
    }
}

fn check_format_2(ledger: &dyn Ledger) {
    let status = ledger.status();
    assert_eq!((status.head, status.records, status.lost, status.quarantined, status.salvaged), (12, 12, 0, 0, 0));
    for (seq, record) in (1..).zip(ledger.range(0, 99, 1 << 20).unwrap()) {
        assert!(record.body.starts_with(format!("here begins {seq:04} ").as_bytes()), "{seq}");
    }
    let waiting = |trace: u64| {
        let note = format!("the vendor is away from {trace}").into_bytes();
        Open { trace: SubjectKey(trace), project: "project".into(), shown: 0, first: trace, last: trace + 3, note }
    };
    let counters = Counters { accepted: 9, delivered: 5, ..Counters::default() };
    let (open, gaps) = (vec![waiting(1), waiting(2)], vec![Gap { after: 3, upto: 4 }]);
    assert_eq!(ledger.progress("d"), Ok(Progress { base: 5, counters, open, gaps }));
    assert_eq!(ledger.fact("minted", b"key"), Ok(Some(b"value".to_vec())));
    assert_eq!(ledger.letters(&Letters::default()).unwrap().len(), 1);
    assert_eq!(ledger.stubs(SubjectKey(77)).unwrap().len(), 1);
}

fn check_format_1(ledger: &dyn Ledger) {
    let status = ledger.status();
    assert_eq!((status.head, status.records, status.items, status.lost), (4, 4, 10, 0));
    for (seq, record) in (1..).zip(ledger.range(0, 9, 1 << 20).unwrap()) {
        assert_eq!((record.seq, u64::from(record.items)), (seq, seq));
        assert_eq!(record.body, format!("body {seq} ").repeat(seq as usize * 100));
    }
    assert_eq!(ledger.seqs_of(SubjectKey(u64::MAX)), Ok(vec![1, 2, 3, 4]));
    assert_eq!(ledger.seqs_of(SubjectKey(500)), Ok(vec![2, 3]));
    assert_eq!(ledger.find(SubjectKey(203), 9), Ok(vec![3]));
    assert_eq!(ledger.fact("mint/", b"k"), Ok(Some(b"v".to_vec())));
    let open =
        Open { trace: SubjectKey(101), project: "search".into(), shown: 0, first: 1, last: 1, note: b"{}".to_vec() };
    let counters = Counters { accepted: 3, delivered: 1, dead: 2, ..Counters::default() };
    let progress = Progress { base: 2, counters, open: vec![open], gaps: vec![] };
    assert_eq!(ledger.progress("vendor"), Ok(progress));
    assert_eq!(ledger.letters(&Letters::default()), Ok(vec![]));
    assert_eq!(ledger.first_after(1), Ok(Some((2, 1_700_000_000_000_000_000))));
    let weights = ledger.weigh(0, 4).unwrap();
    let counted: BTreeMap<&str, (u64, u64)> =
        weights.iter().map(|(project, Weight { records, items, .. })| (&**project, (*records, *items))).collect();
    assert_eq!(counted, BTreeMap::from([("search", (2, 4)), ("shop", (2, 6))]));
    assert!(weights.values().all(|weight| weight.bytes > 0));
}
