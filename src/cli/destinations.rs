//! `spangate destinations`: how each destination does, pausing one, and giving up what waits for one that is
//! not configured any more.

use std::fmt::Write;
use std::time::Duration;

use anyhow::anyhow;
use serde_json::json;

use super::AT_RISK;
use super::admin::Admin;
use super::plain;
use super::print;
use crate::contract::AlarmLine;
use crate::contract::Choice;
use crate::contract::RemovedLine;
use crate::contract::Standing;

/// Tells how each destination does: what it is doing and why, what waits, what went out, its last error
/// and the alarms that stand; then those that were taken out of the configuration while something waited
/// for them, and what became of that.
///
/// States: running; limited (the vendor asked for patience); failing (it does not answer, or with faults:
/// the breaker is open); behind (it accepts and does not show); refusing (it refuses in mass, so nothing is
/// given up); credential (it does not take our key); paused (by an operator). Exits with 5 while an alarm
/// stands that says that data is lost, given up or at risk (lost, quarantined, salvaged, removed, expired, backlog,
/// full).
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = "Examples:
  spangate destinations
  spangate destinations pause main_cloud --why 'maintenance until 6'
  spangate destinations resume main_cloud
  spangate destinations drop old_cloud --why 'the contract ended'")]
pub(super) struct Args {
    #[command(subcommand)]
    order: Option<Order>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Order {
    /// Stops writing to a destination, restarts included, until it is resumed; its items wait.
    #[command(after_long_help = "Example:\n  spangate destinations pause main_cloud --why 'maintenance until 6'")]
    Pause {
        /// The destination.
        name: String,
        /// Why, for whoever looks.
        #[arg(long, default_value = "paused by an operator")]
        why: String,
    },
    /// Takes every pause of a destination back, also one that refusals or a refused credential caused.
    #[command(after_long_help = "Example:\n  spangate destinations resume main_cloud")]
    Resume {
        /// The destination.
        name: String,
    },
    /// Gives up what waits for a destination that was taken out of the configuration, dead letters too; for
    /// one that is put back, it goes out.
    #[command(after_long_help = "Example:\n  spangate destinations drop old_cloud --why 'the contract ended'")]
    Drop {
        /// The destination.
        name: String,
        /// Why, for the log and whoever looks.
        #[arg(long)]
        why: String,
    },
}

pub(super) async fn run(args: Args) -> anyhow::Result<u8> {
    let Args { order, json, admin } = args;
    let (mut alarmed, mut removed) = (Vec::new(), Vec::new());
    let standings = match order {
        None => {
            let standings: Option<Vec<Standing>> = admin.get(&["api", "destinations"], &[]).await?;
            // On stderr, as they are about no destination.
            let alarms: Option<Vec<AlarmLine>> = admin.get(&["api", "alarms"], &[]).await?;
            alarmed = alarms.unwrap_or_default();
            removed = admin.get(&["api", "removed"], &[]).await?.unwrap_or_default();
            for AlarmLine { kind, text, since } in &alarmed {
                eprintln!("spangate: ALARM {kind}: {text} (since {since})");
            }
            standings.ok_or_else(|| anyhow!("the gateway knows no destinations: is it an older one?"))?
        }
        Some(Order::Pause { name, why }) => vec![switch(&admin, &name, "pause", &json!({"why": why})).await?],
        Some(Order::Resume { name }) => vec![switch(&admin, &name, "resume", &json!({})).await?],
        Some(Order::Drop { name, why }) => {
            let path = ["api", "destinations", &name, "drop"];
            let line: RemovedLine = admin.post(&path, &json!({"why": why}), Duration::ZERO).await?;
            return print(json, &line, gone).map(|()| 0);
        }
    };
    print(json, &standings, |standings| text(standings) + &removed.iter().map(gone).collect::<String>())?;
    let mut alarms = alarmed.iter().chain(standings.iter().flat_map(|standing| &standing.alarms));
    Ok(if alarms.any(|alarm| AT_RISK_KINDS.contains(&alarm.kind.as_str())) { AT_RISK } else { 0 })
}

/// Alarms that say that data is lost, given up or at risk; of the others only a human is needed.
const AT_RISK_KINDS: [&str; 7] = ["lost", "quarantined", "salvaged", "removed", "expired", "backlog", "full"];

async fn switch(admin: &Admin, name: &str, what: &str, body: &serde_json::Value) -> anyhow::Result<Standing> {
    admin.post(&["api", "destinations", name, what], body, Duration::ZERO).await
}

/// What became of what waits for a destination that is not configured.
fn gone(line: &RemovedLine) -> String {
    let RemovedLine { destination, items, letters, since, choice } = line;
    let amount = format!("{items} items and {letters} dead letters");
    match choice {
        None => format!("{destination}: removed from the configuration (since {since})\n  waiting   {amount}\n"),
        Some(Choice { what, at, why }) => {
            let why = plain(why);
            format!(
                "{destination}: removed from the configuration (since {since}), {what} at {at}\n  why       {why}\n  items     {amount}\n"
            )
        }
    }
}

fn text(standings: &Vec<Standing>) -> String {
    let mut out = String::new();
    for standing in standings {
        let Standing { destination, dialect, base_url, condition, items, per_minute, .. } = standing;
        let _ = writeln!(out, "{destination}: {}  ({dialect} at {base_url})", condition.state.word());
        for (name, value) in [
            ("since", &condition.since),
            ("why", &condition.why),
            ("next", &condition.next_try),
            ("error", &condition.last_error),
            ("oldest", &standing.oldest),
        ] {
            if let Some(value) = value {
                let _ = writeln!(out, "  {name:<10}{}", plain(value));
            }
        }
        let words: Vec<String> = items.outcomes().iter().map(|(outcome, items)| format!("{items} {outcome}")).collect();
        let _ = writeln!(out, "  {:<10}{} accepted: {}", "items", items.accepted, words.join(", "));
        let _ = writeln!(
            out,
            "  {:<10}{:.0} accepted, {:.0} delivered, {:.0} dead; {} of {} requests on the way",
            "a minute",
            per_minute.accepted,
            per_minute.delivered,
            per_minute.dead,
            standing.in_flight,
            standing.concurrency,
        );
        for AlarmLine { kind, text, since } in &standing.alarms {
            let _ = writeln!(out, "  {:<10}{kind}: {text} (since {since})", "ALARM");
        }
    }
    if out.is_empty() { "no destinations are configured\n".to_owned() } else { out }
}
