//! Keys, tokens, scopes and rates.

use super::scene::Scene;
use super::scene::head;
use spangate::telemetry::metrics;

#[tokio::test]
async fn without_a_good_key_nothing_but_open_routes_answers() {
    let scene = Scene::start().await;
    assert_eq!(scene.ask_with("GET", "/one/health", "", b"").await.body, "well");
    let check = async |headers: &str, message: &str| {
        for path in ["/one/echo", "/prefix/one/echo"] {
            scene.ask_with("POST", path, headers, b"{}").await.is_refused(401, message);
        }
    };
    check("", "no credential was presented").await;
    check("x-key: sg_nobody\r\n", "this gateway key is incomplete or mistyped").await;
    check("x-key: sg_old\r\n", "the gateway key old has expired").await;
    let foreign = "this is not a gateway key: use one that begins with sg_ where the vendor's own key would go";
    check("x-key: vendor-secret\r\n", foreign).await;
    check("authorization: Bearer x.y.z\r\n", "this login token was not issued here; log in again with a gateway key")
        .await;
}

#[tokio::test]
async fn a_handler_knows_who_asks() {
    let scene = Scene::start().await;
    let token = scene.tokens.issue(&"sg_all".into()).unwrap();
    for credential in ["x-key: sg_all\r\n".to_owned(), format!("authorization: Bearer {token}\r\n")] {
        let answer = scene.ask_with("GET", "/one/caller", &credential, b"").await;
        assert_eq!(answer.body, "checkout all");
    }
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    let scene = Scene::start().await;
    let ask =
        async |method: &str, key: &str| scene.ask_with(method, "/one/echo", &format!("x-key: {key}\r\n"), b"").await;
    assert_eq!(ask("GET", "sg_read").await.status, 200);
    assert_eq!(ask("POST", "sg_write").await.status, 200);
    ask("POST", "sg_read").await.is_refused(403, r#"the gateway key read does not have the scope \"write\""#);
    ask("GET", "sg_write").await.is_refused(403, r#"the gateway key write does not have the scope \"read\""#);
}

#[tokio::test]
async fn a_rate_refuses_before_the_body_and_the_client_reads_the_answer() {
    let scene = Scene::start().await;
    let mut wire = scene.connect().await;
    let post = |length| head("POST", "/one/echo", "x-key: sg_slow\r\n", length);
    wire.send(&format!("{}12345678", post(8))).await;
    assert_eq!(wire.answer().await.status, 200);
    wire.send(&post(100_000)).await;
    let refused = "key slow may send 10 bytes a second; retry after 10000 s";
    wire.answer().await.is_refused(429, &refused.replace("10000", "1"));
    // The refused body is read to its end, so that the connection is still good.
    wire.send(&"x".repeat(100_000)).await;
    wire.send(&post(0)).await;
    wire.answer().await.is_refused(429, "key slow may send 2 requests a second; retry after 1 s");
}

#[tokio::test]
async fn a_body_of_unknown_length_is_charged_once_it_is_read() {
    let scene = Scene::start().await;
    let headers = "host: x\r\nx-key: sg_slow\r\ntransfer-encoding: chunked\r\n";
    let chunked = format!("POST /one/echo HTTP/1.1\r\n{headers}\r\n9\r\n123456789\r\n0\r\n\r\n");
    let mut wire = scene.connect().await;
    wire.send(&chunked).await;
    assert_eq!(wire.answer().await.body, r#"["/one/echo","-","9","123456789"]"#);
    let mut wire = scene.connect().await;
    wire.send(&chunked).await;
    wire.answer().await.is_refused(429, "key slow may send 10 bytes a second; retry after 1 s");
}

#[tokio::test]
async fn a_vendors_own_key_is_counted_by_dialect_and_never_shown() {
    let metrics = metrics::install().unwrap();
    let counted = |dialect: &str| {
        let line = format!("spangate_refused_total{{dialect=\"{dialect}\",reason=\"foreign_key\"}} ");
        metrics.render().lines().find_map(|each| each.strip_prefix(&line)?.parse().ok()).unwrap_or(0)
    };
    let scene = Scene::start().await;
    let before: (u64, u64) = (counted("one"), counted("two"));
    for _ in 0..3 {
        let answer = scene.ask_with("POST", "/one/echo", "x-key: comet-secret-4711\r\n", b"{}").await;
        assert_eq!(answer.status, 401);
        assert!(!format!("{answer:?}").contains("4711"), "{answer:?}");
    }
    scene.ask_with("POST", "/two/echo", "x-key: sg_nobody\r\n", b"{}").await;
    // Other tests count too.
    assert!(counted("one") >= before.0 + 3);
    assert!(!metrics.render().contains("4711"));
}
