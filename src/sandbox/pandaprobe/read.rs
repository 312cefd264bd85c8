//! What PandaProbe shows (`wire/pandaprobe.md` §4, §4.2).

use std::cmp::Reverse;

use serde_json::{Value, json};
use uuid::{Builder, Uuid};

use super::{Call, Outcome, Refusal, Reply, Span, Store, Trace, times, totals, writable, write};
use crate::sandbox::call::digest;

impl Store {
    pub(super) fn get(&self, project: &str, id: &str) -> Outcome {
        let id = write::path_id(id, "trace_id")?;
        self.known(project, id)?;
        Ok(Reply::json(200, self.response(id)?))
    }

    /// A TraceResponse; its totals may crash.
    pub(super) fn response(&self, id: Uuid) -> Result<Value, Refusal> {
        let totals = totals::of(self.spans_of(id).into_iter().map(|(_, span)| span))?;
        let spans = self.spans_of(id).into_iter().map(|(_, span)| &span.fields);
        writable(spans.chain(self.traces.get(&id).map(|trace| &trace.fields)))?;
        self.traces.get(&id).map(|trace| self.shape(id, trace, Some(totals))).ok_or_else(|| write::no_trace(id))
    }

    fn shape(&self, id: Uuid, trace: &Trace, totals: Option<(i64, f64)>) -> Value {
        let of = |name: &str| trace.fields.get(name).cloned().unwrap_or_default();
        let spans: Vec<Value> = self.spans_of(id).into_iter().map(|(id, _)| self.span_response(id)).collect();
        json!({
            "trace_id": id, "project_id": self.project_id(&trace.project), "name": of("name"),
            "status": of("status"), "input": of("input"), "output": of("output"),
            "metadata": of("metadata"), "started_at": of("started_at"), "ended_at": of("ended_at"),
            "session_id": of("session_id"), "user_id": of("user_id"), "tags": of("tags"),
            "environment": of("environment"), "release": of("release"), "spans": spans,
            "total_tokens": totals.map(|totals| totals.0), "total_cost": totals.map(|totals| totals.1),
        })
    }

    /// A SpanResponse; null when there is no such span.
    pub(super) fn span_response(&self, id: Uuid) -> Value {
        let Some(span) = self.spans.get(&id) else { return Value::Null };
        let of = |name: &str| span.fields.get(name).cloned().unwrap_or_default();
        let since = |name: &str| times::between(span.fields.get("started_at"), span.fields.get(name));
        json!({
            "span_id": id, "trace_id": span.trace, "parent_span_id": of("parent_span_id"),
            "name": of("name"), "kind": of("kind"), "status": of("status"), "input": of("input"),
            "output": of("output"), "model": of("model"), "token_usage": of("token_usage"),
            "metadata": of("metadata"), "started_at": of("started_at"), "ended_at": of("ended_at"),
            "error": of("error"), "completion_start_time": of("completion_start_time"),
            "model_parameters": of("model_parameters"), "cost": of("cost"),
            "latency_ms": since("ended_at"),
            "time_to_first_token_ms": since("completion_start_time"),
        })
    }

    /// By start, then id; the order they came in is lost.
    fn spans_of(&self, trace: Uuid) -> Vec<(Uuid, &Span)> {
        let ids = self.spans_by_trace.get(&trace).into_iter().flatten();
        let mut spans: Vec<_> = ids.filter_map(|id| Some((*id, self.spans.get(id)?))).collect();
        spans.sort_by_key(|(id, span)| (times::parse(&span.fields["started_at"]), *id));
        spans
    }

    pub(super) fn list(&self, project: &str, call: &Call) -> Outcome {
        let (limit, offset) = window(call, 50, 200)?;
        let mut found = Vec::new();
        for (id, trace) in self.traces.iter().filter(|(_, trace)| trace.project == project) {
            // One poisoned count breaks the whole list of its project (§9).
            let item = self.list_item(*id, trace)?;
            if wanted(&item, call) {
                found.push(item);
            }
        }
        let start = |item: &Value| times::parse(&item["started_at"]);
        match call.ask("sort_order") {
            Some("asc") => found.sort_by_key(start),
            _ => found.sort_by_key(|item| Reverse(start(item))),
        }
        let total = found.len();
        let items: Vec<Value> = found.into_iter().skip(offset).take(limit).collect();
        Ok(Reply::json(200, json!({"items": items, "total": total, "limit": limit, "offset": offset})))
    }

    fn list_item(&self, id: Uuid, trace: &Trace) -> Result<Value, Refusal> {
        let spans = self.spans_of(id);
        let count = spans.len();
        let (tokens, cost) = totals::of(spans.into_iter().map(|(_, span)| span))?;
        let of = |name: &str| trace.fields.get(name).cloned().unwrap_or_default();
        let latency = times::between(trace.fields.get("started_at"), trace.fields.get("ended_at"));
        Ok(json!({
            "trace_id": id, "name": of("name"), "status": of("status"),
            "started_at": of("started_at"), "ended_at": of("ended_at"),
            "session_id": of("session_id"), "user_id": of("user_id"), "tags": of("tags"),
            "environment": of("environment"), "release": of("release"), "latency_ms": latency,
            "span_count": count, "total_tokens": tokens, "total_cost": cost,
        }))
    }

