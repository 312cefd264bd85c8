//! What only this engine promises: kills, failed commits, torn files.

mod damage;
mod formats;
mod power;
mod small_disk;
mod space;

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use rusqlite::Connection;
use rusqlite::params;
use zstd::bulk::Decompressor;

use super::envelope::Parts;
use super::*;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::conformance::Engine;
use crate::pipeline::ledger::conformance::Scene;
use crate::pipeline::ledger::conformance::conformance;
use crate::pipeline::ledger::conformance::draft;
use crate::pipeline::ledger::conformance::noise;

conformance!(engine());

fn engine() -> Engine {
    Engine {
        open: |dir| open(Options::new(dir)),
        open_read_only: |dir| open(Options { read_only: true, ..Options::new(dir) }),
        damage: |dir, seq| {
            let at = signed_seq(seq);
            let conn = Connection::open(dir.join("ledger.db")).unwrap();
            let mut env: Vec<u8> =
                conn.query_row("SELECT env FROM records WHERE seq = ?1", [at], |row| row.get(0)).unwrap();
            *env.last_mut().unwrap() ^= 4;
            conn.execute("UPDATE records SET env = ?1 WHERE seq = ?2", params![env, at]).unwrap();
        },
        remove: |dir, seq| alter(dir, &format!("DELETE FROM records WHERE seq = {seq}")),
        age: |dir| renumber(dir, 1),
    }
}

fn open(options: Options) -> Result<Arc<dyn Ledger>, OpenError> {
    Sqlite::open(options).map(|ledger| Arc::new(ledger) as Arc<dyn Ledger>)
}

// The format stands in two places.
fn renumber(dir: &Path, by: i32) {
    let conn = Connection::open(dir.join("ledger.db")).unwrap();
    conn.execute("UPDATE meta SET v = v + ?1 WHERE k = 'format'", [by]).unwrap();
    let format: i32 = conn.query_row("SELECT v FROM meta WHERE k = 'format'", [], |row| row.get(0)).unwrap();
    conn.pragma_update(None, "user_version", format).unwrap();
}

fn alter(dir: &Path, sql: &str) {
    let conn = Connection::open(dir.join("ledger.db")).unwrap();
    assert_eq!(conn.execute(sql, []).unwrap(), 1);
}

fn signed_seq(seq: Seq) -> i64 {
    seq.cast_signed()
}

#[test]
fn keeps_its_files_private() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("deep/state");
    let _ledger = Sqlite::open(Options::new(&dir)).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for file in std::fs::read_dir(&dir).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn refuses_when_the_queue_is_full() {
    let dir = tempfile::tempdir().unwrap();
    static SHUT: AtomicBool = AtomicBool::new(true);
    let commit: Commit = |conn| {
        while SHUT.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        writer::commit(conn)
    };
    let options = Options { queue_bytes: 10_000, ..Options::new(dir.path()) };
    SHUT.store(false, Ordering::SeqCst);
    let ledger = Sqlite::open_with(options, commit).unwrap();
    SHUT.store(true, Ordering::SeqCst);
    let large = |size| Draft { body: noise(size).into(), ..draft("") };
    // Polled in order, and nothing is given back before the first one is flushed.
    let (first, second, small, ()) = tokio::join!(
        Ledger::append(&ledger, large(9_000)),
        Ledger::append(&ledger, large(9_000)),
        Ledger::append(&ledger, draft("small")),
        async { SHUT.store(false, Ordering::SeqCst) },
    );
    assert_eq!(first, Ok(1));
    assert_eq!(second, Err(LedgerError::Full));
    assert_eq!(small, Ok(2));
    // The room is given back just after the reply.
    while ledger.status().queued_bytes > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(Ledger::append(&ledger, large(50_000)).await, Ok(3));
    while ledger.status().queued_bytes > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ledger.status().queued_bytes, 0);
}

