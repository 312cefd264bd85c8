//! Each section: what its values become, and the mistakes that only it knows.

use super::*;

#[test]
fn server_and_ledger_take_every_key() {
    let config = good(
        r#"
        [server]
        listen = "[::1]:0"
        public_url = "https://spangate.example.com/base"
        admin_listen = "[::1]:0"
        state_dir = "state"
        shutdown_grace = "0s"
        request_timeout = "1500ms"
        max_in_flight = 1
        max_body = { encoded = "1KB", decoded = "2 MiB" }
        [ledger]
        durability = "os"
        retain = { age = "1h 30m", size = "1TB" }
        dead_letters = { age = "2h", size = "3KB" }
        disk_reserve = "5B"
        "#,
    );
    assert_eq!(config.server.listen.to_string(), "[::1]:0");
    assert_eq!(config.server.public_url.unwrap().as_str(), "https://spangate.example.com/base");
    assert_eq!(config.server.shutdown_grace, Duration::ZERO);
    assert_eq!(config.server.request_timeout, Duration::from_millis(1500));
    assert_eq!(config.server.max_body, MaxBody { encoded: 1000, decoded: 2 << 20 });
    assert_eq!(config.ledger.durability, Durability::Os);
    let retain = Retain { age: Duration::from_secs(5400), size: 1_000_000_000_000 };
    assert_eq!(config.ledger.retain, retain);
    assert_eq!(config.ledger.dead_letters, Retain { age: Duration::from_secs(7200), size: 3000 });
    assert_eq!(config.ledger.disk_reserve, 5);
}

#[test]
fn server_refuses_one_address_for_both_listeners_and_durations_of_nothing() {
    let text =
        "[server]\nlisten = \"0.0.0.0:4401\"\nrequest_timeout = \"0s\"\nshutdown_grace = \"-5s\"\nstate_dir = \" \"";
    assert_eq!(
        mistakes(text),
        [
            // The value is the default's, so no source is named.
            "server.admin_listen: \"127.0.0.1:4401\": must not be the address of server.listen; \
             write \"127.0.0.1:4402\"",
            "server.state_dir: \" \": must not be empty; write a text, or leave it out",
            "server.shutdown_grace: \"-5s\": must be a duration with its unit; \
             write such as \"500ms\", \"5s\", \"10m\", \"72h\"",
            "server.request_timeout: \"0s\": must be longer than zero; write such as \"5s\", \"10m\"",
        ]
    );
}

#[test]
fn keys_have_one_project_and_both_scopes_unless_they_say_otherwise() {
    let config = good(&small(
        r#"
        [keys.two]
        project = "checkout"
        sha256 = "6B86B273FF34FCE19D6B804EFF5A3F5747ADA4EAA22F1D49C01E52DDB7875B4B"
        scopes = ["write"]
        limits = { requests_per_second = 3 }
        expires = 2030-06-30T00:00:00Z
        "#,
    ));
    let (one, two) = (&config.keys["one"], &config.keys["two"]);
    assert_eq!(one.project, "checkout");
    assert_eq!(one.sha256[..4], [0x5f, 0xec, 0xeb, 0x66]);
    assert_eq!(one.scopes, Scopes { read: true, write: true });
    assert_eq!(one.expires, None);
    assert_eq!(two.sha256[28..], [0xb7, 0x87, 0x5b, 0x4b]);
    assert_eq!(two.scopes, Scopes { read: false, write: true });
    assert_eq!(two.limits.requests_per_second.map(u32::from), Some(3));
    assert_eq!(two.expires.unwrap().to_string(), "2030-06-30T00:00:00Z");
}

