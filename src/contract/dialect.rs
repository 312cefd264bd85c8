//! What a vendor's folder offers: its wire format, in and out. Everything outward is pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use secrecy::SecretString;
use serde::Deserialize;
use serde::Serialize;
use url::Url;

use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::View;
use crate::contract::Answer;
use crate::contract::Call;
use crate::contract::Credential;
use crate::contract::Decoded;
use crate::contract::Doors;
use crate::contract::Known;
use crate::contract::Outward;
use crate::contract::Plan;
use crate::contract::Refusal;
use crate::contract::Request;
use crate::contract::Seed;
use crate::contract::VendorProject;
use crate::contract::Verdict;
use crate::contract::Wanted;
use crate::contract::Whereabouts;
use crate::contract::Write;

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

    /// The part of a request's body that holds only the items at these positions; `None` when it
    /// cannot be read, or none of its items is asked for.
    ///
    /// `decode(carve(body, keep)) == decode(body)` restricted to `keep`, under the same seed; only the
    /// places in the document that items name may differ. Ids that the body leaves out derive from the
    /// place of their row, so they are written out. What is carved can be carved again.
    fn carve(&self, call: &Call, seed: &Seed, keep: &BTreeSet<u32>) -> Option<Bytes>;

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

    /// The read that shows whether a delivered write has taken effect: where the vendor's success
    /// promises nothing, or one was [`Verdict::Doubtful`].
    fn confirm(&self, write: &Write) -> Option<Request>;

    /// Whether that read's answer shows what the write sent.
    fn confirmed(&self, write: &Write, answer: &Answer) -> bool;

    /// The requests, each as a write, that a write with [`Write::each`] comes to: one for each row that
    /// its read found.
    ///
    /// # Errors
    /// When the answer does not show the rows.
    fn each(&self, _write: &Write, answer: &Answer) -> Result<Vec<Write>, String> {
        Err(format!("a read was answered with {}, and no rows are looked for there", answer.status))
    }

    /// Headers that carry a vendor key.
    fn authorize(&self, key: Option<&SecretString>, settings: &BTreeMap<String, String>) -> HeaderMap;

    // Reads at a vendor.

    /// The vendor project that holds a trace or span, given the answers so far: where the vendor finds
    /// a row by its id alone.
    fn whereabouts(&self, _wanted: &Wanted, _answers: &[Answer]) -> Whereabouts {
        Whereabouts::Unknown
    }

    /// The requests that together read a trace (whole) or span from the vendor; ids already in its
    /// form. None where what is known of the project tells that it is not there.
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
    /// Whether its success promises nothing, so that what was sent has to be read to be believed.
    pub confirms: bool,
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
