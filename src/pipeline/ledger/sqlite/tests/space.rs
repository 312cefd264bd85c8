//! A disk that fills: what is refused, what goes on, and that it passes.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::open;
use crate::pipeline::ledger::FreeSpace;
use crate::pipeline::ledger::Gone;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Options;
use crate::pipeline::ledger::Retire;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::conformance::draft;

const RESERVE: u64 = 1_000_000;

fn with_free_space(dir: &Path, free: &Arc<AtomicU64>) -> Arc<dyn Ledger> {
    let free = Arc::clone(free);
    let free_space = FreeSpace::new(move |_| match free.load(Ordering::SeqCst) {
        u64::MAX => Err(io::ErrorKind::Unsupported.into()),
        free => Ok(free),
    });
    open(Options { disk_reserve: RESERVE, free_space, ..Options::new(dir) }).unwrap()
}

#[tokio::test]
async fn refuses_appends_under_the_reserve_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(RESERVE));
    let ledger = with_free_space(dir.path(), &free);
    assert_eq!(ledger.append(draft("one")).await, Ok(1));

    free.store(RESERVE - 1, Ordering::SeqCst);
    while ledger.status().ready {
        tokio::task::yield_now().await;
    }
    let status = ledger.status();
    assert_eq!(status.not_ready.as_deref(), Some("the disk is down to its reserve"));
    assert_eq!(status.free_bytes, Some(RESERVE - 1));
    assert_eq!(ledger.append(draft("two")).await, Err(LedgerError::DiskFull));
    assert_eq!(ledger.head(), 1);
    ledger.settle("d", Settle { base: 1, ..Settle::default() }).await.unwrap();
    ledger.replace(vec![]).await.unwrap();
    let gone = vec![Gone { seq: 1, traces: vec![] }];
    assert!(ledger.retire(Retire { gone, ..Retire::default() }).await.unwrap().bytes > 0);

    // What is freed is to be had at once, without a restart.
    free.store(RESERVE, Ordering::SeqCst);
    assert_eq!(ledger.append(draft("two")).await, Ok(2));
    assert_eq!((ledger.status().ready, ledger.status().not_ready), (true, None));
}

#[tokio::test]
async fn a_disk_that_does_not_say_refuses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = with_free_space(dir.path(), &Arc::new(AtomicU64::new(u64::MAX)));
    assert_eq!(ledger.append(draft("one")).await, Ok(1));
    assert_eq!((ledger.status().ready, ledger.status().free_bytes), (true, None));
}

// Between two looks at the disk, what was let in counts.
#[tokio::test]
async fn looks_again_after_much_was_let_in() {
    let dir = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(u64::MAX - 1));
    let ledger = with_free_space(dir.path(), &free);
    ledger.append(draft(&"x".repeat(9 << 20))).await.unwrap();
    free.store(0, Ordering::SeqCst);
    assert_eq!(ledger.append(draft("two")).await, Err(LedgerError::DiskFull));
}
