//! Power losses: of what was not flushed, any part may be missing. Whatever it is, what was
//! acknowledged is there, and what was not is there whole or not at all.
//!
//! The files are taken down after each acknowledged step. Between two of them, only the log has grown
//! (or, in a checkpoint, pages of the log have been copied into the file), so every image that a power
//! loss may leave is made of those two states.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tempfile::TempDir;

use super::open;
use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Durability;
use crate::pipeline::ledger::Gone;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::Options;
use crate::pipeline::ledger::Retire;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::conformance::draft;
use crate::pipeline::ledger::conformance::noise;

/// A page of the log with its header, and the log's own header.
const FRAME: usize = 24 + 16384;
const LOG_HEADER: usize = 32;
/// What a disk writes whole or not at all.
const BLOCK: usize = 4096;

/// The files of a ledger at one moment.
type Files = BTreeMap<String, Vec<u8>>;

/// What had been acknowledged at a moment: the records held, and the base of a destination.
#[derive(Clone, Debug, Default, PartialEq)]
struct Acked {
    held: Vec<Seq>,
    base: Seq,
}

struct Recorder {
    dir: TempDir,
    ledger: Arc<dyn Ledger>,
    acked: Acked,
    moments: Vec<(Files, Acked)>,
}

fn body(seq: Seq) -> Bytes {
    let mut body = format!("record {seq} ").into_bytes();
    body.extend(noise(if seq.is_multiple_of(3) { 30_000 } else { 700 }));
    body.into()
}

impl Recorder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(Options::new(dir.path())).unwrap();
        let mut this = Self { dir, ledger, acked: Acked::default(), moments: Vec::new() };
        this.note();
        this
    }

    async fn append(&mut self) {
        let seq = self.ledger.head() + 1;
        let sent = Draft { body: body(seq), traces: vec![SubjectKey(seq << 56)], ..draft("") };
        assert_eq!(self.ledger.append(sent).await, Ok(seq));
        self.acked.held.push(seq);
        self.note();
    }

    async fn settle(&mut self, base: Seq) {
        self.ledger.settle("d", Settle { base, ..Settle::default() }).await.unwrap();
        self.acked.base = base;
        self.note();
    }

    // With pages given back, which copies the log into the file.
    async fn retire(&mut self, seqs: &[Seq]) {
        let gone = seqs.iter().map(|seq| Gone { seq: *seq, traces: vec![SubjectKey(seq << 56)] }).collect();
        self.ledger.retire(Retire { gone, ..Retire::default() }).await.unwrap();
        self.acked.held.retain(|seq| !seqs.contains(seq));
        self.note();
    }

    fn note(&mut self) {
        self.moments.push((files(self.dir.path()), self.acked.clone()));
    }
}

fn files(dir: &Path) -> Files {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    let named = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path()));
    // The index of the log is no more than memory that processes share.
    named.filter(|(name, _)| !name.ends_with("-shm")).map(|(name, path)| (name, std::fs::read(path).unwrap())).collect()
}

/// Some appends, a step of a courier, records that go.
async fn record(appends: u64) -> Recorder {
    let mut recorder = Recorder::new();
    for seq in 1..=appends {
        recorder.append().await;
        if seq.is_multiple_of(4) {
            recorder.settle(seq).await;
            recorder.retire(&[seq - 3, seq - 1]).await;
        }
    }
    recorder
}

