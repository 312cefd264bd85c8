//! `spangate explain`: where a trace has got to, by any dialect's id of it.

mod stopped;
mod text;

use std::path::PathBuf;

use anyhow::anyhow;

use super::admin::Admin;
use crate::contract::Explain;
use crate::contract::Explanation;
use crate::contract::Summary;

/// Tells where a trace has got to at every destination: its state, its ids and links there, what could
/// not be carried, and for a parked one why, how often it was tried and when it is tried next.
///
/// Takes the id of a trace or span in any dialect's form, as a client made it or as a vendor shows it;
/// without one, lists the newest traces. Exits with 1 where the id is unknown, with 4 where no gateway
/// answers.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = "Examples:
  spangate explain
  spangate explain 0193f2a4-5b1c-7d3e-8f00-112233445566 --full
  spangate explain 0193f2a4-5b1c-7d3e-8f00-112233445566 --state /var/lib/spangate --json")]
pub(super) struct Args {
    /// The id of a trace or span.
    pub id: Option<String>,
    /// Look in this project only.
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Print the trace as it was sent, too, and as each vendor now shows it.
    #[arg(long, requires = "id")]
    pub full: bool,
    /// How many of the newest traces to list.
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "id")]
    pub limit: usize,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub admin: Admin,
    /// Read a stopped gateway's state directory instead; no vendor is asked then.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> anyhow::Result<u8> {
    let source = match &args.state {
        Some(dir) => Source::Stopped(stopped::open(dir)?),
        None => Source::Running(args.admin.clone()),
    };
    let Some(id) = &args.id else {
        let traces = source.newest(args.limit).await?;
        print(args.json, &traces, text::list)?;
        return Ok(0);
    };
    let Some(found) = source.explain(id, args.project.as_deref(), args.full).await? else {
        eprintln!("spangate: no trace or span has the id {id} here");
        return Ok(1);
    };
    print(args.json, &found, text::trace)?;
    Ok(0)
}

/// Who answers.
enum Source {
    Running(Admin),
    Stopped(Box<dyn Explain>),
}

impl Source {
    async fn newest(&self, limit: usize) -> anyhow::Result<Vec<Summary>> {
        match self {
            Self::Running(admin) => {
                let traces = admin.get(&["api", "traces"], &[("limit", &limit.to_string())]).await?;
                Ok(traces.unwrap_or_default())
            }
            Self::Stopped(explain) => explain.newest(limit).map_err(|why| anyhow!(why)),
        }
    }

    async fn explain(&self, id: &str, project: Option<&str>, full: bool) -> anyhow::Result<Option<Explanation>> {
        match self {
            Self::Running(admin) => {
                let mut query = vec![("documents", if full { "true" } else { "false" })];
                query.extend(project.map(|project| ("project", project)));
                admin.get(&["api", "explain", id], &query).await
            }
            Self::Stopped(explain) => {
                let found = explain.explain(id, project).map_err(|why| anyhow!(why))?;
                let Some(mut found) = found else { return Ok(None) };
                if full {
                    found.documents = Some(explain.documents(&found).await.map_err(|why| anyhow!(why))?);
                }
                Ok(Some(found))
            }
        }
    }
}

fn print<T: serde::Serialize>(json: bool, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
    match json {
        true => println!("{}", serde_json::to_string_pretty(value)?),
        false => print!("{}", text(value)),
    }
    Ok(())
}