#[test]
fn keys_refuse_what_is_missing_shared_or_unreadable() {
    let text = small(
        r#"
        [keys.two]
        project = "checkout"
        sha256 = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"
        scopes = ["writ", "admin"]
        expires = "2030-06-30"
        [keys.three]
        project = "elsewhere"
        scopes = []
        [keys."Four-4"]
        project = "checkout"
        sha256 = "zz"
        "#,
    );
    assert_eq!(
        mistakes(&text),
        [
            "keys.Four-4: a name is [a-z][a-z0-9_]*; write [keys.four_4]",
            "keys.Four-4.sha256: must be the SHA-256 of the key, 64 hexadecimal digits; \
             write what `spangate keys new` prints",
            "keys.three.sha256: is missing; write what `spangate keys new` prints",
            "keys.three.project: \"elsewhere\": names no project; write one of \"checkout\"",
            "keys.three.scopes: must not be empty; write \"write\", \"read\" or both",
            "keys.two.sha256: is the key of keys.one too; write a key of its own, from `spangate keys new`",
            "keys.two.scopes[0]: \"writ\": is no scope; write \"write\"",
            "keys.two.scopes[1]: \"admin\": is no scope; write one of \"write\", \"read\"",
            "keys.two.expires: \"2030-06-30\": must be an instant in RFC 3339; \
             write such as \"2030-06-30T00:00:00Z\"",
        ]
    );
}

#[test]
fn destinations_take_their_dialects_defaults_and_keys() {
    let config = good(&small(
        r#"
        [destinations.cloud]
        dialect = "alpha"
        base_url = "https://alpha.example.com/api"
        workspace = "acme"
        read_api_key = "env:FIRST"
        [destinations.off]
        dialect = "alpha"
        base_url = "https://alpha.example.com/api"
        id_window = "off"
        [destinations.slow]
        dialect = "gamma"
        base_url = "https://gamma.example.com"
        api_keys = ["env:FIRST"]
        id_window = "2h"
        egress = { scores_per_minute = 20 }
        "#,
    ));
    let (cloud, off, slow) = (&config.destinations["cloud"], &config.destinations["off"], &config.destinations["slow"]);
    assert_eq!(cloud.settings, BTreeMap::from([("workspace".into(), "acme".into())]));
    assert_eq!(cloud.id_window, Some(Duration::from_secs(11 * 3600)));
    assert_eq!(cloud.read_key(), Some(&SecretRef::Env("FIRST".into())));
    assert_eq!((cloud.egress.in_flight.get(), cloud.egress.timeout), (8, Duration::from_secs(60)));
    assert_eq!((off.id_window, off.read_key()), (None, None));
    assert_eq!(slow.id_window, Some(Duration::from_secs(2 * 3600)));
    assert_eq!(slow.egress.requests_per_minute.map(u32::from), Some(90));
    assert_eq!(slow.egress.scores_per_minute.map(u32::from), Some(20));
    assert_eq!(slow.read_key(), Some(&SecretRef::Env("FIRST".into())));
}

#[test]
fn destinations_refuse_what_they_cannot_reach_or_use() {
    let text = r#"
        [destinations.a]
        [destinations.b]
        dialect = "beta"
        base_url = "https://b.example.com"
        workspace = "acme"
        [destinations.c]
        dialect = "alpha"
        base_url = "ftp://c.example.com"
        api_keys = ["env:FIRST", "env:FIRST", "file:/no/such/file"]
        id_window = "soon"
        egress = { in_flight = 0, per_minute = 3 }
        [projects.checkout]
    "#;
    assert_eq!(
        mistakes(text),
        [
            "destinations.a.dialect: is missing; write one of \"alpha\", \"beta\", \"gamma\"",
            "destinations.a.base_url: is missing; write \"https://…\", where the vendor's API is",
            "destinations.b.api_keys: is missing: dialect \"beta\" takes nothing without a key; \
             write [\"env:NAME\"]",
            "destinations.b.workspace: unknown key; write one of dialect, allow_private, base_url, api_keys, \
             read_api_key, egress, backlog, oversize, confirm, id_window, pass_through",
            "destinations.c.base_url: \"ftp://c.example.com\": must be an http or https URL; \
             write \"https://host\" or \"https://host/path\"",
            "destinations.c.api_keys[1]: \"env:FIRST\": is named twice, but has one bucket; write it once",
            "destinations.c.egress.in_flight: 0: must be a whole number from 1 to 4294967295; write such as 100",
            "destinations.c.egress.per_minute: unknown key; write one of requests_per_minute, items_per_minute, \
             scores_per_minute, in_flight, timeout",
            "destinations.c.id_window: \"soon\": must be a duration with its unit; \
             write such as \"500ms\", \"5s\", \"10m\", \"72h\"",
        ]
    );
}

