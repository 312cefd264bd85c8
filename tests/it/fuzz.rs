//! Hostile bodies: requests of the corpus, broken as bytes and as JSON, through everything that is pure
//! (decode, carve, fold, encode). Nothing panics, and the law of carving holds for whatever is taken.
//!
//! `fixtures/hostile/` is replayed first: bodies that once broke something, or that break most readers.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::RngAlgorithm;
use proptest::test_runner::TestRng;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use serde_json::json;
use spangate::contract::Call;
use spangate::contract::Dialect;
use spangate::contract::Outward;
use spangate::dialects::DIALECTS;
use spangate::pipeline::translate;
use spangate::pipeline::translate::Input;

use crate::corpus::seed;
use crate::corpus::specimens;

/// Bodies tried, at least; `PROPTEST_CASES` may ask for more.
const CASES: u32 = 400;

/// What became of the bodies.
#[derive(Debug, Default)]
struct Count {
    taken: usize,
    refused: usize,
    items: usize,
    carved: usize,
    writes: usize,
}

/// One way of breaking a body: which, where, with what.
type Blow = (u8, u32, u32);

#[test]
fn no_body_breaks_what_is_pure() {
    let specimens = specimens();
    let config = Config { failure_persistence: None, ..Config::default() };
    let config = Config { cases: config.cases.max(CASES), ..config };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let blow = || (any::<u8>(), any::<u32>(), any::<u32>());
    let case =
        (0..specimens.len(), prop::collection::vec(blow(), 0..4), prop::collection::vec(blow(), 0..2), any::<u64>());
    let count = RefCell::new(Count::default());
    let result = runner.run(&case, |(at, tree, bytes, keep)| {
        let specimen = &specimens[at];
        let body = battered(&specimen.call.body, &tree, &bytes);
        let call = Call { body, ..specimen.call.clone() };
        survive(specimen.dialect, &specimen.call, &call, keep, &mut count.borrow_mut());
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let count = count.into_inner();
    println!("{count:?} of {} requests", specimens.len());
    assert!(count.taken > 100 && count.refused > 100, "bodies are either all taken or all refused: {count:?}");
}

#[test]
fn bodies_that_broke_something_once_do_not_again() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile");
    let mut count = Count::default();
    let mut files = 0;
    for dialect in DIALECTS {
        let folder = root.join(dialect.info().name);
        for file in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let call = hostile(&fs::read(&file).unwrap()).unwrap_or_else(|| panic!("{} is no request", file.display()));
            survive(dialect, &call, &call, u64::MAX, &mut count);
            files += 1;
        }
    }
    println!("{files} files: {count:?}");
    assert!(files >= 12, "{files} files");
}

/// A file of `fixtures/hostile`: method and path, headers, an empty line, and the body as it is.
fn hostile(file: &[u8]) -> Option<Call> {
    let end = file.windows(2).position(|pair| pair == b"\n\n")?;
    let (head, body) = (std::str::from_utf8(&file[..end]).ok()?, &file[end + 2..]);
    let mut lines = head.lines();
    let (method, path) = lines.next()?.split_once(' ')?;
    let headers = lines.filter_map(|line| line.split_once(": "));
    Some(Call {
        method: method.parse().ok()?,
        path: path.to_owned(),
        query: String::new(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: Bytes::copy_from_slice(body),
    })
}

/// Puts a body through everything. `sound` is the request before it was broken: the two are folded
/// together, and the change from one to the other is planned.
fn survive(dialect: &'static dyn Dialect, sound: &Call, call: &Call, keep: u64, count: &mut Count) {
    match dialect.decode(call, &seed()) {
        Ok(decoded) => {
            count.taken += 1;
            count.items += decoded.items.len();
            let all: Vec<String> = decoded.items.iter().map(|item| format!("{:?} {:?}", item.rank, item.op)).collect();
            carve(dialect, call, &all, keep, count);
        }
        Err(refusal) => {
            count.refused += 1;
            assert!(dialect.refuse(&refusal).status().is_client_error(), "{refusal:?}");
            assert_eq!(dialect.carve(call, &seed(), &BTreeSet::from([0])), None);
        }
    }
    let input = |line, call: &Call| Input { line, call: call.clone() };
    let before = translate::gather(dialect, vec![input(1, sound)], None).views();
    let both = translate::gather(dialect, vec![input(1, sound), input(2, call)], None);
    for to in DIALECTS {
        let sent = both.send(to);
        count.writes += sent.requests.len();
        for request in &sent.requests {
            assert!(reads(to, request), "{} would refuse {} {:?}", to.info().name, request.path, request.body);
        }
        for view in both.views() {
            let shown = before.iter().find(|shown| shown.id == view.id);
            count.writes += to.plan(&view, shown, &Outward::default()).writes.len();
        }
    }
}

fn carve(dialect: &dyn Dialect, call: &Call, all: &[String], keep: u64, count: &mut Count) {
    let keep: BTreeSet<u32> = (0..all.len() as u32).filter(|at| keep >> (at % 64) & 1 == 1).collect();
    let Some(body) = dialect.carve(call, &seed(), &keep) else { return assert!(keep.is_empty(), "not carved") };
    let carved = Call { body, ..call.clone() };
    let left = dialect.decode(&carved, &seed()).unwrap_or_else(|refusal| panic!("{refusal}: {:?}", carved.body)).items;
    let left: Vec<String> = left.iter().map(|item| format!("{:?} {:?}", item.rank, item.op)).collect();
    let expected: Vec<String> = keep.iter().map(|at| all[*at as usize].clone()).collect();
    assert_eq!(left, expected, "{:?}", carved.body);
    count.carved += 1;
}

/// Whether the target's own decode takes a request of ours.
fn reads(to: &dyn Dialect, request: &spangate::contract::Request) -> bool {
    let call = Call {
        method: request.method.clone(),
        path: request.path.split('?').next().unwrap_or_default().to_owned(),
        query: String::new(),
        headers: request.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect(),
        body: request.body.clone().unwrap_or_default(),
    };
    to.decode(&call, &seed()).is_ok()
}

/// A body after blows to its tree, then to its bytes.
fn battered(body: &Bytes, tree: &[Blow], bytes: &[Blow]) -> Bytes {
    let mut text = match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            let sound = value.clone();
            tree.iter().for_each(|blow| strike_tree(&mut value, &sound, *blow));
            // What no tree can hold.
            let raw = ["1e400", "-0.0", "9223372036854775808", r#""\ud800""#, r#""\u0000""#, "[[[[[[]]]]]]"];
            let pick = tree.first().map_or(0, |(_, _, with)| *with as usize);
            value.to_string().replace("\"a raw value\"", raw[pick % raw.len()]).into_bytes()
        }
        Err(_) => body.to_vec(),
    };
    bytes.iter().for_each(|blow| strike_bytes(&mut text, *blow));
    Bytes::from(text)
}

