//! A gateway in this process, for what cannot be done to one from outside: its clock and its dialects.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

use spangate::app::Gateway;
use spangate::contract::Dialect;
use tokio::net::TcpListener;

use super::Site;
use super::gateway;

/// A gateway in this process, in place of a site's own.
pub(crate) struct Inside {
    gateway: Gateway,
    /// Nanoseconds that its clock is ahead.
    ahead: Arc<AtomicI64>,
}

impl Inside {
    /// Stops the site's process and goes on with its directory and addresses, in this process.
    pub(crate) async fn instead(site: &mut Site, dialects: Vec<&'static dyn Dialect>) -> Self {
        site.stop().await;
        let text = std::fs::read_to_string(site.write_config()).unwrap();
        let config = gateway::config(text, &dialects);
        let data = TcpListener::bind(config.server.listen).await.unwrap();
        let admin = TcpListener::bind(config.server.admin_listen).await.unwrap();
        let ahead = Arc::<AtomicI64>::default();
        Self { gateway: gateway::start(&config, dialects, (data, admin), &ahead).await, ahead }
    }

    /// Moves the clock, forwards or back, all at once.
    pub(crate) fn jump(&self, seconds: i64) {
        self.ahead.fetch_add(seconds * 1_000_000_000, Ordering::Relaxed);
    }

    /// Stops it as SIGTERM does.
    pub(crate) async fn stop(self) {
        self.gateway.stop().await.unwrap();
    }
}