/// Opens an image; it must hold what one of the moments held, and take more.
async fn check(image: &Files, moments: &[&Acked], what: &str) {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in image {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    let options = || Options { durability: Durability::Os, ..Options::new(dir.path()) };
    let ledger = open(options()).unwrap_or_else(|error| panic!("{what}: it does not open: {error}"));
    let records = ledger.range(0, usize::MAX, usize::MAX).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(records.iter().all(|record| record.body == body(record.seq)), "{what}: not what was written");
    let held =
        Acked { held: records.iter().map(|record| record.seq).collect(), base: ledger.progress("d").unwrap().base };
    assert!(moments.contains(&&held), "{what}: {held:?} is none of {moments:?}");
    let status = ledger.status();
    assert_eq!((status.lost, status.quarantined, status.salvaged), (0, 0, 0), "{what}");
    let next = ledger.head() + 1;
    assert_eq!(ledger.append(Draft { body: body(next), ..draft("") }).await, Ok(next), "{what}");
    drop(ledger);
    let again = open(options()).unwrap();
    assert_eq!(again.head(), next, "{what}");
    assert_eq!(again.range(0, usize::MAX, usize::MAX).unwrap().len(), held.held.len() + 1, "{what}");
}

/// What may be left of a log between one moment and the next: it grew, or began again over its old self.
fn torn(before: &[u8], after: &[u8], every: usize) -> Vec<(String, Vec<u8>)> {
    let begin = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    // The newer bytes of some places, the older of the others; nothing where neither had been.
    let mixed = |newer: &dyn Fn(usize) -> bool, length: usize| -> Vec<u8> {
        let byte = |at| if newer(at) { after.get(at) } else { before.get(at) };
        (0..length).map(|at| byte(at).copied().unwrap_or_default()).collect()
    };
    let mut images = Vec::new();
    for frame in (LOG_HEADER..after.len()).step_by(FRAME).filter(|frame| frame + FRAME > begin) {
        for cut in [frame, frame + 8, frame + 24, frame + FRAME / 2, frame + FRAME - 1] {
            let length = cut.clamp(before.len(), after.len().max(before.len()));
            images.push((format!("cut at {cut}"), mixed(&|at| at < cut, length)));
        }
    }
    for block in (begin / BLOCK..after.len().div_ceil(BLOCK)).step_by(every) {
        let (from, to) = (block * BLOCK, (block + 1) * BLOCK);
        let length = after.len().max(before.len());
        images.push((format!("a hole from {from}"), mixed(&|at| at < from || at >= to, length)));
        images.push((format!("nothing before {to}"), mixed(&|at| at >= to, length)));
    }
    images
}

async fn lose_power_in_commits(appends: u64, every: usize) {
    let recorder = record(appends).await;
    let mut images = 0;
    for (at, pair) in recorder.moments.windows(2).enumerate() {
        let [(before, was), (after, is)] = pair else { continue };
        assert!(before["ledger.db"] == after["ledger.db"], "a checkpoint came in between");
        for (what, log) in torn(&before["ledger.db-wal"], &after["ledger.db-wal"], every) {
            let mut image = before.clone();
            image.insert("ledger.db-wal".to_owned(), log);
            check(&image, &[was, is], &format!("step {at}, {what}")).await;
            images += 1;
        }
    }
    println!("{images} images of power losses in {} commits", recorder.moments.len() - 1);
}

async fn lose_power_in_a_checkpoint(appends: u64, subsets: u64) {
    let recorder = record(appends).await;
    let (before, acked) = recorder.moments.last().unwrap();
    recorder.ledger.close().await.unwrap();
    let after = files(recorder.dir.path());
    let (old, new) = (&before["ledger.db"], &after["ledger.db"]);
    let pages = new.len().max(old.len()).div_ceil(BLOCK);
    let mut dice = StdRng::seed_from_u64(3);
    for subset in 0..subsets {
        // Each block is the old one or the new one; at both ends of the range nearly all are one kind.
        let share = subset as f64 / subsets as f64;
        let taken: Vec<bool> = (0..pages).map(|_| dice.random_bool(share)).collect();
        let block = |page: usize| {
            let of = |file: &Vec<u8>| file.get(page * BLOCK..((page + 1) * BLOCK).min(file.len())).map(<[u8]>::to_vec);
            if taken[page] { of(new).or_else(|| of(old)) } else { of(old).or_else(|| Some(vec![0; BLOCK])) }
        };
        let mut image = before.clone();
        image.insert("ledger.db".to_owned(), (0..pages).filter_map(block).flatten().collect());
        check(&image, &[acked], &format!("subset {subset} of a checkpoint")).await;
    }
    // Copied and flushed, and the log not cut off yet; then cut off.
    let mut image = after.clone();
    image.insert("ledger.db-wal".to_owned(), before["ledger.db-wal"].clone());
    check(&image, &[acked], "the log is still there").await;
    check(&after, &[acked], "all is done").await;
}

#[tokio::test]
async fn a_power_loss_in_a_commit_loses_nothing() {
    lose_power_in_commits(5, 3).await;
}

#[tokio::test]
async fn a_power_loss_in_a_checkpoint_loses_nothing() {
    lose_power_in_a_checkpoint(9, 40).await;
}

#[tokio::test]
#[ignore = "long: an image for every block of every commit"]
async fn a_power_loss_anywhere_loses_nothing() {
    lose_power_in_commits(24, 1).await;
    lose_power_in_a_checkpoint(40, 2_000).await;
}
