//! A whole site in one process: a gateway with its state directory and the vendors' stand-ins, each on
//! a loopback port of its own. Closing a site checks that the books balance.

mod client;
mod demo;
mod gateway;
mod glimpse;
mod setup;
mod shape;
#[expect(dead_code, reason = "the fault tests use more of it")]
mod vendor;
mod wait;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use secrecy::ExposeSecret;
use serde_json::Value;
use serde_json::json;
use spangate::app::Gateway;
use spangate::dialects::DIALECTS;
use spangate::http::keys;
use spangate::pipeline::deliver::Book;
use spangate::pipeline::deliver::State;
use spangate::sandbox;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use client::Answer;
pub(crate) use client::Client;
pub(crate) use client::Home;
pub(crate) use demo::Demo;
pub(crate) use glimpse::glimpse;
pub(crate) use setup::Setup;
pub(crate) use setup::sha256;
pub(crate) use shape::bare;
pub(crate) use shape::literal;
pub(crate) use shape::spans;
pub(crate) use shape::unlike;
pub(crate) use vendor::Vendor;
pub(crate) use wait::eventually;

/// How long a condition may take to come true; nothing waits this long when all is well.
const PATIENCE: Duration = Duration::from_secs(40);

/// A gateway key of a project, the same in every test.
pub(crate) fn key(project: &str) -> String {
    let mut random = [7; 32];
    for (at, byte) in project.bytes().enumerate().take(32) {
        random[at] = byte;
    }
    keys::mint(random).0.expose_secret().to_owned()
}

/// A running site.
pub(crate) struct Site {
    gateway: Option<Gateway>,
    state: TempDir,
    config: String,
    /// Where SDKs connect.
    pub(crate) data: SocketAddr,
    /// Where operators connect.
    pub(crate) admin: SocketAddr,
    /// Where the stand-ins listen.
    pub(crate) vendors: SocketAddr,
    http: reqwest::Client,
    sandbox: Option<JoinHandle<anyhow::Result<()>>>,
    stop: CancellationToken,
    /// Nanoseconds that the gateway's clock is ahead.
    ahead: Arc<AtomicI64>,
}

impl Site {
    /// One project, `checkout`, routed to the stand-ins named (`opik`, `opik-2`, …: a name's part before
    /// `-` is its dialect); reads come from the first.
    pub(crate) async fn to(destinations: &[&str]) -> Self {
        Setup::new(&[("checkout", destinations)]).start().await
    }

    async fn start(setup: &Setup) -> Self {
        let vendors = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = vendors.local_addr().unwrap();
        let stop = CancellationToken::new();
        let sandbox = tokio::spawn(sandbox::serve(vendors, sandbox::Options::default(), stop.clone()));
        let config = setup.toml(at);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let state = TempDir::new().unwrap();
        let mut site = Self {
            gateway: None,
            state,
            config,
            data: at,
            admin: at,
            vendors: at,
            http,
            sandbox: Some(sandbox),
            stop,
            ahead: Arc::default(),
        };
        for pandaprobe in setup.stand_ins().filter(|name| name.starts_with("pandaprobe")) {
            site.vendor(pandaprobe).settings(&json!({"rate_limit_per_minute": null})).await;
        }
        site.open().await;
        site
    }

    async fn open(&mut self) {
        let data = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (self.data, self.admin) = (data.local_addr().unwrap(), admin.local_addr().unwrap());
        let text = format!("[server]\nstate_dir = {:?}\n{}", self.state.path().join("ledger"), self.config);
        let (dialects, config) = (DIALECTS.to_vec(), gateway::config(text, &DIALECTS));
        self.gateway = Some(gateway::start(&config, dialects, (data, admin), &self.ahead).await);
    }

    /// Stops the gateway as SIGTERM does and starts it again on the same state.
    pub(crate) async fn restart(&mut self) {
        self.gateway.take().unwrap().stop().await.unwrap();
        self.open().await;
    }

    /// Stops the gateway as SIGTERM does and leaves it stopped; the directory with its ledger.
    pub(crate) async fn stop_gateway(&mut self) -> PathBuf {
        self.gateway.take().unwrap().stop().await.unwrap();
        self.state_dir()
    }

    /// Stops the gateway and starts it again with nothing in its state directory.
    pub(crate) async fn forget(&mut self) {
        let held = self.stop_gateway().await;
        std::fs::remove_dir_all(held).unwrap();
        self.open().await;
    }

    /// Stops the gateway and starts it again with another configuration on the same state.
    pub(crate) async fn reconfigure(&mut self, setup: &Setup) {
        self.gateway.take().unwrap().stop().await.unwrap();
        self.config = setup.toml(self.vendors);
        self.open().await;
    }

    /// Starts a gateway that was stopped.
    pub(crate) async fn start_gateway(&mut self) {
        self.open().await;
    }

    /// The directory with the gateway's ledger.
    pub(crate) fn state_dir(&self) -> PathBuf {
        self.state.path().join("ledger")
    }

    /// What the admin listener answers: status and text.
    pub(crate) async fn admin(&self, path: &str) -> (u16, String) {
        self.follow(&format!("http://{}{path}", self.admin)).await
    }

