//! Records and trees as they are read (`wire/galileo.md` §4.5).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Outcome, Record, Refusal, Reply, Store, faults, request};

/// Metrics the models declare; what else stands in `metrics` is a score of the caller's (§4.11).
const DECLARED: [&str; 9] = [
    "duration_ns",
    "num_input_tokens",
    "num_output_tokens",
    "num_total_tokens",
    "time_to_first_token_ns",
    "num_image_input_tokens",
    "num_audio_input_tokens",
    "num_audio_output_tokens",
    "num_image_output_tokens",
];

impl Store {
    pub(super) fn get_trace(&self, project: Uuid, id: &str) -> Outcome {
        let id = request::path_id(id, "trace_id")?;
        self.known_project(project)?;
        let known = |((home, own), record): (&(Uuid, Uuid), &Record)| {
            *home == project && record.trace == id && (*own == id || record.parent.is_some())
        };
        if !self.records.iter().any(known) {
            return Err(Refusal::Detail(404, "Trace not found.".into()));
        }
        Ok(Reply::json(200, self.tree(project, id)))
    }

    pub(super) fn get_span(&self, project: Uuid, id: &str) -> Outcome {
        let id = request::path_id(id, "span_id")?;
        self.known_project(project)?;
        let found = self.records.get(&(project, id)).filter(|record| record.parent.is_some());
        let record = found.ok_or_else(|| Refusal::Detail(404, "Span not found.".into()))?;
        let mine = self.spans_of(project, record.trace);
        Ok(Reply::json(200, with_children(project, id, record, &mine)))
    }

    /// A trace with its spans; a stub when only spans have come.
    pub(super) fn tree(&self, project: Uuid, trace: Uuid) -> Value {
        self.tree_of(project, trace, &self.spans_of(project, trace))
    }

    fn tree_of(&self, project: Uuid, trace: Uuid, mine: &[(Uuid, &Record)]) -> Value {
        let known: BTreeSet<Uuid> = mine.iter().map(|(id, _)| *id).collect();
        // A span whose parent has not come stands at the top, still naming it.
        let top = |record: &Record| record.parent.is_none_or(|parent| !known.contains(&parent));
        let tops = mine.iter().filter(|(id, record)| top(record) || record.parent == Some(*id));
        let spans: Vec<Value> = tops.map(|(id, record)| with_children(project, *id, record, mine)).collect();
        match self.records.get(&(project, trace)).filter(|record| record.parent.is_none()) {
            Some(record) => {
                let mut shown = shape(project, trace, record);
                shown["num_spans"] = json!(mine.len());
                shown["has_children"] = json!(!spans.is_empty());
                shown["spans"] = json!(spans);
                shown
            }
            None => json!({
                "type": "stub_trace",
                "id": trace,
                "project_id": project,
                "run_id": mine.first().map(|(_, record)| &record.run),
                "session_id": mine.first().and_then(|(_, record)| record.session),
                "spans": spans,
            }),
        }
    }

    /// The spans of a trace, in the order of siblings.
    fn spans_of(&self, project: Uuid, trace: Uuid) -> Vec<(Uuid, &Record)> {
        let mine = self
            .records
            .iter()
            .filter(|((home, _), record)| *home == project && record.trace == trace && record.parent.is_some());
        let mut spans: Vec<_> = mine.map(|((_, id), record)| (*id, record)).collect();
        spans.sort_by_key(order);
        spans
    }

    /// Every tree of every project, stubs too, with the project's name beside it.
    pub(in crate::sandbox) fn traces(&self) -> Value {
        let mut groups: BTreeMap<(Uuid, Uuid), Vec<(Uuid, &Record)>> = BTreeMap::new();
        for ((project, id), record) in &self.records {
            let group = groups.entry((*project, record.trace)).or_default();
            group.extend(record.parent.map(|_| (*id, record)));
        }
        let mut shown = Vec::new();
        for ((project, trace), mut mine) in groups {
            mine.sort_by_key(order);
            let mut tree = self.tree_of(project, trace, &mine);
            let dated = if tree["created_at"].is_null() { &tree["spans"][0] } else { &tree };
            let start = faults::instant(&dated["created_at"]);
            tree["project_name"] = json!(self.known_project(project).map_or("", |one| one.name.as_str()));
            shown.push((start, trace, tree));
        }
        shown.sort_by_key(|(start, trace, _)| (*start, *trace));
        shown.into_iter().map(|(_, _, tree)| tree).collect()
    }

    /// Client-computed scores travel as undeclared metrics.
    pub(in crate::sandbox) fn scores(&self) -> Value {
        let mut out = Vec::new();
        for ((project, id), record) in &self.records {
            for (name, value) in record.fields["metrics"].as_object().into_iter().flatten() {
                if !DECLARED.contains(&name.as_str()) {
                    out.push(json!({
                        "project_id": project, "trace_id": record.trace, "record_id": id,
                        "type": record.fields["type"], "name": name, "value": value,
                    }));
                }
            }
        }
        Value::Array(out)
    }
}

/// Siblings stand by creation, then step number (§6).
fn order((id, record): &(Uuid, &Record)) -> (Option<Timestamp>, Option<i64>, Uuid) {
    let created = faults::instant(&record.fields["created_at"]);
    (created, record.fields["step_number"].as_i64(), *id)
}

fn with_children(project: Uuid, id: Uuid, record: &Record, all: &[(Uuid, &Record)]) -> Value {
    let mut shown = shape(project, id, record);
    if super::step::holds_spans(record.fields["type"].as_str().unwrap_or_default()) {
        let mine = all.iter().filter(|(child, other)| other.parent == Some(id) && *child != id);
        let spans: Vec<Value> = mine.map(|(id, record)| with_children(project, *id, record, all)).collect();
        shown["has_children"] = json!(!spans.is_empty());
        shown["spans"] = json!(spans);
    }
    shown
}

/// One flat record. Without a session it shows its trace's id for one (§8).
pub(super) fn shape(project: Uuid, id: Uuid, record: &Record) -> Value {
    let mut shown = Value::Object(record.fields.clone());
    shown["id"] = json!(id);
    shown["session_id"] = json!(record.session.unwrap_or(record.trace));
    shown["project_id"] = json!(project);
    shown["run_id"] = record.run.clone();
    shown["trace_id"] = json!(record.trace);
    if let Some(parent) = record.parent {
        shown["parent_id"] = json!(parent);
    }
    shown["updated_at"] = json!(record.updated_at);
    shown["is_complete"] = json!(record.complete);
    for name in
        ["feedback_rating_info", "annotations", "annotation_aggregates", "annotation_agreement", "metric_info", "files"]
    {
        shown[name] = json!({});
    }
    for name in ["annotation_queue_ids", "file_ids", "file_modalities"] {
        shown[name] = json!([]);
    }
    shown
}
