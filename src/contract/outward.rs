//! What passes between a dialect's pure outward half and the courier that does the I/O.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::Method;

use crate::canonical::ClientProject;
use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Target;
use crate::canonical::complement::Keep;

/// Everything an encode needs beside the view.
#[derive(Clone, Debug, Default)]
pub struct Outward {
    /// Hash ids with this scope (`id_scope`); `None`: verbatim by the dialect's rule.
    pub scope: Option<String>,
    /// The trace's time in milliseconds, as first minted for this row and destination.
    pub trace_ms: i64,
    /// Whether ids take the trace's time whatever time they carry themselves: theirs was too old, or
    /// too far ahead, for the server when the trace first went out.
    pub retimed: bool,
    /// Times of rows that came when the trace's own had become too old, by the stems of their ids.
    pub fresh: BTreeMap<[u8; 8], i64>,
    /// How rows may be written.
    pub rows: RowMode,
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

/// How the rows of a trace may be written, where a vendor both replaces whole rows and has updates.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum RowMode {
    /// Whole, as often as they change.
    #[default]
    Whole,
    /// Those that are there by update of what changed: people may have edited the rest since.
    Update,
    /// Likewise, and ids of the trace's time are too old to be created: only rows with a time of their
    /// own are.
    Closed,
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
    /// Whether it shows the whole trace again, in place of what is there: what updates lost before is
    /// made good.
    pub anew: bool,
}

/// One row, or one call, to send.
#[derive(Clone, Debug)]
pub struct Write {
    /// Its stage in the trace's plan, from 0.
    pub stage: u8,
    /// Writes with the same batch (and stage) may share a request; empty: alone.
    pub batch: Arc<str>,
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
    /// Set where the vendor's own ids are needed, which only a read gives.
    pub each: Option<Box<Each>>,
}

impl Write {
    /// The request that carries it, with others of its kind beside it where it has more rows.
    pub fn carried(&self, body: Option<Bytes>, rows: usize) -> Request {
        Request {
            method: self.method.clone(),
            path: self.path.clone(),
            headers: self.headers.clone(),
            body,
            bucket: self.bucket,
            rows,
        }
    }
}

/// A write that is sent once for each row that a read finds.
#[derive(Clone, Debug)]
pub struct Each {
    /// The read; [`Dialect::each`] finds the rows in its answer.
    pub look: Request,
    /// What is lost where nothing can be read.
    pub loss: Loss,
}

/// Which egress limit a request counts against.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Bucket {
    /// Creating requests.
    #[default]
    Write,
    /// Score requests.
    Score,
    /// Reads that look whether something sent shows.
    Look,
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
    /// A success that does not fit what was sent, or a refusal as of what is there already: confirm by
    /// reading.
    Doubtful(String),
    /// Not now; come again, after the time the vendor named if it did.
    Retry(Option<Duration>),
    /// Too large, or one bad row among several: send smaller.
    Split,
    /// Never; why.
    Rejected(String),
    /// The destination does not take our credential: stop and alarm.
    Stop(String),
}

impl Verdict {
    /// A word for it: a metric's label.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Doubtful(_) => "doubtful",
            Self::Retry(_) => "retry",
            Self::Split => "split",
            Self::Rejected(_) => "rejected",
            Self::Stop(_) => "stop",
        }
    }
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
    /// Whether only what stands on its second level counts, where the vendor has one.
    pub in_stream: bool,
}

/// How to find out which vendor project holds a row.
#[derive(Clone, Debug)]
pub enum Whereabouts {
    /// By this read, and then again.
    Ask(Request),
    /// It is the project of this name.
    In(String),
    /// Not at all: the row is nowhere, or the vendor finds nothing by its id alone.
    Unknown,
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