#[tokio::test]
async fn a_failed_commit_leaves_an_unknown_state_and_reopens() {
    static BROKEN: AtomicBool = AtomicBool::new(false);
    let dir = tempfile::tempdir().unwrap();
    let commit: Commit = |conn| match BROKEN.swap(false, Ordering::SeqCst) {
        // What a failing fsync looks like to the writer.
        true => Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC), None)),
        false => writer::commit(conn),
    };
    let ledger = Sqlite::open_with(Options::new(dir.path()), commit).unwrap();
    assert_eq!(Ledger::append(&ledger, draft("one")).await, Ok(1));
    BROKEN.store(true, Ordering::SeqCst);
    let failed = Ledger::append(&ledger, draft("two")).await;
    assert_eq!(failed, Err(LedgerError::Unknown));
    assert_eq!(ledger.head(), 1);
    assert!(ledger.status().ready);
    assert!(ledger.status().last_error.is_some());
    assert_eq!(Ledger::append(&ledger, draft("three")).await, Ok(2));
    let held = ledger.range(0, 9, 1 << 20).unwrap();
    assert_eq!(held.len(), 2);
    assert_eq!(&held[1].body[..], b"three");
}

#[tokio::test]
async fn a_store_that_does_not_open_again_is_tried_while_idle() {
    static BROKEN: AtomicBool = AtomicBool::new(false);
    let dir = tempfile::tempdir().unwrap();
    let commit: Commit = |conn| {
        if BROKEN.swap(false, Ordering::SeqCst) {
            conn.execute("UPDATE meta SET v = v + 1 WHERE k = 'format'", [])?;
            conn.pragma_update(None, "user_version", tables::FORMAT + 1)?;
            writer::commit(conn)?;
            return Err(rusqlite::Error::InvalidQuery);
        }
        writer::commit(conn)
    };
    let ledger = Sqlite::open_with(Options::new(dir.path()), commit).unwrap();
    BROKEN.store(true, Ordering::SeqCst);
    let failed = Ledger::append(&ledger, draft("one")).await;
    assert_eq!(failed, Err(LedgerError::Unknown));
    assert!(!ledger.status().ready);
    let refused = Ledger::append(&ledger, draft("two")).await;
    assert!(matches!(refused, Err(LedgerError::Store(_))), "{refused:?}");
    renumber(dir.path(), -1);
    let reopened = async {
        while !ledger.status().ready {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reopened).await.unwrap();
    // The commit that was reported as failed had reached the disk after all.
    assert_eq!(ledger.head(), 1);
    assert_eq!(Ledger::append(&ledger, draft("three")).await, Ok(2));
}

#[tokio::test]
async fn a_full_disk_stores_nothing_and_passes() {
    static FULL: AtomicBool = AtomicBool::new(true);
    let dir = tempfile::tempdir().unwrap();
    let commit: Commit = |conn| {
        writer::commit(conn)?;
        let pages = if FULL.load(Ordering::SeqCst) { 1 } else { 1 << 30 };
        conn.query_row(&format!("PRAGMA max_page_count={pages}"), [], |_| Ok(()))
    };
    let ledger = Sqlite::open_with(Options::new(dir.path()), commit).unwrap();
    assert_eq!(Ledger::append(&ledger, draft("one")).await, Ok(1));
    let large = Draft { body: noise(100_000).into(), ..draft("") };
    let refused = Ledger::append(&ledger, large.clone()).await;
    assert_eq!(refused, Err(LedgerError::DiskFull));
    FULL.store(false, Ordering::SeqCst);
    assert_eq!(Ledger::append(&ledger, draft("small")).await, Ok(2));
    assert_eq!(Ledger::append(&ledger, large).await, Ok(3));
    assert_eq!(ledger.status().items, 3);
}

// The first format's bytes, kept for ever: a later build must read them.
#[test]
fn reads_and_writes_format_1() {
    let sent = Draft { traces: vec![SubjectKey(0x0102_0304_0506_0708)], ..draft("spangate") };
    let mut env = Sealer::default().seal(&Parts::of_draft(&sent)).unwrap();
    envelope::stamp(&mut env, 258);
    assert_eq!(env, hex(FORMAT_1_RAW));
    for (stored, body) in [(FORMAT_1_RAW, String::from("spangate")), (FORMAT_1_ZSTD, "spangate ".repeat(300))] {
        let record = envelope::open(258, &hex(stored), &mut Decompressor::new().unwrap()).unwrap();
        assert_eq!((record.id, record.items), ([1; 16], 1));
        assert_eq!(record.at_ns, 1_700_000_000_000_000_000);
        assert_eq!((&*record.project, &*record.key, &*record.dialect), ("project", "key", "wire"));
        assert_eq!(record.traces, [SubjectKey(0x0102_0304_0506_0708)]);
        assert_eq!(&record.head[..], b"{}");
        assert_eq!(record.body, body);
    }
}

#[test]
fn notices_every_flipped_bit() {
    let mut env = Sealer::default().seal(&Parts::of_draft(&draft("some body"))).unwrap();
    envelope::stamp(&mut env, 9);
    let mut zstd = Decompressor::new().unwrap();
    assert!(envelope::open(9, &env, &mut zstd).is_ok());
    assert_eq!(envelope::open(8, &env, &mut zstd), Err(LedgerError::Corrupt(8)));
    for bit in 0..env.len() * 8 {
        env[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(envelope::open(9, &env, &mut zstd), Err(LedgerError::Corrupt(9)), "bit {bit}");
        env[bit / 8] ^= 1 << (bit % 8);
    }
    for end in 0..env.len() {
        assert_eq!(envelope::open(9, &env[..end], &mut zstd), Err(LedgerError::Corrupt(9)));
    }
}

#[test]
fn a_torn_mark_leaves_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mark");
    let mut mark = Watermark::open(&path).unwrap();
    for seq in [5, 9, 7] {
        mark.write(seq).unwrap();
    }
    assert_eq!(Watermark::peek(&path), 7);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096 + 12] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(Watermark::open(&path).unwrap().seq(), 9);
}

