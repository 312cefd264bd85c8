//! A vendor that is rude on the wire: what it costs, and what is said about it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use reqwest::Method;
use spangate::contract::Request;
use spangate::dialects::DIALECTS;
use spangate::pipeline::deliver;
use spangate::pipeline::deliver::Client;
use spangate::pipeline::deliver::Dial;
use spangate::pipeline::deliver::Egress;
use spangate::pipeline::deliver::Keys;
use spangate::pipeline::deliver::Parts;
use spangate::pipeline::deliver::Rates;
use spangate::pipeline::deliver::Room;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use url::Url;

/// Above what any of these takes, below the time that a request may take.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn an_endless_answer_to_a_write_is_cut_and_its_status_counts() {
    let vendor = vendor("HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\n\r\n", Then::Endless).await;
    let answer = client("http", vendor).send(&write()).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (429, 65_536));
    assert_eq!(answer.headers["retry-after"], "7");
}

#[tokio::test]
async fn a_write_that_was_taken_is_taken_though_the_answer_breaks_off() {
    let vendor = vendor("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"tra", Then::Close).await;
    let answer = client("http", vendor).send(&write()).await.unwrap();
    assert_eq!((answer.status, &*answer.body), (200, b"{\"tra".as_slice()));
}

#[tokio::test]
async fn an_endless_answer_to_a_read_ends_with_the_room_for_it() {
    let vendor = vendor(OK, Then::Endless).await;
    // As much as there is room for takes a slow machine some seconds.
    let client = client_within("http", vendor, SOON);
    let why = client.send(&read()).await.unwrap_err();
    assert_eq!(why, "the answer is too long for the room that there is");
}

#[tokio::test]
async fn a_silent_vendor_is_given_up_in_time() {
    let vendor = vendor("", Then::Silent).await;
    let start = Instant::now();
    let why = failure("http", vendor, &write()).await;
    assert!(why.ends_with("operation timed out"), "{why}");
    assert!(start.elapsed() < SOON);
}

#[tokio::test]
async fn a_failure_names_neither_address_nor_key() {
    let vendor = vendor("", Then::Close).await;
    let why = failure("http", vendor, &write()).await;
    assert!(!why.contains("127.0.0.1") && !why.contains("vendor-key"), "{why}");
    assert!(why.starts_with("error sending request: "), "{why}");
}

#[tokio::test]
async fn what_is_no_tls_is_told_as_such_and_raises_an_alarm() {
    let vendor = vendor(OK, Then::Close).await;
    let client = client("https", vendor);
    assert_eq!(client.stuck(), None);
    let why = client.send(&write()).await.unwrap_err();
    assert_eq!(why, "no TLS connection, so nothing is sent: received corrupt message of type InvalidContentType");
    let alarm = "no TLS connection to the vendor: look at its certificate and at base_url";
    assert_eq!(client.stuck(), Some(alarm));
}

#[tokio::test]
async fn an_alarm_ends_with_the_next_answer_and_silence_raises_none() {
    let vendor = vendor(OK, Then::Close).await;
    let client = client("http", vendor);
    let away = Request { path: format!("@{vendor}/"), ..write() };
    client.send(&away).await.unwrap_err();
    assert!(client.stuck().is_some());
    client.send(&write()).await.unwrap();
    assert_eq!(client.stuck(), None);
}

#[tokio::test]
async fn a_path_leads_nowhere_else() {
    let elsewhere = vendor(OK, Then::Close).await;
    let vendor = vendor(OK, Then::Close).await;
    for path in [format!("@{elsewhere}/"), format!(".{elsewhere}/"), "traces".to_owned()] {
        let why = failure("http", vendor, &Request { path: path.clone(), ..write() }).await;
        assert_eq!(why, "the request's path would lead away from the destination", "{path}");
    }
    // An authority in the middle of a path is a path.
    let inner = Request { path: format!("//{elsewhere}/"), ..write() };
    assert_eq!(client("http", vendor).send(&inner).await.unwrap().status, 200);
}

/// What a vendor does when it has said its word.
#[derive(Clone, Copy)]
enum Then {
    Close,
    Endless,
    Silent,
}

/// A vendor that says this to whatever is asked, and then.
async fn vendor(word: &'static str, then: Then) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(speak(stream, word, then));
        }
    });
    at
}

async fn speak(mut stream: TcpStream, word: &'static str, then: Then) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(word.as_bytes()).await;
    match then {
        Then::Close => {}
        Then::Endless => while stream.write_all(&[b'x'; 65_536]).await.is_ok() {},
        Then::Silent => while stream.read(&mut request).await.is_ok_and(|read| read > 0) {},
    }
}

fn client(scheme: &str, vendor: SocketAddr) -> Client {
    client_within(scheme, vendor, Duration::from_secs(3))
}

/// A client whose requests may take so long.
fn client_within(scheme: &str, vendor: SocketAddr, timeout: Duration) -> Client {
    let base = Url::parse(&format!("{scheme}://{vendor}")).unwrap();
    let dial = Dial { allow_private: true, idle_connections: 1, look_up: deliver::system() };
    Client::new(Parts {
        name: "rude".into(),
        http: dial.client(&base).unwrap(),
        dialect: DIALECTS[0],
        base,
        keys: Keys {
            credentials: vec![Egress::default().credential("", Some("vendor-key".into()), Rates::default())],
            reader: None,
        },
        read_again: Arc::new(|| None),
        settings: BTreeMap::new(),
        in_flight: 1,
        timeout,
        room: Room::default(),
    })
}

async fn failure(scheme: &str, vendor: SocketAddr, request: &Request) -> String {
    client(scheme, vendor).send(request).await.unwrap_err()
}

fn write() -> Request {
    Request { method: Method::POST, path: "/traces".to_owned(), body: Some(Bytes::from("{}")), ..Request::default() }
}

fn read() -> Request {
    Request { method: Method::GET, path: "/traces/1".to_owned(), ..Request::default() }
}

const OK: &str = "HTTP/1.1 200 OK\r\n\r\n";
