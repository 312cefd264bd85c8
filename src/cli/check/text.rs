//! The result of `spangate check` for people.

use crate::config;
use crate::config::Config;
use crate::config::Destination;
use crate::config::IdScope;
use crate::config::Limits;
use crate::config::Loaded;
use crate::config::Mistakes;
use crate::config::Project;
use crate::config::Route;
use crate::config::VendorProject;
use crate::config::duration_text;

use super::keys;

pub(super) fn mistakes(mistakes: &Mistakes) -> String {
    format!("{mistakes}\n{}\n", count(mistakes.0.len(), "mistake"))
}

pub(super) fn summary(name: &str, loaded: &Loaded) -> String {
    let (config, warnings) = (&loaded.config, &loaded.warnings);
    let mut text = format!("{name} can be served, {}\n\n", count(warnings.len(), "warning"));
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
    let keys: Vec<String> = keys(name, config).map(|(key, words)| format!("{key} ({})", words.join(", "))).collect();
    let mut text = format!("\nproject {name}\n");
    text += &format!("  keys    {}\n", or(keys.join("; "), "none"));
    text += &format!("  limits  {}\n", or(limits(&project.limits), "none"));
    text += &format!("  reads   {}\n", project.read_from.as_deref().unwrap_or("the ledger only"));
    for (name, route) in &project.routes {
        text += &route_text(name, route, &config.destinations[name]);
    }
    text
}

fn route_text(name: &str, route: &Route, destination: &Destination) -> String {
    let mut text = format!("  route   {name}: {} at {}\n", destination.dialect, destination.base_url);
    let project = match &route.vendor_project {
        VendorProject::Same => "the client's own",
        VendorProject::Fixed(name) => name,
    };
    text += &format!("    vendor project  {project}\n");
    text += &format!("    egress          {}\n", egress(destination));
    let quiet = route.flush.quiet.map_or("by origin".to_owned(), duration_text);
    let (mode, idle) = (route.flush.mode.word(), duration_text(route.flush.idle));
    text += &format!("    flush           {mode}, quiet {quiet}, idle {idle}\n");
    text += &format!("    ids             {}\n", id_scope(route.id_scope));
    text
}

fn limits(limits: &Limits) -> String {
    let parts = [
        limits.requests_per_second.map(|rate| format!("{rate} requests/s")),
        limits.spans_per_second.map(|rate| format!("{rate} spans/s")),
        limits.bytes_per_second.map(|rate| format!("{}/s", config::size_text(rate.get().into()))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn egress(destination: &Destination) -> String {
    let egress = &destination.egress;
    let rates = [
        egress.requests_per_minute.map(|rate| format!("{rate} requests/min")),
        egress.items_per_minute.map(|rate| format!("{rate} rows/min")),
        egress.scores_per_minute.map(|rate| format!("{rate} scores/min")),
    ];
    let rates: Vec<String> = rates.into_iter().flatten().collect();
    let rates = or(rates.join(", "), "no known rate");
    let keys = match destination.api_keys.len() {
        0 => "without a key".to_owned(),
        1 => "with 1 key".to_owned(),
        keys => format!("for each of {keys} keys"),
    };
    let (in_flight, timeout) = (egress.in_flight, duration_text(egress.timeout));
    format!("{rates} {keys}, {in_flight} in flight, timeout {timeout}")
}

fn or(text: String, empty: &str) -> String {
    if text.is_empty() {
        return empty.to_owned();
    }
    text
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
