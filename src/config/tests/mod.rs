//! Tests of the configuration, with dialects that are nobody's.

mod checks;
mod environment;
mod mistakes;
mod reference;
mod sections;

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;

/// Eager, with a key of its own, and its cloud has an id window.
const ALPHA: DialectInfo = DialectInfo {
    name: "alpha",
    needs_key: false,
    flush: FlushMode::Eager,
    global_ids: true,
    requests_per_minute: None,
    items_per_minute: None,
    scores_per_minute: None,
    confirms: false,
    timed_ids: false,
    batch_rows: 1,
    batch_bytes: 1,
    destination_keys: &["workspace"],
    route_keys: &[],
    id_window: |url| (url.host_str() == Some("alpha.example.com")).then_some(Duration::from_secs(11 * 3600)),
};

/// Settled, takes nothing without a key, and its routes have a key of their own.
const BETA: DialectInfo = DialectInfo {
    name: "beta",
    needs_key: true,
    flush: FlushMode::Settled,
    global_ids: false,
    route_keys: &["log_stream"],
    timed_ids: false,
    confirms: false,
    batch_rows: 1,
    batch_bytes: 1,
    destination_keys: &[],
    id_window: |_| None,
    ..ALPHA
};

/// Known to be slow, and ids are one space in its whole server.
const GAMMA: DialectInfo = DialectInfo {
    name: "gamma",
    requests_per_minute: Some(90),
    scores_per_minute: Some(180),
    global_ids: true,
    route_keys: &[],
    ..BETA
};

const DIALECTS: [DialectInfo; 3] = [ALPHA, BETA, GAMMA];

/// Two destinations and one project with a route to the first; nothing to warn of.
const SMALL: &str = r#"
[keys.one]
project = "checkout"
sha256 = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"
[destinations.first]
dialect = "alpha"
base_url = "https://first.example.com"
api_keys = ["env:FIRST"]
[projects.checkout.routes.first]
"#;

fn sources(text: &str, variables: &[(&str, &str)]) -> Sources {
    let variables = [("FIRST", "first-key"), ("SECOND", "second-key")].iter().chain(variables);
    Sources {
        text: Some(text.to_owned()),
        environment: variables
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        ..Sources::default()
    }
}

/// The configuration that a text amounts to.
fn good(text: &str) -> Config {
    good_with(text, &[])
}

fn good_with(text: &str, variables: &[(&str, &str)]) -> Config {
    match load(&sources(text, variables), &DIALECTS) {
        Ok(loaded) => loaded.config,
        Err(mistakes) => panic!("mistakes where there are none:\n{mistakes}"),
    }
}

/// The mistakes of a text, one a line.
fn mistakes(text: &str) -> Vec<String> {
    mistakes_with(text, &[])
}

fn mistakes_with(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    match load(&sources(text, variables), &DIALECTS) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.0.iter().map(|mistake| mistake.to_string().replace(" [built-in]", "")).collect(),
    }
}

/// The warnings of a text without mistakes, one a line.
fn warnings(text: &str) -> Vec<String> {
    match load(&sources(text, &[]), &DIALECTS) {
        Ok(loaded) => loaded.warnings.iter().map(ToString::to_string).collect(),
        Err(mistakes) => panic!("mistakes where there are none:\n{mistakes}"),
    }
}

/// [`SMALL`] and more.
fn small(more: &str) -> String {
    format!("{SMALL}{more}")
}
