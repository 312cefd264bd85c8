//! The doors between a vendor's dialect and the gateway.
//!
//! A dialect knows one wire format and nothing of the gateway; the pipeline knows no vendor. They
//! meet here: [`Dialect`] is what a vendor's folder offers, [`Accept`], [`Read`] and [`Names`] are
//! what the gateway offers to a dialect's routes, [`Explain`] what it offers to its operator. Everything a dialect does outward is pure: it
//! plans [`Write`]s, packs them into [`Request`]s and judges an [`Answer`]; the courier does the I/O.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::HeaderMap;
use http::Method;
use indexmap::IndexMap;
use secrecy::SecretString;
use serde::Deserialize;
use serde::Serialize;
use url::Url;

use crate::canonical::ClientProject;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Loss;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::View;
use crate::canonical::complement::Keep;

/// One vendor's wire format, in and out. The folder's `mod.rs` implements it by naming its rooms.
pub trait Dialect: Send + Sync + 'static {
    /// Its name and defaults.
    fn info(&self) -> &'static DialectInfo;

    /// For each official SDK, the environment lines that point it at `base` with a gateway key.
    fn environment(&self, base: &str, key: &str) -> Vec<SdkEnvironment>;

    /// One recorded session of an SDK, a call a line, for `demo --play` (the module `play` of the
    /// command line says what a line holds); empty where none is recorded.
    fn recorded(&self) -> &'static str {
        ""
    }

    // In.

    /// Path prefixes under which the routes stand too, e.g. `/vendor/api`; the root always serves them.
    fn prefixes(&self) -> &'static [&'static str];

    /// Routes that need no credential (health, login).
    fn open_routes(&self) -> Router<Doors>;

    /// Routes that need one. A handler finds its [`Caller`] in the request's extensions, and the body
    /// already read, decompressed and bounded.
    fn routes(&self) -> Router<Doors>;

    /// The credential a request presents, wherever this vendor's clients put it.
    fn credential(&self, headers: &HeaderMap) -> Option<Credential>;

    /// A refusal in this vendor's own shape and status.
    fn refuse(&self, refusal: &Refusal) -> Response;

    /// What a request says. Pure, and the same for the same record: ids and times that the body
    /// leaves out derive from the seed.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] or [`Refusal::Invalid`], with the path in the document, when the vendor
    /// would refuse the request whole.
    fn decode(&self, call: &Call, seed: &Seed) -> Result<Decoded, Refusal>;

    // Out.

    /// A project name this vendor takes: characters it refuses become `-`, followed by 6 hex digits
    /// of the name's hash (`design.md §7`).
    fn project_name(&self, name: &str) -> String {
        name.to_owned()
    }

    /// A native id as this vendor shows it: the scope's hash if there is one, then the dialect's rule.
    fn show_id(&self, id: Id, trace: Id, out: &Outward) -> String;

    /// The page of the vendor's own console that shows a trace (its id as shown there), where it can be
    /// told from the base URL.
    fn console_link(&self, _base: &Url, _trace: &str) -> Option<String> {
        None
    }

    /// What must be sent so that the vendor shows `view`, given that it was last shown `shown`.
    /// Rows that are not whole (`design.md §3`) become the vendor's own updates.
    fn plan(&self, view: &View, shown: Option<&View>, out: &Outward) -> Plan;

    /// One request for several writes of one [`Write::batch`].
    fn pack(&self, writes: &[&Write]) -> Request;

    /// What an answer means for the request; unknown means retry (`design.md §5`).
    fn verdict(&self, request: &Request, answer: &Answer) -> Verdict;

    /// The next name look-up needed before writes to this project can be sent; `None` when `known`
    /// has all.
    fn look_up(&self, project: &VendorProject, known: &Known) -> Option<Request>;

    /// Learns from a look-up's answer.
    fn learn(&self, project: &VendorProject, request: &Request, answer: &Answer, known: &mut Known) -> Verdict;

    /// The read that shows whether a delivered write has taken effect, where the vendor's success
    /// promises nothing.
    fn confirm(&self, write: &Write) -> Option<Request>;

    /// Whether that read's answer shows what the write sent.
    fn confirmed(&self, write: &Write, answer: &Answer) -> bool;

    /// Headers that carry a vendor key.
    fn authorize(&self, key: Option<&SecretString>, settings: &BTreeMap<String, String>) -> HeaderMap;

    // Reads at a vendor.

    /// The requests that together read a trace (whole) or span from the vendor; ids already in its
    /// form.
    fn read(&self, wanted: &Wanted, known: &Known) -> Vec<Request>;

    /// Decodes those reads' answers to items; `None` when the vendor does not have it, or has it in
    /// another project than the route's.
    ///
    /// # Errors
    /// When the answer is not what the vendor's API describes.
    fn read_answer(&self, wanted: &Wanted, answers: &[Answer], known: &Known) -> Result<Option<Vec<Item>>, String>;
}

