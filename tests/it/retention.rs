//! Retention against a model: a second ledger that is never swept says what each trace was.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use parking_lot::Mutex;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::RngAlgorithm;
use proptest::test_runner::TestRng;
use proptest::test_runner::TestRunner;
use rand::RngExt;
use rand::SeedableRng;
use rand::distr::Alphanumeric;
use rand::rngs::StdRng;
use serde_json::Value;
use serde_json::json;
use spangate::canonical::Id;
use spangate::contract::Accept;
use spangate::contract::Call;
use spangate::contract::Caller;
use spangate::contract::Charge;
use spangate::contract::Clock;
use spangate::contract::Dialect;
use spangate::contract::Refusal;
use spangate::dialects::DIALECTS;
use spangate::pipeline::accept::Acceptor;
use spangate::pipeline::deliver::Pins;
use spangate::pipeline::homes::Homes;
use spangate::pipeline::ledger::Ledger;
use spangate::pipeline::ledger::Options;
use spangate::pipeline::ledger::Seq;
use spangate::pipeline::ledger::Sqlite;
use spangate::pipeline::ledger::SubjectKey;
use spangate::pipeline::names::NameTable;
use spangate::pipeline::outward::Outwards;
use spangate::pipeline::record::Dialects;
use spangate::pipeline::repeats::Repeats;
use spangate::pipeline::retention::Bounds;
use spangate::pipeline::retention::Janitor;
use spangate::pipeline::retention::LetterBounds;
use spangate::pipeline::story::Story;
use spangate::pipeline::subject;
use spangate::pipeline::traces::Traces;
use tempfile::TempDir;

const HOUR_NS: i64 = 3_600_000_000_000;
const AGE_HOURS: i64 = 72;
const TRACES: u8 = 6;
const CASES: u32 = 24;

struct Free;

impl Charge for Free {
    fn spans(&self, _: &Caller, _: u32) -> Result<(), Refusal> {
        Ok(())
    }
}

/// A gateway's inside up to the ledger, with a clock that stands still until it is moved.
struct Inside {
    dir: TempDir,
    clock: Arc<AtomicI64>,
    ledger: Arc<dyn Ledger>,
    outwards: Arc<Outwards>,
    acceptor: Acceptor,
    pins: Arc<Mutex<Pins>>,
    janitor: Arc<Janitor>,
}

impl Inside {
    fn new(size: u64) -> Self {
        let dir = TempDir::new().unwrap();
        let clock = Arc::new(AtomicI64::new(1_795_223_400_000_000_000));
        let now = Arc::clone(&clock);
        let now: Clock = Arc::new(move || now.load(Ordering::Relaxed));
        let ledger: Arc<dyn Ledger> = Arc::new(Sqlite::open(Options::new(dir.path())).unwrap());
        let dialects = Dialects::new(&DIALECTS);
        let traces = Arc::new(Traces::new(Arc::clone(&ledger), dialects.clone(), 8 << 20));
        let homes = Arc::new(Homes::open(Arc::clone(&ledger), dialects.clone()).unwrap());
        let names = NameTable::open(
            Arc::clone(&ledger),
            Arc::clone(&now),
            Arc::new(|_| Err(Refusal::NotFound { what: "key", id: String::new() })),
        )
        .unwrap();
        let outwards = Arc::new(Outwards {
            traces: Arc::clone(&traces),
            homes: Arc::clone(&homes),
            names: Arc::new(names),
            ledger: Arc::clone(&ledger),
            dialects,
        });
        let ids = AtomicU64::new(0);
        let acceptor = Acceptor {
            ledger: Arc::clone(&ledger),
            traces,
            homes,
            charge: Arc::new(Free),
            clock: Arc::clone(&now),
            new_id: Arc::new(move || u128::from(ids.fetch_add(1, Ordering::Relaxed)).to_be_bytes()),
            repeats: Repeats::default(),
            story: Arc::new(Story::new(None)),
            pressure: Arc::new(|_| None),
            strain: Arc::default(),
            last: AtomicI64::new(0),
        };
        let pins = Arc::new(Mutex::new(Pins { base: Seq::MAX, ..Pins::default() }));
        let asked = Arc::clone(&pins);
        let janitor = Arc::new(Janitor {
            outwards: Arc::clone(&outwards),
            pins: Arc::new(move || vec![asked.lock().clone()]),
            keep: Bounds { age: Duration::from_secs(AGE_HOURS as u64 * 3600), size, reserve: 0 },
            keep_letters: LetterBounds { age: Duration::MAX, size: u64::MAX },
            give_up: Arc::new(|_, _| 0),
            places: vec![],
            clock: now,
        });
        Self { dir, clock, ledger, outwards, acceptor, pins, janitor }
    }

    fn now(&self) -> i64 {
        self.clock.load(Ordering::Relaxed)
    }

