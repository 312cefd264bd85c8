//! The world outside, in one place: the clock, randomness, signals, sockets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::app::World;
use crate::contract::Clock;
use crate::dialects::DIALECTS;
use crate::pipeline::story::Listener;

/// The system's clock.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub(super) fn clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}

/// The real world around a gateway.
pub(super) fn world(
    environment: BTreeMap<String, String>,
    data: TcpListener,
    admin: TcpListener,
    token_secret: Option<Vec<u8>>,
    listener: Option<Listener>,
) -> World {
    World {
        dialects: DIALECTS.to_vec(),
        environment,
        data,
        admin,
        clock: clock(),
        new_id: Arc::new(rand::random),
        dice: Arc::new(rand::random),
        token_secret,
        listener,
    }
}

/// A listening socket.
pub(super) async fn bind(address: SocketAddr, what: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on {address} for {what}"))
}

/// Resolves at Ctrl-C or SIGTERM.
pub(super) async fn stop_signal() -> anyhow::Result<()> {
    let mut term = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result.context("listening for Ctrl-C"),
        _ = term.recv() => Ok(()),
    }
}
