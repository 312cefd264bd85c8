//! Delivery: one courier per destination, each at its vendor's own pace.
//!
//! A courier reads the log, notes which traces changed, and for each one that is due asks what it
//! should look like at its vendor, sends the difference and settles. Everything it knows can be
//! rebuilt from the ledger: `base` (all records up to it are settled) and the listed exceptions.

mod answer;
mod batch;
mod book;
mod client;
mod courier;
mod egress;
mod job;
mod resolve;
mod retry;
mod ship;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

pub use answer::Room;
pub use book::Book;
pub use book::State;
pub use book::TraceState;
pub use client::Client;
pub use client::Parts;
pub use courier::Courier;
pub use courier::Shared;
pub use courier::recall;
pub use egress::Credential;
pub use egress::Egress;
pub use egress::Rates;
pub use resolve::Dial;
pub use resolve::DialError;
pub use resolve::LookUp;
pub use resolve::system;

use crate::canonical::complement::Keep;
use crate::contract::Dialect;
use crate::contract::FlushMode;

/// A destination, as configured.
pub struct Destination {
    /// Its name.
    pub name: Arc<str>,
    /// Its dialect.
    pub dialect: &'static dyn Dialect,
    /// How it is reached.
    pub client: Client,
    /// How many requests may be on their way at once.
    pub in_flight: usize,
    /// How old a created id may be there.
    pub id_window: Option<Duration>,
    /// The dialect's own settings.
    pub settings: BTreeMap<String, String>,
    /// The projects routed here.
    pub routes: BTreeMap<Arc<str>, Route>,
}

/// One project's way to a destination.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Route {
    /// The vendor project's fixed name; `None`: as the client named it.
    pub vendor_project: Option<String>,
    /// The second level's fixed name; `None`: as the client named it.
    pub stream: Option<String>,
    /// When to write.
    pub flush: FlushMode,
    /// How long a complete trace must be quiet; `None`: as its origin says.
    pub quiet: Option<Duration>,
    /// After how long an incomplete trace is shown as far as it is.
    pub idle: Duration,
    /// How long an update waits for its create.
    pub orphan_wait: Duration,
    /// What the reserved key may hold.
    pub keep: Keep,
    /// The scope that ids are hashed with, if they are.
    pub scope: Option<String>,
}
