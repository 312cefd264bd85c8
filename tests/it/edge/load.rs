//! Too much at once, too slow, and broken handlers.

use super::scene::SHORT;
use super::scene::Scene;
use super::scene::head;
use spangate::http::Settings;

#[tokio::test]
async fn what_is_above_the_limit_is_shed_at_once() {
    let scene = Scene::with(Settings { max_in_flight: 1, ..Settings::default() }).await;
    let mut first = scene.connect().await;
    first.send(&head("GET", "/one/wait", "x-key: sg_all\r\n", 0)).await;
    scene.begun(1).await;
    // The limit is of all dialects together.
    assert_eq!(scene.ask("GET", "/two/echo", b"").await.status, 429);
    let shed = scene.ask("POST", "/one/echo", &vec![b' '; 1 << 20]).await;
    shed.is_refused(429, "too many requests in hand; retry after 1 s");
    scene.one.gate.add_permits(1);
    assert_eq!(first.answer().await.body, "waited");
    assert_eq!(scene.ask("POST", "/one/echo", b"").await.status, 200);
}

#[tokio::test]
async fn a_slow_handler_is_cut() {
    let scene = Scene::with(Settings { request_timeout: SHORT, ..Settings::default() }).await;
    scene.ask("GET", "/one/wait", b"").await.is_refused(408, "the request took too long");
}

#[tokio::test]
async fn a_panic_is_one_failed_request() {
    let scene = Scene::with(Settings { max_in_flight: 1, ..Settings::default() }).await;
    let mut wire = scene.connect().await;
    for _ in 0..2 {
        wire.send(&head("GET", "/one/panic", "x-key: sg_all\r\n", 0)).await;
        wire.answer().await.is_refused(500, "internal error");
    }
}
