//! Packing and headers.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use crate::canonical::Id;
use crate::canonical::Target;
use crate::contract::Bucket;
use crate::contract::Dialect;
use crate::contract::Write;

use super::super::Opik;
use super::json as read;

fn write(batch: &str, path: &str, row: &str) -> Write {
    Write {
        stage: 0,
        batch: batch.into(),
        method: Method::POST,
        path: path.to_owned(),
        headers: Vec::new(),
        row: Bytes::from(row.to_owned()),
        bucket: Bucket::Write,
        target: Target::Trace(Id::default()),
        unless: None,
        each: None,
        once: None,
    }
}

#[test]
fn rows_are_packed_in_the_list_of_their_endpoint() {
    for (path, expected) in [
        ("/v1/private/traces/batch", json!({"traces": [{"a": 1}, {"a": 2}]})),
        ("/v1/private/spans/batch", json!({"spans": [{"a": 1}, {"a": 2}]})),
        ("/v1/private/traces/threads/feedback-scores", json!({"scores": [{"a": 1}, {"a": 2}]})),
    ] {
        let writes = [write("b", path, r#"{"a":1}"#), write("b", path, r#"{"a":2}"#)];
        let request = Opik.pack(&writes.iter().collect::<Vec<_>>());
        assert_eq!(read(&request.body.expect("a body")), expected);
        assert_eq!((request.rows, request.path.as_str()), (2, path));
    }
    let alone = write("", "/v1/private/traces/delete", r#"{"ids":[]}"#);
    assert_eq!(Opik.pack(&[&alone]).body.as_deref(), Some(&br#"{"ids":[]}"#[..]));
}

#[test]
fn the_key_goes_raw_and_hidden() {
    let key = SecretString::from("k-1");
    let headers: HeaderMap = Opik.authorize(Some(&key), &BTreeMap::from([("workspace".to_owned(), "acme".to_owned())]));
    assert_eq!(
        (&headers["authorization"], &headers["comet-workspace"]),
        (&"k-1".parse().expect("a value"), &"acme".parse().expect("a value"))
    );
    assert!(headers["authorization"].is_sensitive());
    let open = Opik.authorize(None, &BTreeMap::new());
    assert_eq!(open.len(), 1);
    assert_eq!(open["comet-workspace"], "default");
}

#[test]
fn only_the_cloud_checks_the_age_of_ids() {
    let window = |url: &str| (Opik.info().id_window)(&Url::parse(url).expect("a URL"));
    assert_eq!(window("https://www.comet.com/opik/api"), Some(Duration::from_secs(39_600)));
    assert_eq!(window("https://comet.com.example.org/"), None);
    assert_eq!(window("http://opik.obs.svc:8080"), None);
}

#[test]
fn both_sdks_are_pointed_at_the_prefix() {
    let sdks = Opik.environment("http://127.0.0.1:4400", "sg_demo");
    assert_eq!(sdks.iter().map(|sdk| sdk.sdk).collect::<Vec<_>>(), ["python", "typescript"]);
    assert_eq!(
        sdks[0].lines,
        [
            ("OPIK_URL_OVERRIDE", "http://127.0.0.1:4400/opik/api".to_owned()),
            ("OPIK_API_KEY", "sg_demo".to_owned()),
            ("OPIK_WORKSPACE", "default".to_owned()),
        ]
    );
}
