//! Opik's PATCH: fields that are there replace, and a row that is not there is invented
//! (`wire/opik.md` §6.4).

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, Fields, Key, Kind, Outcome, Refusal, Reply, Row, Store, checks, refusal, rows, shape, write};

const MAX_TAGS: usize = 50;

impl Store {
    pub(super) fn patch(&mut self, kind: Kind, id: &str, call: &Call) -> Outcome {
        let id = refusal::uuid(&id.into())?;
        let body = refusal::body(call)?;
        let mut update = shape::fields(kind, &body)?;
        checks::update(kind, &update, &body)?;
        refusal::version_seven(id, kind.title())?;
        checks::references(&update)?;
        update.insert("id".into(), id.to_string().into());
        let mut key = self.key(kind, &update, call);
        if let Some(project) = checks::id(&update, "project_id") {
            key.project = project;
        }
        match self.find_in(kind, id, key.project) {
            Some((found, _)) => {
                same(kind, &found, &key)?;
                self.change(kind, &found, &update, call);
            }
            None => self.invent(kind, key, update, call),
        }
        Ok(Reply::empty(204).effect())
    }

    /// PATCH of up to 1000 ids at once; unknown ids are skipped.
    pub(super) fn patch_batch(&mut self, kind: Kind, call: &Call) -> Outcome {
        let body = refusal::body(call)?;
        let ids = write::list(&body, "ids")?;
        let ids = ids.iter().map(refusal::uuid).collect::<Result<Vec<Uuid>, _>>()?;
        let update = shape::fields(kind, &body["update"])?;
        let merge = body["merge_tags"].as_bool().unwrap_or(false);
        let mut keys = Vec::new();
        for id in ids {
            if let Some((key, row)) = self.find(kind, id) {
                let tags = batch_tags(row, &body["update"], merge);
                if tags.as_ref().is_some_and(|tags| tags.len() > MAX_TAGS) {
                    let text = "Tag limit exceeded: maximum 50 tags per item";
                    return Err(Refusal::Invalid(vec![text.into()]));
                }
                keys.push((key.clone(), tags));
            }
        }
        for (key, tags) in keys {
            let mut update = update.clone();
            if let Some(tags) = tags {
                update.insert("tags".into(), json!(tags));
            }
            self.change(kind, &key, &update, call);
        }
        Ok(Reply::empty(204).effect())
    }

    fn change(&mut self, kind: Kind, key: &Key, update: &Fields, call: &Call) {
        let Some(row) = self.table(kind).get_mut(key) else { return };
        for (name, value) in rows::stored(update.clone()) {
            let blank = value.as_str().is_some_and(|text| text.trim().is_empty());
            if patchable(&name) && !blank {
                row.fields.insert(name, value);
            }
        }
        row.version = call.at.as_microsecond();
    }

    fn invent(&mut self, kind: Kind, key: Key, update: Fields, call: &Call) {
        let mut fields = Fields::new();
        fields.insert("start_time".into(), rows::PARTIAL_START.into());
        fields.insert("name".into(), "".into());
        let row = Row::new(fields, call);
        self.table(kind).insert(key.clone(), row);
        self.change(kind, &key, &update, call);
    }
}

fn patchable(name: &str) -> bool {
    !matches!(name, "start_time" | "last_updated_at")
}

/// What a PATCH names has to be where the row is.
fn same(kind: Kind, found: &Key, named: &Key) -> Result<(), Refusal> {
    let what = if found.project != named.project {
        "Project name and workspace name do"
    } else if found.trace != named.trace {
        "trace_id does"
    } else if found.parent != named.parent {
        "parent_span_id does"
    } else {
        return Ok(());
    };
    Err(Refusal::Conflict(format!("{what} not match the existing {}", kind.word())))
}

/// The tags a batch PATCH leaves, or none when it does not touch them.
fn batch_tags(row: &Row, update: &Value, merge: bool) -> Option<Vec<Value>> {
    let list = |value: &Value| value.as_array().cloned();
    let old = row.fields.get("tags").and_then(list).unwrap_or_default();
    let (set, add, remove) = (list(&update["tags"]), list(&update["tags_to_add"]), list(&update["tags_to_remove"]));
    if set.is_none() && add.is_none() && remove.is_none() {
        return None;
    }
    let mut tags = match set {
        Some(set) if !merge => set,
        Some(set) => old.into_iter().chain(set).collect(),
        None => old,
    };
    tags.extend(add.unwrap_or_default());
    let remove = remove.unwrap_or_default();
    let mut out = Vec::new();
    for tag in tags {
        if !remove.contains(&tag) && !out.contains(&tag) {
            out.push(tag);
        }
    }
    Some(out)
}
