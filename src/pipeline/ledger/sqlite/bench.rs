//! How many spans a second the ledger acknowledges, beside what the disk gives.
//!
//! `cargo test --release --lib ledger::sqlite::bench -- --ignored --nocapture`;
//! `LEDGER_BENCH_ROWS` says how many rows the trace index holds before it starts,
//! `LEDGER_BENCH_SPANS` and `LEDGER_BENCH_TRACES` what a request holds.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use futures::future::join_all;
use rusqlite::Connection;

use super::*;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::Place;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::conformance::draft;

const SPAN_BYTES: usize = 2048;
const CLIENTS: usize = 32;
const RUN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: ten seconds of all the disk gives"]
async fn appends() {
    let dir = tempfile::tempdir().unwrap();
    println!("raw append of 4 KiB + fdatasync: {:.0}/s", flushes(dir.path()));
    Ledger::close(&Sqlite::open(Options::new(dir.path())).unwrap()).await.unwrap();
    let (spans, traces) = (number("LEDGER_BENCH_SPANS", 100), number("LEDGER_BENCH_TRACES", 10));
    let rows = number("LEDGER_BENCH_ROWS", 0);
    preload(dir.path(), rows as u64);
    let ledger = Arc::new(Sqlite::open(Options::new(dir.path())).unwrap());
    let bodies: Arc<Vec<Bytes>> = Arc::new((0..64).map(|_| body(spans)).collect());
    let (begun, cpu) = (Instant::now(), cpu());
    let clients =
        (0..CLIENTS).map(|_| tokio::spawn(client(Arc::clone(&ledger), Arc::clone(&bodies), spans, traces, begun)));
    let mut took: Vec<Duration> = join_all(clients).await.into_iter().flat_map(Result::unwrap).collect();
    let seconds = begun.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize];
    println!(
        "{:.0} spans/s ({:.0} requests/s), index rows before: {rows}, p50 {:.1?} p99 {:.1?} p99.9 {:.1?}",
        took.len() as f64 * spans as f64 / seconds,
        took.len() as f64 / seconds,
        at(0.5),
        at(0.99),
        at(0.999)
    );
    let status = ledger.status();
    let taken = took.len() as f64 * spans as f64 * SPAN_BYTES as f64;
    println!(
        "{:.2} cores, {:.2} bytes on disk a byte, peak {}",
        (self::cpu() - cpu) / seconds,
        status.bytes as f64 / taken,
        peak()
    );
    println!("{:?}", status.commits);
    assert_eq!(status.items, took.len() as u64 * spans as u64);
}

async fn client(
    ledger: Arc<Sqlite>,
    bodies: Arc<Vec<Bytes>>,
    spans: usize,
    traces: usize,
    begun: Instant,
) -> Vec<Duration> {
    let mut took = Vec::new();
    while begun.elapsed() < RUN {
        let sent = Draft {
            body: bodies[rand::random_range(..bodies.len())].clone(),
            items: spans as u32,
            traces: keys(traces),
            subjects: keys(spans),
            place: Place::default(),
            ..draft("")
        };
        let asked = Instant::now();
        Ledger::append(&*ledger, sent).await.unwrap();
        took.push(asked.elapsed());
    }
    took
}

fn keys(count: usize) -> Vec<SubjectKey> {
    std::iter::repeat_with(|| SubjectKey(rand::random())).take(count).collect()
}

// Text of a small vocabulary: compresses about as English does.
fn body(spans: usize) -> Bytes {
    let words: Vec<String> =
        (0..4096u64).map(|n| format!("{:x} ", n.wrapping_mul(0x9e37_79b9_7f4a) % 0xff_ffff)).collect();
    let mut text = String::new();
    while text.len() < spans * SPAN_BYTES {
        let n = rand::random::<u16>() as usize;
        text.push_str(&words[(n >> 4).min(n & 0xfff)]);
    }
    text.into()
}

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |number| number.parse().unwrap())
}

fn preload(dir: &Path, rows: u64) {
    let conn = Connection::open(dir.join("ledger.db")).unwrap();
    conn.execute(
        "INSERT OR IGNORE INTO traces SELECT random(), value FROM (
            WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT ?1) SELECT value FROM n
         ) WHERE ?1 > 0 ORDER BY 1",
        [rows.cast_signed()],
    )
    .unwrap();
}

fn flushes(dir: &Path) -> f64 {
    let mut file = File::create(dir.join("raw")).unwrap();
    let begun = Instant::now();
    for _ in 0..500 {
        file.write_all(&[1; 4096]).unwrap();
        file.sync_data().unwrap();
    }
    500.0 / begun.elapsed().as_secs_f64()
}

fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let ticks = stat.split_whitespace().skip(13).take(2).map(|field| field.parse::<f64>().unwrap());
    ticks.sum::<f64>() / 100.0
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().to_owned()
}
