//! A disk that is really full: a file system of a few megabytes in memory.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::open;
use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Gone;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Options;
use crate::pipeline::ledger::Retire;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::conformance::draft;
use crate::pipeline::ledger::conformance::noise;

const SIZE: &str = "size=260m";
// Above what the log may grow to before it is copied.
const RESERVE: u64 = 80 << 20;
const BODY: usize = 1_000_000;

/// A small file system, gone when dropped.
struct Disk(TempDir);

impl Disk {
    /// `None` where this process may not mount one.
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", SIZE, "spangate-test"]).arg(dir.path()).output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self(dir));
        }
        println!("skipped: no file system may be mounted here");
        None
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

fn large() -> Draft {
    Draft { body: noise(BODY).into(), ..draft("") }
}

/// Appends until the disk says no; how many were taken.
async fn fill(ledger: &dyn Ledger) -> u64 {
    for taken in 0.. {
        match ledger.append(large()).await {
            Ok(_) => {}
            Err(LedgerError::DiskFull) => return taken,
            Err(error) => panic!("{error}"),
        }
    }
    0
}

fn held(ledger: &dyn Ledger) -> Vec<Seq> {
    ledger.outline(0, usize::MAX).unwrap().iter().map(|outline| outline.seq).collect()
}

/// Takes records away, and gives pages back until none is left to give.
async fn make_room(ledger: &dyn Ledger, seqs: &[Seq]) {
    for seq in seqs {
        let gone = vec![Gone { seq: *seq, traces: vec![] }];
        ledger.retire(Retire { gone, ..Retire::default() }).await.unwrap();
    }
    while ledger.retire(Retire { pages: 256, ..Retire::default() }).await.unwrap().pages > 0 {}
}

#[tokio::test]
async fn the_reserve_keeps_everything_going() {
    let Some(disk) = Disk::mount() else { return };
    let options = || Options { disk_reserve: RESERVE, ..Options::new(disk.state()) };
    let ledger = open(options()).unwrap();
    let mut acked = fill(&*ledger).await;
    for round in 1..=5 {
        assert!(acked > 0 && !ledger.status().ready, "round {round}");
        ledger.settle("d", Settle { base: acked, ..Settle::default() }).await.unwrap();
        let before = held(&*ledger);
        let (gone, kept) = before.split_at(before.len() / 2);
        make_room(&*ledger, gone).await;
        assert_eq!(held(&*ledger), kept, "round {round}");
        let taken = fill(&*ledger).await;
        assert!(taken > 5, "round {round}: only {taken} taken");
        acked += taken;
        assert_eq!(ledger.head(), acked);
    }
    let before = held(&*ledger);
    drop(ledger);
    let ledger = open(options()).unwrap();
    assert_eq!(held(&*ledger), before);
    assert_eq!((ledger.status().lost, ledger.status().quarantined), (0, 0));
}

#[tokio::test]
async fn a_disk_that_somebody_else_fills_costs_nothing() {
    let Some(disk) = Disk::mount() else { return };
    let ledger = open(Options::new(disk.state())).unwrap();
    for _ in 0..20 {
        ledger.append(large()).await.unwrap();
    }
    let ballast = disk.0.path().join("ballast");
    let mut file = File::create(&ballast).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    // The page cache may hold it until the commit, of which only the system can tell how it ended.
    let refused = ledger.append(large()).await;
    assert!(matches!(refused, Err(LedgerError::DiskFull | LedgerError::Unknown)), "{refused:?}");
    assert_eq!(held(&*ledger).len(), 20);
    drop(ledger);
    // Still full: it opens, and reads.
    let ledger = open(Options::new(disk.state())).unwrap();
    check(&*ledger, 20);
    drop(file);
    std::fs::remove_file(&ballast).unwrap();
    let next = ledger.append(large()).await.unwrap();
    assert_eq!(next, 21);
    check(&*ledger, 21);
}

fn check(ledger: &dyn Ledger, records: usize) {
    let held = ledger.range(0, usize::MAX, usize::MAX).unwrap();
    assert_eq!(held.len(), records);
    assert!(held.iter().all(|record| record.body.len() == BODY));
}

#[test]
fn the_disk_goes_with_its_test() {
    let Some(disk) = Disk::mount() else { return };
    let path: PathBuf = disk.0.path().to_owned();
    drop(disk);
    assert!(!Path::new(&path).exists());
}
