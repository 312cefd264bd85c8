//! What the gateway offers to a dialect's routes, and what passes between them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::Method;
use secrecy::SecretString;

use crate::canonical::ClientProject;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Loss;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::View;
use crate::contract::Dialect;
use crate::contract::Outward;
use crate::contract::Refusal;
use crate::contract::Slip;

/// What the gateway offers to a dialect's routes; axum state.
#[derive(Clone)]
pub struct Doors {
    /// Stores requests.
    pub accept: Arc<dyn Accept>,
    /// Answers reads.
    pub read: Arc<dyn Read>,
    /// Gives and knows names, ids and login tokens.
    pub names: Arc<dyn Names>,
    /// The base URL that clients see, without a trailing slash.
    pub public_url: Arc<str>,
    /// The base URL of the console, without a trailing slash; `/t/<id>` under it shows a trace.
    pub console_url: Arc<str>,
}

/// Who asks; a request extension set by the edge once the credential is known.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The project the key belongs to.
    pub project: Arc<str>,
    /// The key's name in the configuration, never the key.
    pub key: Arc<str>,
    /// Whether the key may read what is held; an answer to a write must not tell it otherwise.
    pub reads: bool,
    /// Where the receipt goes once the request is accepted; its own for each request.
    pub slip: Slip,
}

impl Caller {
    /// Who asks with a key of a project that may do everything.
    pub fn new(project: Arc<str>, key: Arc<str>) -> Self {
        Self { project, key, reads: true, slip: Slip::default() }
    }
}

/// A credential as presented.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A gateway key.
    Key(SecretString),
    /// A login token of ours.
    Token(SecretString),
}

/// A request as it came, prefix removed, body decompressed.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The native path, e.g. `/v1/private/spans/batch`.
    pub path: String,
    /// The query string, possibly empty.
    pub query: String,
    /// The headers that carry meaning (lower-case names), never a credential.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Call {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What a record's missing ids and times derive from.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    /// The record's own random id.
    pub record: [u8; 16],
    /// When it was accepted.
    pub at: Time,
}

/// A request, decoded.
#[derive(Clone, Debug, Default)]
pub struct Decoded {
    /// The items, in the document's order.
    pub items: Vec<Item>,
    /// How long its traces should be quiet before they count as settled (`design.md §3`).
    pub quiet: Duration,
    /// Fields that could not be read.
    pub losses: Vec<Loss>,
}

/// Stores requests.
pub trait Accept: Send + Sync {
    /// Decodes, charges, resolves and appends; resolves once the request is durable, and its receipt is
    /// on the caller's slip.
    fn accept<'a>(
        &'a self,
        caller: &'a Caller,
        dialect: &'static dyn Dialect,
        call: Call,
    ) -> BoxFuture<'a, Result<Accepted, Refusal>>;
}

/// Charges what only decoding can count.
pub trait Charge: Send + Sync {
    /// Charges `n` spans to the caller's key and project.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] when either limit is used up; nothing is charged then.
    fn spans(&self, caller: &Caller, n: u32) -> Result<(), Refusal>;
}

/// The wall clock: nanoseconds since 1970, passed in wherever time is read.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A stored request.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The record's place in the ledger.
    pub seq: u64,
    /// The record's id: the receipt.
    pub receipt: [u8; 16],
    /// When it was accepted.
    pub at: Time,
    /// What it said, in the document's order.
    pub items: Vec<Arc<Item>>,
}

/// What a read asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The trace or span, by any dialect's id of it.
    pub target: Target,
    /// The client project that the request names, empty where it names none: where a vendor is asked
    /// for what is not held.
    pub project: ClientProject,
}

/// Answers reads.
pub trait Read: Send + Sync {
    /// A trace (whole) or the trace of a span, from the fold, else from `read_from`.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when it is unknown everywhere; [`Refusal::Unavailable`] when the place to
    /// ask does not answer.
    fn read<'a>(
        &'a self,
        caller: &'a Caller,
        dialect: &'static dyn Dialect,
        asked: Asked,
    ) -> BoxFuture<'a, Result<Found, Refusal>>;
}

/// A trace found by a read.
#[derive(Clone, Debug)]
pub struct Found {
    /// The trace, native ids inside.
    pub view: View,
    /// The native id of what was asked for.
    pub native: Id,
    /// How to show it to this dialect's clients: their ids, no scope.
    pub out: Outward,
}

/// Names, their ids, and login tokens.
pub trait Names: Send + Sync {
    /// The id of a name, the same after any restart and remembered: a hash of (project, dialect,
    /// kind, parent, name) as a version 4 UUID.
    fn id<'a>(
        &'a self,
        project: &'a str,
        dialect: &'a str,
        kind: &'a str,
        parent: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>>;

    /// The name an id was given for; `None` for an id we never gave.
    fn name(&self, project: &str, dialect: &str, id: &str) -> Option<Named>;

    /// Every name of a kind under a parent, oldest first.
    fn list(&self, project: &str, dialect: &str, kind: &str, parent: &str) -> Vec<Named>;

    /// A client project's name as it is known, whichever dialect named it; `None` for one that was
    /// neither written to nor configured. Case makes no difference.
    fn project(&self, project: &str, name: &str) -> Option<String>;

    /// A login token for a gateway key presented in a body.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] or [`Refusal::ForeignKey`] when it is none that may come in.
    fn log_in(&self, key: &SecretString) -> Result<String, Refusal>;
}

/// A name that we gave an id to.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// What it names, e.g. `project`.
    pub kind: String,
    /// The id it stands under, or empty.
    pub parent: String,
    /// The name.
    pub name: String,
    /// When it was first given.
    pub since: Time,
}
