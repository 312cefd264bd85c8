//! What the gateway offers to its operator beside explaining: how destinations do, whether the books
//! balance, what became of a request, and what was refused for good.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::contract::NotDropped;
use crate::contract::Place;
use crate::contract::Receipt;
use crate::contract::RecordLine;
use crate::contract::RemovedLine;

/// Tells an operator how the gateway does, and does what an operator says. Times are texts; ledger reads
/// block. An error says why the ledger cannot be read.
pub trait Operate: Send + Sync {
    /// How each destination of a running gateway does.
    fn destinations(&self) -> Vec<Standing>;

    /// The books of each destination of a running gateway.
    fn books(&self) -> Vec<Account>;

    /// The alarms that stand about the gateway itself.
    fn alarms(&self) -> Vec<AlarmLine>;

    /// Where the items of a request have got to; `None`: it is not held here.
    ///
    /// # Errors
    /// As above.
    fn receipt(&self, receipt: Receipt) -> Result<Option<Followed>, String>;

    /// Dead letters, oldest first.
    ///
    /// # Errors
    /// As above.
    fn letters(&self, wanted: &LetterFilter) -> Result<LetterList, String>;

    /// One dead letter, whole; `None`: there is none of that number (any more).
    ///
    /// # Errors
    /// As above.
    fn letter(&self, id: u64) -> Result<Option<LetterPage>, String>;

    /// Lets the traces of dead letters be sent again, as they are translated today; looks for up to
    /// `wait` at what becomes of them.
    ///
    /// # Errors
    /// As above, or that the gateway is stopped.
    fn replay<'a>(&'a self, wanted: &'a LetterFilter, wait: Duration) -> BoxFuture<'a, Result<Moved, String>>;

    /// Gives the traces of dead letters up: their items count as expired.
    ///
    /// # Errors
    /// As above, or that the gateway is stopped.
    fn discard(&self, wanted: &LetterFilter) -> Result<Moved, String>;

    /// What a replay or a drop of these letters would move.
    ///
    /// # Errors
    /// As above.
    fn plan(&self, wanted: &LetterFilter) -> Result<Moved, String>;

    /// Stops writing to a destination until it is resumed, restarts included.
    ///
    /// # Errors
    /// That there is no such destination, or that the gateway is stopped.
    fn pause<'a>(&'a self, destination: &'a str, why: &'a str) -> BoxFuture<'a, Result<(), String>>;

    /// Takes every pause of a destination back, and tries it again at once.
    ///
    /// # Errors
    /// As [`Operate::pause`].
    fn resume<'a>(&'a self, destination: &'a str) -> BoxFuture<'a, Result<(), String>>;

    /// Destinations that were taken out of the configuration while something waited for them.
    ///
    /// # Errors
    /// As above.
    fn removed(&self) -> Result<Vec<RemovedLine>, String>;

    /// Gives up what waits for one of them.
    ///
    /// # Errors
    /// That it is none of them, or that the ledger does not answer.
    fn abandon<'a>(&'a self, destination: &'a str, why: &'a str) -> BoxFuture<'a, Result<RemovedLine, NotDropped>>;
}

/// What a destination is doing.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Written to as things come.
    #[default]
    Running,
    /// Its vendor asked for patience.
    Limited,
    /// Its vendor does not answer, or with faults of its own: the breaker is open.
    Failing,
    /// Its vendor accepts and does not show.
    Behind,
    /// Its vendor refuses in mass, so that no refusal is believed.
    Refusing,
    /// Its vendor does not take our credential.
    Credential,
    /// An operator paused it.
    Paused,
    /// The gateway does not run.
    Stopped,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Running,
        Self::Limited,
        Self::Failing,
        Self::Behind,
        Self::Refusing,
        Self::Credential,
        Self::Paused,
        Self::Stopped,
    ];

    /// The word for people and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Limited => "limited",
            Self::Failing => "failing",
            Self::Behind => "behind",
            Self::Refusing => "refusing",
            Self::Credential => "credential",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }
}

