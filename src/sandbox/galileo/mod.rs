//! Galileo's stand-in: trees of steps under projects and log streams addressed by id
//! (`wire/galileo.md` §4, §5, §8, Appendix A).

mod account;
mod content;
mod faults;
mod ingest;
mod projects;
mod read;
mod refusal;
mod request;
mod search;
mod sessions;
mod step;
mod update;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use refusal::Refusal;

use super::{call::Call, reply::Reply, settings::Settings};

type Outcome = Result<Reply, Refusal>;
type Fields = Map<String, Value>;

/// A trace or a span as stored, without its children.
struct Record {
    /// The trace it belongs to; a trace's own id for a trace.
    trace: Uuid,
    /// None for a trace.
    parent: Option<Uuid>,
    /// The log stream or experiment.
    run: Value,
    session: Option<Uuid>,
    /// Traces only: no more spans are taken.
    complete: bool,
    updated_at: String,
    fields: Fields,
}

struct Project {
    id: Uuid,
    name: String,
    kind: String,
    created_at: String,
}

struct Stream {
    id: Uuid,
    project: Uuid,
    name: String,
    created_at: String,
}

struct Session {
    id: Uuid,
    project: Uuid,
    run: Value,
    body: Value,
}

/// One Galileo organisation.
pub(super) struct Store {
    instance: String,
    projects: Vec<Project>,
    streams: Vec<Stream>,
    sessions: Vec<Session>,
    /// By project and id.
    records: BTreeMap<(Uuid, Uuid), Record>,
}

impl Store {
    pub(super) fn new(instance: &str) -> Self {
        Self {
            instance: instance.to_owned(),
            projects: Vec::new(),
            streams: Vec::new(),
            sessions: Vec::new(),
            records: BTreeMap::new(),
        }
    }

    pub(super) fn answer(&mut self, call: &Call, settings: &Settings) -> Reply {
        self.route(call, settings).unwrap_or_else(Refusal::into_reply)
    }

    fn route(&mut self, call: &Call, settings: &Settings) -> Outcome {
        let (method, mut path) = call.segments();
        // Every route also stands under /v2 (§4).
        if path.first() == Some(&"v2") {
            path.remove(0);
        }
        if let Some(open) = account::open(&self.instance, method, &path, call) {
            return Ok(open);
        }
        account::credentials(call)?;
        match (method, path.as_slice()) {
            ("GET", ["current_user"]) => Ok(account::current_user(&self.instance)),
            (_, ["projects"] | ["projects", _]) => self.projects_route(method, &path, call),
            ("POST", ["ingest", what, project]) => {
                let project = request::path_id(project, "project_id")?;
                self.project_route("POST", project, &[what], call, settings)
            }
            (_, ["projects", project, rest @ ..]) => {
                let project = request::path_id(project, "project_id")?;
                self.project_route(method, project, rest, call, settings)
            }
            _ => Err(Refusal::NoRoute),
        }
    }

    fn project_route(
        &mut self,
        method: &str,
        project: Uuid,
        path: &[&str],
        call: &Call,
        settings: &Settings,
    ) -> Outcome {
        match (method, path) {
            ("POST", ["traces"]) => self.log_traces(project, call),
            ("POST", ["spans"]) => self.log_spans(project, call, settings),
            ("PATCH", ["traces", id]) => self.update(project, "trace_id", id, call),
            ("PATCH", ["spans", id]) => self.update(project, "span_id", id, call),
            ("GET", ["traces", id]) => self.get_trace(project, id),
            ("GET", ["spans", id]) => self.get_span(project, id),
            ("POST", ["sessions"]) => self.create_session(project, call),
            ("GET", ["sessions", id]) => self.get_session(project, id),
            ("POST", ["traces" | "spans" | "sessions", "search"]) => self.search(project, path[0], call),
            ("POST", ["traces" | "spans", "delete"]) => self.delete(project, path[0], call),
            (_, ["log_streams", ..]) => self.streams_route(method, project, &path[1..], call),
            _ => Err(Refusal::NoRoute),
        }
    }

    fn known_project(&self, project: Uuid) -> Result<&Project, Refusal> {
        let found = self.projects.iter().find(|one| one.id == project);
        found.ok_or_else(|| Refusal::Detail(404, "Project not found.".into()))
    }
}

/// An error body of §7.1 for a status the script chose.
pub(super) fn trouble(status: u16) -> Reply {
    Reply::json(status, json!({"detail": format!("HTTP {status}")}))
}
