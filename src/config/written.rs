//! How a value is shown in a mistake: never a secret, not even a literal one that has no place there.

use config::Value;
use config::ValueKind;

use super::secret;

/// Keys under which people paste credentials.
const SECRET_KEYS: [&str; 3] = ["api_keys", "read_api_key", "sha256"];
const LONGEST: usize = 80;

/// The value as written, unless it may hold a secret.
pub(super) fn shown(key: &str, value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::String(text) => shown_text(key, text),
        ValueKind::Table(_) => None,
        ValueKind::Array(_) => Some("a list".to_owned()),
        _ if is_secret_key(key) => None,
        kind => Some(kind.to_string()),
    }
}

fn shown_text(key: &str, text: &str) -> Option<String> {
    let is_reference = secret::parse(text).is_ok();
    if is_secret_key(key) && !is_reference || text.contains("sg_") {
        return None;
    }
    // A URL may hold a password or, behind its path, a token; broken TOML from the environment, any.
    if text.contains('@') || text.starts_with(['{', '[']) {
        return None;
    }
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let short: String = path.chars().take(LONGEST).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    Some(format!("\"{short}{more}\""))
}

/// Whether a credential belongs here, or here by mistake; `api_keys[1]` is one of `api_keys`.
pub(super) fn is_secret_key(key: &str) -> bool {
    let key = key.split('[').next().unwrap_or(key);
    SECRET_KEYS.contains(&key)
}
