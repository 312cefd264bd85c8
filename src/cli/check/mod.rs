//! `spangate check`: whether a configuration can be served, with all its mistakes at once.

mod json;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use serde_json::json;

use crate::config;
use crate::config::Config;
use crate::config::DialectInfo;
use crate::config::Sources;

const DONE: u8 = 0;
const MISTAKEN: u8 = 1;
const USAGE: u8 = 2;

/// Says whether a configuration can be served, and what it amounts to.
///
/// Reads config/default.toml's values, then the file, then SPANGATE__SECTION__KEY from the
/// environment. Prints every mistake with its key, value, rule and what to write instead; or, where
/// there is none, listeners, projects, keys, routes and warnings. Connects to nothing.
///
/// Exit codes: 0 it can be served; 1 it has mistakes; 2 the file cannot be read.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = "Example:\n  spangate check --config spangate.toml")]
pub struct Args {
    /// The TOML file; without it, the defaults and the environment alone.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Do not ask whether the credentials that the file names are there.
    #[arg(long)]
    pub skip_secrets: bool,
}

/// Checks and prints to standard output; the result is the exit code.
///
/// # Errors
/// Standard output is closed.
pub fn run(args: Args, environment: BTreeMap<String, String>, dialects: &[DialectInfo]) -> anyhow::Result<u8> {
    check(args, environment, dialects, &mut io::stdout().lock()).context("printing the result")
}

fn check(
    args: Args,
    environment: BTreeMap<String, String>,
    dialects: &[DialectInfo],
    out: &mut impl Write,
) -> io::Result<u8> {
    let name = match &args.config {
        Some(path) => path.display().to_string(),
        None => "the defaults and the environment".to_owned(),
    };
    if let Some(Err(error)) = args.config.as_ref().map(File::open) {
        let text = format!("{name}: cannot be read: {error}; name a file with --config FILE");
        match args.json {
            true => writeln!(out, "{:#}", json!({"valid": false, "error": text}))?,
            false => writeln!(out, "{text}")?,
        }
        return Ok(USAGE);
    }
    let sources = Sources { file: args.config, environment, skip_secrets: args.skip_secrets, text: None };
    let result = config::load(&sources, dialects);
    let (code, text) = match (&result, args.json) {
        (Ok(loaded), true) => (DONE, format!("{:#}\n", json::summary(loaded))),
        (Ok(loaded), false) => (DONE, text::summary(&name, loaded)),
        (Err(mistakes), true) => (MISTAKEN, format!("{:#}\n", json::mistakes(mistakes))),
        (Err(mistakes), false) => (MISTAKEN, text::mistakes(mistakes)),
    };
    out.write_all(text.as_bytes())?;
    Ok(code)
}

/// The keys of a project with the words of their scopes.
fn keys<'a>(project: &'a str, config: &'a Config) -> impl Iterator<Item = (&'a String, Vec<&'static str>)> {
    let keys = config.keys.iter().filter(move |(_, key)| key.project == project);
    keys.map(|(name, key)| (name, key.scopes.words()))
}
