//! Tests of what `spangate check` prints and exits with.

use std::io::Write as _;
use std::time::Duration;

use clap::Parser;

use super::*;
use crate::config::FlushMode;

const ALPHA: DialectInfo = DialectInfo {
    name: "alpha",
    needs_key: false,
    flush: FlushMode::Settled,
    global_ids: true,
    requests_per_minute: Some(90),
    items_per_minute: None,
    scores_per_minute: Some(180),
    confirms: false,
    timed_ids: false,
    batch_rows: 1,
    batch_bytes: 1,
    destination_keys: &[],
    route_keys: &[],
    id_window: |_| Some(Duration::from_secs(60)),
};

const GOOD: &str = r#"
[keys.one]
project = "checkout"
sha256 = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"
scopes = ["write"]
[destinations.cloud]
dialect = "alpha"
base_url = "https://alpha.example.com"
api_keys = ["env:A", "env:B"]
[destinations.lab]
dialect = "alpha"
base_url = "http://alpha.obs.svc:8080"
allow_private = true
egress = { in_flight = 2, timeout = "5s" }
[projects.checkout]
limits = { requests_per_second = 4, bytes_per_second = "1MiB" }
read_from = "cloud"
[projects.checkout.routes.cloud]
[projects.checkout.routes.lab]
vendor_project = "bots"
flush = { mode = "eager", quiet = "1s" }
[projects.other.routes.lab]
"#;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

/// What a file of this text prints, its name replaced, and the exit code.
fn check(text: &str, arguments: &[&str]) -> (u8, String) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let name = file.path().to_str().unwrap();
    let line = ["check", "--config", name].into_iter().chain(arguments.iter().copied());
    let args = Line::try_parse_from(line).unwrap_or_else(|error| panic!("{error}")).args;
    let environment = ["A", "B"].map(|name| (name.to_owned(), "a-secret".to_owned()));
    let mut out = Vec::new();
    let code = super::check(args, environment.into(), &[ALPHA], &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains("a-secret"), "{text}");
    (code, text.replace(name, "FILE"))
}

#[test]
fn a_good_file_is_summed_up() {
    let (code, text) = check(GOOD, &[]);
    insta::assert_snapshot!(text, @r#"
    FILE can be served, 3 warnings

    SDKs   0.0.0.0:4400
    admin  127.0.0.1:4401
    state  /var/lib/spangate
    kept   with fsync

    project checkout
      keys    one (write)
      limits  4 requests/s, 1MiB/s
      reads   cloud
      route   cloud: alpha at https://alpha.example.com/
        vendor project  the client's own
        egress          90 requests/min, 180 scores/min for each of 2 keys, 8 in flight, timeout 1m
        flush           settled, quiet by origin, idle 10m
        ids             verbatim
      route   lab: alpha at http://alpha.obs.svc:8080/
        vendor project  bots
        egress          90 requests/min, 180 scores/min without a key, 2 in flight, timeout 5s
        flush           eager, quiet 1s, idle 10m
        ids             hashed, the server is shared

    project other
      keys    none
      limits  none
      reads   the ledger only
      route   lab: alpha at http://alpha.obs.svc:8080/
        vendor project  the client's own
        egress          90 requests/min, 180 scores/min without a key, 2 in flight, timeout 5s
        flush           settled, quiet by origin, idle 10m
        ids             hashed, the server is shared

    warning: projects.other: no key names it; `spangate keys new NAME --project other` makes one
    warning: projects.checkout.routes.cloud: the project may send 240 requests a minute, the destination takes 180 (90 for each key): this route needs 3 keys or a sample of 1 in 2
    warning: projects.checkout.routes.lab: the project may send 240 requests a minute, the destination takes 90 (90 for each key): this route needs 3 keys or a sample of 1 in 3
    "#);
    assert_eq!(code, 0);
}

#[test]
fn mistakes_are_all_named_and_counted() {
    let text = GOOD.replace("checkout\"", "chekout\"").replace("allow_private = true", "");
    let (code, text) = check(&text, &[]);
    insta::assert_snapshot!(text, @r#"
    keys.one.project: "chekout": names no project; write "checkout" [FILE]
    destinations.lab.base_url: "http://alpha.obs.svc:8080": the host is in a private network or this machine; write allow_private = true beside it if that is meant [FILE]
    2 mistakes
    "#);
    assert_eq!(code, 1);
}

#[test]
fn json_has_the_same() {
    let (code, text) = check(GOOD, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code, 0);
    assert_eq!(json["valid"], true);
    let cloud = &json["projects"]["checkout"]["routes"]["cloud"];
    assert_eq!(cloud["dialect"], "alpha");
    assert_eq!(cloud["ids"], "verbatim");
    assert_eq!(cloud["egress"]["requests_per_minute"], 90);
    assert_eq!(json["projects"]["other"]["routes"]["lab"]["ids"], "hashed");
    assert_eq!(json["warnings"][0]["path"], "projects.other");

    let (code, text) = check("[ledger]\ndurability = \"disk\"", &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code, 1);
    let expected = json!({
        "valid": false,
        "mistakes": [{
            "path": "ledger.durability",
            "value": "\"disk\"",
            "rule": "must be \"fsync\" or \"os\"",
            "write": "write one of \"fsync\", \"os\"",
            "from": "FILE",
        }],
    });
    assert_eq!(json, expected);
}

#[test]
fn a_file_that_cannot_be_read_is_a_usage_error() {
    let args = Args { config: Some("no/such/file.toml".into()), json: false, skip_secrets: false };
    let mut out = Vec::new();
    assert_eq!(super::check(args, BTreeMap::new(), &[ALPHA], &mut out).unwrap(), 2);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(
        text,
        "no/such/file.toml: cannot be read: No such file or directory (os error 2); \
         name a file with --config FILE\n"
    );
}

#[test]
fn secrets_may_be_absent_where_they_are_skipped() {
    let text = GOOD.replace("env:B", "env:UNSET");
    assert_eq!(check(&text, &[]).0, 1);
    assert_eq!(check(&text, &["--skip-secrets"]).0, 0);
}
