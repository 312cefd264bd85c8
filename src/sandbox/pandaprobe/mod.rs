//! PandaProbe's stand-in: queued writes, global ids, nulling re-posts (`wire/pandaprobe.md` §4–13).

mod jsonb;
mod lenient;
mod queue;
mod read;
mod refusal;
mod schema;
mod scope;
mod scores;
mod times;
mod totals;
mod upsert;
mod write;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use refusal::Refusal;

use super::{call::Call, deep, limit::Windows, reply::Reply, settings::Settings};

type Outcome = Result<Reply, Refusal>;
type Fields = Map<String, Value>;

/// What a value may nest to be written: as a task for the worker, or in an answer (§8).
const WRITTEN: usize = 255;

fn writable<'a>(fields: impl IntoIterator<Item = &'a Fields>) -> Result<(), Refusal> {
    let deep = |fields: &Fields| fields.values().any(|value| deep::deeper(value, WRITTEN));
    if fields.into_iter().any(deep) { Err(Refusal::Crash) } else { Ok(()) }
}

/// A trace as stored; its id is the key of the table, in whatever project it was first written.
struct Trace {
    project: String,
    fields: Fields,
}

struct Span {
    trace: Uuid,
    fields: Fields,
}

/// One PandaProbe organisation, all its projects in the same tables (§5.4).
pub(super) struct Store {
    instance: String,
    traces: BTreeMap<Uuid, Trace>,
    spans: BTreeMap<Uuid, Span>,
    /// The ids of each trace's spans.
    spans_by_trace: BTreeMap<Uuid, BTreeSet<Uuid>>,
    /// In the order of arrival.
    scores: Vec<scores::Score>,
    queue: VecDeque<Call>,
    /// How many of `queue` a worker's task is under way for.
    attended: usize,
    windows: Windows,
}

impl Store {
    pub(super) fn new(instance: &str) -> Self {
        Self {
            instance: instance.to_owned(),
            traces: BTreeMap::new(),
            spans: BTreeMap::new(),
            spans_by_trace: BTreeMap::new(),
            scores: Vec::new(),
            queue: VecDeque::new(),
            attended: 0,
            windows: Windows::default(),
        }
    }

    pub(super) fn answer(&mut self, call: &Call, settings: &Settings) -> Reply {
        self.route(call, settings).unwrap_or_else(Refusal::into_reply)
    }

    fn route(&mut self, call: &Call, settings: &Settings) -> Outcome {
        let (method, path) = call.segments();
        match path.as_slice() {
            ["health"] => return Ok(health(call)),
            ["traces" | "sessions" | "evaluations", ..] => {}
            _ => return Err(Refusal::NoRoute),
        }
        let project = scope::project(call)?;
        match (method, path.as_slice()) {
            ("POST", ["traces"]) => self.enqueue(call, settings),
            ("GET", ["traces"]) => self.list(&project, call),
            ("POST", ["traces", "batch", "delete"]) => self.delete_batch(&project, call),
            ("GET", ["traces", id]) => self.get(&project, id),
            ("PATCH", ["traces", id]) => self.patch_trace(&project, id, call),
            ("DELETE", ["traces", id]) => self.delete(&project, id),
            ("POST", ["traces", id, "spans"]) => self.add_spans(&project, id, call),
            ("PATCH", ["traces", id, "spans", span]) => self.patch_span(&project, id, span, call),
            ("POST", ["evaluations", "trace-scores"]) => self.score(&project, call),
            ("GET", ["evaluations", "trace-scores"]) => self.list_scores(&project, call),
            ("GET", ["evaluations", "trace-scores", id]) => self.scores_of(&project, id),
            ("PATCH", ["evaluations", "trace-scores", id]) => self.patch_score(&project, id, call),
            ("DELETE", ["evaluations", "trace-scores", id]) => self.delete_score(&project, id),
            ("GET", ["sessions", id]) => self.session(&project, id, call),
            (_, ["traces"] | ["traces", _] | ["traces", _, "spans"] | ["traces", _, "spans", _]) => {
                Err(Refusal::Method)
            }
            (_, ["evaluations", "trace-scores"] | ["evaluations", "trace-scores", _]) => Err(Refusal::Method),
            _ => Err(Refusal::NoRoute),
        }
    }

    /// Does a journalled request again; what the worker stored needs no queue this time.
    pub(super) fn replay(&mut self, call: &Call) {
        if call.method == "POST" && call.path == ["traces"] {
            self.store(call);
        } else {
            drop(self.answer(call, &Settings::default()));
        }
    }
}

fn health(call: &Call) -> Reply {
    Reply::json(
        200,
        json!({
            "status": "healthy",
            "version": "0.5.0",
            "environment": "development",
            "timestamp": times::text(call.at),
        }),
    )
}

/// An error body of §12 for a status the script chose.
pub(super) fn trouble(status: u16) -> Reply {
    match status {
        429 => Reply::json(429, json!({"error": "Rate limit exceeded: 100 per 1 minute"})),
        500 => Reply::text(500, "Internal Server Error"),
        _ => Reply::json(status, json!({"detail": format!("HTTP {status}")})),
    }
}
