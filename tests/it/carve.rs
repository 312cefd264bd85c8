//! The law of carving, over every request of the corpus: what is left decodes to exactly the items
//! that were asked for, with the ids they had, however often it is carved.

use std::collections::BTreeSet;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::RngAlgorithm;
use proptest::test_runner::TestRng;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use spangate::contract::Call;
use spangate::contract::Dialect;

use crate::corpus::Specimen;
use crate::corpus::seed;
use crate::corpus::specimens;

/// Sets of items tried, at least; `PROPTEST_CASES` may ask for more.
const CASES: u32 = 1_500;

/// Keys that a body may leave out, so that ids derive from the record and the place, times from it.
const LEFT_OUT: [&str; 4] = ["id", "span_id", "trace_id", "created_at"];

#[test]
fn what_is_carved_decodes_to_the_items_asked_for() {
    let specimens = specimens();
    let config = Config { failure_persistence: None, ..Config::default() };
    let config = Config { cases: config.cases.max(CASES), ..config };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let mut seen = [0_usize; 3];
    let case =
        (0..specimens.len(), any::<bool>(), any::<u64>(), prop::collection::vec(any::<bool>(), 64), any::<u64>());
    let count = std::cell::RefCell::new(&mut seen);
    let result = runner.run(&case, |(at, strip, which, keep, again)| {
        let Specimen { dialect, call } = &specimens[at];
        let call = if strip { with_left_out(*dialect, call, which) } else { call.clone() };
        let whole = items(*dialect, &call);
        let keep: BTreeSet<u32> =
            (0..).zip(&whole).filter(|(at, _)| keep[*at as usize % 64]).map(|(at, _)| at).collect();
        let Some(body) = dialect.carve(&call, &seed(), &keep) else {
            prop_assert!(keep.is_empty(), "{} items asked for of {}", keep.len(), call.path);
            return Ok(());
        };
        prop_assert!(!keep.is_empty(), "nothing asked for, something left");
        let carved = Call { body, ..call.clone() };
        let expected = restricted(&whole, &keep);
        prop_assert_eq!(&items(*dialect, &carved), &expected, "{:?}", carved.body);
        let fewer: BTreeSet<u32> = (0..keep.len() as u32).filter(|at| again >> (at % 64) & 1 == 1).collect();
        let mut count = count.borrow_mut();
        count[0] += 1;
        count[1] += usize::from(keep.len() < whole.len());
        if let Some(body) = dialect.carve(&carved, &seed(), &fewer) {
            let twice = Call { body, ..call };
            let expected = restricted(&expected, &fewer);
            prop_assert_eq!(items(*dialect, &twice), expected, "{:?}", twice.body);
            count[2] += 1;
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let [carved, partly, twice] = seen;
    println!("{} requests: {carved} carved, {partly} of them in part, {twice} carved again", specimens.len());
    assert!(partly > 200 && twice > 200, "{partly} carved in part, {twice} carved again");
}

/// What a request says, each item in full but for its place in the document.
fn items(dialect: &dyn Dialect, call: &Call) -> Vec<String> {
    let decoded = dialect.decode(call, &seed()).unwrap_or_else(|refusal| panic!("{refusal}: {:?}", call.body));
    let quiet = decoded.quiet;
    decoded.items.iter().map(|item| format!("{:?} {:?} {quiet:?}", item.rank, item.op)).collect()
}

fn restricted(items: &[String], keep: &BTreeSet<u32>) -> Vec<String> {
    keep.iter().map(|at| items[*at as usize].clone()).collect()
}

/// The same request without some of its ids and times, where the dialect takes it so.
fn with_left_out(dialect: &dyn Dialect, call: &Call, which: u64) -> Call {
    let Ok(mut body) = serde_json::from_slice::<Value>(&call.body) else { return call.clone() };
    leave_out(&mut body, &mut which.clone());
    let without = Call { body: Bytes::from(body.to_string()), ..call.clone() };
    let taken = dialect.decode(&without, &seed()).is_ok_and(|decoded| !decoded.items.is_empty());
    if taken { without } else { call.clone() }
}

fn leave_out(value: &mut Value, which: &mut u64) {
    match value {
        Value::Object(members) => {
            for key in LEFT_OUT {
                *which = which.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                if *which >> 60 & 1 == 1 {
                    members.remove(key);
                }
            }
            members
                .iter_mut()
                .filter(|(key, _)| ["traces", "spans"].contains(&key.as_str()))
                .for_each(|(_, value)| leave_out(value, which));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| leave_out(value, which)),
        _ => {}
    }
}
