//! Opik's stand-in: whole rows, the newest wins (`wire/opik.md` §4–7).

mod checks;
mod patch;
mod read;
mod refusal;
mod rows;
mod scores;
mod shape;
mod times;
mod write;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use uuid::{Builder, Uuid};

use refusal::Refusal;
use scores::ScoreKey;

use super::{
    call::{Call, digest},
    limit::Windows,
    reply::Reply,
    settings::Settings,
};

/// Answers a write, or says why not.
type Outcome = Result<Reply, Refusal>;

/// A row as it was written: the fields of `TraceWrite` or `SpanWrite` that were not null.
type Fields = Map<String, Value>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Trace,
    Span,
}

/// The storage key of §6.2: a span's parent and trace belong to it, a trace has neither.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    project: Uuid,
    trace: Option<Uuid>,
    parent: Option<Uuid>,
    id: Uuid,
}

#[derive(Debug, Clone)]
struct Row {
    /// `last_updated_at` in microseconds.
    version: i64,
    created_at: String,
    fields: Fields,
}

struct Project {
    id: Uuid,
    name: String,
    created_at: String,
}

/// One Opik workspace.
pub(super) struct Store {
    instance: String,
    /// By lower-cased name: names are matched case-insensitively (§4.7).
    projects: IndexMap<String, Project>,
    traces: BTreeMap<Key, Row>,
    spans: BTreeMap<Key, Row>,
    scores: BTreeMap<ScoreKey, Value>,
    windows: Windows,
}

impl Store {
    pub(super) fn new(instance: &str) -> Self {
        Self {
            instance: instance.to_owned(),
            projects: IndexMap::new(),
            traces: BTreeMap::new(),
            spans: BTreeMap::new(),
            scores: BTreeMap::new(),
            windows: Windows::default(),
        }
    }

    pub(super) fn answer(&mut self, call: &Call, settings: &Settings) -> Reply {
        let (method, path) = call.segments();
        let mut path: Vec<&str> = path.into_iter().filter(|part| !part.is_empty()).collect();
        // Self-hosted and cloud servers stand under /api, or /opik/api (§1).
        if path.first() == Some(&"api") {
            path.remove(0);
        }
        let outcome = match path.as_slice() {
            ["is-alive", "ping"] => Ok(Reply::json(200, json!({"message": "Healthy Server", "healthy": true}))),
            ["is-alive", "ver"] => Ok(Reply::json(200, json!({"version": "2.0.2"}))),
            ["v1", "session", "redirect", "projects"] => Ok(self.page_for_people()),
            ["v1", "private", rest @ ..] => self.private(method, rest, call, settings),
            _ => Err(Refusal::NoRoute),
        };
        outcome.unwrap_or_else(Refusal::into_reply)
    }

    /// The link that SDKs print (§1.3) leads to what stands in for the vendor's console.
    fn page_for_people(&self) -> Reply {
        Reply::empty(302).header("location", format!("/_sandbox/{}/traces", self.instance))
    }

    fn private(&mut self, method: &str, path: &[&str], call: &Call, settings: &Settings) -> Outcome {
        self.charge(method, path, call, settings)?;
        match path {
            ["projects", rest @ ..] => self.project_route(method, rest, call),
            ["auth"] => Ok(Reply::empty(204)),
            ["auth", "workspace"] => Ok(Reply::json(200, json!({"workspace_name": "default"}))),
            ["toggles"] => Ok(Reply::json(200, json!({}))),
            ["traces", "threads", "feedback-scores"] if method == "PUT" => self.put_scores("thread", call),
            ["traces", rest @ ..] => self.entity_route(Kind::Trace, method, rest, call, settings),
            ["spans", rest @ ..] => self.entity_route(Kind::Span, method, rest, call, settings),
            _ => Err(Refusal::NoRoute),
        }
    }

    /// Counts a write's items against the limit of its credential; a batch counts its items (§7.2).
    fn charge(&mut self, method: &str, path: &[&str], call: &Call, settings: &Settings) -> Result<(), Refusal> {
        let list = match (method, path) {
            ("POST" | "PATCH", ["traces" | "spans", "batch"]) => path[0],
            ("PUT", [.., "feedback-scores"]) => "scores",
            _ => return Ok(()),
        };
        let body = call.json().unwrap_or_default();
        let items = body[list].as_array().or(body["ids"].as_array()).map_or(1, Vec::len);
        let items = u32::try_from(items).unwrap_or(u32::MAX);
        self.windows.take(call, items, settings.items_per_window, settings).map_err(Refusal::Limited)
    }

