//! The synchronous writes: spans, PATCH, DELETE (`wire/pandaprobe.md` §5.2, §5.3).

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, Fields, Outcome, Refusal, Reply, Store, jsonb, lenient, schema, times, upsert};

/// The body as Python reads it: JSON only, and never unzipped (§8).
pub(super) fn body(call: &Call) -> Result<Value, Refusal> {
    if call.header("content-encoding").is_some_and(|coding| coding != "identity") {
        return Err(unparsed());
    }
    let kind = call.header("content-type").unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("application/json") {
        return Err(Refusal::field("", "Input should be a valid dictionary or object to extract fields from"));
    }
    if call.body.is_empty() {
        return Err(Refusal::field("", "Field required"));
    }
    lenient::parse(&call.body).map_err(|fault| match fault {
        lenient::Fault::At(at) => Refusal::field(at.to_string(), "JSON decode error"),
        lenient::Fault::TooDeep => unparsed(),
    })
}

fn unparsed() -> Refusal {
    Refusal::Detail(400, "There was an error parsing the body".into())
}

/// An id in a path.
pub(super) fn path_id(text: &str, name: &str) -> Result<Uuid, Refusal> {
    schema::id(&json!(text)).map_err(|message| Refusal::field(format!("path -> {name}"), message))
}

pub(super) fn no_trace(id: Uuid) -> Refusal {
    Refusal::missing(format!("Trace {id} not found."))
}

impl Store {
    /// Whether the trace stands in this project; elsewhere it is as good as missing.
    pub(super) fn known(&self, project: &str, id: Uuid) -> Result<(), Refusal> {
        match self.traces.get(&id) {
            Some(trace) if trace.project == project => Ok(()),
            _ => Err(no_trace(id)),
        }
    }

    /// All spans or none: one that cannot be stored rolls the batch back.
    pub(super) fn add_spans(&mut self, project: &str, id: &str, call: &Call) -> Outcome {
        let id = path_id(id, "trace_id")?;
        let spans = schema::spans(&body(call)?)?;
        self.known(project, id)?;
        let bad = |value: &Value| lenient::unstorable(value) || lenient::not_finite(value);
        if spans.iter().any(|span| span.values().any(bad)) {
            return Err(Refusal::Crash);
        }
        let ids: Vec<Uuid> = spans.iter().map(|span| self.upsert_span(id, span, call)).collect();
        Ok(Reply::json(201, json!({"span_ids": ids})).effect())
    }

    pub(super) fn patch_trace(&mut self, project: &str, id: &str, call: &Call) -> Outcome {
        let id = path_id(id, "trace_id")?;
        let update = schema::trace_update(&body(call)?)?;
        self.known(project, id)?;
        crash_on_unstorable(&update)?;
        if let Some(trace) = self.traces.get_mut(&id) {
            apply(&mut trace.fields, update, &["name", "status", "tags", "metadata"]);
        }
        // Totals that overflow break the answer, after the change is made (§9).
        let shown = self.response(id).map(|shown| Reply::json(200, shown));
        Ok(shown.unwrap_or_else(Refusal::into_reply).effect())
    }

    pub(super) fn patch_span(&mut self, project: &str, id: &str, span: &str, call: &Call) -> Outcome {
        let (id, span_id) = (path_id(id, "trace_id")?, path_id(span, "span_id")?);
        let body = body(call)?;
        let update = schema::span_update(&body)?;
        self.known(project, id)?;
        let missing = || Refusal::missing(format!("Span {span_id} not found on trace {id}."));
        let found = self.spans.get_mut(&span_id).filter(|span| span.trace == id).ok_or_else(missing)?;
        crash_on_unstorable(&update)?;
        if ["ended_at", "completion_start_time"].iter().any(|name| times::naive(&body[*name])) {
            return Err(Refusal::Crash);
        }
        apply(&mut found.fields, update, &["name", "kind", "status", "metadata"]);
        let shown = self.span_response(span_id);
        Ok(Reply::json(200, shown).effect())
    }

    pub(super) fn delete(&mut self, project: &str, id: &str) -> Outcome {
        let id = path_id(id, "trace_id")?;
        self.known(project, id)?;
        self.forget(id);
        Ok(Reply::empty(204).effect())
    }

    pub(super) fn delete_batch(&mut self, project: &str, call: &Call) -> Outcome {
        let body = body(call)?;
        let ids = body["trace_ids"].as_array().filter(|ids| (1..=500).contains(&ids.len()));
        let ids =
            ids.ok_or_else(|| Refusal::field("trace_ids", "List should have at least 1 item after validation, not 0"))?;
        let mut deleted = 0;
        for (index, id) in ids.iter().enumerate() {
            let place = format!("trace_ids -> {index}");
            let id = schema::id(id).map_err(|message| Refusal::field(place, message))?;
            if self.known(project, id).is_ok() {
                self.forget(id);
                deleted += 1;
            }
        }
        Ok(Reply::json(200, json!({"deleted": deleted})).effect())
    }

    fn forget(&mut self, id: Uuid) {
        self.traces.remove(&id);
        for span in self.spans_by_trace.remove(&id).unwrap_or_default() {
            self.spans.remove(&span);
        }
        self.scores.retain(|score| score.trace != id);
    }
}

fn crash_on_unstorable(update: &Fields) -> Result<(), Refusal> {
    let bad = |value: &Value| lenient::unstorable(value) || lenient::not_finite(value);
    if update.get("name") == Some(&json!("")) || update.values().any(bad) {
        return Err(Refusal::Crash);
    }
    Ok(())
}

/// Only what is there is touched; null clears, but for the fields in `fixed`.
fn apply(fields: &mut Fields, update: Fields, fixed: &[&str]) {
    for (name, value) in update {
        if value.is_null() && fixed.contains(&name.as_str()) {
            continue;
        }
        let value = match name.as_str() {
            "metadata" => upsert::merged(fields.get("metadata"), Some(&value)),
            _ => jsonb::stored(&value),
        };
        fields.insert(name, value);
    }
}
