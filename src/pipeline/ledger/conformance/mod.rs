//! What every ledger engine has to do, as tests that name no engine.
//!
//! An engine calls [`conformance!`] with a function that gives its [`Engine`].

mod letters;
mod retention;
mod scene;
mod weights;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;

use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::OpenError;
use crate::pipeline::ledger::Place;
use crate::pipeline::ledger::Progress;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::SubjectKey;

pub(crate) use letters::files_dead_letters;
pub(crate) use letters::finds_dead_letters;
pub(crate) use letters::letter;
pub(crate) use letters::tells_old_dead_letters;
pub(crate) use retention::forgets_stubs;
pub(crate) use retention::remembers_stubs;
pub(crate) use retention::retires_records;
pub(crate) use retention::shrinks_a_record;
pub(crate) use retention::stub;
pub(crate) use scene::Scene;
use scene::counters;
pub(crate) use scene::draft;
use scene::fact;
use scene::fill;
use scene::gap;
use scene::newest;
pub(crate) use scene::noise;
use scene::open;
use scene::seqs;
pub(crate) use weights::tells_the_first_after;
pub(crate) use weights::weighs_stretches;

/// How the suite reaches one engine.
pub(crate) struct Engine {
    /// Opens the ledger in a directory.
    pub(crate) open: fn(&Path) -> Result<Arc<dyn Ledger>, OpenError>,
    /// The same, read-only.
    pub(crate) open_read_only: fn(&Path) -> Result<Arc<dyn Ledger>, OpenError>,
    /// Flips one bit in what a closed ledger stores of a record.
    pub(crate) damage: fn(&Path, Seq),
    /// Removes a record from a closed ledger, behind its back.
    pub(crate) remove: fn(&Path, Seq),
    /// Makes a closed ledger look as a newer spangate would have written it.
    pub(crate) age: fn(&Path),
}

/// Makes one test of each scenario for the engine that `$engine` gives.
macro_rules! conformance {
    ($engine:expr) => {
        $crate::pipeline::ledger::conformance::conformance!(
            $engine;
            numbers_records_without_gaps
            gives_back_what_was_appended
            keeps_any_body
            bounds_a_range
            reads_newest_first
            indexes_traces_and_aliases
            finds_any_subject
            follows_the_head
            settles_whole_steps
            keeps_destinations_apart
            keeps_the_first_fact_and_replaces
            files_dead_letters
            finds_dead_letters
            tells_old_dead_letters
            weighs_stretches
            tells_the_first_after
            retires_records
            shrinks_a_record
            remembers_stubs
            forgets_stubs
            survives_close
            survives_a_drop
            counts_items_for_ever
            groups_concurrent_appends
            refuses_a_second_opener
            refuses_after_close
            reads_only_when_told_to
            refuses_a_newer_format
            steps_over_a_damaged_record
            notices_a_removed_record
            notices_a_lost_tail
        );
    };
    ($engine:expr; $($scenario:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                $crate::pipeline::ledger::conformance::$scenario(&$engine).await;
            }
        )*
    };
}
pub(crate) use conformance;

pub(crate) async fn numbers_records_without_gaps(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    assert_eq!(ledger.head(), 0);
    assert_eq!(ledger.range(0, 10, 1 << 20), Ok(vec![]));
    for expected in 1..=3 {
        let place = Place::default();
        assert_eq!(ledger.append(Draft { place: place.clone(), ..draft("a") }).await, Ok(expected));
        assert_eq!(ledger.head(), expected);
        assert_eq!((place.seq(), place.is_left()), (Some(expected), true));
        let held = ledger.get(&[expected]).unwrap().remove(0);
        assert_eq!(
            (place.stored(), held.stored),
            (ledger.weigh(expected - 1, expected).unwrap()["project"].bytes, place.stored())
        );
    }
}

