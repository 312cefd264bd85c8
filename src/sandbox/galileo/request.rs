//! What every request shares: its JSON, its ids, its base block (`wire/galileo.md` §4.1).

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call, Refusal, Store,
    faults::{Faults, at},
};
use crate::sandbox::deep;

const METHODS: [&str; 4] = ["playground", "python_client", "typescript_client", "api_direct"];
const RUNS: [&str; 3] = ["log_stream_id", "experiment_id", "metrics_testing_id"];

/// The body as a JSON object. Whether the vendor unzips is unknown (§9.5), so this one does not.
pub(super) fn body(call: &Call) -> Result<Value, Refusal> {
    let fault = |kind: &str, message: &str| {
        Refusal::Fields(vec![json!({"type": kind, "loc": ["body"], "msg": message, "input": {}})])
    };
    match deep::parse(&call.body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => {
            Err(fault("model_attributes_type", "Input should be a valid dictionary or object to extract fields from"))
        }
        Err(_) if call.body.is_empty() => Err(fault("missing", "Field required")),
        Err(_) => Err(fault("json_invalid", "JSON decode error")),
    }
}

/// A version 4 id in a path.
pub(super) fn path_id(text: &str, name: &str) -> Result<Uuid, Refusal> {
    let mut faults = Faults::default();
    let id = faults.id(&json!(text), &[json!("path"), json!(name)]);
    faults.done()?;
    id.ok_or(Refusal::NoRoute)
}

/// Checks the base block's types and that it names one run.
pub(super) fn base(body: &Value, faults: &mut Faults) {
    let place = [json!("body")];
    for name in RUNS {
        faults.id(&body[name], &at(&place, name));
    }
    if RUNS.iter().filter(|name| !body[**name].is_null()).count() != 1 {
        let message = "Value error, Exactly one of log_stream_id, experiment_id or metrics_testing_id is required";
        faults.add(&place, "value_error", message, &Value::Null);
    }
    faults.one_of(&body["logging_method"], &METHODS, &at(&place, "logging_method"));
    faults.text(&body["client_version"], &at(&place, "client_version"));
    if !body["reliable"].is_null() && !body["reliable"].is_boolean() {
        faults.add(&at(&place, "reliable"), "bool_type", "Input should be a valid boolean", &body["reliable"]);
    }
}

/// The run a checked base block names: its log stream has to be one of the project's.
pub(super) fn run(store: &Store, project: Uuid, body: &Value) -> Result<Value, Refusal> {
    store.known_project(project)?;
    let stream = &body["log_stream_id"];
    if stream.is_null() {
        let other = if body["experiment_id"].is_null() { "metrics_testing_id" } else { "experiment_id" };
        return Ok(body[other].clone());
    }
    let id = stream.as_str().and_then(|text| Uuid::try_parse(text).ok());
    let known = |one: &&super::Stream| Some(one.id) == id && one.project == project;
    match store.streams.iter().find(known) {
        Some(found) => Ok(json!(found.id)),
        None => Err(Refusal::Detail(404, "Log stream not found.".into())),
    }
}

/// The base block of a response, with `more` on top.
pub(super) fn answer(store: &Store, project: Uuid, body: &Value, records: usize, more: Value) -> Value {
    let name = store.known_project(project).map_or("", |project| project.name.as_str());
    let mut out = json!({
        "log_stream_id": body["log_stream_id"],
        "experiment_id": body["experiment_id"],
        "metrics_testing_id": body["metrics_testing_id"],
        "project_id": project,
        "project_name": name,
        "session_id": null,
        "records_count": records,
    });
    if let (Value::Object(out), Value::Object(more)) = (&mut out, more) {
        out.extend(more);
    }
    out
}
