//! Logging traces and spans: upserts by id, spans before their trace taken too
//! (`wire/galileo.md` §4.2, §4.3, §8).

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call, Outcome, Record, Refusal, Reply, Settings, Store,
    faults::{Faults, at},
    request, sessions, step,
};

/// Where the steps of one request go.
struct Target {
    project: Uuid,
    run: Value,
    session: Option<Uuid>,
    now: String,
}

impl Store {
    pub(super) fn log_traces(&mut self, project: Uuid, call: &Call) -> Outcome {
        let body = request::body(call)?;
        let mut faults = Faults::default();
        request::base(&body, &mut faults);
        listed(&body, "traces", &mut faults);
        let session = faults.id(&body["session_id"], &at(&[json!("body")], "session_id"));
        step::check_all(&body["traces"], true, &[json!("body"), json!("traces")], &mut faults);
        faults.done()?;
        let run = request::run(self, project, &body)?;
        let external = body["session_external_id"].as_str();
        let session =
            session.or_else(|| external.map(|external| sessions::by_external_id(self, project, &run, external, call)));
        let target = Target { project, run, session, now: call.at.to_string() };
        let complete = body["is_complete"].as_bool().unwrap_or(true);
        let (mut ids, mut spans) = (Vec::new(), 0);
        for trace in body["traces"].as_array().into_iter().flatten() {
            let id = own_id(trace).unwrap_or_else(|| call.mint_v4());
            self.put(&target, id, id, None, trace, complete);
            spans += self.put_children(&target, id, id, trace, call);
            ids.push(id);
        }
        let include = body["include_trace_ids"].as_bool().unwrap_or(false);
        let more = json!({
            "session_id": session,
            "traces_count": ids.len(),
            "spans_count": spans,
            "trace_ids": include.then_some(&ids),
        });
        let shown = request::answer(self, project, &body, ids.len() + spans, more);
        Ok(Reply::json(200, shown).effect())
    }

    pub(super) fn log_spans(&mut self, project: Uuid, call: &Call, settings: &Settings) -> Outcome {
        let body = request::body(call)?;
        let mut faults = Faults::default();
        request::base(&body, &mut faults);
        listed(&body, "spans", &mut faults);
        let trace = faults.required_id(&body, "trace_id", &[json!("body")]);
        let parent = faults.required_id(&body, "parent_id", &[json!("body")]);
        step::check_all(&body["spans"], false, &[json!("body"), json!("spans")], &mut faults);
        faults.done()?;
        let run = request::run(self, project, &body)?;
        let (Some(trace), Some(parent)) = (trace, parent) else { return Err(Refusal::NoRoute) };
        let known = self.records.get(&(project, trace));
        if settings.refuse_after_completion && !call.replayed && known.is_some_and(|known| known.complete) {
            return Err(Refusal::Detail(400, "Trace is marked as complete".into()));
        }
        let session = known.and_then(|known| known.session);
        let target = Target { project, run, session, now: call.at.to_string() };
        let wrapped = json!({"spans": body["spans"]});
        let count = self.put_children(&target, trace, parent, &wrapped, call);
        let more = json!({"trace_id": trace, "parent_id": parent, "session_id": session});
        let shown = request::answer(self, project, &body, count, more);
        Ok(Reply::json(200, shown).effect())
    }

    /// Stores the spans under a step and theirs; returns how many.
    fn put_children(&mut self, target: &Target, trace: Uuid, parent: Uuid, step: &Value, call: &Call) -> usize {
        let mut count = 0;
        for span in step["spans"].as_array().into_iter().flatten() {
            let id = own_id(span).unwrap_or_else(|| call.mint_v4());
            // LiteLLM names the parent itself (§6).
            let parent = named_id(span, "parent_id").unwrap_or(parent);
            self.put(target, id, trace, Some(parent), span, true);
            count += 1;
            if step::holds_spans(span["type"].as_str().unwrap_or_default()) {
                count += self.put_children(target, trace, id, span, call);
            }
        }
        count
    }

    fn put(&mut self, target: &Target, id: Uuid, trace: Uuid, parent: Option<Uuid>, step: &Value, complete: bool) {
        let kind = step["type"].as_str().unwrap_or("trace");
        let record = Record {
            trace,
            parent,
            run: target.run.clone(),
            session: named_id(step, "session_id").or(target.session),
            complete,
            updated_at: target.now.clone(),
            fields: step::fields(step, kind, &target.now),
        };
        self.records.insert((target.project, id), record);
    }
}

fn listed(body: &Value, name: &str, faults: &mut Faults) {
    let place = [json!("body"), json!(name)];
    match &body[name] {
        Value::Null => faults.missing(&place, body),
        Value::Array(items) if items.is_empty() => {
            let message = "List should have at least 1 item after validation, not 0";
            faults.add(&place, "too_short", message, &body[name]);
        }
        _ => {}
    }
}

fn own_id(step: &Value) -> Option<Uuid> {
    named_id(step, "id")
}

fn named_id(step: &Value, name: &str) -> Option<Uuid> {
    step[name].as_str().and_then(|text| Uuid::try_parse(text).ok())
}
