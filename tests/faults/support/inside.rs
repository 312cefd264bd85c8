//! A gateway in this process, for what cannot be done to one from outside: its clock and its dialects.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use spangate::app::Gateway;
use spangate::app::World;
use spangate::config;
use spangate::config::DialectInfo;
use spangate::config::Sources;
use spangate::contract::Dialect;
use tokio::net::TcpListener;

use super::Site;

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
        let environment = BTreeMap::from([("VENDOR_KEY".to_owned(), "vendor-key".to_owned())]);
        let infos: Vec<DialectInfo> = dialects.iter().map(|dialect| *dialect.info()).collect();
        let sources = Sources { text: Some(text), environment: environment.clone(), ..Sources::default() };
        let loaded = config::load(&sources, &infos).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let server = &loaded.config.server;
        let data = TcpListener::bind(server.listen).await.unwrap();
        let admin = TcpListener::bind(server.admin_listen).await.unwrap();
        let ahead = Arc::<AtomicI64>::default();
        let world = world(dialects, environment, data, admin, &ahead);
        Self { gateway: Gateway::start(&loaded.config, world).await.unwrap(), ahead }
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

#[expect(clippy::disallowed_methods, reason = "tests run in the real world's time")]
fn world(
    dialects: Vec<&'static dyn Dialect>,
    environment: BTreeMap<String, String>,
    data: TcpListener,
    admin: TcpListener,
    ahead: &Arc<AtomicI64>,
) -> World {
    let ahead = Arc::clone(ahead);
    World {
        dialects,
        environment,
        data,
        admin,
        clock: Arc::new(move || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64;
            now + ahead.load(Ordering::Relaxed)
        }),
        new_id: Arc::new(rand::random),
        dice: Arc::new(rand::random),
        token_secret: None,
        listener: None,
    }
}
