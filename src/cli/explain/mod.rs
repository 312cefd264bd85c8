//! `spangate explain`: where a trace has got to, by any dialect's id of it.

mod text;

use std::path::PathBuf;

use anyhow::anyhow;

use super::admin::Admin;
use super::print;
use super::stopped;
use crate::contract::Explain;
use crate::contract::Explanation;
use crate::contract::Followed;
use crate::contract::Operate;
use crate::contract::Receipt;
use crate::contract::Summary;
use crate::pipeline::operate::Operator;

/// Tells where a trace has got to at every destination: its state, its ids and links there, what could
/// not be carried, and for a parked one why, how often it was tried and when it is tried next.
///
/// Takes the id of a trace or span in any dialect's form, as a client made it or as a vendor shows it, or
/// the receipt of a request (the header x-spangate-receipt of its reply): then it tells what has become of
/// each of its items. Without one, lists the newest traces. Exits with 1 where the id is unknown, with 4
/// where no gateway answers.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = "Examples:
  spangate explain
  spangate explain 0193f2a4-5b1c-7d3e-8f00-112233445566 --full
  spangate explain 4711-5b1c0f5d2a6a4b7f9c3e8f00aa112233
  spangate explain 0193f2a4-5b1c-7d3e-8f00-112233445566 --state /var/lib/spangate --json")]
pub(super) struct Args {
    /// The id of a trace or span, or a receipt.
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
    if let Ok(receipt) = id.parse() {
        return followed(&source, receipt, args.json).await;
    }
    let Some(found) = source.explain(id, args.project.as_deref(), args.full).await? else {
        eprintln!("spangate: no trace or span has the id {id} here");
        return Ok(1);
    };
    print(args.json, &found, text::trace)?;
    Ok(0)
}

async fn followed(source: &Source, receipt: Receipt, json: bool) -> anyhow::Result<u8> {
    let Some(found) = source.receipt(receipt).await? else {
        eprintln!("spangate: no request of the receipt {receipt} is held here");
        return Ok(1);
    };
    print(json, &found, text::followed)?;
    Ok(0)
}

/// Who answers.
enum Source {
    Running(Admin),
    Stopped(Operator),
}

impl Source {
    async fn newest(&self, limit: usize) -> anyhow::Result<Vec<Summary>> {
        match self {
            Self::Running(admin) => {
                let traces = admin.get(&["api", "traces"], &[("limit", &limit.to_string())]).await?;
                Ok(traces.unwrap_or_default())
            }
            Self::Stopped(operator) => operator.explain.newest(limit).map_err(|why| anyhow!(why)),
        }
    }

    async fn receipt(&self, receipt: Receipt) -> anyhow::Result<Option<Followed>> {
        match self {
            Self::Running(admin) => admin.get(&["api", "receipts", &receipt.to_string()], &[]).await,
            Self::Stopped(operator) => operator.receipt(receipt).map_err(|why| anyhow!(why)),
        }
    }

    async fn explain(&self, id: &str, project: Option<&str>, full: bool) -> anyhow::Result<Option<Explanation>> {
        match self {
            Self::Running(admin) => {
                let mut query = vec![("documents", if full { "true" } else { "false" })];
                query.extend(project.map(|project| ("project", project)));
                admin.get(&["api", "explain", id], &query).await
            }
            Self::Stopped(operator) => {
                let explain = &operator.explain;
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