/// A vendor's name and the defaults that go with it.
#[derive(Clone, Copy, Debug)]
pub struct DialectInfo {
    /// The name used in configuration, e.g. in `dialect = "…"`.
    pub name: &'static str,
    /// Whether the vendor needs a key.
    pub needs_key: bool,
    /// When a destination of this dialect is written to by default.
    pub flush: FlushMode,
    /// Whether the vendor's id space is shared by all its tenants.
    pub global_ids: bool,
    /// Whether the vendor's ids carry a time, which must then be minted once for ids that do not.
    pub timed_ids: bool,
    /// Requests a minute a credential may send, where the vendor is known to limit them.
    pub requests_per_minute: Option<u32>,
    /// Items a minute.
    pub items_per_minute: Option<u32>,
    /// Scores a minute.
    pub scores_per_minute: Option<u32>,
    /// The most rows one request may carry.
    pub batch_rows: usize,
    /// The most bytes one request should carry.
    pub batch_bytes: usize,
    /// Keys of `[destinations.NAME]` that only this dialect knows.
    pub destination_keys: &'static [&'static str],
    /// Keys of a route that only this dialect knows.
    pub route_keys: &'static [&'static str],
    /// How old a created id may be at this server, by default; `None` where it does not check.
    pub id_window: fn(&Url) -> Option<Duration>,
}

/// When a courier writes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FlushMode {
    /// Rows as they change.
    Eager,
    /// A trace once it is complete and quiet.
    Settled,
}

impl FlushMode {
    /// The word of `flush.mode`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Eager => "eager",
            Self::Settled => "settled",
        }
    }
}

/// Environment lines for one SDK.
#[derive(Clone, Debug)]
pub struct SdkEnvironment {
    /// The SDK, e.g. `python`.
    pub sdk: &'static str,
    /// Variables and values.
    pub lines: Vec<(&'static str, String)>,
}

// ---------------------------------------------------------------- in

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
    /// Decodes, charges, resolves and appends; resolves once the request is durable.
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
    /// The record's id: the receipt.
    pub receipt: [u8; 16],
    /// When it was accepted.
    pub at: Time,
    /// What it said.
    pub decoded: Arc<Decoded>,
}

/// Answers reads.
pub trait Read: Send + Sync {
    /// A trace (whole) or the trace of a span, from the fold, else from `read_from`. `wanted` may be
    /// any dialect's id of it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when it is unknown everywhere; [`Refusal::Unavailable`] when the place to
    /// ask does not answer.
    fn read<'a>(
        &'a self,
        caller: &'a Caller,
        dialect: &'static dyn Dialect,
        wanted: Target,
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

