//! What retention takes away is stepped over, what it leaves is found.

use bytes::Bytes;

use super::Engine;
use super::Scene;
use super::draft;
use super::scene::newest;
use super::scene::noise;
use super::scene::seqs;
use crate::pipeline::ledger::Carved;
use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Forget;
use crate::pipeline::ledger::Gone;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Retire;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Stub;
use crate::pipeline::ledger::SubjectKey;

const TRACE: SubjectKey = SubjectKey(7);

pub(crate) async fn retires_records(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    for n in 0..7 {
        let sent = Draft { traces: vec![TRACE], subjects: vec![SubjectKey(100 + n)], ..draft("a") };
        ledger.append(sent).await.unwrap();
    }
    for seqs in [vec![3], vec![2, 5], vec![4, 4, 99]] {
        let gone = seqs.into_iter().map(|seq| Gone { seq, traces: vec![TRACE] }).collect();
        let retired = ledger.retire(Retire { gone, ..Retire::default() }).await.unwrap();
        assert!(retired.bytes > 0);
    }
    check_retired(&*ledger);
    drop(ledger);
    let ledger = scene.open();
    check_retired(&*ledger);

    ledger.alias(SubjectKey(8), &[5, 6]).await.unwrap();
    assert_eq!(ledger.seqs_of(SubjectKey(8)), Ok(vec![6]));

    // The end may go too, and its numbers are not given again.
    let gone = [1, 6, 7].map(|seq| Gone { seq, traces: vec![TRACE, SubjectKey(8)] }).to_vec();
    ledger.retire(Retire { gone, ..Retire::default() }).await.unwrap();
    drop(ledger);
    let ledger = scene.open();
    assert_eq!((ledger.head(), ledger.status().lost, ledger.status().records), (7, 0, 0));
    assert_eq!(seqs(&*ledger, 0, 9, 1 << 20), [0; 0]);
    assert_eq!(newest(&*ledger, 9, None), [0; 0]);
    assert_eq!(ledger.append(draft("b")).await, Ok(8));
    assert_eq!(seqs(&*ledger, 0, 9, 1 << 20), [8]);
}

fn check_retired(ledger: &dyn Ledger) {
    assert_eq!(seqs(ledger, 0, 9, 1 << 20), [1, 6, 7]);
    assert_eq!(seqs(ledger, 1, 1, 1 << 20), [6]);
    assert_eq!(seqs(ledger, 3, 9, 0), [6]);
    assert_eq!(newest(ledger, 2, Some(7)), [6, 1]);
    assert_eq!(newest(ledger, 9, Some(5)), [1]);
    let held = |seqs: &[Seq]| -> Vec<Seq> { ledger.get(seqs).unwrap().iter().map(|record| record.seq).collect() };
    assert_eq!(held(&[7, 5, 4, 1]), [7, 1]);
    assert_eq!(ledger.seqs_of(TRACE), Ok(vec![1, 6, 7]));
    let outlines = ledger.outline(1, 9).unwrap();
    assert_eq!(outlines.iter().map(|outline| outline.seq).collect::<Vec<_>>(), [6, 7]);
    assert!(outlines.iter().all(|outline| outline.traces == [TRACE] && &*outline.project == "project"));
    assert_eq!(ledger.outline(0, 1).unwrap().len(), 1);
    assert_eq!(ledger.find(SubjectKey(103), 9), Ok(vec![]));
    assert_eq!(ledger.first_after(1).unwrap().map(|(seq, _)| seq), Some(6));
    assert_eq!(ledger.weigh(1, 5).unwrap().len(), 0);
    let status = ledger.status();
    assert_eq!((status.head, status.records, status.items, status.lost, status.quarantined), (7, 3, 7, 0, 0));
}

