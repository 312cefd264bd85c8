//! Rows and their versions: the greatest `last_updated_at` wins whole (`wire/opik.md` §6.2).

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, Fields, Key, Kind, Row, Store, checks, times};

/// The start a PATCH gives to a row it has to invent (§6.4).
pub(super) const PARTIAL_START: &str = "1970-01-01T00:00:00Z";

impl Row {
    /// A row of this request; without `last_updated_at` its version is the server's now.
    pub(super) fn new(mut fields: Fields, call: &Call) -> Self {
        let sent = fields.shift_remove("last_updated_at").and_then(|value| times::parse(&value).ok());
        Self { version: sent.unwrap_or(call.at).as_microsecond(), created_at: times::text(call.at), fields }
    }

    /// Whether a PATCH made it and no create has completed it since.
    pub(super) fn partial(&self) -> bool {
        self.fields.get("start_time") == Some(&json!(PARTIAL_START))
    }
}

impl Store {
    /// Lays a row down; an older version of the same key vanishes, a newer one stays.
    pub(super) fn upsert(&mut self, kind: Kind, fields: Fields, call: &Call) {
        let key = self.key(kind, &fields, call);
        let mut row = Row::new(stored(fields), call);
        let table = self.table(kind);
        if let Some(old) = table.get(&key) {
            if old.version > row.version {
                return;
            }
            row.created_at.clone_from(&old.created_at);
        }
        table.insert(key, row);
    }

    pub(super) fn key(&mut self, kind: Kind, fields: &Fields, call: &Call) -> Key {
        let project = fields.get("project_name").and_then(Value::as_str);
        let span = kind == Kind::Span;
        let reference = |name| if span { checks::id(fields, name) } else { None };
        Key {
            project: self.project(project, call),
            trace: reference("trace_id"),
            parent: reference("parent_span_id"),
            id: checks::id(fields, "id").unwrap_or_else(|| call.mint_v7()),
        }
    }

    /// A row of this id in any project, the newest first.
    pub(super) fn find(&self, kind: Kind, id: Uuid) -> Option<(&Key, &Row)> {
        let table = match kind {
            Kind::Trace => &self.traces,
            Kind::Span => &self.spans,
        };
        let of_id = table.iter().filter(|(key, _)| key.id == id);
        of_id.max_by_key(|(_, row)| row.version)
    }

    /// A row of this id, one in `project` before any other.
    pub(super) fn find_in(&self, kind: Kind, id: Uuid, project: Uuid) -> Option<(Key, Row)> {
        let table = match kind {
            Kind::Trace => &self.traces,
            Kind::Span => &self.spans,
        };
        let here = table.iter().filter(|(key, _)| key.id == id && key.project == project);
        let found = here.max_by_key(|(_, row)| row.version).or_else(|| self.find(kind, id));
        found.map(|(key, row)| (key.clone(), row.clone()))
    }
}

/// The fields without those the key holds.
pub(super) fn stored(mut fields: Fields) -> Fields {
    for name in ["id", "project_name", "project_id", "trace_id", "parent_span_id"] {
        fields.shift_remove(name);
    }
    fields
}
