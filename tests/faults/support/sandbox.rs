//! The stand-ins on a port that they keep.

use std::net::SocketAddr;
use std::path::PathBuf;

use spangate::sandbox;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// All stand-ins, in this process.
pub(super) struct Sandbox {
    pub(super) at: SocketAddr,
    state: PathBuf,
    serving: Option<JoinHandle<anyhow::Result<()>>>,
    stop: CancellationToken,
}

impl Sandbox {
    /// Serves on an address, keeping what is acknowledged in a directory.
    pub(super) async fn open(at: SocketAddr, state: PathBuf) -> Self {
        let mut sandbox = Self { at, state, serving: None, stop: CancellationToken::new() };
        sandbox.start().await;
        sandbox
    }

    /// Serves again.
    pub(super) async fn start(&mut self) {
        let listener = TcpListener::bind(self.at).await.unwrap();
        self.stop = CancellationToken::new();
        let options = sandbox::Options { state: Some(self.state.clone()), ..sandbox::Options::default() };
        self.serving = Some(tokio::spawn(sandbox::serve(listener, options, self.stop.clone())));
    }

    /// Goes away: nobody listens any more.
    pub(super) async fn stop(&mut self) {
        self.stop.cancel();
        self.serving.take().unwrap().await.unwrap().unwrap();
    }
}