pub(crate) async fn shrinks_a_record(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    let (gone, kept) = (SubjectKey(1), SubjectKey(2));
    let body = Bytes::from(noise(200_000));
    let sent =
        Draft { traces: vec![gone, kept], subjects: vec![SubjectKey(11), SubjectKey(12)], items: 9, body, ..draft("") };
    ledger.append(sent).await.unwrap();
    let before = ledger.get(&[1]).unwrap().remove(0);
    let record = Record { body: Bytes::from_static(b"less"), items: 2, traces: vec![kept], ..before };
    let carved = Carved { record: record.clone(), subjects: vec![SubjectKey(12)], dropped: vec![gone] };
    let missing = Carved { record: Record { seq: 5, ..record.clone() }, ..carved.clone() };
    let retired = ledger.retire(Retire { carved: vec![carved, missing], ..Retire::default() }).await.unwrap();
    assert!(retired.bytes > 199_000, "{retired:?}");
    drop(ledger);
    let ledger = scene.open();
    let weight = ledger.weigh(0, 1).unwrap()["project"];
    let record = Record { stored: weight.bytes, ..record };
    assert_eq!(ledger.get(&[1, 5]), Ok(vec![record.clone()]));
    assert_eq!(ledger.range(0, 9, 1 << 20), Ok(vec![record]));
    assert_eq!(ledger.seqs_of(gone), Ok(vec![]));
    assert_eq!(ledger.seqs_of(kept), Ok(vec![1]));
    assert_eq!(ledger.find(SubjectKey(11), 9), Ok(vec![]));
    assert_eq!(ledger.find(SubjectKey(12), 9), Ok(vec![1]));
    assert_eq!((weight.records, weight.items), (1, 2));
    assert!(weight.bytes < 200, "{weight:?}");
    // What was accepted stays accepted.
    assert_eq!(ledger.status().items, 9);
}

pub(crate) async fn remembers_stubs(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    assert_eq!(ledger.stubs(TRACE), Ok(vec![]));
    let (first, second) = (stub(TRACE, 1, &[u64::MAX, 0]), stub(SubjectKey(8), 2, &[0]));
    keep(&*ledger, vec![first.clone(), second.clone()]).await;
    let third = stub(TRACE, 3, &[4]);
    keep(&*ledger, vec![third.clone()]).await;
    drop(ledger);
    let ledger = scene.open();
    let read = |id: u64, stub: &Stub| Stub { id, subjects: vec![], ..stub.clone() };
    assert_eq!(ledger.stubs(TRACE), Ok(vec![read(3, &third), read(1, &first)]));
    assert_eq!(ledger.stubs(SubjectKey(0)), Ok(vec![read(2, &second), read(1, &first)]));
    assert_eq!(ledger.stubs(SubjectKey(u64::MAX)), Ok(vec![read(1, &first)]));
    assert_eq!(ledger.stubs(SubjectKey(4)), Ok(vec![read(3, &third)]));
    assert_eq!(ledger.stubs(SubjectKey(5)), Ok(vec![]));
}

pub(crate) async fn forgets_stubs(engine: &Engine) {
    let scene = Scene::new(engine);
    let ledger = scene.open();
    let stubs = |from: u64| (from..from + 5_000).map(|n| stub(SubjectKey(n << 40), n.cast_signed(), &[n]));
    keep(&*ledger, stubs(0).collect()).await;
    keep(&*ledger, stubs(5_000).collect()).await;
    // The third is remembered again.
    let again = vec![stub(SubjectKey(3 << 40), 10_000, &[])];
    ledger.retire(Retire { stubs: again, superseded: vec![4], ..Retire::default() }).await.unwrap();
    let minted = |n: u64| Fact { space: "mint/".to_owned(), key: (n << 40).to_be_bytes().to_vec(), value: vec![1] };
    ledger.replace(vec![minted(1), minted(2), minted(3), minted(9_000)]).await.unwrap();
    // The second comes again.
    ledger.append(Draft { traces: vec![SubjectKey(2 << 40)], ..draft("late") }).await.unwrap();
    let mut forgotten = 0;
    loop {
        let forget = Some(Forget { before_ns: 9_000, spaces: vec!["mint/".to_owned()] });
        match ledger.retire(Retire { forget, ..Retire::default() }).await.unwrap().forgotten {
            0 => break,
            some => forgotten += some,
        }
    }
    assert_eq!(forgotten, 9_000);
    assert_eq!(ledger.stubs(SubjectKey(8_999)), Ok(vec![]));
    assert_eq!(ledger.stubs(SubjectKey(9_000)).unwrap().len(), 1);
    assert_eq!(ledger.stubs(SubjectKey(9_999 << 40)).unwrap().len(), 1);
    assert_eq!(ledger.facts("mint/"), Ok(vec![minted(2), minted(3), minted(9_000)]));
    // A new one is not mistaken for one that was forgotten.
    keep(&*ledger, vec![stub(TRACE, 10_000, &[])]).await;
    assert_eq!(ledger.stubs(SubjectKey(1)), Ok(vec![]));
}

async fn keep(ledger: &dyn Ledger, stubs: Vec<Stub>) {
    ledger.retire(Retire { stubs, ..Retire::default() }).await.unwrap();
}

pub(crate) fn stub(trace: SubjectKey, at_ns: i64, subjects: &[u64]) -> Stub {
    let subjects = subjects.iter().copied().map(SubjectKey).collect();
    Stub { id: 0, trace, project: "project".into(), at_ns, subjects, note: vec![0, 255] }
}
