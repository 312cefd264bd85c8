//! Sessions (`wire/galileo.md` §4.6, §8).

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call, Outcome, Refusal, Reply, Session, Store,
    faults::{Faults, at},
    request,
};

impl Store {
    pub(super) fn create_session(&mut self, project: Uuid, call: &Call) -> Outcome {
        let body = request::body(call)?;
        let place = [json!("body")];
        let mut faults = Faults::default();
        request::base(&body, &mut faults);
        faults.text(&body["name"], &at(&place, "name"));
        faults.text(&body["external_id"], &at(&place, "external_id"));
        faults.id(&body["previous_session_id"], &at(&place, "previous_session_id"));
        faults.string_map(&body["user_metadata"], &at(&place, "user_metadata"));
        faults.done()?;
        let run = request::run(self, project, &body)?;
        let id = call.mint_v4();
        let kept = json!({
            "name": body["name"],
            "previous_session_id": body["previous_session_id"],
            "external_id": body["external_id"],
            "user_metadata": body["user_metadata"],
            "created_at": call.at.to_string(),
        });
        self.sessions.push(Session { id, project, run, body: kept });
        Ok(Reply::json(
            200,
            json!({
                "id": id,
                "name": body["name"],
                "project_id": project,
                "project_name": self.known_project(project)?.name,
                "previous_session_id": body["previous_session_id"],
                "external_id": body["external_id"],
            }),
        )
        .effect())
    }

    pub(super) fn get_session(&self, project: Uuid, id: &str) -> Outcome {
        let id = request::path_id(id, "session_id")?;
        self.known_project(project)?;
        let found = self.sessions.iter().find(|one| one.id == id && one.project == project);
        let mut shown = found.map(session_shape).ok_or_else(|| Refusal::Detail(404, "Session not found.".into()))?;
        let mine = self
            .records
            .iter()
            .filter(|((home, _), record)| *home == project && record.parent.is_none() && record.session == Some(id));
        let traces: Vec<Value> = mine.map(|((_, trace), _)| self.tree(project, *trace)).collect();
        shown["num_traces"] = json!(traces.len());
        shown["traces"] = json!(traces);
        Ok(Reply::json(200, shown))
    }
}

pub(super) fn session_shape(one: &Session) -> Value {
    let mut shown = one.body.clone();
    for (name, value) in [
        ("type", json!("session")),
        ("id", json!(one.id)),
        ("session_id", json!(one.id)),
        ("project_id", json!(one.project)),
        ("run_id", one.run.clone()),
    ] {
        shown[name] = value;
    }
    shown
}

/// The session with this external id, made when there is none (§8).
pub(super) fn by_external_id(store: &mut Store, project: Uuid, run: &Value, external: &str, call: &Call) -> Uuid {
    let same = |one: &&Session| one.project == project && one.run == *run && one.body["external_id"] == external;
    if let Some(found) = store.sessions.iter().find(same) {
        return found.id;
    }
    let id = call.mint_v4();
    let body = json!({"name": null, "external_id": external, "created_at": call.at.to_string()});
    store.sessions.push(Session { id, project, run: run.clone(), body });
    id
}
