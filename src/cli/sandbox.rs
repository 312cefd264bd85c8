//! `spangate sandbox`: the vendors' stand-ins alone.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::world;
use crate::sandbox;

/// Runs stand-ins that behave as the vendors do.
///
/// Each vendor stands under its name: http://ADDR/NAME. What they show: GET /_sandbox/NAME/traces and
/// /scores; what they were sent: GET /_sandbox/requests; faults: POST /_sandbox/NAME/faults.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = "Example:\n  spangate sandbox --listen 127.0.0.1:4402")]
pub(super) struct Args {
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4402")]
    pub listen: SocketAddr,
    /// Keep what they acknowledge in this directory.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> anyhow::Result<u8> {
    let listener = world::bind(args.listen, "the stand-ins").await?;
    println!("stand-ins on http://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let options = sandbox::Options { state: args.state, ..sandbox::Options::default() };
    let serving = tokio::spawn(sandbox::serve(listener, options, stop.clone()));
    world::Signals::listen()?.next().await;
    stop.cancel();
    serving.await??;
    Ok(0)
}
