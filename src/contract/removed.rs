//! Destinations that were taken out of the configuration while something waited for them, and what an
//! operator chose for that.

use serde::Deserialize;
use serde::Serialize;

/// What waits, or waited, for a destination that was taken out of the configuration.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RemovedLine {
    /// Its name.
    pub destination: String,
    /// Items that would go out if it were put back, or that did, or that were given up.
    pub items: u64,
    /// Dead letters of it.
    pub letters: u64,
    /// Since which start it is not configured.
    pub since: String,
    /// What became of it; absent while nobody has chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
}

/// What was chosen for what waited.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Choice {
    /// `dropped` or `put back`.
    pub what: String,
    /// When.
    pub at: String,
    /// Why, in the operator's words.
    pub why: String,
}

/// Why what waits for a destination was not dropped.
#[derive(Debug, thiserror::Error)]
pub enum NotDropped {
    /// Nothing is known of it.
    #[error("no destination is named {0}, and nothing waits for one of that name")]
    Unknown(String),
    /// It is not a removed one.
    #[error("{0} is configured, so that what waits for it goes out: take it out of the configuration first")]
    Configured(String),
    /// The ledger does not answer.
    #[error("{0}")]
    Ledger(String),
}