#[test]
fn private_hosts_need_leave_and_public_ones_need_tls() {
    let check = |base_url: &str, allow_private: bool| {
        let text = format!(
            "[destinations.a]\ndialect = \"alpha\"\nbase_url = \"{base_url}\"\nallow_private = {allow_private}"
        );
        mistakes(&text).first().map(|mistake| mistake.split(": ").nth(2).unwrap_or_default().to_owned())
    };
    let private = "the host is in a private network or this machine; \
                   write allow_private = true beside it if that is meant";
    for host in [
        "127.0.0.1:8080",
        "localhost",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "[::1]",
        "[fd00::1]",
        "[fe80::1]",
        "[::ffff:10.0.0.1]",
        "alpha",
        "alpha.obs.svc",
        "alpha.obs.svc.cluster.local",
        "alpha.internal.",
        "2130706433",
    ] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}");
            assert_eq!(check(&url, false).as_deref(), Some(private), "{url}");
            assert_eq!(check(&url, true), None, "{url}");
        }
    }
    let clear = "plain http would carry data and credentials in clear through public networks; \
                 write \"https://…\"";
    for host in ["alpha.example.com", "8.8.8.8", "172.32.0.1", "100.128.0.1", "[2001:4860::1]", "mylocalhost.com"] {
        for allow in [false, true] {
            assert_eq!(check(&format!("http://{host}"), allow).as_deref(), Some(clear), "{host}");
            assert_eq!(check(&format!("https://{host}"), allow), None, "{host}");
        }
    }
}

#[test]
fn an_empty_route_is_a_whole_one() {
    let config = good(SMALL);
    let expected = Route {
        vendor_project: VendorProject::Same,
        flush: Flush { mode: FlushMode::Eager, quiet: None, idle: Duration::from_secs(600) },
        reserved_key: ReservedKey::Full,
        orphan_wait: Duration::from_secs(60),
        settings: BTreeMap::new(),
        id_scope: IdScope::Verbatim,
    };
    assert_eq!(config.projects["checkout"].routes["first"], expected);
}

#[test]
fn routes_refuse_unknown_destinations_words_and_keys() {
    let text = small(
        r#"
        vendor_project = ""
        reserved_key = "fulll"
        orphan_wait = "60"
        log_stream = "prod"
        start = "newest"
        [projects.checkout.routes.first.flush]
        mode = "lazy"
        idle = "0s"
        [projects.checkout.routes.frist]
        flush = { mode = "eager", quit = "5s" }
        [projects.other]
        read_from = "second"
        [projects.other.routes.nowhere_near]
        "#,
    );
    assert_eq!(
        mistakes(&text),
        [
            "projects.checkout.routes.first.vendor_project: \"\": must not be empty; write a text, or leave it out",
            "projects.checkout.routes.first.flush.mode: \"lazy\": must be \"eager\" or \"settled\"; \
             write one of \"eager\", \"settled\"",
            "projects.checkout.routes.first.flush.idle: \"0s\": must be longer than zero; write such as \"5s\", \"10m\"",
            "projects.checkout.routes.first.reserved_key: \"fulll\": must be \"full\", \"ids\" or \"off\"; write \"full\"",
            "projects.checkout.routes.first.orphan_wait: \"60\": must be a duration with its unit; \
             write \"60s\" for seconds, or \"60m\", \"60h\"",
            "projects.checkout.routes.first.start: \"newest\": must be \"now\"; write \"now\"",
            "projects.checkout.routes.first.log_stream: unknown key; write one of vendor_project, flush, \
             reserved_key, orphan_wait, start, shadow, lens, verify",
            "projects.checkout.routes.frist: names no destination; write \"first\"",
            "projects.checkout.routes.frist.flush.quit: unknown key; write quiet",
            "projects.other.read_from: \"second\": names no destination; write one of \"first\"",
            "projects.other.routes.nowhere_near: names no destination; write one of \"first\"",
        ]
    );
}
