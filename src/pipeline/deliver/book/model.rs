//! The book and the ledger against a simple model: any order of appends, reads, answers, settled steps,
//! crashes, and an operator's or a policy's word, on a simulated clock and vendor. Whatever happens, the
//! books balance; once the vendor takes everything, every item has its outcome and nothing is lost.

use std::collections::HashMap;
use std::collections::HashSet;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Durability;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::Open;
use crate::pipeline::ledger::Options;
use crate::pipeline::ledger::Place;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Sqlite;

const DESTINATION: &str = "d";
const SECOND: i64 = 1_000_000_000;

/// One step of a story.
#[derive(Clone, Debug)]
enum Step {
    /// A request about these traces, one item each.
    Append(Vec<u64>),
    Read(Lane, usize),
    Skip,
    Ship,
    /// The oldest shipment comes back.
    Answer(Answer),
    Save,
    /// The process dies; whether what was on its way had been applied.
    Crash(bool),
    Replay(u64),
    Discard(u64),
    /// So many seconds pass.
    Pass(i64),
    /// The oldest unread records are given up, or all that has waited for so many seconds.
    ExpireUnread,
    ExpireWaiting(i64),
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Shown,
    InPart,
    Parked,
    Failed(bool),
    Later,
}

fn step() -> impl Strategy<Value = Step> {
    let answer = prop_oneof![
        6 => Just(Answer::Shown),
        1 => Just(Answer::InPart),
        1 => Just(Answer::Parked),
        2 => any::<bool>().prop_map(Answer::Failed),
        1 => Just(Answer::Later),
    ];
    prop_oneof![
        8 => vec(0..6_u64, 1..4).prop_map(Step::Append),
        5 => (1..5_usize).prop_map(|most| Step::Read(Lane::Fresh, most)),
        4 => (1..5_usize).prop_map(|most| Step::Read(Lane::Late, most)),
        1 => Just(Step::Skip),
        5 => Just(Step::Ship),
        8 => answer.prop_map(Step::Answer),
        4 => Just(Step::Save),
        2 => any::<bool>().prop_map(Step::Crash),
        1 => (0..6_u64).prop_map(Step::Replay),
        1 => (0..6_u64).prop_map(Step::Discard),
        3 => (1..20_i64).prop_map(Step::Pass),
        1 => Just(Step::ExpireUnread),
        1 => (1..60_i64).prop_map(Step::ExpireWaiting),
    ]
}

