//! What Opik shows: rows in their read shape, pages and streams (`wire/opik.md` §4.4, §4.5, §5).

use std::{cmp::Reverse, collections::BTreeSet};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Call, Key, Kind, Outcome, Refusal, Reply, Row, Store, refusal, times};

impl Store {
    pub(super) fn get(&self, kind: Kind, id: &str) -> Outcome {
        let uuid = refusal::uuid(&id.into())?;
        let found = self.find(kind, uuid).map(|(key, row)| self.shape(kind, key, row));
        let shape = found.ok_or_else(|| Refusal::NotFound(kind, id.to_owned()))?;
        Ok(Reply::json(200, shape))
    }

    pub(super) fn page(&self, kind: Kind, call: &Call) -> Outcome {
        let project = self.asked(call.ask("project_id"), call.ask("project_name"))?;
        let rows = self.rows(kind, project, call.ask("trace_id"), call.ask("type"));
        Ok(Reply::json(200, paged(call, rows)))
    }

    pub(super) fn search(&self, kind: Kind, call: &Call) -> Outcome {
        let body = refusal::body(call)?;
        let project = self.asked(body["project_id"].as_str(), body["project_name"].as_str())?;
        let limit = body["limit"].as_u64().unwrap_or(500);
        if !(1..=2000).contains(&limit) {
            return Err(Refusal::Invalid(vec!["limit must be between 1 and 2000".into()]));
        }
        let after = body["last_retrieved_id"].as_str();
        let mut rows = self.rows(kind, project, body["trace_id"].as_str(), body["type"].as_str());
        rows.retain(|row| after.is_none_or(|after| row["id"].as_str() < Some(after)));
        rows.truncate(usize::try_from(limit).unwrap_or(2000));
        Ok(Reply::lines(&rows))
    }

    fn asked(&self, id: Option<&str>, name: Option<&str>) -> Result<Uuid, Refusal> {
        match (id, name) {
            (Some(id), _) => refusal::uuid(&id.into()),
            (None, Some(name)) => {
                let found = self.projects.get(&name.to_lowercase());
                Ok(found.map_or(Uuid::nil(), |project| project.id))
            }
            (None, None) => {
                Err(Refusal::Bad("Either 'project_name' or 'project_id' query params must be provided".into()))
            }
        }
    }

    fn rows(&self, kind: Kind, project: Uuid, trace: Option<&str>, of: Option<&str>) -> Vec<Value> {
        let table = if kind == Kind::Trace { &self.traces } else { &self.spans };
        let here = table.iter().filter(|(key, _)| key.project == project);
        let mut rows: Vec<Value> = here.map(|(key, row)| self.shape(kind, key, row)).collect();
        rows.retain(|row| trace.is_none_or(|trace| row["trace_id"] == trace));
        rows.retain(|row| of.is_none_or(|of| row["type"] == of));
        rows.sort_by_key(|row| Reverse(row["id"].to_string()));
        rows
    }

    fn shape(&self, kind: Kind, key: &Key, row: &Row) -> Value {
        let mut out = Map::new();
        out.insert("id".into(), json!(key.id));
        out.insert("project_id".into(), json!(key.project));
        if let Some(trace) = key.trace {
            out.insert("trace_id".into(), json!(trace));
        }
        if let Some(parent) = key.parent {
            out.insert("parent_span_id".into(), json!(parent));
        }
        out.extend(row.fields.clone());
        if let Some(duration) = row.fields.get("end_time").and_then(|end| times::between(&out["start_time"], end)) {
            out.insert("duration".into(), json!(duration));
        }
        let updated = jiff::Timestamp::from_microsecond(row.version).unwrap_or_default();
        out.insert("created_at".into(), json!(row.created_at));
        out.insert("last_updated_at".into(), json!(times::text(updated)));
        out.insert("created_by".into(), json!("admin"));
        out.insert("last_updated_by".into(), json!("admin"));
        let scores = self.scores_of(kind, key.project, &key.id.to_string());
        if !scores.is_empty() {
            out.insert("feedback_scores".into(), json!(scores));
        }
        match kind {
            Kind::Trace => self.sums(key, &mut out),
            Kind::Span => span_defaults(&mut out),
        }
        Value::Object(out)
    }

