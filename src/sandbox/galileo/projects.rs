//! Projects and log streams (`wire/galileo.md` §4.8).

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, Outcome, Project, Refusal, Reply, Store, Stream, account, faults::Faults, request};

impl Store {
    pub(super) fn projects_route(&mut self, method: &str, path: &[&str], call: &Call) -> Outcome {
        match (method, &path[1..]) {
            ("GET", [] | ["all"]) => {
                let kind = call.ask("type").or(call.ask("project_type"));
                let mut found: Vec<&Project> = self.projects.iter().collect();
                found.retain(|one| call.ask("project_name").is_none_or(|name| name == one.name));
                found.retain(|one| kind.is_none_or(|kind| kind == one.kind));
                Ok(Reply::json(200, found.iter().map(|one| self.project_shape(one)).collect()))
            }
            ("POST", []) => self.create_project(call),
            ("POST", ["paginated"]) => {
                let shown: Value = self.projects.iter().map(|one| self.project_shape(one)).collect();
                Ok(Reply::json(200, json!({"projects": shown, "paginated": false, "next_starting_token": null})))
            }
            ("GET", [id]) => {
                let found = self.known_project(request::path_id(id, "project_id")?)?;
                Ok(Reply::json(200, self.project_shape(found)))
            }
            _ => Err(Refusal::NoRoute),
        }
    }

    /// A second create of a name answers the first one's project.
    fn create_project(&mut self, call: &Call) -> Outcome {
        let body = request::body(call)?;
        let name = named(&body)?;
        if let Some(found) = self.projects.iter().find(|one| one.name == name) {
            return Ok(Reply::json(200, self.project_shape(found)));
        }
        let made = Project {
            id: call.mint_v4(),
            name,
            kind: body["type"].as_str().unwrap_or("gen_ai").to_owned(),
            created_at: call.at.to_string(),
        };
        let shown = self.project_shape(&made);
        self.projects.push(made);
        Ok(Reply::json(200, shown).effect())
    }

    pub(super) fn streams_route(&mut self, method: &str, project: Uuid, path: &[&str], call: &Call) -> Outcome {
        self.known_project(project)?;
        let mine = self.streams.iter().filter(|one| one.project == project);
        match (method, path) {
            ("GET", []) => Ok(Reply::json(200, mine.map(|one| self.stream_shape(one)).collect())),
            ("GET", ["paginated"]) => {
                let (skip, limit) = (call.number("starting_token", 0), call.number("limit", 100));
                let all: Vec<Value> = mine.map(|one| self.stream_shape(one)).collect();
                let next = (all.len() > skip + limit).then_some(skip + limit);
                let shown: Value = all.into_iter().skip(skip).take(limit).collect();
                Ok(Reply::json(
                    200,
                    json!({
                        "log_streams": shown, "starting_token": skip, "limit": limit,
                        "paginated": next.is_some(), "next_starting_token": next,
                    }),
                ))
            }
            ("POST", []) => self.create_stream(project, call),
            ("GET", [id]) => {
                let id = request::path_id(id, "log_stream_id")?;
                let found = self.streams.iter().find(|one| one.id == id && one.project == project);
                let missing = || Refusal::Detail(404, "Log stream not found.".into());
                Ok(Reply::json(200, self.stream_shape(found.ok_or_else(missing)?)))
            }
            _ => Err(Refusal::NoRoute),
        }
    }

    fn create_stream(&mut self, project: Uuid, call: &Call) -> Outcome {
        let name = named(&request::body(call)?)?;
        if self.streams.iter().any(|one| one.project == project && one.name == name) {
            let text = format!("A log stream named {name} already exists.");
            return Err(Refusal::Standard(400, 10500, text));
        }
        let made = Stream { id: call.mint_v4(), project, name, created_at: call.at.to_string() };
        let shown = self.stream_shape(&made);
        self.streams.push(made);
        Ok(Reply::json(200, shown).effect())
    }

    fn project_shape(&self, one: &Project) -> Value {
        let user = account::user(&self.instance);
        json!({
            "id": one.id, "name": one.name, "type": one.kind, "created_by": user,
            "created_by_user": {"id": user, "email": "user@sandbox.invalid"},
            "runs": [], "created_at": one.created_at, "updated_at": one.created_at,
            "permissions": [], "bookmark": false, "description": null, "labels": [],
        })
    }

    fn stream_shape(&self, one: &Stream) -> Value {
        let user = account::user(&self.instance);
        json!({
            "id": one.id, "name": one.name, "project_id": one.project, "created_by": user,
            "created_by_user": {"id": user, "email": "user@sandbox.invalid"},
            "created_at": one.created_at, "updated_at": one.created_at,
            "has_user_created_sessions": self.sessions.iter().any(|session| session.run == json!(one.id)),
        })
    }
}

fn named(body: &Value) -> Result<String, Refusal> {
    match body["name"].as_str() {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => {
            let mut faults = Faults::default();
            let message = "String should have at least 1 character";
            faults.add(&[json!("body"), json!("name")], "string_too_short", message, &body["name"]);
            faults.done().map(|()| String::new())
        }
    }
}
