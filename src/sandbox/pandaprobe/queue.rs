//! `POST /traces` and the worker behind it (`wire/pandaprobe.md` §5.3, §8).

use rand::random_range;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, Fields, Outcome, Refusal, Reply, Settings, Store, lenient, schema, scope, writable, write};

impl Store {
    /// Checks, counts and queues; 202 says nothing about what the worker will make of it.
    pub(super) fn enqueue(&mut self, call: &Call, settings: &Settings) -> Outcome {
        let (id, mut trace) = read(call)?;
        let spans = trace.shift_remove("spans");
        let spans = spans.as_ref().and_then(Value::as_array).into_iter().flatten();
        writable(spans.filter_map(Value::as_object).chain([&trace]))?;
        // 100 a minute and credential, no header that tells when to come again (§13).
        if let Some(limit) = settings.rate_limit_per_minute {
            let taken = self.windows.take(call, 1, Some(limit), settings);
            taken.map_err(|_| Refusal::Limited(limit))?;
        }
        let task = call.mint_v4();
        self.queue.push_back(call.clone());
        Ok(Reply::json(202, json!({"trace_id": id, "task_id": task})))
    }

    /// How many queued traces have no task yet; from now on all have.
    pub(in crate::sandbox) fn unattended(&mut self) -> usize {
        let new = self.queue.len().saturating_sub(self.attended);
        self.attended += new;
        new
    }

    /// Takes one trace out of the queue; what it stored comes back for the journal.
    pub(in crate::sandbox) fn work(&mut self, settings: &Settings) -> Option<Call> {
        self.attended = self.attended.saturating_sub(1);
        if settings.worker_down || self.queue.is_empty() {
            return None;
        }
        let next = if settings.reorder { random_range(0..self.queue.len()) } else { 0 };
        let call = self.queue.remove(next)?;
        self.store(&call).then_some(call)
    }

    /// Loses what waits, as a broker that restarts without its disk.
    pub(in crate::sandbox) fn lose_queue(&mut self) -> usize {
        let lost = self.queue.len();
        self.queue.clear();
        lost
    }

    /// Stores a queued trace, or loses it without a word.
    pub(super) fn store(&mut self, call: &Call) -> bool {
        call.minted.set(0);
        let (Ok((id, mut fields)), Ok(project)) = (read(call), scope::project(call)) else {
            return false;
        };
        if fields.values().any(lenient::unstorable) || infinite_cost(&fields) {
            return false;
        }
        fields.values_mut().for_each(lenient::nulled);
        self.upsert_trace(&project, id, fields, call);
        true
    }
}

/// The checked body and the trace's id, minted when it brings none.
fn read(call: &Call) -> Result<(Uuid, Fields), Refusal> {
    let fields = schema::trace(&write::body(call)?)?;
    let given = fields.get("trace_id").and_then(|id| schema::id(id).ok());
    Ok((given.unwrap_or_else(|| call.mint_v4()), fields))
}

fn infinite_cost(fields: &Fields) -> bool {
    let spans = fields.get("spans").and_then(Value::as_array);
    spans.into_iter().flatten().any(|span| lenient::not_finite(&span["cost"]))
}