    async fn send(&self, method: &str, path: &str, body: &Value) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let body = Bytes::from(body.to_string());
        let call = Call { method, path: path.to_owned(), query: String::new(), headers: vec![], body };
        self.acceptor.accept(&Caller::new("shop".into(), "ci".into()), opik(), call).await.unwrap();
    }

    async fn sweep(&self) {
        Arc::clone(&self.janitor).sweep(self.now()).await.unwrap();
    }

    /// Stored bytes of everything held.
    fn weight(&self) -> u64 {
        let head = self.ledger.head();
        self.ledger.weigh(0, head).unwrap().values().map(|weight| weight.bytes).sum()
    }
}

fn opik() -> &'static dyn Dialect {
    DIALECTS.iter().copied().find(|dialect| dialect.info().name == "opik").unwrap()
}

fn id(trace: u8) -> String {
    format!("01a1fba9-b442-706a-888f-b0c0220b00{trace:02}")
}

fn key(trace: u8) -> SubjectKey {
    subject::trace("shop", Id::parse(&id(trace)).unwrap())
}

fn row(trace: u8, input: &str) -> Value {
    json!({"id": id(trace), "project_name": format!("p{}", trace % 2), "name": format!("trace {trace}"),
        "start_time": "2026-11-21T01:12:45.378Z", "end_time": "2026-11-21T01:12:46Z", "input": input})
}

