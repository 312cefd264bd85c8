//! `spangate serve`: the gateway, from a configuration file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::infos;
use super::sockets::Sockets;
use super::world;
use crate::app::Gateway;
use crate::config;
use crate::config::Sources;
use crate::pipeline::ledger;
use crate::telemetry;
use crate::telemetry::logs::Format;

/// Runs the gateway.
///
/// Reads config/default.toml's values, then the file, then SPANGATE__SECTION__KEY from the
/// environment. Ends at SIGTERM or Ctrl-C: requests in hand are finished, what is not delivered yet
/// waits in the state directory for the next start. A second signal ends it at once.
///
/// Listening sockets may be handed in by the supervisor as systemd does (LISTEN_FDS, LISTEN_PID, and
/// LISTEN_FDNAMES with the names data and admin; unnamed, the first is for data). Then a restart refuses
/// no connection. What is not handed in is opened as configured.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  spangate serve --config spangate.toml\n  systemd-socket-activate -l 4400 -l 4401 --fdname=data:admin spangate serve --config spangate.toml"
)]
pub(super) struct Args {
    /// The TOML file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the configuration as it is in force, and end.
    #[arg(long)]
    pub print_config: bool,
    /// What to log, in the syntax of RUST_LOG.
    #[arg(long, value_name = "FILTER", default_value = "info")]
    pub log: String,
    /// Log JSON lines.
    #[arg(long)]
    pub log_json: bool,
}

pub(super) async fn run(args: Args, environment: BTreeMap<String, String>, sockets: Sockets) -> anyhow::Result<u8> {
    let sources = Sources { file: args.config, environment: environment.clone(), ..Sources::default() };
    let loaded = config::load(&sources, &infos())?;
    if args.print_config {
        print!("{}", config::print(&loaded.config));
        return Ok(0);
    }
    let format = if args.log_json { Format::Json } else { Format::Text };
    telemetry::logs::init(format, &args.log)?;
    for warning in &loaded.warnings {
        tracing::warn!(path = %warning.path, "{}", warning.text);
    }
    let server = &loaded.config.server;
    let mut signals = world::Signals::listen()?;
    ledger::ensure_free(&server.state_dir)?;
    let (data, admin) = sockets.listeners(server.listen, server.admin_listen).await?;
    tracing::info!(listen = %data.local_addr()?, admin = %admin.local_addr()?, state_dir = %server.state_dir.display(), "serving");
    let gateway = tokio::select! {
        started = Gateway::start(&loaded.config, world::world(environment, data, admin, None, None)) => started?,
        () = signals.next() => return Ok(0),
    };
    signals.next().await;
    tracing::info!("stopping");
    world::stop(gateway, &mut signals).await
}
