//! A gateway's edge on a socket of its own, and a client that speaks in bytes.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::fake;
use super::fake::Fake;
use spangate::contract::Clock;
use spangate::http::Edge;
use spangate::http::Pace;
use spangate::http::Settings;
use spangate::http::keys::Key;
use spangate::http::keys::Keys;
use spangate::http::keys::Rates;
use spangate::http::keys::Scopes;
use spangate::http::keys::digest;
use spangate::http::limits::Limits;
use spangate::http::router;
use spangate::http::server;
use spangate::http::server::End;
use spangate::http::server::Patience;
use spangate::http::tokens::Tokens;

/// Two dialects, `one` and `two`; the keys `sg_all`, `sg_read`, `sg_write`, `sg_old` (expired) and
/// `sg_slow` (one request, ten bytes a second).
pub(super) struct Scene {
    pub(super) address: SocketAddr,
    pub(super) one: &'static Fake,
    pub(super) tokens: Arc<Tokens>,
    pub(super) end: End,
    pub(super) served: JoinHandle<anyhow::Result<()>>,
}

/// What a test bends.
#[derive(Default)]
pub(super) struct Bent {
    pub(super) settings: Settings,
    pub(super) patience: Patience,
    pub(super) grace: Duration,
}

impl Scene {
    pub(super) async fn start() -> Self {
        Self::bent(Bent { grace: LONG, ..Bent::default() }).await
    }

    pub(super) async fn with(settings: Settings) -> Self {
        Self::bent(Bent { settings, grace: LONG, ..Bent::default() }).await
    }

    /// A scene on a socket that the test goes on holding.
    pub(super) fn on(socket: &std::net::TcpListener) -> Self {
        Self::at(socket.try_clone().unwrap(), Bent { grace: LONG, ..Bent::default() })
    }

    pub(super) async fn bent(bent: Bent) -> Self {
        Self::at(std::net::TcpListener::bind("127.0.0.1:0").unwrap(), bent)
    }

    fn at(socket: std::net::TcpListener, bent: Bent) -> Self {
        let (one, two) = (Fake::new("one", "/prefix"), Fake::new("two", "/other"));
        let keys = Arc::new(Keys::new(keys()));
        let clock: Clock = Arc::new(|| NOW);
        let tokens = Arc::new(Tokens::new(b"secret", Arc::clone(&keys), Arc::clone(&clock)));
        // The clock stands: what a bucket has given does not come back.
        let limits = Arc::new(Limits::new(&keys, [], &clock));
        let edge = Edge::new(bent.settings, keys, Arc::clone(&tokens), limits, clock);
        let app = router::router(&[one, two], &fake::doors(), &edge);
        socket.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(socket).unwrap();
        let address = listener.local_addr().unwrap();
        let end = End::default();
        let served = server::serve_with(listener, app, bent.patience, end.clone(), bent.grace);
        Self { address, one, tokens, end, served: tokio::spawn(served) }
    }

    pub(super) async fn connect(&self) -> Wire {
        Wire::to(self.address).await
    }

    /// One request with the key `sg_all` on a connection of its own.
    pub(super) async fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.ask_with(method, path, "x-key: sg_all\r\n", body).await
    }

    /// One request with these header lines and no key.
    pub(super) async fn ask_with(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let mut wire = self.connect().await;
        wire.send(&head(method, path, headers, body.len())).await;
        wire.send_bytes(body).await;
        wire.answer().await
    }

    /// Waits until `GET /one/wait` has begun `n` times since this was last asked.
    pub(super) async fn begun(&self, n: u32) {
        self.one.begun.acquire_many(n).await.unwrap().forget();
    }
}

/// A request's head, complete with `Content-Length`.
pub(super) fn head(method: &str, path: &str, headers: &str, length: usize) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{headers}\r\n")
}

/// A client's connection.
pub(super) struct Wire {
    stream: TcpStream,
}

impl Wire {
    pub(super) async fn to(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap() }
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes()).await;
    }

    /// A server may answer and close before all is sent.
    pub(super) async fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// The next answer; its body has a `Content-Length`.
    pub(super) async fn answer(&mut self) -> Answer {
        timeout(LONG / 2, self.next()).await.expect("an answer in time")
    }

    async fn next(&mut self) -> Answer {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.expect("an answer's head"));
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length = field(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.expect("an answer's body");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: String::from_utf8(body).unwrap() }
    }

    /// Waits until the server has closed; what it said before.
    pub(super) async fn closed(&mut self) -> Vec<u8> {
        let mut said = Vec::new();
        // A reset is a close too.
        let _ = timeout(LONG / 2, self.stream.read_to_end(&mut said)).await.expect("a close in time");
        said
    }
}

/// An answer, its head in lower case.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }

    /// What was refused, in the shape of the dialect `one`.
    #[track_caller]
    pub(super) fn is_refused(&self, status: u16, message: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, format!(r#"{{"one":"{message}"}}"#).as_str()));
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn keys() -> [Key; 5] {
    let both = Scopes { read: true, write: true };
    let slow = Rates {
        requests_per_second: NonZeroU32::new(2),
        bytes_per_second: NonZeroU32::new(10),
        spans_per_second: None,
    };
    [
        key("all", both, Rates::default(), None),
        key("read", Scopes { write: false, ..both }, Rates::default(), None),
        key("write", Scopes { read: false, ..both }, Rates::default(), None),
        key("old", both, Rates::default(), Some(NOW)),
        key("slow", both, slow, None),
    ]
}

fn key(name: &str, scopes: Scopes, rates: Rates, expires: Option<i64>) -> Key {
    let sha256 = digest(&format!("sg_{name}"));
    Key { name: name.into(), project: "checkout".into(), sha256, scopes, rates, expires }
}

/// A pace that is lost at once.
pub(super) const HASTY: Pace = Pace { grace: SHORT, bytes_per_second: 1024 };
/// Patience that ends while a test looks, and patience that does not.
pub(super) const SHORT: Duration = Duration::from_millis(50);
pub(super) const LONG: Duration = Duration::from_secs(60);

const NOW: i64 = 1_800_000_000_000_000_000;