/// Text that does not compress much.
fn text(length: usize, seed: u64) -> String {
    StdRng::seed_from_u64(seed).sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

#[derive(Clone, Debug)]
enum Op {
    /// One request with rows of these traces.
    Send(BTreeSet<u8>, usize),
    /// An update of a trace, held or not.
    Patch(u8),
    /// Hours pass.
    Pass(i64),
    /// These traces are open or dead somewhere, and no others.
    Pin(BTreeSet<u8>),
    /// Records above the base of a destination.
    Lag(u64),
    Sweep,
}

fn op() -> impl Strategy<Value = Op> {
    let some = |most| prop::collection::btree_set(0..TRACES, 0..most);
    prop_oneof![
        4 => (prop::collection::btree_set(0..TRACES, 1..4), 10..4000_usize).prop_map(|(traces, size)| Op::Send(traces, size)),
        2 => (0..TRACES).prop_map(Op::Patch),
        2 => (1..60_i64).prop_map(Op::Pass),
        1 => some(3).prop_map(Op::Pin),
        1 => (0..3_u64).prop_map(Op::Lag),
        3 => Just(Op::Sweep),
    ]
}

/// The ledger under test, beside one of the same requests that nothing is taken from.
struct Pair {
    swept: Inside,
    kept: Inside,
    /// When each trace's newest item was accepted.
    newest: BTreeMap<u8, i64>,
    /// The last record of each trace that has gone.
    gone: BTreeMap<u8, Seq>,
    pinned: BTreeSet<u8>,
    lag: u64,
    sent: u64,
    retired: usize,
}

impl Pair {
    fn new() -> Self {
        Self {
            swept: Inside::new(u64::MAX),
            kept: Inside::new(u64::MAX),
            newest: BTreeMap::new(),
            gone: BTreeMap::new(),
            pinned: BTreeSet::new(),
            lag: 0,
            sent: 0,
            retired: 0,
        }
    }

    async fn run(&mut self, op: &Op) {
        match op {
            Op::Send(traces, size) => {
                self.sent += 1;
                let rows: Vec<Value> = traces.iter().map(|trace| row(*trace, &text(*size, self.sent))).collect();
                self.both("POST", "/v1/private/traces/batch", &json!({"traces": rows}), traces).await;
            }
            Op::Patch(trace) => {
                self.sent += 1;
                let body = json!({"project_name": format!("p{}", trace % 2), "tags": [format!("t{}", self.sent)]});
                self.both("PATCH", &format!("/v1/private/traces/{}", id(*trace)), &body, &[*trace].into()).await;
            }
            Op::Pass(hours) => {
                for inside in [&self.swept, &self.kept] {
                    inside.clock.fetch_add(hours * HOUR_NS, Ordering::Relaxed);
                }
            }
            Op::Pin(traces) => self.pinned.clone_from(traces),
            Op::Lag(records) => self.lag = *records,
            Op::Sweep => self.sweep().await,
        }
    }

    async fn both(&mut self, method: &str, path: &str, body: &Value, traces: &BTreeSet<u8>) {
        self.swept.send(method, path, body).await;
        self.kept.send(method, path, body).await;
        self.newest.extend(traces.iter().map(|trace| (*trace, self.swept.now())));
    }

    async fn sweep(&mut self) {
        let base = self.swept.ledger.head().saturating_sub(self.lag);
        *self.swept.pins.lock() = Pins { base, gaps: vec![], traces: self.pinned.iter().copied().map(key).collect() };
        self.swept.sweep().await;
        let mut needed = BTreeSet::new();
        for (trace, newest) in self.newest.clone() {
            let seqs = self.kept.ledger.seqs_of(key(trace)).unwrap();
            let last = seqs.last().copied().unwrap_or_default();
            let old = newest < self.swept.now() - AGE_HOURS * HOUR_NS;
            if old && last <= base && !self.pinned.contains(&trace) && self.gone.get(&trace) != Some(&last) {
                self.gone.insert(trace, last);
                self.retired += 1;
            }
            let gone = self.gone.get(&trace).copied().unwrap_or_default();
            let held: Vec<Seq> = seqs.into_iter().filter(|seq| *seq > gone).collect();
            self.check(trace, gone, &held);
            needed.extend(held);
        }
        let records: Vec<Seq> = self.swept.ledger.outline(0, usize::MAX).unwrap().iter().map(|held| held.seq).collect();
        assert!(records.iter().eq(&needed), "held {records:?}, needed {needed:?}");
    }

    /// A trace that nothing was taken from is as it was; of another, the rest is held and the way is known.
    fn check(&self, trace: u8, gone: Seq, held: &[Seq]) {
        let swept = self.swept.outwards.traces.load("shop", key(trace)).unwrap();
        let kept = self.kept.outwards.traces.load("shop", key(trace)).unwrap();
        assert_eq!(swept.seqs, held, "trace {trace}");
        if gone == 0 {
            let (is, was) = (format!("{:?}", swept.view(Seq::MAX)), format!("{:?}", kept.view(Seq::MAX)));
            assert_eq!(is, was, "trace {trace}");
            return;
        }
        assert_eq!((swept.view_id(), swept.origin()), (kept.view_id(), "opik"), "trace {trace}");
        assert_eq!(swept.client_project().name, Some(format!("p{}", trace % 2)), "trace {trace}");
        assert!(swept.is_placed(), "trace {trace}");
    }
}

#[test]
fn nothing_needed_goes_and_all_else_does() {
    let config = Config { failure_persistence: None, ..Config::default() };
    // Each case is two ledgers on the disk: a tenth of the cases of what runs in memory.
    let config = Config { cases: CASES.max(config.cases / 10), max_shrink_iters: 64, ..config };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let retired = std::cell::Cell::new(0);
    let result = runner.run(&prop::collection::vec(op(), 10..40), |ops| {
        tokio.block_on(async {
            let mut pair = Pair::new();
            for op in &ops {
                pair.run(op).await;
            }
            // In the end, everything may go.
            for op in [Op::Pin([].into()), Op::Lag(0), Op::Pass(AGE_HOURS + 1), Op::Sweep] {
                pair.run(&op).await;
            }
            assert_eq!((pair.swept.ledger.status().records, pair.swept.weight()), (0, 0));
            retired.set(retired.get() + pair.retired);
        });
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    println!("{} traces retired", retired.get());
    assert!(retired.get() > 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_that_is_waited_for_does_not_pin_a_large_record() {
    let inside = Inside::new(u64::MAX);
    let rows = [row(1, &text(5_000_000, 1)), row(2, "small")];
    inside.send("POST", "/v1/private/traces/batch", &json!({"traces": rows})).await;
    inside.pins.lock().traces = [key(2)].into();
    inside.clock.fetch_add(100 * HOUR_NS, Ordering::Relaxed);
    assert!(inside.weight() > 3_000_000);
    inside.sweep().await;
    assert!((1..1_000).contains(&inside.weight()), "{} bytes held", inside.weight());
    let held = inside.outwards.traces.load("shop", key(2)).unwrap();
    assert_eq!(held.view(Seq::MAX).trace.unwrap().facts.name.cloned(), Some("trace 2".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_go_before_their_time_when_there_is_too_much() {
    let inside = Inside::new(400_000);
    for trace in 0..10 {
        inside
            .send("POST", "/v1/private/traces/batch", &json!({"traces": [row(trace, &text(100_000, trace.into()))]}))
            .await;
    }
    inside.pins.lock().traces = [key(0)].into();
    inside.sweep().await;
    let held: Vec<Seq> = inside.ledger.outline(0, 99).unwrap().iter().map(|outline| outline.seq).collect();
    // The first is waited for; of the rest, as many of the newest as there is room for.
    assert_eq!(held[0], 1);
    assert!(held.ends_with(&[8, 9, 10]) && held.len() < 7, "{held:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_has_its_space_back() {
    let inside = Inside::new(u64::MAX);
    for trace in 0..40 {
        let rows = [row(trace, &text(600_000, trace.into()))];
        inside.send("POST", "/v1/private/traces/batch", &json!({"traces": rows})).await;
    }
    inside.clock.fetch_add(100 * HOUR_NS, Ordering::Relaxed);
    inside.sweep().await;
    inside.ledger.close().await.unwrap();
    let size = |path: &Path| std::fs::metadata(path).unwrap().len();
    let left = size(&inside.dir.path().join("ledger.db"));
    assert!(left < 6 << 20, "{left} bytes left");
}
