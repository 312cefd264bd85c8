//! Token counts (inclusive of cache) and money (USD).

use indexmap::IndexMap;
use serde::Deserialize;
use serde::Serialize;

use super::Raw;
use super::facts::plain_facts;

/// Token counts of one span. `input` includes cached tokens (`wire/otlp.md §4.4c`).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Usage {
    /// Prompt tokens, cache included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<i64>,
    /// Completion tokens, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<i64>,
    /// The total, where the sender gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// Prompt tokens read from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<i64>,
    /// Prompt tokens written to a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<i64>,
    /// Completion tokens spent on reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<i64>,
    /// Every other key, in its dialect's spelling.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub other: IndexMap<String, Raw>,
}

/// Money in USD.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Cost {
    /// The whole cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// Parts by name, as the sender called them.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub parts: IndexMap<String, Raw>,
}

plain_facts!(Usage, Cost);