    /// What a browser without a key gets, redirects followed: status and text.
    pub(crate) async fn follow(&self, url: &str) -> (u16, String) {
        let answer = self.http.get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// What the admin listener's API answers, with 200.
    pub(crate) async fn api(&self, path: &str) -> Value {
        let (status, text) = self.admin(path).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// What the admin listener answers to an order: status and JSON.
    pub(crate) async fn order(&self, path: &str, order: &Value) -> (u16, Value) {
        let request = self.http.post(format!("http://{}{path}", self.admin));
        let answer = request.header("content-type", "application/json").body(order.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    /// A client of a project.
    pub(crate) fn client(&self, project: &str) -> Client {
        Client::new(self.http.clone(), self.data, key(project))
    }

    /// A stand-in.
    pub(crate) fn vendor(&self, name: &str) -> Vendor {
        Vendor { base: format!("http://{}/_sandbox", self.vendors), name: name.to_owned(), http: self.http.clone() }
    }

    /// Waits until nothing is pending anywhere.
    pub(crate) async fn settled(&self) {
        let gateway = self.gateway.as_ref().unwrap();
        let settled = async || {
            let head = gateway.ledger.head();
            let done = |book: &Arc<parking_lot::Mutex<Book>>| {
                let book = book.lock();
                book.cursor == head && book.gaps.is_empty() && book.pending() == 0
            };
            gateway.books.values().all(done).then_some(())
        };
        let start = Instant::now();
        while settled().await.is_none() {
            if start.elapsed() > PATIENCE {
                panic!("waited in vain until everything is settled: {}", self.admin("/api/destinations").await.1);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Items by outcome at a destination: accepted, delivered, dead, pending.
    pub(crate) fn counts(&self, destination: &str) -> (u64, u64, u64, u64) {
        let book = self.gateway.as_ref().unwrap().books[destination].lock();
        (book.counters.accepted, book.counters.delivered, book.counters.dead, book.pending())
    }

    /// Lets time pass for the gateway, all at once.
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead.fetch_add(i64::try_from(by.as_nanos()).unwrap(), Ordering::Relaxed);
    }

    /// Gives up dead letters that are not kept any longer.
    pub(crate) async fn sweep_letters(&self) {
        let janitor = Arc::clone(&self.gateway.as_ref().unwrap().janitor);
        let now = (janitor.clock)();
        janitor.sweep_letters(now).await.unwrap();
    }

    /// Takes away what is not kept any longer; the records left.
    pub(crate) async fn sweep(&self) -> u64 {
        let gateway = self.gateway.as_ref().unwrap();
        let janitor = Arc::clone(&gateway.janitor);
        let now = (janitor.clock)();
        janitor.sweep(now).await.unwrap();
        gateway.ledger.status().records
    }

    /// Why traces are given up on at a destination, sorted.
    pub(crate) fn parked(&self, destination: &str) -> Vec<String> {
        let book = self.gateway.as_ref().unwrap().books[destination].lock();
        let parked = book.traces().filter(|(_, state)| state.state == State::Parked);
        let mut reasons: Vec<String> = parked.filter_map(|(_, state)| state.why.clone()).collect();
        reasons.sort();
        reasons
    }

    /// A client of a stand-in itself, past the gateway.
    pub(crate) fn past(&self, vendor: &str) -> Client {
        Client::at(self.http.clone(), format!("http://{}/{vendor}", self.vendors), "vendor-key".to_owned())
    }

    /// Checks that every destination's books balance, and, as long as the ledger holds everything, that
    /// they begin with all that it holds for the destination.
    async fn balance(&self) {
        let books = self.api("/api/books").await;
        let status = self.gateway.as_ref().unwrap().ledger.status();
        for account in books.as_array().unwrap() {
            let of = |word: &str| account[word].as_u64().unwrap();
            let outcomes = ["delivered", "dead", "filtered", "expired", "quarantined", "pending"].map(of);
            assert_eq!(of("accepted"), outcomes.iter().sum::<u64>(), "the books do not balance: {account}");
            assert_eq!(account["balanced"], true);
            if status.records == status.head {
                assert_eq!(of("accepted"), self.held_for(account["destination"].as_str().unwrap()), "{account}");
            }
        }
    }

    /// Items in the ledger of all projects that are routed to a destination.
    fn held_for(&self, destination: &str) -> u64 {
        let ledger = &self.gateway.as_ref().unwrap().ledger;
        let weights = ledger.weigh(0, ledger.head()).unwrap();
        let is_routed = |project: &str| self.config.contains(&format!("[projects.{project}.routes.{destination}]\n"));
        weights.iter().filter(|(project, _)| is_routed(project)).map(|(_, weight)| weight.items).sum()
    }

    /// Stops everything, after checking that the books balance.
    pub(crate) async fn close(mut self) {
        self.balance().await;
        let gateway = self.gateway.take().unwrap();
        gateway.stop().await.unwrap();
        self.stop.cancel();
        self.sandbox.take().unwrap().await.unwrap().unwrap();
    }
}
