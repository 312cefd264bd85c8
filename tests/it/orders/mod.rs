//! The order in which a trace's requests arrive does not matter (`design.md §3`, the fold rule): every
//! permutation that keeps two updates, or two scores, of one subject in order ends in the same state.
//!
//! Shown with no ledger or network between, for many orders; and through the front door to all three
//! vendors ([`sites`]), for a few.

mod rule;
mod scenarios;
mod sites;

use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::RngAlgorithm;
use proptest::test_runner::TestRng;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use spangate::contract::Dialect;
use spangate::dialects::DIALECTS;
use spangate::pipeline::translate::Gathered;
use spangate::pipeline::translate::Input;

use crate::translation::canonical;
use crate::translation::differences;
use crate::translation::gather;
use crate::translation::translated;
use rule::Said;
use rule::comes_early;
use rule::order;
use rule::said;
use scenarios::Scenario;

/// Orders folded of each scenario.
const FOLDED: u32 = 100;

/// Orders translated of each scenario to every dialect.
const SENT: u32 = 48;

/// Traces of one reading, by id; of several readings, by dialect.
type Traces = BTreeMap<String, Value>;
type Readings = BTreeMap<&'static str, Traces>;

#[test]
fn any_order_folds_to_the_same_traces() {
    let scenarios = scenarios::recorded().into_iter().chain(scenarios::piecemeal());
    let fold = |gathered: &Gathered| BTreeMap::from([("canonical", canonical(gathered))]);
    let early: usize = scenarios.map(|scenario| compare_orders(&scenario, FOLDED, fold)).sum();
    println!("{early} orders had an update, a score or a completion before its create");
    assert!(early > 1_000, "only {early} orders had an update, a score or a completion before its create");
}

/// What each vendor would be sent, read again: its ids and fields do not hang on the order either.
#[test]
fn any_order_is_sent_as_the_same_traces() {
    let read_again = |gathered: &Gathered| {
        let read = |to: &'static dyn Dialect| (to.info().name, canonical(&translated(gathered, to).0));
        DIALECTS.into_iter().map(read).collect()
    };
    for scenario in scenarios::piecemeal() {
        compare_orders(&scenario, SENT, read_again);
    }
}

/// Compares what a scenario's requests come to, in so many orders, with what they do in their own; how many
/// orders had something before its create.
fn compare_orders(scenario: &Scenario, cases: u32, read: impl Fn(&Gathered) -> Readings) -> usize {
    let Scenario { from, name, inputs } = scenario;
    let said = all_said(scenario);
    // A request keeps its line, of which what it leaves out derives; its place in the list is when it came.
    let in_order = |order: &[usize]| -> Vec<Input> { order.iter().map(|at| inputs[*at].clone()).collect() };
    let expected = read(&gather(*from, inputs.clone()));
    let early = Cell::new(0);
    let same = |keys: Vec<u32>| {
        let order = order(&said, &keys);
        early.set(early.get() + usize::from(comes_early(&said, &order)));
        let shown = read(&gather(*from, in_order(&order)));
        for (to, expected) in &expected {
            let differences = differences(expected, &shown[to]);
            prop_assert!(differences.is_empty(), "{}, in the order {:?}: {:#?}", to, order, differences);
        }
        Ok(())
    };
    let keys = prop::collection::vec(any::<u32>(), inputs.len());
    runner(cases).run(&keys, same).unwrap_or_else(|why| panic!("{} {name}: {why}", from.info().name));
    early.get()
}

fn all_said(scenario: &Scenario) -> Vec<Vec<Said>> {
    scenario.inputs.iter().map(|input| said(scenario.from, input)).collect()
}

/// A runner that draws the same orders every time and keeps no files.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}
