//! The environment over the file over the defaults.

use std::path::PathBuf;

use secrecy::ExposeSecret;

use super::*;

#[test]
fn the_defaults_stand_alone() {
    let config = good("");
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:4400");
    assert_eq!(config.server.admin_listen.to_string(), "127.0.0.1:4401");
    assert_eq!(config.server.state_dir, PathBuf::from("/var/lib/spangate"));
    assert_eq!(config.server.shutdown_grace, Duration::from_secs(5));
    assert_eq!(config.server.request_timeout, Duration::from_secs(60));
    assert_eq!(config.server.max_in_flight.get(), 512);
    assert_eq!(config.server.max_body, MaxBody { encoded: 20 << 20, decoded: 64 << 20 });
    assert_eq!(config.server.public_url, None);
    assert_eq!(config.ledger.durability, Durability::Fsync);
    assert_eq!(config.ledger.retain, Retain { age: Duration::from_secs(72 * 3600), size: 10 << 30 });
    assert_eq!(config.ledger.dead_letters, Retain { age: Duration::from_secs(720 * 3600), size: 1 << 30 });
    assert_eq!(config.ledger.disk_reserve, 1 << 30);
    assert!(config.keys.is_empty() && config.destinations.is_empty() && config.projects.is_empty());
    assert_eq!(warnings(""), ["projects: there is none, so nothing can be sent"]);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let text = "[server]\nlisten = \"127.0.0.1:1\"\nmax_body = { encoded = \"1MiB\" }\nmax_in_flight = 7";
    let config = good_with(text, &[("SPANGATE__SERVER__LISTEN", "127.0.0.1:2")]);
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:2");
    assert_eq!(config.server.max_body, MaxBody { encoded: 1 << 20, decoded: 64 << 20 });
    assert_eq!(config.server.max_in_flight.get(), 7);
}

#[test]
fn text_from_the_environment_becomes_every_type() {
    let config = good_with(
        SMALL,
        &[
            ("SPANGATE__DESTINATIONS__MY_LAB__DIALECT", "alpha"),
            ("SPANGATE__DESTINATIONS__MY_LAB__BASE_URL", "http://127.0.0.1:8080/api"),
            ("SPANGATE__DESTINATIONS__MY_LAB__ALLOW_PRIVATE", "true"),
            ("SPANGATE__DESTINATIONS__MY_LAB__API_KEYS", "env:FIRST, env:SECOND"),
            ("SPANGATE__DESTINATIONS__MY_LAB__WORKSPACE", "12"),
            ("SPANGATE__DESTINATIONS__MY_LAB__EGRESS", "{ items_per_minute = 9, timeout = \"2s\" }"),
            ("SPANGATE__PROJECTS__CHECKOUT__LIMITS__SPANS_PER_SECOND", "100"),
            ("SPANGATE__PROJECTS__CHECKOUT__ROUTES__MY_LAB", "{}"),
            ("SPANGATE__KEYS__ONE__SCOPES", "[\"read\"]"),
            ("SPANGATE_ADMIN", "not ours"),
        ],
    );
    let lab = &config.destinations["my_lab"];
    assert_eq!(lab.base_url.as_str(), "http://127.0.0.1:8080/api");
    assert!(lab.allow_private);
    let keys = [SecretRef::Env("FIRST".into()), SecretRef::Env("SECOND".into())];
    assert_eq!(lab.api_keys, keys);
    assert_eq!(lab.settings["workspace"], "12");
    assert_eq!(lab.egress.items_per_minute.map(u32::from), Some(9));
    assert_eq!(lab.egress.timeout, Duration::from_secs(2));
    let checkout = &config.projects["checkout"];
    assert_eq!(checkout.limits.spans_per_second.map(u32::from), Some(100));
    assert_eq!(checkout.routes.keys().collect::<Vec<_>>(), ["first", "my_lab"]);
    assert_eq!(config.keys["one"].scopes, Scopes { read: true, write: false });
}

#[test]
fn a_mistake_from_the_environment_names_its_variable() {
    let variables = [
        ("SPANGATE__SERVER__MAX_IN_FLIGHT", "many"),
        ("SPANGATE__SERVR__LISTEN", "127.0.0.1:1"),
        ("SPANGATE__DESTINATIONS__FIRST__API_KEYS", "sk-live-1"),
    ];
    assert_eq!(
        mistakes_with(SMALL, &variables),
        [
            "server.max_in_flight: \"many\": must be a whole number from 1 to 4294967295; write such as 100 \
             [SPANGATE__SERVER__MAX_IN_FLIGHT]",
            "destinations.first.api_keys[0]: a secret is never written out here, only named; \
             write \"env:NAME\" or \"file:/path\" [SPANGATE__DESTINATIONS__FIRST__API_KEYS]",
            "servr: unknown key; write server [SPANGATE__SERVR__LISTEN]",
        ]
    );
}

#[test]
fn secrets_come_from_the_environment_that_was_passed_in_or_from_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "  from-a-file\n").unwrap();
    let environment = BTreeMap::from([("A".to_owned(), "from-the-environment".to_owned())]);
    let resolve = |secret: SecretRef| secret.resolve(&environment).map(|secret| secret.expose_secret().to_owned());
    assert_eq!(resolve(SecretRef::Env("A".into())).unwrap(), "from-the-environment");
    assert_eq!(resolve(SecretRef::File(file.path().into())).unwrap(), "from-a-file");
    // PATH is in every process's environment, but not in the one that was passed in.
    assert!(matches!(resolve(SecretRef::Env("PATH".into())), Err(SecretError::NoVariable(_))));
    std::fs::write(file.path(), "\n").unwrap();
    assert!(matches!(resolve(SecretRef::File(file.path().into())), Err(SecretError::Empty)));
    std::fs::write(file.path(), "two\nlines").unwrap();
    assert!(matches!(resolve(SecretRef::File(file.path().into())), Err(SecretError::NoHeader)));
}

#[test]
fn secrets_can_be_left_unresolved() {
    let text = SMALL.replace("env:FIRST", "env:UNSET");
    let mut sources = sources(&text, &[]);
    assert!(load(&sources, &DIALECTS).is_err());
    sources.skip_secrets = true;
    assert!(load(&sources, &DIALECTS).is_ok());
}