/// A courier's world, and what really happened in it.
struct World {
    ledger: Sqlite,
    book: Book,
    now: i64,
    flying: VecDeque<(SubjectKey, TraceState, Seq)>,
    /// What the vendor shows of each trace: everything up to that record.
    shown: HashMap<SubjectKey, Seq>,
    /// Traces of which something was refused or given up at some time.
    spoilt: HashSet<SubjectKey>,
    items: u64,
    _dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ledger =
            Sqlite::open(Options { durability: Durability::Os, ..Options::new(dir.path().join("ledger")) }).unwrap();
        let (flying, shown, spoilt) = Default::default();
        Self { ledger, book: Book::default(), now: SECOND, flying, shown, spoilt, items: 0, _dir: dir }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Append(traces) => self.append(traces).await,
            Step::Read(lane, most) => self.read(lane, most),
            Step::Skip => self.book.skip_to(self.ledger.head()),
            Step::Ship => self.ship(),
            Step::Answer(answer) => self.answer(answer),
            Step::Save => self.save(false).await,
            Step::Crash(applied) => self.crash(applied),
            Step::Replay(trace) => {
                self.book.replay(SubjectKey(trace), Time(self.now));
            }
            Step::Discard(trace) => {
                self.book.discard(SubjectKey(trace));
            }
            Step::Pass(seconds) => self.now += seconds * SECOND,
            Step::ExpireUnread => self.expire_unread(),
            Step::ExpireWaiting(seconds) => self.expire_waiting(self.now - seconds * SECOND),
        }
    }

    async fn append(&mut self, mut traces: Vec<u64>) {
        traces.sort_unstable();
        traces.dedup();
        let traces: Vec<SubjectKey> = traces.into_iter().map(SubjectKey).collect();
        let items = u32::try_from(traces.len()).unwrap();
        let draft = Draft {
            id: [0; 16],
            at_ns: self.now,
            project: "p".into(),
            key: "k".into(),
            dialect: "any",
            head: Bytes::new(),
            body: Bytes::new(),
            items,
            subjects: traces.clone(),
            traces,
            place: Place::default(),
        };
        self.ledger.append(draft).await.unwrap();
        self.items += u64::from(items);
    }

    fn read(&mut self, lane: Lane, most: usize) {
        let (after, upto) = match (lane, self.book.gaps.first()) {
            (Lane::Fresh, _) => (self.book.cursor, self.ledger.head()),
            (Lane::Late, Some(gap)) => (gap.after, gap.upto),
            (Lane::Late, None) => return,
        };
        for record in self.ledger.range(after, most, usize::MAX).unwrap() {
            if record.seq <= upto {
                self.note(&record, lane);
            }
        }
    }

    fn note(&mut self, record: &Record, lane: Lane) {
        self.book.read(record.seq, lane, record.traces.len() as u64);
        for trace in &record.traces {
            let (seq, at) = (record.seq, Time(record.at_ns));
            let (project, stored) = (&record.project, record.stored as f64 / record.traces.len() as f64);
            let news = News { trace: *trace, project, seq, at, items: 1, bytes: 1, stored, due: at };
            self.book.note(&news, lane);
        }
    }

    fn ship(&mut self) {
        let cursor = self.book.cursor;
        for lane in [Lane::Fresh, Lane::Late] {
            let taken = self.book.take_due(Time(self.now), lane, Most { rows: 2, bytes: 1_000 }, false);
            self.flying.extend(taken.into_iter().map(|(key, state)| (key, state, cursor)));
        }
    }

    fn answer(&mut self, answer: Answer) {
        let Some((key, taken, cursor)) = self.flying.pop_front() else { return };
        let upto = taken.frozen.unwrap_or(cursor);
        let seqs = self.ledger.seqs_of(key).unwrap();
        let upto = seqs.iter().copied().filter(|seq| *seq <= upto).max().unwrap_or_default();
        match answer {
            Answer::Shown | Answer::InPart | Answer::Parked => {
                let Some(state) = self.book.trace(key).cloned() else { return };
                let newer = state.newer(upto).expect("only an old note does not count");
                let sent: Vec<Seq> = seqs.iter().copied().filter(|seq| *seq <= upto).collect();
                let ahead = self.book.gaps.first_of(&sent).is_some();
                let dead = u64::from(!matches!(answer, Answer::Shown));
                self.spoilt.extend((dead > 0).then_some(key));
                let ending = Ending { upto, newer, dead, rows: vec![], why: None, ahead, now: Time(self.now) };
                if matches!(answer, Answer::Parked) {
                    self.book.park(key, ending);
                } else {
                    self.show(key, upto);
                    self.book.shown(key, ending);
                }
            }
            Answer::Failed(maybe) => {
                if maybe {
                    self.show(key, upto);
                }
                let failed = Some(("down".to_owned(), maybe.then_some(upto)));
                self.book.again(key, Time(self.now + SECOND), failed);
            }
            Answer::Later => self.book.again(key, Time(self.now + SECOND), None),
        }
    }

    fn show(&mut self, key: SubjectKey, upto: Seq) {
        let shown = self.shown.entry(key).or_default();
        *shown = upto.max(*shown);
    }

    async fn save(&mut self, everything: bool) {
        if let Some(settle) = self.book.settle(Time(self.now), everything) {
            self.ledger.settle(DESTINATION, settle).await.unwrap();
        }
    }

    fn crash(&mut self, applied: bool) {
        for (key, taken, cursor) in std::mem::take(&mut self.flying) {
            if applied {
                self.show(key, taken.frozen.unwrap_or(cursor));
            }
        }
        let progress = self.ledger.progress(DESTINATION).unwrap();
        let count = |_: &Open| -> Result<u64, std::convert::Infallible> { unreachable!("notes say their items") };
        self.book = Book::restore((progress.base, progress.gaps), progress.counters, progress.open, count).unwrap();
    }

    fn expire_unread(&mut self) {
        let Some(gap) = self.book.gaps.first() else { return };
        let upto = gap.after + 1;
        let records = self.ledger.range(gap.after, 1, usize::MAX).unwrap();
        let traces: Vec<SubjectKey> = records.iter().flat_map(|record| record.traces.clone()).collect();
        self.book.expire_unread(upto, traces.len() as u64);
        self.spoilt.extend(traces);
    }

    fn expire_waiting(&mut self, before: i64) {
        let waiting: Vec<SubjectKey> = self.book.traces().map(|(key, _)| *key).collect();
        if self.book.expire_waiting(Time(before), u64::MAX) > 0 {
            self.spoilt.extend(waiting);
        }
    }

    fn balances(&self) -> bool {
        let Counters { accepted, delivered, dead, filtered, expired, quarantined } = self.book.counters.clone();
        let stored: u64 = self.book.traces().map(|(_, state)| state.stored()).sum();
        accepted + self.book.debt() == delivered + dead + filtered + expired + quarantined + self.book.pending()
            && stored == self.book.stored()
    }

    /// The vendor takes everything from now on.
    async fn settle(&mut self) {
        for trace in 0..6 {
            self.book.replay(SubjectKey(trace), Time(self.now));
        }
        for _ in 0..500 {
            self.now += 100 * SECOND;
            self.read(Lane::Fresh, 8);
            self.read(Lane::Late, 8);
            self.ship();
            while !self.flying.is_empty() {
                self.answer(Answer::Shown);
            }
            let read = self.book.cursor == self.ledger.head() && self.book.gaps.is_empty();
            if read && self.book.pending() == 0 {
                return self.save(true).await;
            }
        }
        panic!("it does not come to rest: {:?}", self.book);
    }
}

fn check(steps: Vec<Step>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut world = World::new();
        for step in steps {
            world.step(step.clone()).await;
            assert!(world.balances(), "after {step:?}: {:?}", world.book);
        }
        world.settle().await;
        let Counters { accepted, delivered, dead, expired, .. } = world.book.counters.clone();
        assert_eq!((accepted, delivered + expired, dead), (world.items, world.items, 0), "{:?}", world.book);
        for trace in (0..6).map(SubjectKey).filter(|trace| !world.spoilt.contains(trace)) {
            let last = world.ledger.seqs_of(trace).unwrap().last().copied().unwrap_or_default();
            assert!(world.shown.get(&trace).copied().unwrap_or_default() >= last, "{trace:?} lacks its news");
        }
        world.crash(false);
        let again = world.book.counters.clone();
        let ended = (again.accepted, again.delivered + again.expired);
        assert_eq!(ended, (world.items, world.items), "{:?}", world.book);
    });
}

proptest! {
    #[test]
    fn any_story_ends_well(steps in vec(step(), 1..80)) {
        check(steps);
    }
}
