//! Stand-ins for the vendors, strict where they are strict.
//!
//! One listener serves any number of independent instances, `/{name}/…`, where a name is a vendor's
//! or a vendor's with a suffix (`opik-2`). Everything here reads requests by the rules of the wire
//! reports with its own code, so that a mistake in a dialect cannot hide in its test. `/_sandbox/…`
//! shows and turns what is inside; see [`Settings`] for the knobs.

mod call;
mod deep;
mod faults;
mod galileo;
mod inspect;
mod journal;
mod limit;
mod opik;
mod pandaprobe;
mod reply;
mod server;
mod settings;
mod worker;
mod world;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use settings::Settings;

use world::World;

/// How a sandbox is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Folder of the journal; without one everything is forgotten at exit.
    pub state: Option<PathBuf>,
    /// What every instance starts with.
    pub settings: Settings,
}

/// Serves the stand-ins on `listener` until `shutdown`, after replaying the journal.
///
/// Fails when the state folder cannot be read or the listener breaks.
pub async fn serve(listener: TcpListener, options: Options, shutdown: CancellationToken) -> anyhow::Result<()> {
    let world = World::open(options.state, options.settings).context("open the sandbox's state")?;
    server::run(listener, Arc::new(world), shutdown).await.context("serve the sandbox")
}
