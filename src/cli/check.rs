//! `spangate check`: whether a configuration can be served, with all its mistakes at once.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use serde_json::Value;
use serde_json::json;

use crate::config;
use crate::config::Config;
use crate::config::Destination;
use crate::config::DialectInfo;
use crate::config::IdScope;
use crate::config::Limits;
use crate::config::Loaded;
use crate::config::Mistakes;
use crate::config::Project;
use crate::config::Route;
use crate::config::Sources;
use crate::config::VendorProject;
use crate::config::duration_text;

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
pub fn run(
    args: Args,
    environment: BTreeMap<String, String>,
    dialects: &[DialectInfo],
) -> anyhow::Result<u8> {
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
    let sources = Sources {
        file: args.config,
        environment,
        skip_secrets: args.skip_secrets,
        text: None,
    };
    let result = config::load(&sources, dialects);
    let (code, text) = match (&result, args.json) {
        (Ok(loaded), true) => (DONE, format!("{:#}\n", summary_json(loaded))),
        (Ok(loaded), false) => (DONE, summary(&name, loaded)),
        (Err(mistakes), true) => (MISTAKEN, format!("{:#}\n", mistakes_json(mistakes))),
        (Err(mistakes), false) => {
            let text = format!("{mistakes}\n{}\n", count(mistakes.0.len(), "mistake"));
            (MISTAKEN, text)
        }
    };
    out.write_all(text.as_bytes())?;
    Ok(code)
}

fn mistakes_json(mistakes: &Mistakes) -> Value {
    let list: Vec<Value> = mistakes
        .0
        .iter()
        .map(|mistake| {
            json!({
                "path": mistake.path,
                "value": mistake.value,
                "rule": mistake.rule,
                "write": mistake.write,
                "from": mistake.from,
            })
        })
        .collect();
    json!({"valid": false, "mistakes": list})
}

fn summary(name: &str, loaded: &Loaded) -> String {
    let (config, warnings) = (&loaded.config, &loaded.warnings);
    let mut text = format!(
        "{name} can be served, {}\n\n",
        count(warnings.len(), "warning")
    );
    let server = &config.server;
    text += &format!("SDKs   {}\n", server.listen);
    text += &format!("admin  {}\n", server.admin_listen);
    text += &format!("state  {}\n", server.state_dir.display());
    text += &format!("kept   with {}\n", config.ledger.durability.word());
    for (name, project) in &config.projects {
        text += &project_text(name, project, config);
    }
    for (index, warning) in warnings.iter().enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        text += &format!("{gap}warning: {warning}\n");
    }
    text
}

fn project_text(name: &str, project: &Project, config: &Config) -> String {
    let keys: Vec<String> = keys(name, config)
        .map(|(key, words)| format!("{key} ({})", words.join(", ")))
        .collect();
    let or_none = |text: String| {
        if text.is_empty() {
            "none".to_owned()
        } else {
            text
        }
    };
    let mut text = format!("\nproject {name}\n");
    text += &format!("  keys    {}\n", or_none(keys.join("; ")));
    text += &format!("  limits  {}\n", or_none(limits(&project.limits)));
    text += &format!(
        "  reads   {}\n",
        project.read_from.as_deref().unwrap_or("the ledger only")
    );
    for (name, route) in &project.routes {
        text += &route_text(name, route, &config.destinations[name]);
    }
    text
}

fn route_text(name: &str, route: &Route, destination: &Destination) -> String {
    let mut text = format!(
        "  route   {name}: {} at {}\n",
        destination.dialect, destination.base_url
    );
    let project = match &route.vendor_project {
        VendorProject::Same => "the client's own",
        VendorProject::Fixed(name) => name,
    };
    text += &format!("    vendor project  {project}\n");
    text += &format!("    egress          {}\n", egress(destination));
    let quiet = route
        .flush
        .quiet
        .map_or("by origin".to_owned(), duration_text);
    let (mode, idle) = (route.flush.mode.word(), duration_text(route.flush.idle));
    text += &format!("    flush           {mode}, quiet {quiet}, idle {idle}\n");
    text += &format!("    ids             {}\n", id_scope(route.id_scope));
    text
}