    fn entity_route(&mut self, kind: Kind, method: &str, path: &[&str], call: &Call, settings: &Settings) -> Outcome {
        match (method, path) {
            ("POST", []) => self.create(kind, call, settings),
            ("POST", ["batch"]) => self.create_batch(kind, call, settings),
            ("PATCH", ["batch"]) => self.patch_batch(kind, call),
            ("GET", []) => self.page(kind, call),
            ("POST", ["search"]) => self.search(kind, call),
            ("POST", ["delete"]) if kind == Kind::Trace => self.delete_traces(call),
            ("PUT", ["feedback-scores"]) => self.put_scores(kind.word(), call),
            ("PUT", [id, "feedback-scores"]) => self.put_score(kind, id, call),
            ("POST", [id, "feedback-scores", "delete"]) => self.delete_score(kind, id, call),
            ("PATCH", [id]) => self.patch(kind, id, call),
            ("GET", [id]) => self.get(kind, id),
            ("DELETE", [id]) if kind == Kind::Trace => self.delete_trace(id),
            ("DELETE", [_]) => Err(Refusal::Other(501)),
            _ => Err(Refusal::NoRoute),
        }
    }

    fn project_route(&mut self, method: &str, path: &[&str], call: &Call) -> Outcome {
        match (method, path) {
            ("POST", ["retrieve"]) => {
                let body = refusal::body(call)?;
                let name = body["name"].as_str().unwrap_or_default();
                let found = self.projects.get(&name.to_lowercase()).ok_or(Refusal::Missing("Project"))?;
                Ok(Reply::json(200, found.shape()))
            }
            ("POST", []) => {
                let body = refusal::body(call)?;
                let name = body["name"].as_str().unwrap_or_default();
                if name.trim().is_empty() {
                    return Err(Refusal::Invalid(vec!["name must not be blank".into()]));
                }
                if self.projects.contains_key(&name.to_lowercase()) {
                    return Err(Refusal::Conflict("Project already exists".into()));
                }
                let id = self.project(Some(name), call);
                Ok(Reply::empty(201).header("location", format!("/v1/private/projects/{id}")).effect())
            }
            ("GET", []) => {
                let part = call.ask("name").unwrap_or_default().to_lowercase();
                let named = self.projects.iter().filter(|(name, _)| name.contains(&part));
                let rows = named.map(|(_, project)| project.shape()).collect();
                Ok(Reply::json(200, read::paged(call, rows)))
            }
            ("GET", [id]) => {
                let found = self.projects.values().find(|project| project.id.to_string() == *id);
                Ok(Reply::json(200, found.ok_or(Refusal::Missing("Project"))?.shape()))
            }
            _ => Err(Refusal::NoRoute),
        }
    }

    /// The project of this name, made on first use; null is the default project (§5.1).
    fn project(&mut self, name: Option<&str>, call: &Call) -> Uuid {
        let name = name.unwrap_or("Default Project");
        let made = Project {
            id: Builder::from_random_bytes(digest(&[self.instance.as_bytes(), name.to_lowercase().as_bytes()]))
                .with_version(uuid::Version::SortRand)
                .into_uuid(),
            name: name.to_owned(),
            created_at: times::text(call.at),
        };
        self.projects.entry(name.to_lowercase()).or_insert(made).id
    }

    fn project_name(&self, id: Uuid) -> &str {
        let found = self.projects.values().find(|project| project.id == id);
        found.map_or("", |project| project.name.as_str())
    }

    fn table(&mut self, kind: Kind) -> &mut BTreeMap<Key, Row> {
        match kind {
            Kind::Trace => &mut self.traces,
            Kind::Span => &mut self.spans,
        }
    }
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Span => "span",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Trace => "traces",
            Self::Span => "spans",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Trace => "Trace",
            Self::Span => "Span",
        }
    }
}

impl Project {
    fn shape(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "visibility": "private",
            "created_at": self.created_at,
            "created_by": "admin",
            "last_updated_at": self.created_at,
            "last_updated_by": "admin",
        })
    }
}

/// An error body of §7.1 for a status the script chose.
pub(super) fn trouble(status: u16) -> Reply {
    let message = match status {
        429 => "Too Many Requests: You have exceeded the rate limit for general_events".to_owned(),
        500.. => "There was an error processing your request. It has been logged (ID 0000000000000000).".to_owned(),
        _ => format!("HTTP {status}"),
    };
    Reply::json(status, json!({"code": status, "message": message}))
}
