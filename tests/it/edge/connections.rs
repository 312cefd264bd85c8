//! Clients that are slow or silent, and the end of serving.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::scene::Bent;
use super::scene::LONG;
use super::scene::SHORT;
use super::scene::Scene;
use super::scene::Wire;
use super::scene::head;
use spangate::http::server::Patience;

#[tokio::test]
async fn a_silent_and_a_dripping_client_are_closed() {
    let scene = impatient(LONG).await;
    let (mut silent, mut dripping) = (scene.connect().await, scene.connect().await);
    dripping.send("GET /one/health HTTP/1.1\r\nhost").await;
    assert_eq!(silent.closed().await, b"");
    dripping.closed().await;
}

#[tokio::test]
async fn an_idle_connection_outlives_the_patience_for_headers() {
    let scene = impatient(LONG).await;
    let mut idle = scene.connect().await;
    let request = head("GET", "/one/health", "", 0);
    idle.send(&request).await;
    assert_eq!(idle.answer().await.body, "well");
    // A silent one, begun later, is closed: so the other has been idle for longer than that.
    scene.connect().await.closed().await;
    idle.send(&request).await;
    assert_eq!(idle.answer().await.body, "well");
    // Once it has begun to speak again, it has no more time than anyone.
    idle.send("GET").await;
    idle.closed().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_the_end() {
    let scene = impatient(SHORT).await;
    let mut idle = scene.connect().await;
    idle.send(&head("GET", "/one/health", "", 0)).await;
    assert_eq!(idle.answer().await.status, 200);
    assert_eq!(idle.closed().await, b"");
}

#[tokio::test]
async fn long_headers_are_refused() {
    let scene = Scene::start().await;
    let headers = format!("x-long: {}\r\n", "x".repeat(33_000));
    assert_eq!(scene.ask_with("GET", "/one/health", &headers, b"").await.status, 431);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let patience = Patience { stall: SHORT, ..Patience::default() };
    let scene = Scene::bent(Bent { patience, grace: LONG, ..Bent::default() }).await;
    let mut deaf = scene.connect().await;
    deaf.send(&head("GET", "/one/large", "x-key: sg_all\r\n", 0)).await;
    scene.one.begun.acquire().await.unwrap().forget();
    // With the connection cut there is nothing to wait for; else this would take the grace.
    scene.end.stop();
    timeout(LONG / 2, scene.served).await.expect("cut before the grace ends").unwrap().unwrap();
    assert!(deaf.closed().await.len() < 64 << 20);
}

#[tokio::test]
async fn shutdown_finishes_what_is_in_hand_and_takes_nothing_new() {
    let scene = Scene::start().await;
    let mut busy = scene.connect().await;
    busy.send(&head("GET", "/one/wait", "x-key: sg_all\r\n", 0)).await;
    scene.begun(1).await;
    let mut idle = scene.connect().await;
    idle.send(&head("GET", "/one/health", "", 0)).await;
    idle.answer().await;
    scene.end.stop();
    assert_eq!(idle.closed().await, b"");
    assert!(TcpStream::connect(scene.address).await.is_err());
    assert!(!scene.served.is_finished());
    scene.one.gate.add_permits(1);
    assert_eq!(busy.answer().await.body, "waited");
    scene.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn leaving_ends_each_connection_with_its_next_answer() {
    let scene = Scene::start().await;
    let (mut idle, mut busy) = (scene.connect().await, scene.connect().await);
    for wire in [&mut idle, &mut busy] {
        wire.send(&head("GET", "/one/health", "", 0)).await;
        assert_eq!(wire.answer().await.field("connection"), None);
    }
    scene.end.leave();
    until_refused(&scene).await;
    busy.send(&head("GET", "/one/health", "", 0)).await;
    let answer = busy.answer().await;
    assert_eq!((answer.body.as_str(), answer.field("connection")), ("well", Some("close")));
    assert_eq!(busy.closed().await, b"");
    assert!(!scene.served.is_finished());
    scene.end.stop();
    assert_eq!(idle.closed().await, b"");
    scene.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_socket_that_somebody_holds_open_refuses_nobody() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let scene = Scene::on(&socket);
    scene.end.stop();
    scene.served.await.unwrap().unwrap();
    let mut early = Wire::to(scene.address).await;
    early.send(&head("GET", "/one/health", "", 0)).await;
    let _next = Scene::on(&socket);
    assert_eq!(early.answer().await.body, "well");
}

#[tokio::test]
async fn the_grace_ends() {
    let scene = Scene::bent(Bent { grace: SHORT, ..Bent::default() }).await;
    let mut busy = scene.connect().await;
    busy.send(&head("GET", "/one/wait", "x-key: sg_all\r\n", 0)).await;
    scene.begun(1).await;
    scene.end.stop();
    scene.served.await.unwrap().unwrap();
    assert_eq!(busy.closed().await, b"");
}

#[tokio::test]
async fn connections_above_the_cap_wait_for_room() {
    let patience = Patience { connections: 1, idle: SHORT, ..Patience::default() };
    let scene = Scene::bent(Bent { patience, grace: LONG, ..Bent::default() }).await;
    let mut first = scene.connect().await;
    first.send(&head("GET", "/one/health", "", 0)).await;
    assert_eq!(first.answer().await.status, 200);
    let second = scene.ask_with("GET", "/one/health", "", b"").await;
    assert_eq!(second.status, 200);
    assert_eq!(first.closed().await, b"");
}

async fn impatient(idle: Duration) -> Scene {
    let patience = Patience { head: SHORT, idle, ..Patience::default() };
    Scene::bent(Bent { patience, grace: LONG, ..Bent::default() }).await
}

#[tokio::test]
async fn what_stands_behind_an_ambiguous_body_is_no_request() {
    let scene = Scene::start().await;
    let smuggled = "GET /one/health HTTP/1.1\r\nhost: x\r\n\r\n";
    let chunked = format!("0\r\n\r\n{smuggled}");
    let (length, chunks) = (format!("content-length: {}\r\n", chunked.len()), "transfer-encoding: chunked\r\n");
    for headers in [format!("{length}{chunks}"), format!("{chunks}{length}")] {
        let mut wire = scene.connect().await;
        wire.send(&format!("POST /one/echo HTTP/1.1\r\nhost: x\r\nx-key: sg_all\r\n{headers}\r\n{chunked}")).await;
        let answer = wire.answer().await;
        assert_eq!((answer.status, answer.field("connection")), (200, Some("close")), "{headers}");
        assert_eq!(wire.closed().await, b"", "{headers}");
    }
    let mut wire = scene.connect().await;
    wire.send("POST /one/echo HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\n{}").await;
    assert_eq!(wire.answer().await.status, 400);
    assert_eq!(wire.closed().await, b"");
}

/// Waits until the listening socket is closed.
async fn until_refused(scene: &Scene) {
    let refused = async { while TcpStream::connect(scene.address).await.is_ok() {} };
    timeout(LONG / 2, refused).await.expect("a refused connection");
}