/// What a destination is doing, and why.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Condition {
    /// In a word.
    pub state: State,
    /// Since when, where it is not running.
    pub since: Option<String>,
    /// When it is tried again.
    pub next_try: Option<String>,
    /// Why, where it is not running.
    pub why: Option<String>,
    /// The newest error of any request to it.
    pub last_error: Option<String>,
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
    /// What it is doing, and why.
    #[serde(flatten)]
    pub condition: Condition,
    /// Items accepted for it, by what has become of them.
    #[serde(flatten)]
    pub items: Items,
    /// Those of the pending ones that it has not looked at yet.
    pub unread: u64,
    /// Bytes of the requests that hold what is pending.
    pub backlog_bytes: u64,
    /// When the oldest pending item was accepted.
    pub oldest: Option<String>,
    /// How long ago that is.
    pub oldest_seconds: Option<u64>,
    /// Traces that it has looked at and that are not settled there.
    pub open: usize,
    /// Those of them that are parked.
    pub parked: usize,
    /// Requests on their way.
    pub in_flight: usize,
    /// Requests that may be on their way at once.
    pub concurrency: usize,
    /// Items a minute, over the last minute.
    pub per_minute: Rates,
    /// The alarms that stand about it.
    pub alarms: Vec<AlarmLine>,
    /// Those about the gateway itself, which concern every destination.
    #[serde(default)]
    pub gateway_alarms: Vec<AlarmLine>,
}

/// Items accepted for a destination, by what has become of them.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Items {
    /// All that were accepted for it since its routes began.
    pub accepted: u64,
    /// Shown there, or superseded before they were sent.
    pub delivered: u64,
    /// Refused for good: dead letters hold them.
    pub dead: u64,
    /// Held back by a rule of the route.
    pub filtered: u64,
    /// Given up by a policy or an operator.
    pub expired: u64,
    /// No longer readable.
    pub quarantined: u64,
    /// Waiting, on their way, or not looked at yet.
    pub pending: u64,
}

impl Items {
    /// Whether every accepted item has one outcome.
    pub fn balance(&self) -> bool {
        let Self { accepted, delivered, dead, filtered, expired, quarantined, pending } = *self;
        accepted == delivered + dead + filtered + expired + quarantined + pending
    }

    /// Each outcome with its word.
    pub fn outcomes(&self) -> [(&'static str, u64); 6] {
        let Self { delivered, dead, filtered, expired, quarantined, pending, .. } = *self;
        [
            ("delivered", delivered),
            ("dead", dead),
            ("filtered", filtered),
            ("expired", expired),
            ("quarantined", quarantined),
            ("pending", pending),
        ]
    }
}

/// One destination's books.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Account {
    /// The destination.
    pub destination: String,
    /// Its items.
    #[serde(flatten)]
    pub items: Items,
    /// Whether they balance.
    pub balanced: bool,
}

/// Items a minute.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Rates {
    /// Accepted.
    pub accepted: f64,
    /// Delivered.
    pub delivered: f64,
    /// Refused for good.
    pub dead: f64,
}

/// An alarm that stands.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AlarmLine {
    /// What is wrong, in a word.
    pub kind: String,
    /// It, in a sentence.
    pub text: String,
    /// Since when.
    pub since: String,
}

/// A request, followed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Followed {
    /// The project it was accepted under.
    pub project: String,
    /// The request; its items are all of it.
    #[serde(flatten)]
    pub request: RecordLine,
    /// Where its items have got to, by destination of its project.
    pub destinations: Vec<Fate>,
}

/// A request at one destination.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Fate {
    /// The destination.
    pub destination: String,
    /// Its dialect.
    pub dialect: String,
    /// Its items there, by what has become of them.
    #[serde(flatten)]
    pub items: Items,
    /// Items that are older than the route.
    pub before_route: u64,
    /// Items that a policy or an operator gave up there, of any request: which ones is not kept, so that
    /// some of those told as delivered may be among them where this is not 0.
    pub expired_here: u64,
    /// Trace by trace, what is not settled first.
    pub traces: Vec<TraceFate>,
    /// How many traces more there are.
    pub more: usize,
}