pub(crate) async fn gives_back_what_was_appended(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    let sent = Draft {
        id: [7; 16],
        at_ns: -1_700_000_000_123_456_789,
        project: "shop".into(),
        key: "ci".into(),
        dialect: "wire",
        head: Bytes::from_static(br#"{"path":"/v1"}"#),
        body: Bytes::from_static(b"{\"name\":\"\xc3\xa9\"}"),
        items: 12,
        traces: vec![SubjectKey(9), SubjectKey(u64::MAX), SubjectKey(9)],
        subjects: vec![SubjectKey(3)],
        place: Place::default(),
    };
    ledger.append(sent).await.unwrap();
    let record = ledger.get(&[1]).unwrap().remove(0);
    assert_eq!(record.seq, 1);
    assert_eq!(record.id, [7; 16]);
    assert_eq!(record.at_ns, -1_700_000_000_123_456_789);
    assert_eq!(&*record.project, "shop");
    assert_eq!(&*record.key, "ci");
    assert_eq!(&*record.dialect, "wire");
    assert_eq!(&record.head[..], br#"{"path":"/v1"}"#);
    assert_eq!(&record.body[..], b"{\"name\":\"\xc3\xa9\"}");
    assert_eq!(record.items, 12);
    assert_eq!(record.traces, [SubjectKey(9), SubjectKey(u64::MAX)]);
}

pub(crate) async fn keeps_any_body(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    let bodies = [vec![], vec![0; 1], vec![b'x'; 300_000], noise(300_000), noise(5_000)];
    for body in &bodies {
        let body = Bytes::copy_from_slice(body);
        ledger.append(Draft { body, ..draft("a") }).await.unwrap();
    }
    let held = ledger.range(0, 10, usize::MAX).unwrap();
    assert!(held.iter().map(|record| &record.body[..]).eq(bodies.iter().map(Vec::as_slice)));
}

pub(crate) async fn bounds_a_range(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    for _ in 0..5 {
        let body = Bytes::from_static(&[1; 100]);
        let head = Bytes::new();
        ledger.append(Draft { head, body, ..draft("a") }).await.unwrap();
    }
    assert_eq!(seqs(&*ledger, 0, 100, 1 << 20), [1, 2, 3, 4, 5]);
    assert_eq!(seqs(&*ledger, 2, 2, 1 << 20), [3, 4]);
    assert_eq!(seqs(&*ledger, 0, 100, 250), [1, 2]);
    assert_eq!(seqs(&*ledger, 3, 100, 0), [4]);
    assert_eq!(seqs(&*ledger, 3, 0, 1 << 20), [4]);
    assert_eq!(seqs(&*ledger, 5, 100, 1 << 20), [0; 0]);
    assert_eq!(seqs(&*ledger, Seq::MAX, 100, 1 << 20), [0; 0]);
    let named = ledger.get(&[4, 99, 0, 2]).unwrap();
    assert_eq!(named.iter().map(|record| record.seq).collect::<Vec<_>>(), [4, 2]);
}

pub(crate) async fn reads_newest_first(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    assert_eq!(ledger.newest(3, None), Ok(vec![]));
    fill(&*ledger, 4).await;
    assert_eq!(newest(&*ledger, 2, None), [4, 3]);
    assert_eq!(newest(&*ledger, 9, Some(3)), [2, 1]);
    assert_eq!(newest(&*ledger, 9, Some(1)), [0; 0]);
    assert_eq!(newest(&*ledger, 1, Some(Seq::MAX)), [4]);
}

pub(crate) async fn indexes_traces_and_aliases(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    let (one, two) = (SubjectKey(1), SubjectKey(u64::MAX));
    for traces in [vec![one], vec![one, two], vec![], vec![two]] {
        ledger.append(Draft { traces, ..draft("a") }).await.unwrap();
    }
    assert_eq!(ledger.seqs_of(one), Ok(vec![1, 2]));
    assert_eq!(ledger.seqs_of(two), Ok(vec![2, 4]));
    assert_eq!(ledger.seqs_of(SubjectKey(5)), Ok(vec![]));
    ledger.alias(one, &[3, 2]).await.unwrap();
    assert_eq!(ledger.seqs_of(one), Ok(vec![1, 2, 3]));
}

pub(crate) async fn finds_any_subject(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    for n in 0..4 {
        let subjects = vec![SubjectKey(500), SubjectKey(n), SubjectKey(n << 60), SubjectKey(40)];
        let traces = vec![SubjectKey(100 + n)];
        let sent = Draft { subjects, traces, ..draft("a") };
        ledger.append(sent).await.unwrap();
    }
    assert_eq!(ledger.find(SubjectKey(40), 9), Ok(vec![4, 3, 2, 1]));
    assert_eq!(ledger.find(SubjectKey(500), 2), Ok(vec![4, 3]));
    assert_eq!(ledger.find(SubjectKey(2), 9), Ok(vec![3]));
    assert_eq!(ledger.find(SubjectKey(3 << 60), 9), Ok(vec![4]));
    assert_eq!(ledger.find(SubjectKey(101), 9), Ok(vec![2]));
    assert_eq!(ledger.find(SubjectKey(41), 9), Ok(vec![]));
}

pub(crate) async fn follows_the_head(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    let mut head = ledger.watch();
    assert_eq!(*head.borrow_and_update(), 0);
    ledger.replace(vec![fact("s", b"k", b"v")]).await.unwrap();
    assert_eq!(head.has_changed().ok(), Some(false));
    ledger.append(draft("a")).await.unwrap();
    head.changed().await.unwrap();
    assert_eq!(*head.borrow(), 1);
}

pub(crate) async fn settles_whole_steps(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    assert_eq!(ledger.progress("d"), Ok(Progress::default()));
    let step = Settle {
        base: 4,
        counters: counters(10),
        opened: vec![open(1 << 63, 0), open(7, 3), open(8, 0)],
        closed: vec![],
        facts: vec![fact("ids", b"7", b"minted")],
        gaps: vec![gap(0, 1), gap(2, 3)],
        ..Settle::default()
    };
    ledger.settle("d", step).await.unwrap();
    let step = Settle {
        base: 6,
        counters: counters(20),
        opened: vec![open(7, 5)],
        closed: vec![SubjectKey(8), SubjectKey(7), SubjectKey(99)],
        gaps: vec![gap(4, 5), gap(2, 3)],
        ..Settle::default()
    };
    ledger.settle("d", step).await.unwrap();
    let expected = Progress {
        base: 6,
        counters: counters(20),
        open: vec![open(7, 5), open(1 << 63, 0)],
        gaps: vec![gap(2, 3), gap(4, 5)],
    };
    assert_eq!(ledger.progress("d"), Ok(expected.clone()));
    assert_eq!(ledger.fact("ids", b"7"), Ok(Some(b"minted".to_vec())));
    drop(ledger);
    assert_eq!(scene.open().progress("d"), Ok(expected));
}

pub(crate) async fn keeps_destinations_apart(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    for (destination, base) in [("d", 1), ("e", 2)] {
        let opened = vec![open(7, base)];
        let step = Settle { base, opened, gaps: vec![gap(base, 9)], ..Settle::default() };
        ledger.settle(destination, step).await.unwrap();
    }
    let closed = vec![SubjectKey(7)];
    let step = Settle { base: 3, closed, ..Settle::default() };
    ledger.settle("d", step).await.unwrap();
    let (done, beside) = (ledger.progress("d").unwrap(), ledger.progress("e").unwrap());
    assert_eq!((done.open, done.gaps), (vec![], vec![]));
    assert_eq!((beside.open, beside.gaps), (vec![open(7, 2)], vec![gap(2, 9)]));
    assert_eq!(ledger.progress("e").unwrap().base, 2);
}

pub(crate) async fn keeps_the_first_fact_and_replaces(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    let asked = vec![fact("s", b"k", b"one"), fact("s", b"k", b"two"), fact("t", b"k", b"three")];
    let held = vec![b"one".to_vec(), b"one".to_vec(), b"three".to_vec()];
    assert_eq!(ledger.put_if_absent(asked).await, Ok(held));
    let asked = vec![fact("s", b"\xff", b""), fact("s", b"k", b"four")];
    let held = vec![b"".to_vec(), b"one".to_vec()];
    assert_eq!(ledger.put_if_absent(asked).await, Ok(held));
    ledger.replace(vec![fact("s", b"k", b"five")]).await.unwrap();
    assert_eq!(ledger.fact("s", b"k"), Ok(Some(b"five".to_vec())));
    assert_eq!(ledger.fact("s", b"none"), Ok(None));
    assert_eq!(ledger.facts("s"), Ok(vec![fact("s", b"k", b"five"), fact("s", b"\xff", b"")]));
    assert_eq!(ledger.facts("u"), Ok(vec![]));
}

pub(crate) async fn survives_close(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    fill(&*ledger, 3).await;
    ledger.close().await.unwrap();
    let ledger = scene.open();
    assert_eq!(seqs(&*ledger, 0, 9, 1 << 20), [1, 2, 3]);
    assert_eq!(ledger.append(draft("a")).await, Ok(4));
    assert_eq!(ledger.status().lost, 0);
}

pub(crate) async fn survives_a_drop(engine: &Engine) {
    let scene = Scene::new(engine);
    for round in 0..3 {
        let ledger = scene.open();
        assert_eq!(ledger.head(), round * 2);
        fill(&*ledger, 2).await;
        drop(ledger);
    }
    let ledger = scene.open();
    assert_eq!(seqs(&*ledger, 0, 9, 1 << 20), [1, 2, 3, 4, 5, 6]);
    assert_eq!(ledger.status().lost, 0);
}

pub(crate) async fn counts_items_for_ever(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    for items in [3, 0, 4] {
        ledger.append(Draft { items, ..draft("a") }).await.unwrap();
    }
    drop(ledger);
    let ledger = scene.open();
    ledger.append(Draft { items: 10, ..draft("a") }).await.unwrap();
    let status = ledger.status();
    assert!(status.ready);
    assert_eq!((status.items, status.records, status.head), (17, 4, 4));
    assert!(status.bytes > 0);
    assert_eq!(status.last_error, None);
    assert_eq!((status.commits.groups, status.commits.calls), (1, 1));
    assert_eq!(status.commits.buckets.iter().sum::<u64>(), 1);
}

pub(crate) async fn groups_concurrent_appends(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    let settle = Settle { base: 5, ..Settle::default() };
    let appends = join_all((0..64).map(|_| ledger.append(draft("a"))));
    let (given, settled) = tokio::join!(appends, ledger.settle("d", settle));
    settled.unwrap();
    let mut given: Vec<Seq> = given.into_iter().map(Result::unwrap).collect();
    given.sort_unstable();
    assert!(given.into_iter().eq(1..=64));
    let commits = ledger.status().commits;
    assert_eq!(commits.calls, 65);
    assert!(commits.groups < 33 && commits.largest > 2, "{commits:?}");
}

pub(crate) async fn refuses_a_second_opener(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    assert!(matches!((engine.open)(scene.path()), Err(OpenError::InUse(_))));
    assert!(matches!((engine.open_read_only)(scene.path()), Err(OpenError::InUse(_))));
    ledger.close().await.unwrap();
    let looking = scene.open_read_only();
    let beside = scene.open_read_only();
    assert!(matches!((engine.open)(scene.path()), Err(OpenError::InUse(_))));
    drop((looking, beside));
    scene.open();
}

pub(crate) async fn refuses_after_close(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    fill(&*ledger, 1).await;
    ledger.close().await.unwrap();
    ledger.close().await.unwrap();
    assert_eq!(ledger.append(draft("a")).await, Err(LedgerError::Closed));
    assert_eq!(ledger.range(0, 1, 1).map(drop), Err(LedgerError::Closed));
    assert!(!ledger.status().ready);
}

pub(crate) async fn reads_only_when_told_to(engine: &Engine) {
    let scene = Scene::new(engine);
    let missing = scene.path().join("none");
    assert!(matches!((engine.open_read_only)(&missing), Err(OpenError::Missing(_))));
    assert!(!missing.exists());
    let ledger = scene.open();
    fill(&*ledger, 2).await;
    drop(ledger);
    let ledger = scene.open_read_only();
    assert_eq!(seqs(&*ledger, 0, 9, 1 << 20), [1, 2]);
    assert_eq!((ledger.head(), ledger.status().items), (2, 2));
    assert!(!ledger.status().ready);
    assert_eq!(ledger.append(draft("a")).await, Err(LedgerError::ReadOnly));
    let settle = ledger.settle("d", Settle::default());
    assert_eq!(settle.await, Err(LedgerError::ReadOnly));
    ledger.close().await.unwrap();
    assert_eq!(scene.open().head(), 2);
}

pub(crate) async fn refuses_a_newer_format(engine: &Engine) {
    let scene = Scene::new(engine);
    scene.open().close().await.unwrap();
    (engine.age)(scene.path());
    for open in [engine.open, engine.open_read_only] {
        let refused = open(scene.path()).err().unwrap();
        assert!(matches!(refused, OpenError::Newer { .. }), "{refused}");
    }
}

pub(crate) async fn steps_over_a_damaged_record(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    fill(&*ledger, 4).await;
    ledger.close().await.unwrap();
    (engine.damage)(scene.path(), 3);
    check_hole(&scene).await;
}

pub(crate) async fn notices_a_removed_record(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    fill(&*ledger, 4).await;
    ledger.close().await.unwrap();
    (engine.remove)(scene.path(), 3);
    check_hole(&scene).await;
}

// Four records, of which the third cannot be read.
async fn check_hole(scene: &Scene<'_>) {
    let looking = scene.open_read_only();
    assert_eq!(newest(&*looking, 9, None), [4]);
    assert_eq!(looking.newest(9, Some(4)), Err(LedgerError::Corrupt(3)));
    assert_eq!(looking.get(&[4, 3]), Err(LedgerError::Corrupt(3)));
    drop(looking);
    let ledger = scene.open();
    assert_eq!(seqs(&*ledger, 0, 9, 1 << 20), [1, 2]);
    assert_eq!(ledger.range(2, 9, 1 << 20), Err(LedgerError::Corrupt(3)));
    assert_eq!(seqs(&*ledger, 3, 9, 1 << 20), [4]);
    assert_eq!(newest(&*ledger, 9, Some(3)), [2, 1]);
    // What was found before an append is put aside before it, and from then on every reader that
    // counts is told, and the others step over it.
    ledger.replace(vec![]).await.unwrap();
    drop(ledger);
    let ledger = scene.open();
    assert_eq!(ledger.range(2, 9, 1 << 20), Err(LedgerError::Corrupt(3)));
    assert_eq!(newest(&*ledger, 9, None), [4, 2, 1]);
    assert_eq!(ledger.get(&[4, 3]).map(|held| held.len()), Ok(1));
    let status = ledger.status();
    assert_eq!((status.lost, status.quarantined, status.records), (0, 1, 3));
}

pub(crate) async fn notices_a_lost_tail(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    fill(&*ledger, 5).await;
    ledger.close().await.unwrap();
    (engine.remove)(scene.path(), 5);
    (engine.remove)(scene.path(), 4);
    assert_eq!(scene.open_read_only().status().lost, 2);
    // A number is never given twice: a destination may have settled past it.
    let ledger = scene.open();
    assert_eq!((ledger.head(), ledger.status().lost), (5, 2));
    assert_eq!(ledger.append(draft("a")).await, Ok(6));
    drop(ledger);
    let ledger = scene.open();
    assert_eq!((ledger.head(), ledger.status().lost), (6, 2));
    assert_eq!(seqs(&*ledger, 0, 9, 1 << 20), [1, 2, 3]);
    assert_eq!(ledger.range(3, 9, 1 << 20), Err(LedgerError::Corrupt(4)));
    assert_eq!(ledger.range(4, 9, 1 << 20), Err(LedgerError::Corrupt(5)));
    assert_eq!(seqs(&*ledger, 5, 9, 1 << 20), [6]);
}