    /// What a trace shows of its spans: usage, cost, counts, providers (§5.1).
    fn sums(&self, key: &Key, out: &mut Map<String, Value>) {
        let (mut usage, mut cost) = (Map::new(), 0.0);
        let (mut count, mut llm, mut tools, mut providers) = (0, 0, false, Vec::new());
        for (_, row) in self.spans_of(key.project, key.id) {
            count += 1;
            llm += u32::from(row.fields.get("type") == Some(&json!("llm")));
            tools |= row.fields.get("type") == Some(&json!("tool"));
            cost += row.fields.get("total_estimated_cost").and_then(Value::as_f64).unwrap_or(0.0);
            for (name, value) in row.fields.get("usage").and_then(Value::as_object).into_iter().flatten() {
                let sum = usage.get(name).and_then(Value::as_i64).unwrap_or(0) + value.as_i64().unwrap_or(0);
                usage.insert(name.clone(), json!(sum));
            }
            match row.fields.get("provider") {
                Some(provider) if !providers.contains(provider) => providers.push(provider.clone()),
                _ => {}
            }
        }
        if !usage.is_empty() {
            out.insert("usage".into(), json!(usage));
        }
        if cost > 0.0 {
            out.insert("total_estimated_cost".into(), json!(cost));
        }
        out.insert("visibility_mode".into(), json!("default"));
        out.insert("span_count".into(), json!(count));
        out.insert("llm_span_count".into(), json!(llm));
        out.insert("has_tool_spans".into(), json!(tools));
        if !providers.is_empty() {
            inject(out, "providers", &json!(providers));
            out.insert("providers".into(), json!(providers));
        }
    }

    /// Every trace with its spans; spans whose trace never came stand under a null trace.
    pub(in crate::sandbox) fn traces(&self) -> Value {
        let of_spans = self.spans.keys().map(|key| (key.project, key.trace.unwrap_or_default()));
        let of_traces = self.traces.keys().map(|key| (key.project, key.id));
        let known: BTreeSet<(Uuid, Uuid)> = of_traces.chain(of_spans).collect();
        let mut out = Vec::new();
        for (project, id) in known {
            let key = Key { project, trace: None, parent: None, id };
            let trace = self.traces.get(&key).map(|row| self.shape(Kind::Trace, &key, row));
            let mine = self.spans_of(project, id);
            let mut spans: Vec<Value> = mine.map(|(key, row)| self.shape(Kind::Span, key, row)).collect();
            spans.sort_by_key(|span| (start(span), span["id"].to_string()));
            let at = trace.as_ref().or(spans.first()).map(start);
            let name = self.project_name(project);
            let shown = json!({"project_name": name, "trace_id": id, "trace": trace, "spans": spans});
            out.push((at, id, shown));
        }
        out.sort_by_key(|(at, id, _)| (*at, *id));
        out.into_iter().map(|(_, _, shown)| shown).collect()
    }

    /// The spans of a trace in a project; they stand side by side in the table.
    fn spans_of(&self, project: Uuid, trace: Uuid) -> impl Iterator<Item = (&Key, &Row)> {
        let edge = |parent, id| Key { project, trace: Some(trace), parent, id };
        self.spans.range(edge(None, Uuid::nil())..=edge(Some(Uuid::max()), Uuid::max()))
    }
}

fn start(row: &Value) -> Option<jiff::Timestamp> {
    times::parse(&row["start_time"]).ok()
}

fn span_defaults(out: &mut Map<String, Value>) {
    out.entry("type").or_insert(json!("general"));
    if let Some(provider) = out.get("provider").cloned() {
        inject(out, "provider", &provider);
    }
}

/// Reads put this first key into `metadata` (§5.2).
fn inject(out: &mut Map<String, Value>, name: &str, value: &Value) {
    let mut metadata = Map::new();
    metadata.insert(name.to_owned(), value.clone());
    match out.get("metadata") {
        Some(Value::Object(old)) => metadata.extend(old.clone()),
        None => {}
        Some(_) => return,
    }
    out.insert("metadata".into(), Value::Object(metadata));
}

/// One page of rows; `size` in the answer counts what is on it (§4.4).
pub(super) fn paged(call: &Call, rows: Vec<Value>) -> Value {
    let (page, size) = (call.number("page", 1).max(1), call.number("size", 10).max(1));
    let total = rows.len();
    let content: Vec<Value> = rows.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
    json!({"page": page, "size": content.len(), "total": total, "content": content, "sortable_by": []})
}
