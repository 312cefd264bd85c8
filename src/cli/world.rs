//! The world outside, in one place: the clock, randomness, signals, sockets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::app::Gateway;
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

/// Ctrl-C and SIGTERM. From when it is made they end the process no more, but are told.
pub(super) struct Signals {
    term: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let term = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
        let interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
        Ok(Self { term, interrupt })
    }

    /// Resolves at the next signal.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.term.recv() => {}
        }
    }
}

/// Ends a gateway: clients end their connections, requests in hand are finished, the rest is left for
/// the next start. A second signal ends the process at once, which loses nothing that was acknowledged.
pub(super) async fn stop(gateway: Gateway, signals: &mut Signals) -> anyhow::Result<u8> {
    let stopping = async {
        gateway.take_leave().await;
        gateway.stop().await
    };
    tokio::select! {
        stopped = stopping => stopped.map(|()| 0),
        () = signals.next() => {
            tracing::warn!("a second signal: ended at once, requests in hand are not answered");
            Ok(1)
        }
    }
}