    /// A login token for a gateway key presented in a body; `None` for an unknown key.
    fn log_in(&self, key: &SecretString) -> Option<String>;
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

/// Why a request is refused. Each dialect renders it in its vendor's shape and status.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// The body is not JSON, or not of the shape at all.
    #[error("{message}")]
    Malformed {
        /// What is wrong and where.
        message: String,
    },
    /// A value in it breaks a rule of the vendor.
    #[error("{path}: {rule}")]
    Invalid {
        /// The path in the document, e.g. `spans[0].start_time`.
        path: String,
        /// The rule it breaks.
        rule: String,
    },
    /// No credential.
    #[error("no credential was presented")]
    Unauthenticated,
    /// An unknown or expired key.
    #[error("{0}")]
    Unauthorized(String),
    /// The key may not do that.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing.
    #[error("{what} {id} not found")]
    NotFound {
        /// What was asked for, e.g. `trace`.
        what: &'static str,
        /// The id as asked.
        id: String,
    },
    /// Too much at once; the whole seconds after which to come again.
    #[error("{what}; retry after {after_s} s")]
    TooMany {
        /// Which limit.
        what: String,
        /// Seconds, at least 1.
        after_s: u64,
    },
    /// Too large.
    #[error("{0}")]
    TooLarge(String),
    /// Another content type or encoding than we read.
    #[error("{0}")]
    Unsupported(String),
    /// We cannot at the moment, and nothing was stored.
    #[error("{what}")]
    Unavailable {
        /// What is missing.
        what: String,
        /// Seconds after which to come again.
        after_s: u64,
    },
    /// It did not finish in time.
    #[error("the request took too long")]
    Timeout,
    /// Our own fault; the cause is in the log.
    #[error("internal error")]
    Internal,
}

// ---------------------------------------------------------------- out

/// Everything an encode needs beside the view.
#[derive(Clone, Debug, Default)]
pub struct Outward {
    /// Hash ids with this scope (`id_scope`); `None`: verbatim by the dialect's rule.
    pub scope: Option<String>,
    /// The trace's time in milliseconds, as first minted for this row and destination.
    pub trace_ms: i64,
    /// The vendor's project.
    pub project: VendorProject,
    /// Its ids and other learnt names.
    pub known: Known,
    /// What the reserved key may hold.
    pub keep: Keep,
}

impl Outward {
    /// The native id as hashed with the scope, if there is one; the dialect's own rule comes after.
    pub fn scoped(&self, id: Id, trace: Id) -> Id {
        match &self.scope {
            Some(scope) => id.scoped(scope, trace),
            None => id,
        }
    }
}

/// A project at a vendor.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct VendorProject {
    /// Its name, already one the vendor takes.
    pub name: String,
    /// The second level (log stream), where the vendor has one.
    pub stream: String,
}

/// What look-ups taught about a vendor project, e.g. `project_id`.
pub type Known = BTreeMap<String, String>;

/// What to send for one trace.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The writes; those of a later stage wait until all of the earlier are delivered and confirmed.
    pub writes: Vec<Write>,
    /// What could not be carried natively.
    pub losses: Vec<Loss>,
}

/// One row, or one call, to send.
#[derive(Clone, Debug)]
pub struct Write {
    /// Its stage in the trace's plan, from 0.
    pub stage: u8,
    /// Writes with the same batch (and stage) may share a request; empty: alone.
    pub batch: String,
    /// The method.
    pub method: Method,
    /// The path under the destination's base URL, with query.
    pub path: String,
    /// Headers beside the credential's.
    pub headers: Vec<(&'static str, String)>,
    /// The encoded row, or the whole body when alone.
    pub row: Bytes,
    /// Which egress bucket pays.
    pub bucket: Bucket,
    /// What it is about, with native ids.
    pub target: Target,
    /// A read to make first; the write is skipped when [`Dialect::confirmed`] holds for its answer.
    pub unless: Option<Box<Request>>,
}

/// Which egress limit a request counts against.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Bucket {
    /// Creating requests.
    #[default]
    Write,
    /// Score requests.
    Score,
    /// Reads, look-ups and updates: only `in_flight` bounds them.
    Free,
}

/// A request to a vendor, without its credential.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path under the base URL, with query.
    pub path: String,
    /// Headers beside the credential's.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body.
    pub body: Option<Bytes>,
    /// Which egress limit pays.
    pub bucket: Bucket,
    /// How many rows it carries.
    pub rows: usize,
}

