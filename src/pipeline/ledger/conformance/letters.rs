//! Dead letters: put, replaced, withdrawn, found.

use std::sync::Arc;

use bytes::Bytes;

use super::Engine;
use super::Scene;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::Letter;
use crate::pipeline::ledger::Letters;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::SubjectKey;

pub(crate) async fn files_dead_letters(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    let sent = vec![letter(7, "trace a"), letter(7, "span b"), letter(u64::MAX, "trace c")];
    put(&*ledger, "d", &[], sent.clone()).await;
    put(&*ledger, "e", &[], vec![letter(7, "trace a")]).await;
    let held = ledger.letters(&Letters::default()).unwrap();
    let filed =
        |id, destination: &str, letter: &Letter| Letter { id, destination: destination.into(), ..letter.clone() };
    assert_eq!(
        held,
        [filed(1, "d", &sent[0]), filed(2, "d", &sent[1]), filed(3, "d", &sent[2]), filed(4, "e", &sent[0])]
    );

    assert_eq!(ledger.lettered(), Ok([SubjectKey(7), SubjectKey(u64::MAX)].into()));

    let again = Letter { attempts: 9, status: None, why: "again".to_owned(), ..letter(7, "span b") };
    put(&*ledger, "d", &[], vec![again.clone()]).await;
    let held = ledger.letters(&Letters { ids: vec![2], ..Letters::default() }).unwrap();
    assert_eq!(held, [filed(2, "d", &again)]);

    // What is withdrawn in the step that puts it again is a new letter.
    put(&*ledger, "d", &[7, 8], vec![letter(7, "trace a")]).await;
    let third = ids(&*ledger, Letters { above: 4, ..Letters::default() })[0];
    assert_eq!(ids(&*ledger, Letters::default()), [3, 4, third]);
    put(&*ledger, "d", &[7], vec![]).await;
    drop(ledger);
    let ledger = scene.open();
    put(&*ledger, "d", &[], vec![letter(8, "trace a")]).await;
    let fourth = ids(&*ledger, Letters { above: third, ..Letters::default() })[0];
    assert_eq!(ids(&*ledger, Letters::default()), [3, 4, fourth]);
}

pub(crate) async fn finds_dead_letters(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    let of = |trace, project: &str, reason: &str, dead_at_ns| Letter {
        project: project.into(),
        reason: reason.to_owned(),
        why: format!("why {trace}"),
        dead_at_ns,
        ..letter(trace, "trace")
    };
    put(&*ledger, "d", &[], vec![of(1, "shop", "rejected", 10), of(2, "shop", "oversize", 20)]).await;
    put(&*ledger, "e", &[], vec![of(3, "search", "rejected", 30)]).await;
    let all = Letters::default;
    let text = |text: &str| Some(text.to_owned());
    for (wanted, expected) in [
        (all(), &[1, 2, 3][..]),
        (Letters { destination: text("d"), ..all() }, &[1, 2]),
        (Letters { project: text("search"), ..all() }, &[3]),
        (Letters { trace: Some(SubjectKey(3)), ..all() }, &[3]),
        (Letters { destination: text("d"), trace: Some(SubjectKey(2)), ..all() }, &[2]),
        (Letters { destination: text("d"), trace: Some(SubjectKey(3)), ..all() }, &[]),
        (Letters { reason: text("reject"), ..all() }, &[1, 3]),
        (Letters { reason: text("why 2"), ..all() }, &[2]),
        (Letters { from_ns: Some(20), ..all() }, &[2, 3]),
        (Letters { to_ns: Some(20), ..all() }, &[1, 2]),
        (Letters { ids: vec![3, 1, 77], ..all() }, &[1, 3]),
        (Letters { above: 1, ..all() }, &[2, 3]),
        (Letters { above: 1, limit: 1, ..all() }, &[2]),
        (Letters { destination: text("d"), reason: text("over"), from_ns: Some(21), ..all() }, &[]),
    ] {
        assert_eq!(ids(&*ledger, wanted.clone()), expected, "{wanted:?}");
        let count = ledger.count_letters(&Letters { limit: 0, ..wanted.clone() }).unwrap();
        assert_eq!(ledger.count_letters(&wanted), Ok(count));
        assert!(wanted.limit > 0 || count == expected.len() as u64, "{wanted:?}");
    }
}

pub(crate) async fn tells_old_dead_letters(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    let of = |trace, bytes: usize, dead_at_ns| Letter {
        request: vec![b'x'; bytes].into(),
        dead_at_ns,
        ..letter(trace, "trace")
    };
    // Their answers have two bytes each.
    put(&*ledger, "d", &[], vec![of(1, 98, 30), of(2, 98, 10)]).await;
    put(&*ledger, "e", &[], vec![of(3, 98, 20)]).await;
    for (before_ns, bytes, expected) in [
        (0, u64::MAX, &[][..]),
        (0, 300, &[]),
        (0, 299, &[("d", 1)]),
        (0, 100, &[("d", 1), ("d", 2)]),
        (0, 0, &[("d", 1), ("d", 2), ("e", 3)]),
        (10, u64::MAX, &[]),
        (11, u64::MAX, &[("d", 2)]),
        (21, u64::MAX, &[("d", 2), ("e", 3)]),
        (11, 299, &[("d", 1), ("d", 2)]),
    ] {
        let expected = expected.iter().map(|(name, trace)| (Arc::from(*name), SubjectKey(*trace))).collect();
        assert_eq!(ledger.old_letters(before_ns, bytes), Ok(expected), "{before_ns}, {bytes}");
    }
}

async fn put(ledger: &dyn Ledger, destination: &str, withdrawn: &[u64], letters: Vec<Letter>) {
    let withdrawn = withdrawn.iter().copied().map(SubjectKey).collect();
    ledger.settle(destination, Settle { withdrawn, letters, ..Settle::default() }).await.unwrap();
}

fn ids(ledger: &dyn Ledger, wanted: Letters) -> Vec<u64> {
    ledger.letters(&wanted).unwrap().iter().map(|letter| letter.id).collect()
}

pub(crate) fn letter(trace: u64, target: &str) -> Letter {
    Letter {
        id: 0,
        destination: "".into(),
        project: "project".into(),
        trace: SubjectKey(trace),
        target: target.to_owned(),
        items: 3,
        reason: "rejected".to_owned(),
        why: "no such thing".to_owned(),
        status: Some(422),
        request: Bytes::from_static(b"POST /v1\n\n\xff"),
        answer: Bytes::from_static(b"{}"),
        attempts: 2,
        first_at_ns: -5,
        dead_at_ns: 1_700_000_000_000_000_000,
        seqs: vec![1, u64::MAX],
    }
}
