//! A gateway, its state directory and the stand-ins that it leads to.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use rusqlite::Connection;
use rusqlite::OpenFlags;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use super::Client;
use super::PATIENCE;
use super::Process;
use super::Setup;
use super::Vendor;
use super::eventually;
use super::sample;
use super::sandbox::Sandbox;
use super::setup::key;

/// A running site. Its addresses stay the same over every restart.
pub(crate) struct Site {
    pub(crate) process: Option<Process>,
    setup: Setup,
    state: TempDir,
    sandbox: Sandbox,
    data: SocketAddr,
    admin: SocketAddr,
    http: reqwest::Client,
}

impl Site {
    pub(super) async fn start(setup: Setup) -> Self {
        let state = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let [data, admin, vendors] = [(); 3].map(|()| own_address());
        let sandbox = Sandbox::open(vendors, state.path().join("vendors")).await;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        let mut site = Self { process: None, setup, state, sandbox, data, admin, http };
        for name in site.setup.stand_ins().filter(|name| *name == "pandaprobe") {
            site.vendor(name).settings(&json!({"rate_limit_per_minute": null})).await;
        }
        site.open().await;
        site
    }

    /// Starts the gateway and waits until it is ready.
    pub(crate) async fn open(&mut self) {
        self.spawn();
        self.ready().await;
    }

    /// Starts the gateway and goes on.
    pub(crate) fn spawn(&mut self) {
        self.process = Some(Process::start(&self.write_config()));
    }

