//! Connections that each send one request after another, and how long each answer took.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use futures::future::join_all;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::requests::Template;
use super::requests::Unit;

/// Wait before a refused request is sent again.
const AGAIN: Duration = Duration::from_millis(50);

/// What is sent.
pub(crate) struct Load {
    /// Units that differ in their text.
    pub(crate) units: Vec<Unit>,
    /// The number of the first trace.
    pub(crate) first: u64,
    /// The number that the last trace is below.
    pub(crate) end: u64,
    /// Milliseconds since 1970 that ids carry.
    pub(crate) ms: u64,
    /// How many connections send at once.
    pub(crate) connections: usize,
}

/// How it went.
#[derive(Default)]
pub(crate) struct Answers {
    /// How long each request of spans took, ascending.
    pub(crate) took: Vec<Duration>,
    /// The first trace of each unit, and when all of the unit was accepted.
    pub(crate) accepted: Vec<(u64, Instant)>,
    /// Requests that were refused and sent again.
    pub(crate) refused: u64,
    /// Bytes sent, refused ones not counted.
    pub(crate) bytes: u64,
}

/// Sends everything; resolves when the last request is accepted.
pub(crate) async fn send(load: Arc<Load>, to: SocketAddr) -> Answers {
    let next = Arc::new(AtomicU64::new(load.first));
    let connections = (0..load.connections).map(|_| tokio::spawn(connection(Arc::clone(&load), to, Arc::clone(&next))));
    let mut all = Answers::default();
    for answers in join_all(connections).await {
        let answers = answers.unwrap();
        all.took.extend(answers.took);
        all.accepted.extend(answers.accepted);
        all.refused += answers.refused;
        all.bytes += answers.bytes;
    }
    all.took.sort_unstable();
    all
}

async fn connection(load: Arc<Load>, to: SocketAddr, next: Arc<AtomicU64>) -> Answers {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answers = Answers::default();
    let mut out = Vec::new();
    loop {
        let unit = &load.units[usize::try_from(next.load(Ordering::Relaxed)).unwrap() % load.units.len()];
        let first = next.fetch_add(unit.traces, Ordering::Relaxed);
        if first >= load.end {
            return answers;
        }
        for request in &unit.requests {
            request.write(&mut out, first, load.ms);
            ask(&mut stream, request, &out, &mut answers).await;
        }
        answers.accepted.push((first, Instant::now()));
    }
}

/// Sends a request until it is accepted.
async fn ask(stream: &mut TcpStream, request: &Template, out: &[u8], answers: &mut Answers) {
    loop {
        let asked = Instant::now();
        stream.write_all(out).await.unwrap();
        let status = answer(stream).await;
        if status == 204 {
            if request.spans > 0 {
                answers.took.push(asked.elapsed());
            }
            answers.bytes += request.len() as u64;
            return;
        }
        assert!(status == 429 || status == 503, "the gateway answered {status}");
        answers.refused += 1;
        tokio::time::sleep(AGAIN).await;
    }
}

/// Reads one answer; its status.
async fn answer(stream: &mut TcpStream) -> u16 {
    let mut read = Vec::with_capacity(1024);
    let head = loop {
        assert!(stream.read_buf(&mut read).await.unwrap() > 0, "the gateway closed the connection");
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = std::str::from_utf8(&read[..head]).unwrap();
    let status = text[9..12].parse().unwrap();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    while read.len() < head + length.unwrap_or_default() {
        assert!(stream.read_buf(&mut read).await.unwrap() > 0, "the gateway closed the connection");
    }
    status
}