#[tokio::test]
async fn a_damaged_subject_table_excludes_nothing() {
    let engine = engine();
    let scene = Scene::new(&engine);
    let ledger = scene.open();
    for n in 1..=2 {
        let subjects = vec![SubjectKey(n)];
        ledger.append(Draft { subjects, ..draft("a") }).await.unwrap();
    }
    ledger.close().await.unwrap();
    alter(scene.path(), "UPDATE contents SET subjects = x'0000000000' WHERE seq = 1");
    assert_eq!(scene.open().find(SubjectKey(2), 9), Ok(vec![2, 1]));
}

const CHILD: &str = "SPANGATE_TEST_LEDGER_CHILD";

/// The process that `a_killed_process_loses_nothing` kills: appends for ever and says
/// each sequence once it is acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_appends() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let ledger = Arc::new(Sqlite::open(Options::new(dir)).unwrap());
    let writers = (0..8).map(|_| {
        let ledger = Arc::clone(&ledger);
        tokio::spawn(async move {
            loop {
                let body = Bytes::from(noise(20_000));
                let seq = Ledger::append(&*ledger, Draft { body, ..draft("") }).await.unwrap();
                writeln!(std::io::stdout().lock(), "acked {seq}").unwrap();
            }
        })
    });
    futures::future::join_all(writers).await;
}

#[test]
fn a_killed_process_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut acked = 0;
    for round in 1..=5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "pipeline::ledger::sqlite::tests::child_that_appends", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let seqs = lines.filter_map(|line| line.ok()?.rsplit_once("acked ")?.1.parse().ok());
        let mut killed = false;
        for seq in seqs {
            acked = acked.max(seq);
            if acked > round * 200 && !killed {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        let ledger = Sqlite::open(Options::new(dir.path())).unwrap();
        assert!(killed && ledger.head() >= acked, "{} < {acked}", ledger.head());
        assert_eq!(ledger.status().lost, 0);
        let held = ledger.range(0, usize::MAX, usize::MAX).unwrap();
        assert!(held.iter().map(|record| record.seq).eq(1..=ledger.head()));
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

const FORMAT_1_RAW: &str = "
    5347524301000201000000000000b98b03b80101010101010101010101010101010100002a36fe9c97170100
    000008000000070003000400010000000200000070726f6a6563746b65797769726508070605040302017b7d
    7370616e67617465";

const FORMAT_1_ZSTD: &str = "
    5347524301010201000000000000929dc2e70101010101010101010101010101010100002a36fe9c97170100
    00008c0a0000070003000400010000000200000070726f6a6563746b65797769726508070605040302017b7d
    28b52ffd608c09850000487370616e6761746520010080a25f8e";
