//! The command line: one file a verb.
//!
//! Exit codes: 0 done; 1 the answer is no; 2 usage; 3 the state directory is in use; 4 not reachable;
//! 5 data at risk.

mod admin;
pub mod check;
mod demo;
mod destinations;
mod dlq;
mod explain;
mod keys;
mod play;
mod sandbox;
mod serve;
mod sockets;
mod stopped;
mod translate;
mod world;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::thread;

use anyhow::Context;
use clap::Parser;
use clap::Subcommand;
use serde::Serialize;

use crate::config::DialectInfo;
use crate::dialects::DIALECTS;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::OpenError;
use admin::NotReachable;

const USAGE: u8 = 2;
const IN_USE: u8 = 3;
const NOT_REACHABLE: u8 = 4;
const AT_RISK: u8 = 5;

/// A gateway in front of LLM-observability vendors: one base URL in, every vendor's wire format out.
#[derive(Debug, Parser)]
#[command(name = "spangate", version)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Demo(demo::Args),
    Serve(serve::Args),
    Check(check::Args),
    Explain(explain::Args),
    Destinations(destinations::Args),
    #[command(subcommand)]
    Dlq(dlq::Verb),
    Sandbox(sandbox::Args),
    Translate(translate::Args),
    #[command(subcommand)]
    Keys(keys::Verb),
}

/// Runs a verb; the exit code when it came to an end of its own.
///
/// # Errors
/// When it could not be carried out; [`exit_code`] gives the code.
pub fn run(cli: Cli) -> anyhow::Result<u8> {
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    match cli.verb {
        Verb::Demo(args) => wait(demo::run(args, environment)),
        Verb::Serve(args) => {
            let sockets = sockets::handed_in(&environment)?;
            wait(serve::run(args, environment, sockets))
        }
        Verb::Check(args) => check::run(args, environment, &infos()),
        Verb::Explain(args) => wait(explain::run(args)),
        Verb::Destinations(args) => wait(destinations::run(args)),
        Verb::Dlq(verb) => wait(dlq::run(verb)),
        Verb::Sandbox(args) => wait(sandbox::run(args)),
        Verb::Translate(args) => translate::run(&args),
        Verb::Keys(verb) => keys::run(verb),
    }
}

/// The code of an error that ended a verb.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<OpenError>() {
        return match error {
            OpenError::InUse(_) => IN_USE,
            OpenError::Missing(_) => USAGE,
            OpenError::Newer { .. } | OpenError::Io { .. } | OpenError::Corrupt { .. } | OpenError::Store { .. } => {
                AT_RISK
            }
        };
    }
    if error.downcast_ref::<NotReachable>().is_some() {
        return NOT_REACHABLE;
    }
    if error.downcast_ref::<LedgerError>().is_some() {
        return AT_RISK;
    }
    if error.downcast_ref::<crate::config::Mistakes>().is_some() {
        return 1;
    }
    match error.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
        Some(std::io::ErrorKind::ConnectionRefused) => NOT_REACHABLE,
        _ => USAGE,
    }
}

/// What the configuration has to know of each dialect.
fn infos() -> Vec<DialectInfo> {
    DIALECTS.iter().map(|dialect| *dialect.info()).collect()
}

/// Prints a value, as JSON or as a person reads it.
fn print<T: Serialize>(json: bool, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
    match json {
        true => println!("{}", serde_json::to_string_pretty(value)?),
        false => print!("{}", text(value)),
    }
    Ok(())
}

/// Words from outside for a terminal: what could steer it is replaced.
fn plain(text: &str) -> String {
    let steers = |char: char| char.is_control() && !matches!(char, '\n' | '\t');
    text.chars().map(|char| if steers(char) { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

/// So many of something, for a person.
fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Runs a verb that waits for the network.
fn wait(verb: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(blocking_threads())
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let result = runtime.block_on(verb);
    // Without waiting for what blocks: it was given its time, or nobody wants to wait any longer.
    runtime.shutdown_background();
    result
}

/// Threads for what keeps a core busy or reads the disk: one a core and one that may wait for the disk.
/// More would make nothing faster, and the allocator keeps some megabytes for each.
fn blocking_threads() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_outside_do_not_steer_a_terminal() {
        assert_eq!(plain("a\n\tb\u{1b}[2J\r\u{7}\u{9b}c"), "a\n\tb\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}c");
    }
}
