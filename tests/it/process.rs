//! The process as a supervisor meets it: sockets handed in, signals, exit codes.

use std::net::SocketAddr;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::eventually;
use crate::support::sha256;

/// Above what any wait here takes.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn with_sockets_handed_in_a_restart_refuses_nobody() {
    let scene = Scene::new();
    let mut clients = Vec::new();
    for nth in 0..3 {
        // Nobody serves yet; the socket's queue holds it.
        let early = scene.post(&format!("early {nth}")).await;
        let process = scene.start();
        assert_eq!(status(early).await, "HTTP/1.1 204");
        assert_eq!(status(scene.post(&format!("prompt {nth}")).await).await, "HTTP/1.1 204");
        // What it holds open at the end is closed, what comes later waits.
        clients.push(TcpStream::connect(scene.data).await.unwrap());
        assert_eq!(process.end().await.code(), Some(0));
    }
    let process = scene.start();
    let held = scene.records().await;
    assert_eq!(held, 6, "records of the six requests that were answered 204");
    assert_eq!(process.end().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_a_state_directory_ends_with_3_and_says_why() {
    let scene = Scene::new();
    let process = scene.start();
    scene.ready().await;
    let second = Command::new(BINARY).args(["serve", "--config"]).arg(&scene.config).output().unwrap();
    assert_eq!(second.status.code(), Some(3));
    let said = String::from_utf8(second.stderr).unwrap();
    let expected = format!("spangate: state directory {} is in use by another process\n", scene.state.display());
    assert!(said.ends_with(&expected), "{said}");
    assert_eq!(process.end().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_hand_is_waited_for_until_a_second_signal() {
    let scene = Scene::new();
    let mut process = scene.start();
    scene.ready().await;
    let _half = scene.half(1000, "{").await;
    process.signal();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(process.0.try_wait().unwrap(), None, "ended with a request in hand");
    // Two signals that a slow process has not looked at yet are one to it. Had it waited until the grace
    // was over, it would have ended with 0.
    let start = Instant::now();
    let ended = loop {
        process.signal();
        if let Some(ended) = process.0.try_wait().unwrap() {
            break ended;
        }
        assert!(start.elapsed() < SOON, "did not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(ended.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_hand_is_finished() {
    let scene = Scene::new();
    let process = scene.start();
    scene.ready().await;
    let body = body("slow");
    let mut slow = scene.half(body.len(), &body[..10]).await;
    process.signal();
    slow.write_all(&body.as_bytes()[10..]).await.unwrap();
    assert_eq!(status(slow).await, "HTTP/1.1 204");
    assert_eq!(process.exited().await.code(), Some(0));
}

/// A configuration, its state directory, and two sockets that are held open throughout.
struct Scene {
    _home: TempDir,
    state: PathBuf,
    config: PathBuf,
    sockets: [TcpListener; 2],
    data: SocketAddr,
    admin: SocketAddr,
    http: reqwest::Client,
}

impl Scene {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let (state, config) = (home.path().join("state"), home.path().join("spangate.toml"));
        std::fs::write(&config, text(&state)).unwrap();
        let sockets = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [data, admin] = [0, 1].map(|at: usize| sockets[at].local_addr().unwrap());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { _home: home, state, config, sockets, data, admin, http }
    }

    /// `spangate serve` with both sockets, the admin's first. A shell moves them to where they belong,
    /// and says whom they are for.
    fn start(&self) -> Process {
        let [data, admin] = [0, 1].map(|at: usize| Stdio::from(OwnedFd::from(self.sockets[at].try_clone().unwrap())));
        let script = "exec 3<&1 4<&0 </dev/null >/dev/null; LISTEN_PID=$$ exec \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", BINARY, "serve", "--log", "warn", "--config"]).arg(&self.config);
        command.env("LISTEN_FDS", "2").env("LISTEN_FDNAMES", "admin:data").stdin(data).stdout(admin);
        Process(command.spawn().unwrap())
    }

    /// Sends a request, whether or not anybody answers it now.
    async fn post(&self, name: &str) -> TcpStream {
        let body = body(name);
        let mut stream = TcpStream::connect(self.data).await.unwrap();
        stream.write_all(format!("{}{body}", request(body.len(), "")).as_bytes()).await.unwrap();
        stream
    }

    async fn ready(&self) {
        self.admin("/readyz", |text| text == "ok\n").await;
    }

    /// The beginning of a request, on a connection that has been served already.
    async fn half(&self, length: usize, part: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.data).await.unwrap();
        stream.write_all(b"GET /is-alive/ping HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut said = Vec::new();
        while !said.ends_with(b"}") {
            said.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(request(length, part).as_bytes()).await.unwrap();
        stream
    }

    /// How many records the ledger holds, once there are any.
    async fn records(&self) -> u64 {
        self.ready().await;
        let metrics = self.admin("/api/traces", |text| text.contains("early 0")).await;
        ["early", "prompt"].iter().map(|word| metrics.matches(&format!("{word} ")).count() as u64).sum()
    }

    async fn admin(&self, path: &str, holds: impl Fn(&str) -> bool) -> String {
        eventually(&format!("{path} is as expected"), async || {
            let answer = self.http.get(format!("http://{}{path}", self.admin)).send().await.ok()?;
            answer.text().await.ok().filter(|text| holds(text))
        })
        .await
    }
}

/// A gateway's process, killed when it is dropped.
struct Process(Child);

impl Process {
    fn signal(&self) {
        assert!(Command::new("kill").arg(self.0.id().to_string()).status().unwrap().success());
    }

    async fn end(self) -> ExitStatus {
        self.signal();
        self.exited().await
    }

    async fn exited(mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < SOON, "did not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn request(length: usize, body: &str) -> String {
    let key = crate::support::key("checkout");
    format!(
        "POST /v1/private/traces/batch HTTP/1.1\r\nhost: x\r\nauthorization: {key}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn body(name: &str) -> String {
    let mut random: [u8; 16] = rand::random();
    (random[6], random[8]) = (0x70, 0x80);
    let id = uuid::Uuid::from_bytes(random);
    json!({"traces": [{"id": id, "name": name, "start_time": "2026-11-20T10:00:00Z", "project_name": "web"}]})
        .to_string()
}

/// The beginning of an answer.
async fn status(mut stream: TcpStream) -> String {
    let mut said = [0; 12];
    let read = tokio::time::timeout(SOON, stream.read_exact(&mut said)).await.expect("an answer in time");
    read.expect("an answer");
    String::from_utf8(said.to_vec()).unwrap()
}

/// One project, whose destination nobody answers for. The listeners are never opened: their addresses
/// are not this machine's.
fn text(state: &Path) -> String {
    format!(
        "[ledger]\ndisk_reserve = \"1MiB\"\n[server]\nstate_dir = {state:?}\nlisten = \"192.0.2.1:4400\"\nadmin_listen = \"192.0.2.1:4401\"\n\
         shutdown_grace = \"25s\"\n[keys.checkout]\nproject = \"checkout\"\nsha256 = \"{}\"\n\
         [projects.checkout]\n[projects.checkout.routes.opik]\n\
         [destinations.opik]\ndialect = \"opik\"\nbase_url = \"http://127.0.0.1:9\"\nallow_private = true\n",
        sha256("checkout")
    )
}

const BINARY: &str = env!("CARGO_BIN_EXE_spangate");
