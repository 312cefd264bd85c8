//! What the vendor is by default, and how its SDKs are pointed at a gateway.

use std::time::Duration;

use url::Url;

use crate::contract::DialectInfo;
use crate::contract::FlushMode;
use crate::contract::SdkEnvironment;

/// The dialect's name.
pub(super) const NAME: &str = "opik";

/// The workspace of a destination that names none, and the one our own clients see
/// (`wire/opik.md §1.1`).
pub(super) const WORKSPACE: &str = "default";

/// The project of a row that names none (`wire/opik.md §5.1`).
pub(super) const DEFAULT_PROJECT: &str = "Default Project";

/// Path prefixes the SDKs' own defaults carry (`wire/opik.md §1`).
pub(super) const PREFIXES: &[&str] = &["/opik/api", "/api"];

/// A recorded session of the Python SDK, for `demo --play`.
pub(super) const RECORDED: &str = include_str!("../../../fixtures/play/opik.jsonl");

/// Name and defaults. Cloud limits are not published (`wire/opik.md §10.1`), so no rate is assumed;
/// rows and bytes are the writer's checklist of `wire/opik.md §10.4`.
pub(super) static INFO: DialectInfo = DialectInfo {
    name: NAME,
    needs_key: false,
    flush: FlushMode::Eager,
    global_ids: true,
    timed_ids: true,
    requests_per_minute: None,
    items_per_minute: None,
    scores_per_minute: None,
    confirms: false,
    batch_rows: 1_000,
    batch_bytes: 5_000_000,
    destination_keys: &["workspace"],
    route_keys: &[],
    id_window,
};

/// Opik Cloud refuses creates whose id is more than a day old (`wire/opik.md §6.1`); half of the
/// smallest window a server may have keeps us clear of it. Self-hosted servers do not check.
fn id_window(base: &Url) -> Option<Duration> {
    let host = base.host_str()?;
    (host == "comet.com" || host.ends_with(".comet.com")).then_some(Duration::from_secs(11 * 3_600))
}

/// Both SDKs read the same variables (`wire/opik.md §1.1`, `§1.2`).
pub(super) fn environment(base: &str, key: &str) -> Vec<SdkEnvironment> {
    let lines = vec![
        ("OPIK_URL_OVERRIDE", format!("{base}{}", PREFIXES[0])),
        ("OPIK_API_KEY", key.to_owned()),
        ("OPIK_WORKSPACE", WORKSPACE.to_owned()),
    ];
    ["python", "typescript"].map(|sdk| SdkEnvironment { sdk, lines: lines.clone() }).into()
}