    /// Waits until the gateway is ready.
    pub(crate) async fn ready(&self) {
        let url = format!("http://{}/readyz", self.admin);
        eventually("the gateway is ready", async || {
            self.http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()).then_some(())
        })
        .await;
    }

    /// Writes the configuration file; where it is.
    pub(crate) fn write_config(&self) -> PathBuf {
        let file = self.state.path().join("gateway.toml");
        let text = self.setup.toml(&self.ledger(), self.data, self.admin, self.sandbox.at);
        fs::write(&file, text).unwrap();
        file
    }

    /// The configuration of a second gateway on the same state directory, with ports of its own.
    pub(crate) fn second_config(&self) -> PathBuf {
        let file = self.state.path().join("second.toml");
        let text = self.setup.toml(&self.ledger(), own_address(), own_address(), self.sandbox.at);
        fs::write(&file, text).unwrap();
        file
    }

    /// Kills the gateway as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process.take().unwrap().kill();
    }

    /// Stops the gateway as SIGTERM does, and checks that it ends well.
    pub(crate) async fn stop(&mut self) {
        let process = self.process.take().unwrap();
        process.terminate();
        let status = process.ended().await;
        assert!(status.success(), "the gateway ended with {status}");
    }

    /// Changes the configuration that the next start reads.
    pub(crate) fn reconfigure(&mut self, change: impl FnOnce(Setup) -> Setup) {
        self.setup = change(self.setup.clone());
    }

    /// The directory with the gateway's ledger.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.setup.ledger.clone().unwrap_or_else(|| self.state.path().join("ledger"))
    }

    /// Items of every record in the ledger.
    pub(crate) fn ledger_items(&self) -> u64 {
        let ledger =
            Connection::open_with_flags(self.ledger().join("ledger.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let items: i64 = ledger.query_row("SELECT SUM(items) FROM records", [], |row| row.get(0)).unwrap();
        u64::try_from(items).unwrap()
    }

    /// What every gateway of this site has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.state.path().join("gateway.log")).unwrap()
    }

    /// Where clients connect.
    pub(crate) fn data(&self) -> SocketAddr {
        self.data
    }

    /// Where the stand-ins listen.
    pub(crate) fn vendors(&self) -> SocketAddr {
        self.sandbox.at
    }

    /// Nobody listens at the vendors' any more.
    pub(crate) async fn vendors_go(&mut self) {
        self.sandbox.stop().await;
    }

    /// The vendors are back, with what they acknowledged.
    pub(crate) async fn vendors_come(&mut self) {
        self.sandbox.start().await;
    }

    /// A client of the project.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.data)
    }

    /// A stand-in.
    pub(crate) fn vendor(&self, name: &str) -> Vendor {
        Vendor { base: format!("http://{}/_sandbox", self.sandbox.at), name: name.to_owned(), http: self.http.clone() }
    }

    /// What the admin listener answers: status and text; none while nobody listens.
    pub(crate) async fn admin(&self, path: &str) -> Option<(u16, String)> {
        let answer = self.http.get(format!("http://{}{path}", self.admin)).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// Asks the admin listener to do something, with JSON; status and text.
    pub(crate) async fn command(&self, path: &str, body: &Value) -> (u16, String) {
        let request = self.http.post(format!("http://{}{path}", self.admin));
        let answer = request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// How each destination does, as `/api/destinations` tells; empty while nobody listens.
    pub(crate) async fn standings(&self) -> BTreeMap<String, Value> {
        let Some((200, text)) = self.admin("/api/destinations").await else { return BTreeMap::new() };
        let all: Vec<Value> = serde_json::from_str(&text).unwrap();
        all.into_iter().map(|one| (one["destination"].as_str().unwrap().to_owned(), one)).collect()
    }

    /// How a destination does, once that is as wanted.
    pub(crate) async fn stands(&self, name: &str, what: &str, as_wanted: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let standing = self.standings().await.remove(name).unwrap_or_default();
            if !standing.is_null() && as_wanted(&standing) {
                return standing;
            }
            if start.elapsed() > PATIENCE {
                let waits = self.what_waits(name).await;
                panic!("{name} is not told to be {what}, but {standing:#}\nand waits with {waits}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// For whoever has to find out why: a trace that a destination does not show, as `explain` tells.
    pub(crate) async fn what_waits(&self, name: &str) -> String {
        let (_, text) = self.admin("/api/traces?limit=500").await.unwrap_or_default();
        let all: Vec<Value> = serde_json::from_str(&text).unwrap_or_default();
        let Some(one) = all.iter().find(|one| one["destinations"][name] != "shown") else {
            return "nothing".to_owned();
        };
        let id = one["id"].as_str().unwrap_or_default();
        let (_, text) = self.admin(&format!("/api/explain/{id}")).await.unwrap_or_default();
        let mut told: Value = serde_json::from_str(&text).unwrap_or_default();
        if let Some(destinations) = told["destinations"].as_array_mut() {
            destinations.retain(|one| one["destination"] == name);
        }
        format!("{told:#}")
    }

    /// A sample of `/metrics` by its name and some of its labels; 0 where there is none.
    pub(crate) async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let (_, text) = self.admin("/metrics").await.unwrap_or_default();
        sample(&text, name, labels)
    }

    /// When the process that answers was started, seconds since 1970.
    pub(crate) async fn started(&self) -> f64 {
        self.metric("spangate_start_time_seconds", &[]).await
    }

    /// All samples of a name, added up.
    pub(crate) async fn metric_sum(&self, name: &str) -> f64 {
        let (_, text) = self.admin("/metrics").await.unwrap_or_default();
        let lines = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// Waits until nothing is pending anywhere: as long as it takes, while anything moves.
    pub(crate) async fn settled(&self) {
        for name in self.setup.stand_ins() {
            let mut delivered = Value::Null;
            loop {
                let moves = |standing: &Value| is_settled(standing) || standing["delivered"] != delivered;
                let standing = self.stands(name, "settled, or on its way", moves).await;
                if is_settled(&standing) {
                    break;
                }
                delivered = standing["delivered"].clone();
            }
        }
    }

    /// Items at a destination: delivered, dead, pending.
    pub(crate) async fn counts(&self, name: &str) -> (u64, u64, u64) {
        let standing = self.stands(name, "there", |_| true).await;
        let of = |what: &str| standing[what].as_u64().unwrap();
        (of("delivered"), of("dead"), of("pending"))
    }

    /// Stops the gateway well, and checks that it told nobody a key or a prompt.
    pub(crate) async fn close(mut self) {
        if self.process.is_some() {
            self.stop().await;
        }
        let log = self.log();
        for secret in ["vendor-key", "other-key", &key(), "Oslo", "3 degrees"] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "a line of the log holds {secret:?}");
        }
        self.sandbox.stop().await;
    }
}

fn is_settled(standing: &Value) -> bool {
    standing["pending"] == 0 && standing["unread"] == 0
}

/// An address that nobody else takes while a gateway is down: below the ports that the kernel gives
/// to outgoing connections. Processes that run at the same time begin elsewhere, each with more than it takes.
fn own_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + (std::process::id() % 44) as u16 * 500;
    loop {
        let address = SocketAddr::from(([127, 0, 0, 1], first + NEXT.fetch_add(1, Ordering::Relaxed)));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
