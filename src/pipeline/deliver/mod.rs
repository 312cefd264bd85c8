//! Delivery: one courier per destination, each at its vendor's own pace.
//!
//! A courier reads the log, notes which traces changed, and for each one that is due asks what it
//! should look like at its vendor, sends the difference and settles. Everything it knows can be
//! rebuilt from the ledger: `base` (all records up to it are settled), the listed exceptions, and the
//! gaps that it has not read yet.
//!
//! [`Courier`] is the loop: it reads (`reader`), takes what is due from its [`Book`], ships it (`ship`,
//! `job`, `batch`, `cut`, `confirm`) and notes how that went. [`Control`] says whether the destination is
//! written to at all (`breaker`, `guard`, `worker`); [`Gate`], `egress` and `sizes` how much at once;
//! [`Backlog`] what happens when too much waits; `letter` keeps what was refused for good; `tell` shows all
//! that to an operator.

mod aloft;
mod answer;
mod backlog;
mod batch;
mod book;
mod breaker;
mod client;
mod closed;
mod confirm;
mod control;
mod courier;
mod cut;
mod egress;
mod gate;
mod guard;
mod job;
mod kept;
mod left;
mod letter;
mod missing;
mod once;
mod reader;
mod resolve;
mod retry;
mod ship;
mod sizes;
mod tell;
mod trouble;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

pub use answer::Room;
pub use backlog::Backlog;
pub use backlog::Figures;
pub use book::Book;
pub use book::Lane;
pub use book::Pins;
pub use book::Row;
pub use book::State;
pub use book::TraceState;
pub use client::Client;
pub use client::Keys;
pub use client::Parts;
pub use client::ReadKeys;
pub use control::Control;
pub use courier::Courier;
pub use courier::Shared;
pub use egress::Credential;
pub use egress::Egress;
pub use egress::Rates;
pub use gate::Gate;
pub use gate::Trip;
pub use kept::recall;
pub use left::Left;
pub use left::Waits;
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
    /// What each of its credentials may send.
    pub egress: Rates,
    /// How old a created id may be there.
    pub id_window: Option<Duration>,
    /// Whether what it took is looked for, where its success promises nothing.
    pub confirm: bool,
    /// What happens to a row that is too large for it.
    pub oversize: Oversize,
    /// Its share of the disk.
    pub backlog: Share,
    /// The dialect's own settings.
    pub settings: BTreeMap<String, String>,
    /// The projects routed here.
    pub routes: BTreeMap<Arc<str>, Route>,
}

impl Destination {
    /// Whether what it took has to be looked for.
    fn confirms(&self) -> bool {
        self.confirm && self.dialect.info().confirms
    }
}

/// What happens to a row that is too large for its vendor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Oversize {
    /// Its longest texts are cut, with a mark: a loss.
    Truncate,
    /// It is dead.
    DeadLetter,
}

/// How much may wait for a destination, and what happens above.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// Bytes of the requests that wait for it.
    pub size: u64,
    /// How long anything may wait.
    pub age: Duration,
    /// What happens when the size is reached.
    pub overflow: Overflow,
}

/// What happens when a destination's share of the disk is used up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Overflow {
    /// The oldest is given up.
    ExpireOldest,
    /// Of new traces only some are taken on.
    Sample,
    /// New requests of its projects are refused.
    Refuse,
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