fn keys<'a>(
    project: &'a str,
    config: &'a Config,
) -> impl Iterator<Item = (&'a String, Vec<&'static str>)> {
    let keys = config
        .keys
        .iter()
        .filter(move |(_, key)| key.project == project);
    keys.map(|(name, key)| (name, key.scopes.words()))
}

fn limits(limits: &Limits) -> String {
    let parts = [
        limits
            .requests_per_second
            .map(|rate| format!("{rate} requests/s")),
        limits
            .spans_per_second
            .map(|rate| format!("{rate} spans/s")),
        limits
            .bytes_per_second
            .map(|rate| format!("{}/s", config::size_text(rate.get().into()))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn egress(destination: &Destination) -> String {
    let egress = &destination.egress;
    let rates = [
        (egress.requests_per_minute, "requests/min"),
        (egress.items_per_minute, "rows/min"),
        (egress.scores_per_minute, "scores/min"),
    ];
    let mut text = String::new();
    for (rate, unit) in rates {
        if let Some(rate) = rate {
            // Writing to a String cannot fail.
            let _ = write!(text, "{rate} {unit}, ");
        }
    }
    let keys = count(destination.api_keys.len(), "key");
    let each = if text.is_empty() {
        "no known rate, "
    } else {
        "for each of "
    };
    let (in_flight, timeout) = (egress.in_flight, duration_text(egress.timeout));
    format!("{text}{each}{keys}; {in_flight} in flight, timeout {timeout}")
}

fn id_scope(scope: IdScope) -> &'static str {
    match scope {
        IdScope::Verbatim => "verbatim",
        IdScope::Hashed => "hashed, the server is shared",
    }
}

fn count(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

fn summary_json(loaded: &Loaded) -> Value {
    let config = &loaded.config;
    let projects: serde_json::Map<String, Value> = config
        .projects
        .iter()
        .map(|(name, project)| (name.clone(), project_json(name, project, config)))
        .collect();
    let warnings: Vec<Value> = loaded
        .warnings
        .iter()
        .map(|warning| json!({"path": warning.path, "text": warning.text}))
        .collect();
    json!({
        "valid": true,
        "listen": config.server.listen.to_string(),
        "admin_listen": config.server.admin_listen.to_string(),
        "state_dir": config.server.state_dir,
        "durability": config.ledger.durability.word(),
        "projects": projects,
        "warnings": warnings,
    })
}

fn project_json(name: &str, project: &Project, config: &Config) -> Value {
    let keys: serde_json::Map<String, Value> = keys(name, config)
        .map(|(key, words)| (key.clone(), json!({"scopes": words})))
        .collect();
    let routes: serde_json::Map<String, Value> = project
        .routes
        .iter()
        .map(|(name, route)| (name.clone(), route_json(route, &config.destinations[name])))
        .collect();
    json!({
        "keys": keys,
        "limits": {
            "requests_per_second": project.limits.requests_per_second,
            "spans_per_second": project.limits.spans_per_second,
            "bytes_per_second": project.limits.bytes_per_second,
        },
        "read_from": project.read_from,
        "routes": routes,
    })
}

fn route_json(route: &Route, destination: &Destination) -> Value {
    let egress = &destination.egress;
    let ids = match route.id_scope {
        IdScope::Verbatim => "verbatim",
        IdScope::Hashed => "hashed",
    };
    json!({
        "dialect": destination.dialect,
        "base_url": destination.base_url.as_str(),
        "vendor_project": match &route.vendor_project {
            VendorProject::Same => None,
            VendorProject::Fixed(name) => Some(name),
        },
        "egress": {
            "requests_per_minute": egress.requests_per_minute,
            "items_per_minute": egress.items_per_minute,
            "scores_per_minute": egress.scores_per_minute,
            "keys": destination.api_keys.len(),
            "in_flight": egress.in_flight,
            "timeout": duration_text(egress.timeout),
        },
        "flush": {
            "mode": route.flush.mode.word(),
            "quiet": route.flush.quiet.map(duration_text),
            "idle": duration_text(route.flush.idle),
        },
        "ids": ids,
    })
}
