//! Which dialect answers, and what a path looks like to it.

use super::scene::Scene;

#[tokio::test]
async fn a_handler_sees_its_native_path_with_and_without_prefix() {
    let scene = Scene::start().await;
    for path in ["/one/echo?a=b%20c", "/prefix/one/echo?a=b%20c"] {
        let answer = scene.ask("POST", path, b"{}").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"["/one/echo?a=b%20c","-","2","{}"]"#), "{path}");
    }
    assert_eq!(scene.ask("POST", "/two/echo", b"").await.status, 200);
    assert_eq!(scene.ask("POST", "/other/two/echo", b"").await.status, 200);
}

#[tokio::test]
async fn an_unknown_path_is_refused_in_the_shape_of_its_prefix() {
    let scene = Scene::start().await;
    let answer = scene.ask("GET", "/prefix/nowhere", b"").await;
    answer.is_refused(404, "path /nowhere not found");
    let answer = scene.ask("GET", "/nowhere", b"").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.body, r#"{"code":404,"message":"path /nowhere not found","detail":"path /nowhere not found"}"#);
}

#[tokio::test]
async fn a_path_without_that_method_says_which_it_has() {
    let scene = Scene::start().await;
    for path in ["/one/echo", "/prefix/one/echo"] {
        let answer = scene.ask_with("DELETE", path, "", b"").await;
        assert_eq!((answer.status, answer.field("allow")), (405, Some("post,get,head")), "{path}");
        assert!(answer.body.contains("does not have this method"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_request_id_is_kept_or_made() {
    let scene = Scene::start().await;
    let answer = scene.ask_with("GET", "/one/health", "x-request-id: mine\r\n", b"").await;
    assert_eq!(answer.field("x-request-id"), Some("mine"));
    let answer = scene.ask("GET", "/nowhere", b"").await;
    assert_eq!(answer.field("x-request-id").map(str::len), Some(36));
}