/// A vendor's answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, cut at 64 KiB for writes.
    pub body: Bytes,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is there.
    Delivered,
    /// Not now; come again, after the time the vendor named if it did.
    Retry(Option<Duration>),
    /// Too large, or one bad row among several: send smaller.
    Split,
    /// Never; why.
    Rejected(String),
    /// The destination does not take our credential: stop and alarm.
    Stop(String),
}

/// What to read at a vendor.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The trace's id in the vendor's form, where it is known.
    pub trace: Option<String>,
    /// The span's id in the vendor's form, if a span is wanted.
    pub span: Option<String>,
    /// The route's own vendor project.
    pub project: VendorProject,
}

/// The client's project as plain names, ids replaced where names are known. The second level named
/// [`DEFAULT_NAME`] is where a project without one goes, so it counts as none.
pub fn plain(project: &ClientProject, names: impl Fn(&str) -> Option<String>) -> (String, Option<String>) {
    let named = |name: &Option<String>, id: &Option<String>| {
        name.clone().or_else(|| id.as_ref().map(|id| names(id).unwrap_or_else(|| id.clone())))
    };
    let name = named(&project.name, &project.id).unwrap_or_else(|| DEFAULT_NAME.to_owned());
    (name, named(&project.stream, &project.stream_id).filter(|stream| stream != DEFAULT_NAME))
}

/// The vendor project, and its second level, of what names none (`design.md §7`).
pub const DEFAULT_NAME: &str = "default";

// ---------------------------------------------------------------- operators

/// Tells an operator where traces have got to. Ids and times are texts; ledger reads block.
pub trait Explain: Send + Sync {
    /// The newest traces, newest first, at most `limit`.
    ///
    /// # Errors
    /// Why the ledger cannot be read.
    fn newest(&self, limit: usize) -> Result<Vec<Summary>, String>;

    /// The trace (or the trace of the span) that any dialect knows by an id; looked for in one project,
    /// or in all, in the configuration's order. `None`: unknown here.
    ///
    /// # Errors
    /// Why the ledger cannot be read.
    fn explain(&self, id: &str, project: Option<&str>) -> Result<Option<Explanation>, String>;

    /// The trace as it was sent, and as each destination that was shown it answers now.
    fn documents<'a>(&'a self, found: &'a Explanation) -> BoxFuture<'a, Result<Documents, String>>;

    /// How each destination does.
    fn destinations(&self) -> Vec<Standing>;
}

/// A trace in a list.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Summary {
    /// The project it was accepted under.
    pub project: String,
    /// Its native id; of a span, where only updates of that span are held.
    pub id: String,
    /// The dialect it came in.
    pub dialect: String,
    /// Its name, where one was sent.
    pub name: Option<String>,
    /// When its newest item was accepted.
    pub accepted: String,
    /// Whether nothing more of it is expected.
    pub complete: bool,
    /// How many spans of it are held.
    pub spans: usize,
    /// Its state at each destination of its project.
    pub destinations: BTreeMap<String, Place>,
}

/// Where a trace has got to at one destination.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Everything accepted about it is shown there.
    Shown,
    /// Something accepted waits to be sent.
    Waiting,
    /// Something is on its way.
    Sending,
    /// Something was refused for good; it waits for news of the trace.
    Parked,
    /// It is older than the route.
    Never,
}

impl Place {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Parked => "parked",
            Self::Never => "never",
        }
    }
}

