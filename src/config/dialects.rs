//! What the configuration has to know of a dialect, handed in so that no vendor's name stands here.

use std::time::Duration;

use url::Url;

/// What one dialect means for the configuration: its defaults, its own keys, its known rates.
#[derive(Clone, Copy, Debug)]
pub struct DialectInfo {
    /// The word that `destinations.NAME.dialect` takes.
    pub name: &'static str,
    /// Whether the vendor refuses every request that carries no credential.
    pub needs_key: bool,
    /// When rows are sent unless the route says otherwise (`design.md` §5).
    pub flush: FlushMode,
    /// Whether an id names one row in the vendor's whole server and not within one project.
    pub global_ids: bool,
    /// Requests a minute that the vendor takes for each credential, if known.
    pub requests_per_minute: Option<u32>,
    /// Rows a minute that the vendor takes for each credential, if known.
    pub items_per_minute: Option<u32>,
    /// Scores a minute that the vendor takes for each credential, if known.
    pub scores_per_minute: Option<u32>,
    /// Keys with a text value that only this dialect allows in a destination.
    pub destination_keys: &'static [&'static str],
    /// Keys with a text value that only this dialect allows in a route.
    pub route_keys: &'static [&'static str],
    /// How old an id may be for the server at this base URL to take a whole row; none: any age.
    pub id_window: fn(&Url) -> Option<Duration>,
}

/// When a route sends what has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushMode {
    /// Rows as they change, so that a running trace shows.
    Eager,
    /// A trace once it is complete and quiet, or a part of it once it is idle.
    Settled,
}

impl FlushMode {
    /// The word of `flush.mode`.
    pub fn word(self) -> &'static str {
        match self {
            FlushMode::Eager => "eager",
            FlushMode::Settled => "settled",
        }
    }
}

/// The dialect of this name.
pub(super) fn find<'a>(dialects: &'a [DialectInfo], name: &str) -> Option<&'a DialectInfo> {
    dialects.iter().find(|dialect| dialect.name == name)
}
