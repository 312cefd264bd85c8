//! The book and the ledger against a simple model: any order of appends, reads, answers, settled steps,
//! crashes, and an operator's or a policy's word, on a simulated clock and vendor. Whatever happens, the
//! books balance; once the vendor takes everything, every item has its outcome and nothing is lost.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::job::Position;
use super::super::job::earlier;
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
    /// Of new traces, one in so many is taken on.
    Sample(u64),
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
        1 => prop_oneof![Just(1), Just(2), Just(4)].prop_map(Step::Sample),
    ]
}

/// A courier's world, and what really happened in it.
struct World {
    ledger: Sqlite,
    book: Book,
    now: i64,
    flying: VecDeque<Flight>,
    /// The records of each trace that the vendor shows.
    shown: HashMap<SubjectKey, BTreeSet<Seq>>,
    /// Traces of which something was refused or given up at some time.
    spoilt: HashSet<SubjectKey>,
    items: u64,
    /// What was given up unread, as last stored.
    forgone: Arc<Forgone>,
    _dir: tempfile::TempDir,
}

/// A trace on its way: of its records, those above one up to another.
struct Flight {
    key: SubjectKey,
    after: Seq,
    upto: Seq,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ledger =
            Sqlite::open(Options { durability: Durability::Os, ..Options::new(dir.path().join("ledger")) }).unwrap();
        let (flying, shown, spoilt, forgone) = Default::default();
        Self { ledger, book: Book::default(), now: SECOND, flying, shown, spoilt, items: 0, forgone, _dir: dir }
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
            Step::Sample(one_in) => self.book.sample(one_in),
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
            self.spoilt.extend(self.book.is_left_out(*trace).then_some(*trace));
            let (project, stored) = (&record.project, record.stored as f64 / record.traces.len() as f64);
            let news = News { trace: *trace, project, seq, at, items: 1, bytes: 1, stored, due: at };
            self.book.note(&news, lane);
        }
    }

    fn ship(&mut self) {
        let Book { cursor, gaps, forgone, .. } = &self.book;
        let position = Position { start: 0, cursor: *cursor, gaps: gaps.clone(), forgone: Arc::clone(forgone) };
        for lane in [Lane::Fresh, Lane::Late] {
            let taken = self.book.take_due(Time(self.now), lane, Most { rows: 2, bytes: 1_000 }, false);
            for (key, state) in taken {
                let seqs = self.ledger.seqs_of(key).unwrap();
                let after = state.shown.unwrap_or_else(|| earlier(&seqs, (key, state.first), &position));
                let upto = state.frozen.unwrap_or(position.cursor);
                let upto = seqs.iter().copied().filter(|seq| *seq <= upto).max().unwrap_or_default();
                self.flying.push_back(Flight { key, after, upto });
            }
        }
    }

    fn answer(&mut self, answer: Answer) {
        let Some(flight) = self.flying.pop_front() else { return };
        let Flight { key, upto, .. } = flight;
        match answer {
            Answer::Shown | Answer::InPart | Answer::Parked => {
                let Some(state) = self.book.trace(key).cloned() else { return };
                let newer = state.newer(upto).expect("only an old note does not count");
                let sent: Vec<Seq> = self.ledger.seqs_of(key).unwrap().into_iter().filter(|seq| *seq <= upto).collect();
                let ahead = self.book.gaps.first_of(&sent).is_some();
                let scarred = self.book.forgone.first_of(key, &sent).is_some();
                let dead = u64::from(!matches!(answer, Answer::Shown));
                self.spoilt.extend((dead > 0).then_some(key));
                let (now, lost) = (Time(self.now), Unreadable::default());
                let ending = Ending { upto, newer, dead, rows: vec![], why: None, ahead, scarred, now, lost };
                if matches!(answer, Answer::Parked) {
                    self.book.park(key, ending);
                } else {
                    self.show(&flight);
                    self.book.shown(key, ending);
                }
            }
            Answer::Failed(maybe) => {
                if maybe {
                    self.show(&flight);
                }
                let failed = Some(("down".to_owned(), maybe.then_some(upto)));
                self.book.again(key, Time(self.now + SECOND), failed);
            }
            Answer::Later => self.book.again(key, Time(self.now + SECOND), None),
        }
    }

    fn show(&mut self, flight: &Flight) {
        let seqs = self.ledger.seqs_of(flight.key).unwrap();
        let sent = seqs.into_iter().filter(|seq| (flight.after + 1..=flight.upto).contains(seq));
        self.shown.entry(flight.key).or_default().extend(sent);
    }

    /// Whether the vendor shows all that the ledger holds of a trace.
    fn is_shown(&self, trace: SubjectKey) -> bool {
        let shown = self.shown.get(&trace);
        self.ledger.seqs_of(trace).unwrap().iter().all(|seq| shown.is_some_and(|shown| shown.contains(seq)))
    }

    async fn save(&mut self, everything: bool) {
        if let Some(settle) = self.book.settle(Time(self.now), everything) {
            self.forgone = self.book.forgone.clone();
            self.ledger.settle(DESTINATION, settle).await.unwrap();
        }
    }

    fn crash(&mut self, applied: bool) {
        for flight in std::mem::take(&mut self.flying) {
            if applied {
                self.show(&flight);
            }
        }
        let progress = self.ledger.progress(DESTINATION).unwrap();
        let count = |_: &Open| -> Result<Left, std::convert::Infallible> { unreachable!("notes say their items") };
        self.book = Book::restore((progress.base, progress.gaps), progress.counters, progress.open, count).unwrap();
        self.book.recall_forgone((*self.forgone).clone());
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
        for trace in (0..6).map(SubjectKey) {
            let seqs = world.ledger.seqs_of(trace).unwrap();
            let forgone = world.book.trace(trace).is_some_and(|state| state.state == State::Forgone)
                || world.book.is_forgone(trace, &seqs);
            assert!(!forgone || world.spoilt.contains(&trace), "{trace:?} was given up by nobody");
            assert!(forgone || world.is_shown(trace), "{trace:?} is not shown whole: {:?}", world.shown.get(&trace));
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
