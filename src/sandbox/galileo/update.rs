//! PATCH: output, status, duration, tags, completion, and nothing else (`wire/galileo.md` §4.4, §8).

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call, Outcome, Record, Refusal, Reply, Store,
    faults::{Faults, at},
    request,
};

impl Store {
    /// `name` is `trace_id` or `span_id`, which the body has to repeat.
    pub(super) fn update(&mut self, project: Uuid, name: &str, id: &str, call: &Call) -> Outcome {
        let id = request::path_id(id, name)?;
        let body = request::body(call)?;
        let place = [json!("body")];
        let mut faults = Faults::default();
        request::base(&body, &mut faults);
        faults.required_id(&body, name, &place);
        faults.int(&body["status_code"], &at(&place, "status_code"));
        faults.int(&body["duration_ns"], &at(&place, "duration_ns"));
        faults.texts(&body["tags"], &at(&place, "tags"));
        let of_trace = name == "trace_id";
        if of_trace {
            faults.text(&body["input"], &at(&place, "input"));
            faults.text(&body["output"], &at(&place, "output"));
        }
        faults.done()?;
        request::run(self, project, &body)?;
        let found = self.records.get_mut(&(project, id)).filter(|record| record.parent.is_none() == of_trace);
        let missing = if of_trace { "Trace not found." } else { "Span not found." };
        let record = found.ok_or_else(|| Refusal::Detail(404, missing.into()))?;
        apply(record, &body, of_trace);
        record.updated_at = call.at.to_string();
        let more = json!({ name: id, "session_id": record.session });
        let shown = request::answer(self, project, &body, 1, more);
        Ok(Reply::json(200, shown).effect())
    }
}

fn apply(record: &mut Record, body: &Value, of_trace: bool) {
    for name in ["input", "output", "status_code"].into_iter().filter(|name| !body[*name].is_null()) {
        record.fields.insert(name.to_owned(), body[name].clone());
    }
    if !body["duration_ns"].is_null() {
        record.fields["metrics"]["duration_ns"] = body["duration_ns"].clone();
    }
    if let Value::Array(tags) = &mut record.fields["tags"] {
        for tag in body["tags"].as_array().into_iter().flatten() {
            if !tags.contains(tag) {
                tags.push(tag.clone());
            }
        }
    }
    if of_trace && body["is_complete"].as_bool() == Some(true) {
        record.complete = true;
    }
}
