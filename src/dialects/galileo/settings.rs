//! The vendor's name, limits and SDK variables.

use crate::contract::DialectInfo;
use crate::contract::FlushMode;
use crate::contract::SdkEnvironment;

/// The dialect's name.
pub(super) const NAME: &str = "galileo";

/// The header that carries a key: what SDKs send, though the newest API description calls it
/// `Splunk-AO-API-Key` (`wire/galileo.md`, rebrand warning).
pub(super) const KEY_HEADER: &str = "galileo-api-key";

/// The same after the rename.
pub(super) const RENAMED_KEY_HEADER: &str = "splunk-ao-api-key";

/// The destination's setting that names another key header.
pub(super) const KEY_HEADER_SETTING: &str = "key_header";

/// The route's setting that names one log stream for everything; `same` keeps the client's
/// (`design.md §7`).
pub(super) const STREAM_SETTING: &str = "log_stream";

/// The log stream of names that have one level only (`design.md §7`).
pub(super) const DEFAULT_STREAM: &str = "default";

/// Spans nest at most this deep in a request of ours; deeper ones hang under the last ancestor that
/// may. No limit is declared; what parses bodies there stops near a thousand levels of JSON, two a span.
pub(super) const DEPTH: usize = 64;

/// A recorded session of the Python SDK, for `demo --play`.
pub(super) const RECORDED: &str = include_str!("../../../fixtures/play/galileo.jsonl");

/// Name and defaults. Ids count as global, because two of our projects may write to one project there
/// and a second row of an id replaces the first (`wire/galileo.md §7.2`). No limit is declared for rows, bytes or rates (`wire/galileo.md §7.3`); ours keep
/// a request well below what stalls one.
pub(super) static INFO: DialectInfo = DialectInfo {
    name: NAME,
    needs_key: true,
    flush: FlushMode::Settled,
    global_ids: true,
    timed_ids: false,
    requests_per_minute: None,
    items_per_minute: None,
    scores_per_minute: None,
    confirms: false,
    batch_rows: 100,
    batch_bytes: 4 * 1024 * 1024,
    destination_keys: &[KEY_HEADER_SETTING],
    route_keys: &[STREAM_SETTING],
    id_window: |_| None,
};

/// The variables of both SDKs (`wire/galileo.md §1`). The console's is named too, because the Python
/// SDK derives the API's address from it wherever the other is not read.
pub(super) fn environment(base: &str, key: &str) -> Vec<SdkEnvironment> {
    let lines = vec![
        ("GALILEO_API_URL", base.to_owned()),
        ("GALILEO_CONSOLE_URL", base.to_owned()),
        ("GALILEO_API_KEY", key.to_owned()),
        ("GALILEO_PROJECT", "demo".to_owned()),
        ("GALILEO_LOG_STREAM", DEFAULT_STREAM.to_owned()),
    ];
    ["python", "typescript"].map(|sdk| SdkEnvironment { sdk, lines: lines.clone() }).to_vec()
}

/// A project name the vendor takes: any of at least one character (`wire/galileo.md §4.8`).
pub(super) fn project_name(name: &str) -> String {
    if name.trim().is_empty() { "default".to_owned() } else { name.to_owned() }
}
