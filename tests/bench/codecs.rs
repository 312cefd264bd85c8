//! What a span costs to decode, to fold and to encode, by dialect and by size: `cargo bench --bench codecs`.
//!
//! A trace has ten spans whose payloads are English-like text. `encode` gives it back to the dialect
//! it came from; `encode from …` is a translation, which also has to find out what the target cannot
//! hold. Rates are spans and bytes of the requests as they came.
#![expect(clippy::unwrap_used, reason = "a bench that unwraps says where it broke")]

mod requests;
#[path = "../load/text.rs"]
mod text;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use mimalloc::MiMalloc;
use spangate::canonical::Item;
use spangate::canonical::Time;
use spangate::canonical::View;
use spangate::contract::Decoded;
use spangate::contract::Dialect;
use spangate::contract::Outward;
use spangate::contract::Seed;
use spangate::contract::VendorProject;
use spangate::contract::Write;
use spangate::dialects::DIALECTS;
use spangate::pipeline::fold::TraceItems;
use spangate::pipeline::ledger::Seq;
use spangate::pipeline::record;

use requests::Sent;

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// A record's items as the pipeline shares them.
type Items = Vec<Arc<Item>>;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const SEED: Seed = Seed { record: [7; 16], at: Time(1_790_000_000_000_000_000) };

fn main() {
    let brief = Criterion::default()
        .without_plots()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600));
    let mut criterion = brief.configure_from_args();
    for dialect in DIALECTS {
        measure(&mut criterion, dialect);
    }
    criterion.final_summary();
}

fn measure(criterion: &mut Criterion, dialect: &'static dyn Dialect) {
    let mut group = criterion.benchmark_group(dialect.info().name);
    for size in SIZES {
        let sent = requests::whole_trace(dialect.info().name, size);
        group.throughput(Throughput::ElementsAndBytes { elements: requests::SPANS as u64, bytes: sent.bytes() });
        let run = |name: &str| BenchmarkId::new(name, format!("{} KB", size / 1_000));
        group.bench_function(run("decode"), |bench| bench.iter(|| decode(black_box(&sent))));
        let records = shared(&sent);
        group.bench_function(run("fold"), |bench| bench.iter(|| fold(black_box(&records))));
        let view = fold(&records);
        group.bench_function(run("encode"), |bench| bench.iter(|| encode(dialect, black_box(&view))));
        for other in DIALECTS.iter().filter(|other| other.info().name != dialect.info().name) {
            let view = folded(&requests::whole_trace(other.info().name, size));
            let name = format!("encode from {}", other.info().name);
            group.bench_function(run(&name), |bench| bench.iter(|| encode(dialect, black_box(&view))));
        }
    }
    group.finish();
}

fn decode(sent: &Sent) -> Vec<Decoded> {
    sent.calls.iter().map(|call| sent.dialect.decode(call, &SEED).unwrap()).collect()
}

fn fold(records: &[Items]) -> View {
    let mut trace = TraceItems::default();
    for (seq, items) in (1..).zip(records) {
        trace.add(seq, SEED.at, Duration::ZERO, (0..).zip(items.iter().cloned()));
    }
    let view = trace.view(Seq::MAX);
    assert_eq!((view.trace.is_some(), view.spans.len()), (true, requests::SPANS));
    view
}

fn folded(sent: &Sent) -> View {
    fold(&shared(sent))
}

fn shared(sent: &Sent) -> Vec<Items> {
    decode(sent).into_iter().map(|decoded| record::share(decoded.items)).collect()
}

/// Plans a trace's writes and packs those that may share a request.
fn encode(dialect: &dyn Dialect, view: &View) -> usize {
    let out = Outward {
        trace_ms: view.start().map_or(0, Time::millis),
        project: VendorProject { name: "bench".to_owned(), stream: "default".to_owned() },
        known: requests::known(),
        ..Outward::default()
    };
    let plan = dialect.plan(view, None, &out);
    let mut bytes = 0;
    for batch in plan.writes.chunk_by(|one, other| !one.batch.is_empty() && one.batch == other.batch) {
        let writes: Vec<&Write> = batch.iter().collect();
        bytes += dialect.pack(&writes).body.map_or(0, |body| body.len());
    }
    assert!(bytes > 0, "nothing was encoded");
    bytes
}
