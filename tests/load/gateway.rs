//! The release binary as a child process, and what the kernel says of it.

use std::fs;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use secrecy::ExposeSecret;
use spangate::http::keys;
use tempfile::TempDir;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the kernel counts a second in, in `/proc`: USER_HZ, 100 on every architecture that we know.
const TICKS: f64 = 100.0;

/// A running gateway.
pub(crate) struct Gateway {
    child: Child,
    state: TempDir,
    /// Where clients connect.
    pub(crate) data: SocketAddr,
    admin: SocketAddr,
    http: reqwest::Client,
    /// The key they present.
    pub(crate) key: String,
}

impl Gateway {
    /// Starts `spangate serve` with one project that is routed to these vendors, and waits until it is
    /// ready.
    pub(crate) async fn start(binary: &Path, vendors: &[SocketAddr], durability: &str) -> Self {
        let state = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (data, admin) = (free_address(), free_address());
        let (key, sha256) = keys::mint([7; 32]);
        let text = configuration(state.path(), data, admin, &sha256, vendors, durability);
        let file = state.path().join("load.toml");
        fs::write(&file, text).unwrap();
        let child = Command::new(binary)
            .args(["serve", "--log", "warn", "--config"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let gateway = Self { child, state, data, admin, http, key: key.expose_secret().to_owned() };
        gateway.ready().await;
        gateway
    }

    /// What the admin listener answers with success.
    pub(crate) async fn admin(&self, path: &str) -> Option<String> {
        let answer = self.http.get(format!("http://{}{path}", self.admin)).send().await.ok()?;
        answer.error_for_status().ok()?.text().await.ok()
    }

    async fn ready(&self) {
        let begun = Instant::now();
        loop {
            if self.admin("/readyz").await.is_some() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "the gateway did not become ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A directory on the disk of the ledger.
    pub(crate) fn state(&self) -> &Path {
        self.state.path()
    }

    /// Seconds of processor time since it was started.
    pub(crate) fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name, in brackets, may hold blanks.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / TICKS
    }

    /// Megabytes of memory, by the name of a line in `/proc/PID/status`: `VmRSS` now, `VmHWM` at most.
    pub(crate) fn memory(&self, line: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
        let kibibytes = found.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok());
        kibibytes.unwrap() * 1024.0 / 1e6
    }

    /// Bytes of the ledger's files.
    pub(crate) fn disk(&self) -> u64 {
        let files = fs::read_dir(self.state.path().join("ledger")).unwrap();
        files.map(|file| file.unwrap().metadata().map_or(0, |file| file.len())).sum()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(
    state: &Path,
    data: SocketAddr,
    admin: SocketAddr,
    sha256: &str,
    vendors: &[SocketAddr],
    durability: &str,
) -> String {
    let mut text = format!(
        "[server]\nlisten = \"{data}\"\nadmin_listen = \"{admin}\"\nstate_dir = {:?}\n\
         [ledger]\ndurability = \"{durability}\"\ndisk_reserve = \"1MiB\"\n[keys.load]\nproject = \"load\"\nsha256 = \"{sha256}\"\n\
         [projects.load]\n",
        state.join("ledger")
    );
    for (n, vendor) in vendors.iter().enumerate() {
        text += &format!(
            "[destinations.null_{n}]\ndialect = \"opik\"\nbase_url = \"http://{vendor}\"\nallow_private = true\n\
             [projects.load.routes.null_{n}]\n"
        );
    }
    text
}

/// An address that was free a moment ago.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