fn strike_bytes(text: &mut Vec<u8>, (kind, at, with): Blow) {
    if text.is_empty() {
        text.extend(with.to_le_bytes());
        return;
    }
    let at = at as usize % text.len();
    let until = (at + 1 + with as usize % 16).min(text.len());
    match kind % 6 {
        0 => text[at] ^= 1 << (with % 8),
        1 => text.truncate(at),
        2 => drop(text.drain(at..until)),
        3 => {
            let piece = text[at..until].to_vec();
            text.splice(at..at, piece);
        }
        4 => text.insert(at, [0, 0xff, b'"', b'{', b']', b'\\', b',', 0xc3][with as usize % 8]),
        _ => text.swap(at, until - 1),
    }
}

fn strike_tree(value: &mut Value, sound: &Value, (kind, at, with): Blow) {
    let mut left = at as usize % size(value).max(1);
    let Some(place) = nth(value, &mut left) else { return };
    match kind % 8 {
        0 | 1 => *place = odd(with),
        2 => {
            *place = nth(&mut sound.clone(), &mut (with as usize % size(sound).max(1)))
                .map_or(Value::Null, |found| found.clone())
        }
        3 => {
            let inside = place.take();
            *place = json!([inside]);
        }
        4 => {
            let inside = place.take();
            *place = json!({"_spangate": inside});
        }
        5 => match place {
            Value::Array(list) if !list.is_empty() => list.push(list[with as usize % list.len()].clone()),
            Value::Array(list) => list.push(odd(with)),
            Value::String(text) => *text = text.repeat(1 + with as usize % 40),
            _ => {}
        },
        6 => match place {
            Value::Array(list) => list.reverse(),
            Value::Object(members) => {
                let key = members.keys().nth(with as usize % members.len().max(1)).cloned();
                key.map(|key| members.remove(&key));
            }
            _ => {}
        },
        _ => {
            if let Value::Object(members) = place {
                let keys = [
                    "id",
                    "trace_id",
                    "span_id",
                    "parent_id",
                    "spans",
                    "metadata",
                    "user_metadata",
                    "metrics",
                    "usage",
                    "type",
                ];
                members.insert(keys[at as usize % keys.len()].to_owned(), odd(with));
            }
        }
    }
}

/// Values that break most readers.
fn odd(with: u32) -> Value {
    let deep = (0..100 + with % 200).fold(json!(0), |inside, _| json!([inside]));
    let all = [
        Value::Null,
        json!(true),
        json!(""),
        json!(" "),
        json!(-1),
        json!(0.5),
        json!(i64::MIN),
        json!(u64::MAX),
        json!([]),
        json!({}),
        json!("9999-12-31T23:59:59Z"),
        json!("1969-12-31T23:59:59.999999999-23:59"),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("ÿ\u{202e}𝕊"),
        json!("a raw value"),
        json!({"_spangate": {"v": 1, "src": "x", "ids": {"t": "é"}, "c": {"start": 1}, "f": {"start": "0"}}}),
        json!({"role": "tool", "content": [{"type": "text"}], "tool_calls": {}}),
        deep,
    ];
    all[(with >> 8) as usize % all.len()].clone()
}

/// How many values a tree has.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(size).sum(),
        Value::Object(members) => members.values().map(size).sum(),
        _ => 0,
    }
}

/// The value at a position, counted from the root.
fn nth<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|value| nth(value, left)),
        Value::Object(members) => members.values_mut().find_map(|value| nth(value, left)),
        _ => None,
    }
}
