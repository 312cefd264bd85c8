//! Creating and deleting rows (`wire/opik.md` §4.1, §4.3, §6.2, §6.3).

use serde_json::Value;
use uuid::Uuid;

use super::{Call, Fields, Kind, Outcome, Refusal, Reply, Settings, Store, checks, refusal, rows, shape};

const BATCH: usize = 1000;

impl Store {
    pub(super) fn create_batch(&mut self, kind: Kind, call: &Call, settings: &Settings) -> Outcome {
        let body = refusal::body(call)?;
        let items = list(&body, kind.plural())?;
        let rows = items.iter().map(|item| shape::fields(kind, item)).collect::<Result<Vec<_>, _>>()?;
        let mut errors = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            checks::create(kind, row, &format!("{}[{index}].", kind.plural()), &mut errors);
        }
        if !errors.is_empty() {
            return Err(Refusal::Invalid(errors));
        }
        for row in &rows {
            checks::ids(kind, row, call, settings)?;
        }
        for row in rows {
            self.upsert(kind, row, call);
        }
        Ok(Reply::empty(204).effect())
    }

    pub(super) fn create(&mut self, kind: Kind, call: &Call, settings: &Settings) -> Outcome {
        let mut row = shape::fields(kind, &refusal::body(call)?)?;
        let mut errors = Vec::new();
        checks::create(kind, &row, "", &mut errors);
        if !errors.is_empty() {
            return Err(Refusal::Invalid(errors));
        }
        checks::ids(kind, &row, call, settings)?;
        let id = checks::id(&row, "id").unwrap_or_else(|| call.mint_v7());
        row.insert("id".into(), id.to_string().into());
        self.lay(kind, id, row, call)?;
        let place = format!("/v1/private/{}/{id}", kind.plural());
        Ok(Reply::empty(201).header("location", place).effect())
    }

    /// The table of §6.3: what a single create does to what is there.
    fn lay(&mut self, kind: Kind, id: Uuid, row: Fields, call: &Call) -> Result<(), Refusal> {
        let key = self.key(kind, &row, call);
        let Some((old_key, old)) = self.find_in(kind, id, key.project) else {
            self.upsert(kind, row, call);
            return Ok(());
        };
        if old_key.project != key.project {
            return Err(Refusal::Conflict(format!(
                "Project name and workspace name do not match the existing {}",
                kind.word()
            )));
        }
        if !old.partial() {
            return match kind {
                Kind::Trace => Err(Refusal::Conflict("Trace already exists".into())),
                Kind::Span => Ok(()),
            };
        }
        self.complete(kind, &old_key, row, call);
        Ok(())
    }

    /// A create that comes after its PATCH: what was patched wins, the rest comes from the create.
    fn complete(&mut self, kind: Kind, key: &super::Key, row: Fields, call: &Call) {
        let Some(old) = self.table(kind).get_mut(key) else { return };
        let mut merged = rows::stored(row);
        merged.shift_remove("last_updated_at");
        for (name, value) in &old.fields {
            let empty = value == "" || (name == "start_time" && value == rows::PARTIAL_START);
            if !empty {
                merged.insert(name.clone(), value.clone());
            }
        }
        old.fields = merged;
        old.version = call.at.as_microsecond();
    }

    pub(super) fn delete_traces(&mut self, call: &Call) -> Outcome {
        let body = refusal::body(call)?;
        let project = match &body["project_id"] {
            Value::Null => None,
            id => Some(refusal::uuid(id)?),
        };
        for id in list(&body, "ids")?.iter().map(refusal::uuid).collect::<Result<Vec<_>, _>>()? {
            self.forget(id, project);
        }
        Ok(Reply::empty(204).effect())
    }

    pub(super) fn delete_trace(&mut self, id: &str) -> Outcome {
        self.forget(refusal::uuid(&id.into())?, None);
        Ok(Reply::empty(204).effect())
    }

    /// A trace takes its spans and all their scores with it (§4.3).
    fn forget(&mut self, trace: Uuid, project: Option<Uuid>) {
        let here = |other: Uuid| project.is_none_or(|project| project == other);
        self.traces.retain(|key, _| key.id != trace || !here(key.project));
        let mut gone = vec![trace.to_string()];
        self.spans.retain(|key, _| {
            let dies = key.trace == Some(trace) && here(key.project);
            if dies {
                gone.push(key.id.to_string());
            }
            !dies
        });
        self.scores.retain(|key, _| !gone.contains(&key.entity) || !here(key.project));
    }
}

/// The 1 to 1000 items under `name`.
pub(super) fn list<'a>(body: &'a Value, name: &str) -> Result<&'a [Value], Refusal> {
    match &body[name] {
        Value::Array(items) if (1..=BATCH).contains(&items.len()) => Ok(items),
        Value::Array(_) => Err(Refusal::Invalid(vec![format!("{name} size must be between 1 and {BATCH}")])),
        Value::Null => Err(Refusal::Invalid(vec![format!("{name} must not be null")])),
        _ => Err(Refusal::unreadable("Cannot deserialize value of type `java.util.List`")),
    }
}
