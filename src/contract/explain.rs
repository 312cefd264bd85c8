//! What the gateway tells its operator about traces: where they have got to.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use indexmap::IndexMap;
use serde::Deserialize;
use serde::Serialize;

use crate::canonical::Loss;

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
    /// Something was given up by a policy or an operator, until there is news of the trace.
    Expired,
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
            Self::Expired => "expired",
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
    /// Its receipt, as its client got it.
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
    /// Items refused for good, until there is news of the trace.
    pub dead: u64,
    /// Items given up by a policy or an operator.
    #[serde(default)]
    pub expired: u64,
    /// Tries since something was last shown.
    pub attempts: u32,
    /// The vendor's last status, where something was refused for good.
    pub status: Option<u16>,
    /// When it is looked at next.
    pub next_try: Option<String>,
    /// The last error, or why it is parked.
    pub why: Option<String>,
    /// What could not be carried natively.
    pub losses: Vec<Loss>,
    /// Dead letters of it.
    pub letters: Vec<u64>,
}

impl Arrival {
    /// How many items there are of each fate, for people.
    pub fn counts(&self) -> String {
        let Self { shown, pending, dead, expired, .. } = self;
        let expired = if *expired == 0 { String::new() } else { format!(", {expired} expired") };
        format!("{shown} items shown, {pending} pending, {dead} refused{expired}")
    }

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
