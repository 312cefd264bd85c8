//! What the gateway bears: `cargo bench --bench load`, or with `-- --quick` a tenth of it.
//!
//! Each run starts the release binary with a fresh state directory and up to three vendors of our own
//! that read every row and hold nothing, sends a fixed number of spans of 2 KB over 32 connections as
//! fast as they are accepted, and waits until every vendor has every row. Generator, vendors and
//! gateway share the machine, so the raw rate of small fsyncs and the load average stand beside each
//! run: on a busy machine only processor time and ratios mean something.
//!
//! The run `dead` is a pair: a million spans with one vendor, and again with a second one that is down
//! from the first span to the last, and then comes back.
//!
//! Aims: 40,000 spans/s in requests of 100 with fsync to two vendors; under 200 MB of memory, under
//! 30 MB idle.
#![expect(clippy::unwrap_used, reason = "a measurement that unwraps says where it broke")]

mod client;
mod dead;
mod disk;
mod gateway;
mod ids;
mod requests;
mod run;
mod text;
mod vendor;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

use run::Run;

/// The allocator of the binary, so that the generator is as light as it can be.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// A load test on the loopback.
#[derive(Parser)]
struct Args {
    /// Runs whose name contains this; all without it.
    filter: Option<String>,
    /// Send a tenth.
    #[arg(long)]
    quick: bool,
    /// Another binary than the one just built.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_spangate"))]
    binary: PathBuf,
    /// What cargo says to a bench, and does not say to a test.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        println!("a measurement, not a test: `cargo bench --bench load`");
        return ExitCode::SUCCESS;
    }
    let wanted = |run: &Run| args.filter.as_ref().is_none_or(|filter| run.name().contains(filter));
    println!("{}", run::HEADER);
    let mut whole = true;
    for run in runs(args.quick).iter().filter(|run| wanted(run)) {
        let report = run.run(&args.binary).await;
        println!("{report}");
        whole &= report.whole;
    }
    if args.filter.as_ref().is_none_or(|filter| dead::NAME.contains(filter.as_str())) {
        let pair = dead::pair(&args.binary, if args.quick { 100_000 } else { 1_000_000 }).await;
        println!("\n{pair}");
        whole &= pair.whole() && pair.fresh_in_time();
    }
    if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn runs(quick: bool) -> Vec<Run> {
    let part = if quick { 10 } else { 1 };
    let mut runs = Vec::new();
    for durability in ["fsync", "os"] {
        for (spans_a_request, spans) in [(100, 400_000), (1, 50_000)] {
            for fan_out in 1..=3 {
                runs.push(Run { spans_a_request, spans: spans / part, fan_out, durability, down: false });
            }
        }
    }
    runs.push(Run { spans_a_request: 100, spans: 400_000 / part, fan_out: 2, durability: "fsync", down: true });
    runs
}
