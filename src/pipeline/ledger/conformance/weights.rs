//! What stretches weigh, and where the next record stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;

use super::Engine;
use super::Scene;
use super::draft;
use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Weight;

pub(crate) async fn weighs_stretches(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    let sent = |n: u64| Draft {
        project: if n.is_multiple_of(3) { "shop" } else { "search" }.into(),
        items: 2,
        body: Bytes::from_static(&[1; 100]),
        ..draft("")
    };
    for chunk in (1..=2500).collect::<Vec<u64>>().chunks(250) {
        let appends = join_all(chunk.iter().map(|n| ledger.append(sent(*n)))).await;
        assert!(appends.into_iter().map(Result::unwrap).eq(chunk.iter().copied()));
    }
    let stretches =
        [(0, 2500), (0, 1023), (0, 1024), (1023, 1024), (1022, 2048), (1500, 1501), (7, 2499), (2400, 9999)];
    for (after, upto) in stretches {
        check(&*ledger, after, upto, 2500);
    }
    assert_eq!(ledger.weigh(5, 5), Ok(BTreeMap::new()));
    assert_eq!(ledger.weigh(2500, Seq::MAX), Ok(BTreeMap::new()));
    assert_eq!(ledger.weigh(Seq::MAX, 0), Ok(BTreeMap::new()));
    drop(ledger);
    check(&*scene.open(), 0, 2500, 2500);
}

fn check(ledger: &dyn Ledger, after: Seq, upto: Seq, head: Seq) {
    let seqs = after + 1..=upto.min(head);
    let shop = seqs.clone().filter(|seq| seq.is_multiple_of(3)).count() as u64;
    let expected: BTreeMap<Arc<str>, u64> = [("search", seqs.count() as u64 - shop), ("shop", shop)]
        .into_iter()
        .filter(|(_, records)| *records > 0)
        .map(|(project, records)| (project.into(), records))
        .collect();
    let weights = ledger.weigh(after, upto).unwrap();
    let records = |weight: &Weight| weight.records;
    let counted: BTreeMap<Arc<str>, u64> =
        weights.iter().map(|(project, weight)| (Arc::clone(project), records(weight))).collect();
    assert_eq!(counted, expected, "{after}..={upto}");
    for weight in weights.values() {
        assert_eq!(weight.items, weight.records * 2);
        assert!(weight.bytes > weight.records * 100, "{weight:?}");
    }
}

pub(crate) async fn tells_the_first_after(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    assert_eq!(ledger.first_after(0), Ok(None));
    for at_ns in [-7, 1_700_000_000_123_456_789] {
        ledger.append(Draft { at_ns, ..draft("a") }).await.unwrap();
    }
    assert_eq!(ledger.first_after(0), Ok(Some((1, -7))));
    assert_eq!(ledger.first_after(1), Ok(Some((2, 1_700_000_000_123_456_789))));
    assert_eq!(ledger.first_after(2), Ok(None));
    assert_eq!(ledger.first_after(Seq::MAX), Ok(None));
}