/// The items of a request about one trace, at one destination.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct TraceFate {
    /// The trace's native id; of a span, where only updates of that span are held; absent where the
    /// items are about a session only.
    pub id: Option<String>,
    /// Where these items have got to there.
    pub state: Place,
    /// How many items of the request are about it.
    pub items: u64,
    /// How many of these were refused for good.
    pub dead: u64,
    /// Tries so far.
    pub attempts: u32,
    /// The vendor's last status, where it refused.
    pub status: Option<u16>,
    /// The last error, or why it is parked.
    pub why: Option<String>,
    /// When it is looked at next.
    pub next_try: Option<String>,
    /// Fields that could not be carried natively: how many are lost, and how many the reserved key has.
    pub losses: LossCount,
    /// Its dead letters.
    pub letters: Vec<u64>,
}

/// Fields that could not be carried natively.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct LossCount {
    /// Not there at all.
    pub lost: usize,
    /// Under the reserved key.
    pub kept: usize,
}

/// Which dead letters are meant: all that is set must hold.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LetterFilter {
    /// Of this destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Of this project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// With this in the reason or in the vendor's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Given up at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Given up at this time or earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// With one of these numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<u64>,
    /// With a number above this one, to page on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above: Option<u64>,
    /// At most so many letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

impl LetterFilter {
    /// Whether it means every letter there is.
    pub fn is_open(&self) -> bool {
        *self == Self { limit: self.limit, ..Self::default() }
    }
}

/// What to do with dead letters, beside what it is that is done.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LetterOrder {
    /// Which letters.
    pub filter: LetterFilter,
    /// Say only what would be done.
    pub dry_run: bool,
    /// A filter that means every letter is meant so.
    pub all: bool,
    /// Seconds to look at what becomes of what is sent again.
    pub wait: u64,
}

/// Dead letters.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct LetterList {
    /// How many there are that the filter means, listed or not.
    pub total: u64,
    /// The letters, lowest numbers first.
    pub letters: Vec<LetterLine>,
}

/// A dead letter in a list.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct LetterLine {
    /// Its number.
    pub id: u64,
    /// Who refused.
    pub destination: String,
    /// The project.
    pub project: String,
    /// The trace's native id, where it is still held.
    pub trace: Option<String>,
    /// What in it was refused.
    pub target: String,
    /// How many items that is.
    pub items: u64,
    /// A short class.
    pub reason: String,
    /// The vendor's words.
    pub why: String,
    /// The vendor's status, if it answered.
    pub status: Option<u16>,
    /// How often it was tried.
    pub attempts: u32,
    /// When its first item was accepted.
    pub first: String,
    /// When it was given up.
    pub dead: String,
    /// Where the trace has got to since.
    pub state: Place,
}

/// A dead letter, whole.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct LetterPage {
    /// As in a list.
    #[serde(flatten)]
    pub line: LetterLine,
    /// The last request as sent, cut, without its credential.
    pub request: String,
    /// The last answer, cut.
    pub answer: String,
    /// The requests that hold its items, as far as they are held.
    pub records: Vec<RecordLine>,
}

/// What a replay or a drop did, or would do.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Moved {
    /// Letters that the filter means.
    pub letters: u64,
    /// Traces that they are about; each moves as a whole, with its other letters there.
    pub traces: u64,
    /// Items that moved.
    pub items: u64,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// The same traces by destination.
    pub destinations: BTreeMap<String, u64>,
    /// What had become of the traces when the wait was over; absent where nobody waited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<After>,
}

/// What became of traces that were sent again.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct After {
    /// Traces that are shown now.
    pub shown: u64,
    /// Traces that were refused again.
    pub refused: u64,
    /// Traces that still wait or are on their way.
    pub waiting: u64,
}