/// Everything an operator may ask about one trace.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Explanation {
    /// The project it was accepted under.
    pub project: String,
    /// Its native id; of a span, where only updates of that span are held.
    pub id: String,
    /// The span that was asked for, if it was one.
    pub asked_span: Option<String>,
    /// The dialect it came in.
    pub dialect: String,
    /// Its name, where one was sent.
    pub name: Option<String>,
    /// The earliest start known.
    pub start: Option<String>,
    /// Whether nothing more of it is expected.
    pub complete: bool,
    /// Whether its client deleted it.
    pub deleted: bool,
    /// Its spans, in order of their first item.
    pub spans: Vec<SpanLine>,
    /// How many scores stand.
    pub scores: usize,
    /// The requests that spoke of it, oldest first.
    pub records: Vec<RecordLine>,
    /// What each destination of its project shows of it.
    pub destinations: Vec<Arrival>,
    /// Other projects that know the id.
    pub also_in: Vec<String>,
    /// The trace itself, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<Documents>,
}

/// A span in an explanation.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SpanLine {
    /// Its native id.
    pub id: String,
    /// Its parent's native id.
    pub parent: Option<String>,
    /// Its name, where one was sent.
    pub name: Option<String>,
    /// What it did, in the canonical word.
    pub kind: Option<String>,
    /// Whether it has ended.
    pub ended: bool,
}

/// A request in an explanation.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RecordLine {
    /// Its place in the ledger.
    pub seq: u64,
    /// Its receipt, in hex.
    pub receipt: String,
    /// When it was accepted.
    pub at: String,
    /// The dialect it came in.
    pub dialect: String,
    /// Method and path.
    pub call: String,
    /// The name of the gateway key that sent it.
    pub key: String,
    /// How many of its items are about this trace.
    pub items: u64,
}

/// A trace at one destination.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Arrival {
    /// The destination.
    pub destination: String,
    /// Its dialect.
    pub dialect: String,
    /// Where the trace has got to there.
    pub state: Place,
    /// The trace's id there, minted or not yet.
    pub id: String,
    /// Each span's id there, by its native id.
    pub spans: BTreeMap<String, String>,
    /// The page of the vendor's console.
    pub link: Option<String>,
    /// Items shown.
    pub shown: u64,
    /// Items that wait or are on their way.
    pub pending: u64,
    /// Items given up, until there is news of the trace.
    pub dead: u64,
    /// Tries since something was last shown.
    pub attempts: u32,
    /// When it is looked at next.
    pub next_try: Option<String>,
    /// The last error, or why it is parked.
    pub why: Option<String>,
    /// What could not be carried natively.
    pub losses: Vec<Loss>,
}

impl Arrival {
    /// The losses of one subject, fate and reason together, in order of the first of each: subject,
    /// whether the reserved key carries them, why, and the fields.
    pub fn losses_together(&self) -> Vec<(&str, bool, &str, Vec<&str>)> {
        let mut groups: IndexMap<(&str, bool, &str), Vec<&str>> = IndexMap::new();
        for Loss { subject, path, why, carried } in &self.losses {
            groups.entry((subject, *carried, why)).or_default().push(path);
        }
        groups.into_iter().map(|((subject, carried, why), paths)| (subject, carried, why, paths)).collect()
    }
}

/// A trace as sent and as shown.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Documents {
    /// As it was sent, in canonical words.
    pub sent: serde_json::Value,
    /// What each destination that was shown it answers now.
    pub shown: BTreeMap<String, Vec<Page>>,
}

/// One answer of a vendor to a read.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Page {
    /// What was asked: method and path.
    pub call: String,
    /// The status, if an answer came.
    pub status: Option<u16>,
    /// The body, indented and cut; or why no answer came.
    pub text: String,
}

/// How a destination does.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Standing {
    /// Its name.
    pub destination: String,
    /// Its dialect.
    pub dialect: String,
    /// Its base URL, without credentials.
    pub base_url: String,
    /// Items that wait or are on their way.
    pub pending: u64,
    /// Accepted requests it has not looked at yet.
    pub unread: u64,
    /// Traces that are not settled there.
    pub open: usize,
    /// Those of them that are parked.
    pub parked: usize,
    /// Items shown.
    pub delivered: u64,
    /// Items given up.
    pub dead: u64,
    /// The newest error of a trace that is tried again, or why the newest parked one is.
    pub last_error: Option<String>,
}
