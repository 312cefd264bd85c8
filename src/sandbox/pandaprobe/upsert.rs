//! Laying traces and spans over what is there (`wire/pandaprobe.md` §5.1, §5.4).

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, Fields, Span, Store, Trace, jsonb};

/// What a re-post sets to null when it does not bring it.
const TRACE_NULLED: &[&str] = &["input", "output"];
const SPAN_NULLED: &[&str] = &["input", "output", "token_usage", "model_parameters", "cost"];
/// What a re-post leaves alone when it does not bring it.
const TRACE_KEPT: &[&str] = &["ended_at", "session_id", "user_id", "environment", "release"];
const SPAN_KEPT: &[&str] = &["model", "ended_at", "error", "completion_start_time"];

impl Store {
    /// Inserts or overlays a trace and its spans. The project of a known id never changes.
    pub(super) fn upsert_trace(&mut self, project: &str, id: Uuid, mut new: Fields, call: &Call) {
        let spans = new.shift_remove("spans");
        let old = self.traces.get(&id);
        let mut fields = overlay(old.map(|trace| &trace.fields), &new, TRACE_NULLED, TRACE_KEPT);
        put_default(&mut fields, &new, "status", "COMPLETED");
        fields.insert("tags".into(), tags(old.map(|trace| &trace.fields["tags"]), new.get("tags")));
        let project = old.map_or_else(|| project.to_owned(), |trace| trace.project.clone());
        self.traces.insert(id, Trace { project, fields });
        for span in spans.as_ref().and_then(Value::as_array).into_iter().flatten() {
            if let Value::Object(span) = span {
                self.upsert_span(id, span, call);
            }
        }
    }

    /// Inserts or overlays a span; a known id stays on its trace and under its parent.
    pub(super) fn upsert_span(&mut self, trace: Uuid, new: &Fields, call: &Call) -> Uuid {
        let id = new.get("span_id").and_then(Value::as_str).and_then(|id| Uuid::try_parse(id).ok());
        let id = id.unwrap_or_else(|| call.mint_v4());
        let old = self.spans.get(&id);
        let mut fields = overlay(old.map(|span| &span.fields), new, SPAN_NULLED, SPAN_KEPT);
        put_default(&mut fields, new, "kind", "OTHER");
        put_default(&mut fields, new, "status", "UNSET");
        let parent = match old {
            Some(old) => old.fields["parent_span_id"].clone(),
            None => new.get("parent_span_id").cloned().unwrap_or_default(),
        };
        fields.insert("parent_span_id".into(), parent);
        let trace = old.map_or(trace, |old| old.trace);
        self.spans.insert(id, Span { trace, fields });
        self.spans_by_trace.entry(trace).or_default().insert(id);
        id
    }
}

fn overlay(old: Option<&Fields>, new: &Fields, nulled: &[&str], kept: &[&str]) -> Fields {
    let sent = |name: &str| new.get(name).filter(|value| !value.is_null());
    let mut out = Fields::new();
    for name in ["name", "started_at"] {
        out.insert(name.to_owned(), sent(name).cloned().unwrap_or_default());
    }
    for name in nulled {
        out.insert((*name).to_owned(), sent(name).map(jsonb::stored).unwrap_or_default());
    }
    for name in kept {
        let before = || old.and_then(|old| old.get(*name)).cloned().unwrap_or_default();
        out.insert((*name).to_owned(), sent(name).cloned().unwrap_or_else(before));
    }
    let before = old.map(|old| &old["metadata"]);
    out.insert("metadata".into(), merged(before, new.get("metadata")));
    out
}

fn put_default(fields: &mut Fields, new: &Fields, name: &str, default: &str) {
    let value = new.get(name).cloned().unwrap_or_else(|| json!(default));
    fields.insert(name.to_owned(), value);
}

/// Shallow merge, the new key wins; null removes nothing.
pub(super) fn merged(old: Option<&Value>, new: Option<&Value>) -> Value {
    let mut out = old.and_then(Value::as_object).cloned().unwrap_or_default();
    out.extend(new.and_then(Value::as_object).cloned().unwrap_or_default());
    jsonb::stored(&Value::Object(out))
}

/// First as sent; from then on the sorted union.
fn tags(old: Option<&Value>, new: Option<&Value>) -> Value {
    let texts = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(old) = old else { return Value::Array(texts(new)) };
    let mut all = texts(Some(old));
    all.extend(texts(new));
    all.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
    all.dedup();
    Value::Array(all)
}
