//! What a body may be.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::scene::HASTY;
use super::scene::Scene;
use super::scene::head;
use spangate::http::Settings;

#[tokio::test]
async fn a_compressed_body_reaches_the_handler_plain() {
    let scene = Scene::start().await;
    let check = async |encoding: &str, body: &[u8]| {
        let answer = send(&scene, encoding, body).await;
        assert_eq!(answer.body, r#"["/one/echo","-","13","{\"name\": \"a\"}"]"#, "{encoding}");
    };
    let text = br#"{"name": "a"}"#;
    check("gzip", &gzip(text)).await;
    check("zstd", &zstd::encode_all(text.as_slice(), 1).unwrap()).await;
    check("identity", text).await;
}

#[tokio::test]
async fn an_open_route_has_the_same_bounds() {
    let scene = Scene::with(Settings { max_decoded: 10, ..Settings::default() }).await;
    scene.ask_with("POST", "/one/login", "", &[b' '; 11]).await.is_refused(413, "the body is longer than 10 bytes");
}

#[tokio::test]
async fn an_unknown_encoding_is_not_read() {
    let scene = Scene::start().await;
    let answer = send(&scene, "br", b"x").await;
    answer.is_refused(415, "content-encoding br is not read here: use one of gzip, deflate, zstd");
}

#[tokio::test]
async fn a_long_body_is_refused_by_its_declared_length_and_as_it_comes() {
    let scene = Scene::with(Settings { max_encoded: 50, max_decoded: 100, ..Settings::default() }).await;
    assert_eq!(scene.ask("POST", "/one/echo", &[b' '; 100]).await.status, 200);
    let mut wire = scene.connect().await;
    wire.send(&head("POST", "/one/echo", "x-key: sg_all\r\n", 101)).await;
    wire.answer().await.is_refused(413, "the body is longer than 100 bytes");

    let mut wire = scene.connect().await;
    wire.send("POST /one/echo HTTP/1.1\r\nhost: x\r\nx-key: sg_all\r\ntransfer-encoding: chunked\r\n\r\n").await;
    wire.send(&format!("65\r\n{}\r\n", " ".repeat(101))).await;
    wire.answer().await.is_refused(413, "the body is longer than 100 bytes");

    send(&scene, "gzip", &[0; 51]).await.is_refused(413, "the body is longer than 50 bytes");
    send(&scene, "gzip", &gzip(&[b' '; 101])).await.is_refused(413, "the decoded body is longer than 100 bytes");
}

#[tokio::test]
async fn a_gzip_bomb_is_stopped() {
    let scene = Scene::start().await;
    let bomb = gzip(&vec![b' '; 65 << 20]);
    assert!(bomb.len() < 100_000);
    send(&scene, "gzip", &bomb).await.is_refused(413, "the decoded body is longer than 67108864 bytes");
}

#[tokio::test]
async fn a_deep_document_is_refused_with_the_place() {
    let scene = Scene::start().await;
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    let body = |n: usize| format!(r#"{{"rows":[{{}},{{"value":{}}}]}}"#, nested(n));
    assert_eq!(scene.ask("POST", "/one/echo", body(255).as_bytes()).await.status, 200);
    let message = "rows[1].value: nests deeper than 255 levels";
    scene.ask("POST", "/one/echo", body(256).as_bytes()).await.is_refused(400, message);
    send(&scene, "gzip", &gzip(body(256).as_bytes())).await.is_refused(400, message);
}

#[tokio::test]
async fn a_dripping_body_times_out() {
    let scene = Scene::with(Settings { pace: HASTY, ..Settings::default() }).await;
    let mut wire = scene.connect().await;
    wire.send(&head("POST", "/one/echo", "x-key: sg_all\r\n", 10)).await;
    wire.send("12345").await;
    wire.answer().await.is_refused(408, "the request took too long");
}

#[tokio::test]
async fn a_body_that_breaks_off_reaches_no_handler() {
    let scene = Scene::start().await;
    let mut wire = scene.connect().await;
    wire.send("POST /one/echo HTTP/1.1\r\nhost: x\r\nx-key: sg_all\r\ntransfer-encoding: chunked\r\n\r\nz").await;
    wire.answer().await.is_refused(400, "the body broke off");
}

#[tokio::test]
async fn bodies_in_hand_share_one_budget() {
    let settings = Settings { max_encoded: 1 << 10, max_decoded: 1 << 10, max_held: 2 << 10, ..Settings::default() };
    let scene = Scene::with(settings).await;
    let begin = async |bytes: usize| {
        let mut wire = scene.connect().await;
        wire.send(&head("POST", "/one/echo", "x-key: sg_all\r\n", 1024)).await;
        wire.send(&" ".repeat(bytes)).await;
        wire
    };
    // Each holds 1 KiB from its first byte; which of the three comes last is the scheduler's choice.
    let mut wires = [begin(1023).await, begin(1023).await, begin(1023).await];
    let [a, b, c] = &mut wires;
    let refused = tokio::select! {
        refused = a.answer() => refused,
        refused = b.answer() => refused,
        refused = c.answer() => refused,
    };
    refused.is_refused(429, "too many bytes in hand; retry after 1 s");
}

async fn send(scene: &Scene, encoding: &str, body: &[u8]) -> super::scene::Answer {
    let headers = format!("x-key: sg_all\r\ncontent-encoding: {encoding}\r\n");
    scene.ask_with("POST", "/one/echo", &headers, body).await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
