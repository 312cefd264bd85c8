//! The vendor's name, limits, project names and SDK variables.

use std::borrow::Cow;

use sha2::Digest;
use sha2::Sha256;

use crate::contract::DialectInfo;
use crate::contract::FlushMode;
use crate::contract::SdkEnvironment;

/// The dialect's name.
pub(super) const NAME: &str = "pandaprobe";

/// The header that names the project; needed on every call (`wire/pandaprobe.md §2`).
pub(super) const PROJECT_HEADER: &str = "x-project-name";

/// The most spans one request may carry (`wire/pandaprobe.md §4`).
pub(super) const SPANS_A_REQUEST: usize = 500;

/// The most bytes we put into one request; 40 MiB were taken by a bare server (`wire/pandaprobe.md
/// §8`), what stands before the hosted one is unknown.
pub(super) const BYTES_A_REQUEST: usize = 16 * 1024 * 1024;

/// A recorded session of the Python SDK, for `demo --play`.
pub(super) const RECORDED: &str = include_str!("../../../fixtures/play/pandaprobe.jsonl");

/// Name and defaults; the rates stay below 100 POST /traces and 200 scores a minute
/// (`wire/pandaprobe.md §13`).
pub(super) static INFO: DialectInfo = DialectInfo {
    name: NAME,
    needs_key: true,
    flush: FlushMode::Settled,
    global_ids: true,
    timed_ids: false,
    requests_per_minute: Some(90),
    items_per_minute: None,
    scores_per_minute: Some(180),
    confirms: true,
    batch_rows: 1,
    batch_bytes: BYTES_A_REQUEST,
    destination_keys: &[],
    route_keys: &[],
    id_window: |_| None,
};

/// The variables of both SDKs (`wire/pandaprobe.md §1`).
pub(super) fn environment(base: &str, key: &str) -> Vec<SdkEnvironment> {
    let lines = vec![
        ("PANDAPROBE_ENDPOINT", base.to_owned()),
        ("PANDAPROBE_API_KEY", key.to_owned()),
        ("PANDAPROBE_PROJECT_NAME", "demo".to_owned()),
    ];
    ["python", "typescript"].map(|sdk| SdkEnvironment { sdk, lines: lines.clone() }).to_vec()
}

/// The rule that a project name breaks, in the vendor's words (`wire/pandaprobe.md §2`).
pub(super) fn project_name_error(name: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric();
    if name.is_empty() {
        return Some("Project scope required. Provide X-Project-ID (Bearer) or X-Project-Name (API key).");
    }
    if name.chars().count() > 255 {
        return Some("X-Project-Name must be at most 255 characters.");
    }
    let edges = name.starts_with(plain) && name.ends_with(plain);
    let inside = name.chars().all(|c| plain(c) || " _.'-".contains(c));
    (!edges || !inside).then_some(
        "X-Project-Name must start and end with a letter or digit and contain only letters, digits, \
         spaces, hyphens, underscores, dots, or apostrophes.",
    )
}

/// The name as the vendor takes it: itself, or with `-` for what it refuses and six hex digits of
/// its hash (`design.md §7`).
pub(super) fn vendor_project_name(name: &str) -> Cow<'_, str> {
    if project_name_error(name).is_none() {
        return Cow::Borrowed(name);
    }
    let hash = Sha256::digest(name);
    let kept: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || " _.'-".contains(c) { c } else { '-' })
        .take(240)
        .collect();
    let start = if kept.starts_with(|c: char| c.is_ascii_alphanumeric()) { "" } else { "p" };
    Cow::Owned(format!("{start}{kept}-{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2]))
}
