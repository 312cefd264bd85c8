//! Requests come in any order: every order that keeps what the fold rule keeps (`design.md §3`) folds
//! to the same traces.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::RngAlgorithm;
use proptest::test_runner::TestRng;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use spangate::canonical::Id;
use spangate::canonical::Item;
use spangate::canonical::Op;
use spangate::canonical::Rank;
use spangate::canonical::Time;
use spangate::contract::Dialect;
use spangate::contract::Seed;
use spangate::dialects::DIALECTS;
use spangate::pipeline::translate::Input;

use crate::translation::canonical;
use crate::translation::folders;
use crate::translation::gather;
use crate::translation::scenario;

/// Orders tried for each scenario.
const ORDERS: u32 = 100;

#[test]
fn any_order_folds_to_the_same_traces() {
    let early = Cell::new(0);
    for from in DIALECTS {
        let vendor = from.info().name;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(vendor);
        for name in folders(&root) {
            let inputs = scenario(&root.join(&name));
            let said: Vec<Vec<Said>> = inputs.iter().map(|input| said(from, input)).collect();
            let expected = folded(from, &inputs);
            let config = Config { cases: ORDERS, failure_persistence: None, ..Config::default() };
            let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
            let keys = prop::collection::vec(any::<u32>(), inputs.len());
            let result = runner.run(&keys, |keys| {
                let order = order(&said, &keys);
                early.set(early.get() + usize::from(comes_early(&said, &order)));
                let shuffled: Vec<Input> = order.iter().map(|at| inputs[*at].clone()).collect();
                let lines: Vec<usize> = order.iter().map(|at| at + 1).collect();
                prop_assert_eq!(&folded(from, &shuffled), &expected, "in the order {:?}", lines);
                Ok(())
            });
            result.unwrap_or_else(|error| panic!("{vendor}/{name}: {error}"));
        }
    }
    let early = early.get();
    println!("{early} orders had an update, a score or a completion before its create");
    assert!(early > 700, "only {early} orders had an update, a score or a completion before its create");
}

/// The folded traces. A request keeps its line, of which what it leaves out derives; its place in the
/// list is when it came.
fn folded(from: &'static dyn Dialect, inputs: &[Input]) -> BTreeMap<String, Value> {
    canonical(&gather(from, inputs.to_vec()))
}

/// What a request says about one subject.
#[derive(Clone, Debug)]
struct Said {
    /// The trace or span, by what all its ids share.
    subject: [u8; 8],
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Create(Rank, Op),
    Update,
    Score(String),
    Delete,
}

fn said(from: &'static dyn Dialect, input: &Input) -> Vec<Said> {
    let seed = Seed { record: (input.line as u128).to_be_bytes(), at: Time::default() };
    let items = from.decode(&input.call, &seed).map(|decoded| decoded.items).unwrap_or_default();
    items.iter().map(of_item).collect()
}

fn of_item(item: &Item) -> Said {
    let what = match &item.op {
        Op::Score(score) => What::Score(score.name.clone()),
        Op::DeleteScore { name, .. } => What::Score(name.clone()),
        Op::Delete(_) => What::Delete,
        op if item.creates() => What::Create(item.rank, op.clone()),
        _ => What::Update,
    };
    let subject = item.span().or(item.trace()).map(Id::stem).unwrap_or_default();
    Said { subject, what }
}

/// Whether two statements must keep their order: two updates, or two scores of one name, of one
/// subject; and all about a subject that was created twice, differently, with the same rank.
fn keeps(a: &Said, b: &Said, recreated: &BTreeSet<[u8; 8]>) -> bool {
    a.subject == b.subject
        && match (&a.what, &b.what) {
            (What::Score(name), What::Score(other)) => name == other,
            (What::Score(_), _) | (_, What::Score(_)) => false,
            (What::Update, What::Update) => true,
            _ => recreated.contains(&a.subject),
        }
}

fn recreated(said: &[Vec<Said>]) -> BTreeSet<[u8; 8]> {
    let creates = |said: &Said| match &said.what {
        What::Create(rank, op) => Some((said.subject, std::mem::discriminant(rank), format!("{op:?}"))),
        _ => None,
    };
    let creates: Vec<_> = said.iter().flatten().filter_map(creates).collect();
    let twice =
        |(subject, rank, op): &_| creates.iter().any(|other| (&other.0, &other.1) == (subject, rank) && other.2 != *op);
    creates.iter().filter(|create| twice(create)).map(|(subject, ..)| *subject).collect()
}

/// The requests by key, as far as their order is free.
fn order(said: &[Vec<Said>], keys: &[u32]) -> Vec<usize> {
    let recreated = recreated(said);
    let before = |a: usize, b: usize| said[a].iter().any(|a| said[b].iter().any(|b| keeps(a, b, &recreated)));
    let mut left: Vec<usize> = (0..said.len()).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let free = left.iter().filter(|at| !left.iter().any(|other| other < *at && before(*other, **at)));
        let next = *free.min_by_key(|at| keys[**at]).unwrap();
        left.retain(|at| *at != next);
        order.push(next);
    }
    order
}

/// Whether something is said about a subject in an earlier request than the one that creates it.
fn comes_early(said: &[Vec<Said>], order: &[usize]) -> bool {
    let mut created = BTreeSet::new();
    let all: BTreeSet<_> = said.iter().flatten().filter(|said| is_create(said)).map(|said| said.subject).collect();
    order.iter().any(|at| {
        created.extend(said[*at].iter().filter(|said| is_create(said)).map(|said| said.subject));
        said[*at].iter().any(|said| all.contains(&said.subject) && !created.contains(&said.subject))
    })
}

fn is_create(said: &Said) -> bool {
    matches!(said.what, What::Create(..))
}
