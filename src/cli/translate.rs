//! `spangate translate`: one dialect's requests as another's.

use std::fs;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use bytes::Bytes;
use clap::builder::PossibleValuesParser;

use crate::canonical::Time;
use crate::contract::Dialect;
use crate::dialects::DIALECTS;
use crate::pipeline::translate;
use crate::pipeline::translate::Gathered;
use crate::pipeline::translate::Input;
use crate::pipeline::translate::Lost;
use crate::pipeline::translate::Refused;

/// The target that is no dialect: the folded traces themselves.
const CANONICAL: &str = "canonical";

/// Translates requests from one dialect to another, or to the model where all meet.
///
/// Reads JSON lines {"method", "path", "headers"?, "body"}, or with --path one native body, and prints
/// the requests that would be sent, in the same form, name look-ups included; so what it prints it can
/// also read, and nothing is lost on the way back. Pure: no file, clock or network besides its
/// arguments. Names become ids, and ids names, where the input gives them.
///
/// Exit codes: 0 done; 1 a line was refused (the others were translated); 2 usage.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// The requests' dialect.
    #[arg(long, value_name = "DIALECT", value_parser = PossibleValuesParser::new(names()))]
    from: String,
    /// The dialect to translate to; `canonical` prints each folded trace as one line.
    #[arg(long, value_name = "DIALECT", value_parser = PossibleValuesParser::new(names().chain([CANONICAL])))]
    to: String,
    /// Where to read; without it, standard input.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The input is one body, sent to this path.
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// The method it was sent with.
    #[arg(long, value_name = "METHOD", default_value = "POST", requires = "path")]
    method: String,
    /// A header it was sent with, as NAME:VALUE.
    #[arg(long, value_name = "HEADER", value_parser = header, requires = "path")]
    header: Vec<(String, String)>,
    /// The accept time of every line, in RFC 3339, and the clock of id windows; without it, the latest
    /// time in the input, and no id windows.
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Time>,
    /// Write losses here as JSON lines instead of to standard error as text.
    #[arg(long, value_name = "FILE")]
    losses: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples, A and B being dialects:
  spangate translate --from A --to B requests.jsonl
  spangate translate --from A --to B <requests.jsonl | spangate translate --from B --to A
  spangate translate --from A --to canonical --path /the/native/path <body.json";

pub(super) fn run(args: &Args) -> anyhow::Result<u8> {
    let text = read(args.file.as_deref())?;
    let (inputs, mut refused) = inputs(args, text)?;
    let from = dialect(&args.from).context("no such dialect")?;
    let gathered = translate::gather(from, inputs, args.now);
    let (lines, losses) = translated(&gathered, dialect(&args.to));
    let mut out = io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}")).context("printing the requests")?;
    tell(args.losses.as_deref(), &losses)?;
    refused.extend(gathered.refused);
    refused.sort_by_key(|refused| refused.line);
    for refused in &refused {
        eprintln!("{refused}");
    }
    Ok(u8::from(!refused.is_empty()))
}

fn read(file: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    match file {
        Some(path) => text = fs::read(path).with_context(|| format!("reading {}", path.display()))?,
        None => {
            io::stdin().lock().read_to_end(&mut text).context("reading standard input")?;
        }
    }
    Ok(text)
}

fn inputs(args: &Args, text: Vec<u8>) -> anyhow::Result<(Vec<Input>, Vec<Refused>)> {
    let Some(path) = &args.path else {
        return Ok(translate::lines(&String::from_utf8(text).context("the input is not UTF-8")?));
    };
    let input = Input::new(1, &args.method, path, args.header.clone(), Bytes::from(text));
    Ok((vec![input.map_err(anyhow::Error::msg)?], Vec::new()))
}

fn translated(gathered: &Gathered, to: Option<&'static dyn Dialect>) -> (Vec<String>, Vec<Lost>) {
    let mut losses = gathered.losses.clone();
    let Some(to) = to else {
        return (gathered.views().iter().map(|view| view.print().to_string()).collect(), losses);
    };
    let sent = gathered.send(to);
    losses.extend(sent.losses);
    (sent.requests.iter().map(translate::print).collect(), losses)
}

fn tell(file: Option<&Path>, losses: &[Lost]) -> anyhow::Result<()> {
    let Some(file) = file else {
        for lost in losses {
            eprintln!("{}", text(lost));
        }
        return Ok(());
    };
    let mut lines = String::new();
    for lost in losses {
        lines.push_str(&serde_json::to_string(lost).context("writing a loss")?);
        lines.push('\n');
    }
    fs::write(file, lines).with_context(|| format!("writing {}", file.display()))
}

fn text(Lost { line, loss }: &Lost) -> String {
    let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
    let carried = if loss.carried { " (the reserved key carries it)" } else { "" };
    let subject = if loss.subject.is_empty() { String::new() } else { format!("{}: ", loss.subject) };
    format!("loss: {line}{subject}{}: {}{carried}", loss.path, loss.why)
}

fn names() -> impl Iterator<Item = &'static str> {
    DIALECTS.iter().map(|dialect| dialect.info().name)
}

fn dialect(name: &str) -> Option<&'static dyn Dialect> {
    DIALECTS.iter().copied().find(|dialect| dialect.info().name == name)
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is NAME:VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn time(text: &str) -> Result<Time, String> {
    Time::parse(text).ok_or_else(|| "a time is RFC 3339, e.g. 2026-01-02T03:04:05Z".to_owned())
}
