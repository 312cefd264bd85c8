//! What a translation could not carry natively.

use serde::Deserialize;
use serde::Serialize;

/// One field that a translation could not carry natively.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Loss {
    /// The subject, e.g. `span 0193…`.
    pub subject: String,
    /// The canonical path, e.g. `output`.
    pub path: String,
    /// Why, in a few words.
    pub why: String,
    /// Whether the reserved key carries it, so that a way back restores it.
    pub carried: bool,
}
