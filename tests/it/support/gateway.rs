//! A gateway in the test's own process, on a clock that tests can set.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use spangate::app::Gateway;
use spangate::app::World;
use spangate::config;
use spangate::config::Config;
use spangate::config::DialectInfo;
use spangate::config::Sources;
use spangate::contract::Dialect;
use tokio::net::TcpListener;

/// What a configuration's text comes to. It needs little free space on the disk.
pub(super) fn config(text: String, dialects: &[&'static dyn Dialect]) -> Config {
    let infos: Vec<DialectInfo> = dialects.iter().map(|dialect| *dialect.info()).collect();
    let sources = Sources { text: Some(text), environment: environment(), ..Sources::default() };
    config::load(&sources, &infos).unwrap_or_else(|mistakes| panic!("{mistakes}")).config
}

/// Starts it on a data and an admin listener; its clock is so many nanoseconds ahead.
#[expect(clippy::disallowed_methods, reason = "tests run in the real world's time")]
pub(super) async fn start(
    config: &Config,
    dialects: Vec<&'static dyn Dialect>,
    (data, admin): (TcpListener, TcpListener),
    ahead: &Arc<AtomicI64>,
) -> Gateway {
    let ahead = Arc::clone(ahead);
    let world = World {
        dialects,
        environment: environment(),
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
    };
    Gateway::start(config, world).await.unwrap()
}

fn environment() -> BTreeMap<String, String> {
    let set = [("VENDOR_KEY", "vendor-key"), ("SPANGATE__LEDGER__DISK_RESERVE", "1MiB")];
    set.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}
