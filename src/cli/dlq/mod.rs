//! `spangate dlq`: what vendors refused for good, and what to do with it.

mod filter;
mod text;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;

use super::admin::Admin;
use super::print;
use super::stopped;
use crate::contract::LetterFilter;
use crate::contract::LetterList;
use crate::contract::LetterOrder;
use crate::contract::LetterPage;
use crate::contract::Moved;
use crate::contract::Operate;
use crate::pipeline::operate::Operator;
use filter::Filter;

/// Dead letters: what vendors refused for good.
///
/// A letter keeps the reason, the vendor's words, the last request and answer (never a credential), how
/// often and when it was tried. Replaying and dropping act on the whole of a letter's trace at its
/// destination.
#[derive(Clone, Debug, clap::Subcommand)]
#[command(after_long_help = "Examples:
  spangate dlq ls --destination main_cloud --since 2h
  spangate dlq show 17
  spangate dlq replay --reason 'no create' --wait 30
  spangate dlq drop --project checkout --until 2026-11-01T00:00:00Z --dry-run")]
pub(super) enum Verb {
    /// Lists dead letters, the oldest first.
    #[command(after_long_help = "Example:\n  spangate dlq ls --destination main_cloud --since 2h --json")]
    Ls(Ls),
    /// Shows one dead letter whole: reason, words, last request and answer, tries, times, records.
    ///
    /// Exits with 1 where there is none of that number (any more).
    #[command(after_long_help = "Example:\n  spangate dlq show 17")]
    Show(Show),
    /// Sends the traces of dead letters again, as they are translated today.
    ///
    /// Exits with 1 where --wait was given and a trace was refused again.
    #[command(after_long_help = "Example:\n  spangate dlq replay --destination main_cloud --wait 30")]
    Replay(Replay),
    /// Gives the traces of dead letters up: their items count as expired.
    #[command(after_long_help = "Example:\n  spangate dlq drop --id 17 --id 18 --dry-run")]
    Drop(Discard),
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Ls {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    from: Place,
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Show {
    /// The letter's number.
    id: u64,
    #[command(flatten)]
    from: Place,
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Replay {
    #[command(flatten)]
    filter: Filter,
    /// Say only what would be sent again.
    #[arg(long, conflicts_with = "wait")]
    dry_run: bool,
    /// Look for so many seconds at what becomes of it.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=300))]
    wait: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Discard {
    #[command(flatten)]
    filter: Filter,
    /// Say only what would be dropped.
    #[arg(long)]
    dry_run: bool,
    /// Every dead letter is meant; needed where no filter is given.
    #[arg(long)]
    all: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: Admin,
}

/// Where letters are read.
#[derive(Clone, Debug, clap::Args)]
struct Place {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: Admin,
    /// Read a stopped gateway's state directory instead.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

pub(super) async fn run(verb: Verb) -> anyhow::Result<u8> {
    match verb {
        Verb::Ls(args) => ls(args).await,
        Verb::Show(args) => show(args).await,
        Verb::Replay(args) => replay(args).await,
        Verb::Drop(args) => discard(args).await,
    }
}

async fn ls(Ls { filter, from }: Ls) -> anyhow::Result<u8> {
    let list = from.source()?.list(&filter.resolve()).await?;
    print(from.json, &list, text::list)?;
    Ok(0)
}

async fn show(Show { id, from }: Show) -> anyhow::Result<u8> {
    let Some(letter) = from.source()?.letter(id).await? else {
        eprintln!("spangate: there is no dead letter {id} (any more)");
        return Ok(1);
    };
    print(from.json, &letter, text::letter)?;
    Ok(0)
}

async fn replay(args: Replay) -> anyhow::Result<u8> {
    let Replay { filter, dry_run, wait, json, admin } = args;
    let order = LetterOrder { filter: filter.resolve(), dry_run, wait, ..LetterOrder::default() };
    let moved: Moved = admin.post(&["api", "dlq", "replay"], &order, Duration::from_secs(wait)).await?;
    print(json, &moved, text::replayed)?;
    Ok(u8::from(moved.after.is_some_and(|after| after.refused > 0)))
}

async fn discard(args: Discard) -> anyhow::Result<u8> {
    let Discard { filter, dry_run, all, json, admin } = args;
    let order = LetterOrder { filter: filter.resolve(), dry_run, all, wait: 0 };
    if order.filter.is_open() && !all && !dry_run {
        return Err(anyhow!("without a filter this drops every dead letter: say so with --all"));
    }
    let moved: Moved = admin.post(&["api", "dlq", "drop"], &order, Duration::ZERO).await?;
    print(json, &moved, text::dropped)?;
    Ok(0)
}

/// Who answers.
enum Source {
    Running(Admin),
    Stopped(Operator),
}

impl Place {
    fn source(&self) -> anyhow::Result<Source> {
        match &self.state {
            Some(dir) => Ok(Source::Stopped(stopped::open(dir)?)),
            None => Ok(Source::Running(self.admin.clone())),
        }
    }
}

impl Source {
    async fn list(&self, wanted: &LetterFilter) -> anyhow::Result<LetterList> {
        match self {
            Self::Running(admin) => {
                let query = filter::query(wanted);
                let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let list = admin.get(&["api", "dlq"], &query).await?;
                list.ok_or_else(|| anyhow!("the gateway knows no dead letters: is it an older one?"))
            }
            Self::Stopped(operator) => operator.letters(wanted).map_err(|why| anyhow!(why)),
        }
    }

    async fn letter(&self, id: u64) -> anyhow::Result<Option<LetterPage>> {
        match self {
            Self::Running(admin) => admin.get(&["api", "dlq", &id.to_string()], &[]).await,
            Self::Stopped(operator) => operator.letter(id).map_err(|why| anyhow!(why)),
        }
    }
}