    pub(super) fn session(&self, project: &str, id: &str, call: &Call) -> Outcome {
        let (limit, offset) = window(call, 200, 1000)?;
        let mine = |trace: &Trace| trace.project == project && trace.fields["session_id"] == id;
        let ids = self.traces.iter().filter(|(_, trace)| mine(trace)).map(|(id, _)| *id);
        let mut traces = ids.map(|id| self.response(id)).collect::<Result<Vec<_>, _>>()?;
        if traces.is_empty() {
            return Err(Refusal::missing(format!("Session '{id}' not found.")));
        }
        traces.sort_by_key(|trace| times::parse(&trace["started_at"]));
        let mut shown = summary(id, &traces);
        shown["traces"] = traces.into_iter().skip(offset).take(limit).collect();
        Ok(Reply::json(200, shown))
    }

    pub(super) fn project_id(&self, project: &str) -> Uuid {
        let seed = digest(&[self.instance.as_bytes(), project.as_bytes()]);
        Builder::from_random_bytes(seed).into_uuid()
    }

    /// Every TraceResponse of every project, with the project's name beside it; totals that crash
    /// are null here.
    pub(in crate::sandbox) fn traces(&self) -> Value {
        let mut shown = Vec::new();
        for (id, trace) in &self.traces {
            let totals = totals::of(self.spans_of(*id).into_iter().map(|(_, span)| span)).ok();
            let mut one = self.shape(*id, trace, totals);
            one["project_name"] = json!(trace.project);
            shown.push((times::parse(&trace.fields["started_at"]), *id, one));
        }
        shown.sort_by_key(|(start, id, _)| (*start, *id));
        shown.into_iter().map(|(_, _, one)| one).collect()
    }
}

/// `limit` and `offset`, refused outside their bounds.
pub(super) fn window(call: &Call, default: usize, most: usize) -> Result<(usize, usize), Refusal> {
    let limit = call.number("limit", default);
    if limit < 1 {
        return Err(Refusal::field("query -> limit", "Input should be greater than or equal to 1"));
    }
    if limit > most {
        return Err(Refusal::field("query -> limit", format!("Input should be less than or equal to {most}")));
    }
    Ok((limit, call.number("offset", 0)))
}

fn wanted(item: &Value, call: &Call) -> bool {
    let same = |name: &str| call.ask(name).is_none_or(|want| item[name] == want);
    let part = call.ask("name").unwrap_or_default().to_lowercase();
    let named = item["name"].as_str().unwrap_or_default().to_lowercase().contains(&part);
    let mut tags = call.query.iter().filter(|(name, _)| name == "tags").peekable();
    let has = |tag: &str| item["tags"].as_array().is_some_and(|all| all.iter().any(|one| one == tag));
    let tagged = tags.peek().is_none() || tags.any(|(_, tag)| has(tag));
    let start = times::parse(&item["started_at"]);
    let bound = |name: &str| call.ask(name).and_then(|text| times::parse(&json!(text)));
    let after = bound("started_after").is_none_or(|bound| start >= Some(bound));
    let before = bound("started_before").is_none_or(|bound| start < Some(bound));
    named && tagged && after && before && ["session_id", "status", "user_id"].into_iter().all(same)
}

/// A SessionSummary over TraceResponses in order of their start.
fn summary(id: &str, traces: &[Value]) -> Value {
    let sum = |name: &str| traces.iter().filter_map(|trace| trace[name].as_f64()).sum::<f64>();
    let latency = |trace: &Value| times::between(Some(&trace["started_at"]), Some(&trace["ended_at"]));
    let latencies: Vec<f64> = traces.iter().filter_map(latency).collect();
    let spans = traces.iter().filter_map(|trace| trace["spans"].as_array());
    let mut tags: Vec<&Value> = traces.iter().filter_map(|trace| trace["tags"].as_array()).flatten().collect();
    tags.sort_by_key(|tag| tag.as_str());
    tags.dedup();
    let last = traces.iter().max_by_key(|trace| times::parse(&trace["ended_at"]));
    json!({
        "session_id": id,
        "trace_count": traces.len(),
        "first_trace_at": traces[0]["started_at"],
        "last_trace_at": last.map(|trace| &trace["ended_at"]),
        "total_latency_ms": (!latencies.is_empty()).then(|| latencies.iter().sum::<f64>()),
        "has_error": traces.iter().any(|trace| trace["status"] == "ERROR"),
        "user_id": traces.iter().map(|trace| &trace["user_id"]).find(|user| !user.is_null()),
        "tags": tags,
        "total_span_count": spans.map(Vec::len).sum::<usize>(),
        "total_tokens": traces.iter().filter_map(|trace| trace["total_tokens"].as_i64()).sum::<i64>(),
        "total_cost": sum("total_cost"),
    })
}
