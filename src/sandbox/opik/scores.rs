//! Feedback scores: one a (project, entity, author, name), repeats overwrite (`wire/opik.md` §4.6).

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Call, Kind, Outcome, Refusal, Reply, Store, refusal, times, write};

const LIMIT: f64 = 999_999_999.999_999_9;
const SOURCES: [&str; 3] = ["ui", "sdk", "online_scoring"];
/// The author the self-hosted server notes for everybody.
const NOBODY: &str = "admin";

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ScoreKey {
    /// `trace`, `span` or `thread`.
    pub(super) kind: String,
    pub(super) project: Uuid,
    /// The entity's id; for threads the caller's own text.
    pub(super) entity: String,
    pub(super) name: String,
    pub(super) author: String,
}

impl Store {
    /// PUT of up to 1000 scores; whether the entities exist is not asked (§6.5).
    pub(super) fn put_scores(&mut self, kind: &str, call: &Call) -> Outcome {
        let body = refusal::body(call)?;
        let items = write::list(&body, "scores")?;
        let field = if kind == "thread" { "thread_id" } else { "id" };
        let mut errors = Vec::new();
        for (index, item) in items.iter().enumerate() {
            readable(item)?;
            check(item, &format!("scores[{index}]."), &mut errors);
            if item[field].as_str().is_none_or(|id| id.trim().is_empty()) {
                let java = if kind == "thread" { "threadId" } else { "id" };
                errors.push(format!("scores[{index}].{java} must not be null"));
            }
        }
        if !errors.is_empty() {
            return Err(Refusal::Invalid(errors));
        }
        for item in items.iter().filter(|_| kind != "thread") {
            refusal::version_seven(refusal::uuid(&item["id"])?, kind)?;
        }
        for item in items {
            let project = match &item["project_id"] {
                Value::Null => self.project(item["project_name"].as_str(), call),
                id => refusal::uuid(id)?,
            };
            let entity = item[field].as_str().unwrap_or_default().to_lowercase();
            let entity = if kind == "thread" { item[field].as_str().unwrap_or_default().to_owned() } else { entity };
            self.put(kind, project, entity, item, call);
        }
        Ok(Reply::empty(204).effect())
    }

    /// PUT of one score to an entity that has to be there.
    pub(super) fn put_score(&mut self, kind: Kind, id: &str, call: &Call) -> Outcome {
        let uuid = refusal::uuid(&id.into())?;
        let body = refusal::body(call)?;
        readable(&body)?;
        let mut errors = Vec::new();
        check(&body, "", &mut errors);
        if !errors.is_empty() {
            return Err(Refusal::Invalid(errors));
        }
        let found = self.find(kind, uuid).map(|(key, _)| key.project);
        let project = found.ok_or_else(|| Refusal::NotFound(kind, id.to_owned()))?;
        self.put(kind.word(), project, uuid.to_string(), &body, call);
        Ok(Reply::empty(204).effect())
    }

    pub(super) fn delete_score(&mut self, kind: Kind, id: &str, call: &Call) -> Outcome {
        let id = refusal::uuid(&id.into())?.to_string();
        let body = refusal::body(call)?;
        let Some(name) = body["name"].as_str().filter(|name| !name.trim().is_empty()) else {
            return Err(Refusal::Invalid(vec!["name must not be blank".into()]));
        };
        let author = body["author"].as_str();
        self.scores.retain(|key, _| {
            let hit = key.kind == kind.word() && key.entity == id && key.name == name;
            !(hit && author.is_none_or(|author| author == key.author))
        });
        Ok(Reply::empty(204).effect())
    }

    fn put(&mut self, kind: &str, project: Uuid, entity: String, item: &Value, call: &Call) {
        let text = |name: &str| item[name].as_str().map(str::to_owned);
        let key = ScoreKey {
            kind: kind.to_owned(),
            project,
            entity,
            name: text("name").unwrap_or_default(),
            author: text("author").unwrap_or_else(|| NOBODY.to_owned()),
        };
        let now = times::text(call.at);
        let created = self.scores.get(&key).map_or(json!(now), |old| old["created_at"].clone());
        let mut row = Map::new();
        row.insert("name".into(), json!(key.name));
        for field in ["category_name", "value", "reason", "source", "source_queue_id"] {
            if !item[field].is_null() {
                row.insert(field.into(), item[field].clone());
            }
        }
        row.insert("created_at".into(), created);
        row.insert("last_updated_at".into(), json!(now));
        row.insert("created_by".into(), json!(key.author));
        row.insert("last_updated_by".into(), json!(key.author));
        self.scores.insert(key, Value::Object(row));
    }

    /// The scores of one entity as its read shape shows them; several authors average.
    pub(super) fn scores_of(&self, kind: Kind, project: Uuid, entity: &str) -> Vec<Value> {
        let mut out: Vec<Value> = Vec::new();
        for (key, row) in &self.scores {
            if key.kind != kind.word() || key.project != project || key.entity != entity {
                continue;
            }
            match out.iter_mut().find(|shown| shown["name"] == row["name"]) {
                Some(shown) => shown["value_by_author"][&key.author] = row.clone(),
                None => {
                    let mut shown = row.clone();
                    shown["value_by_author"] = json!({ key.author.as_str(): row });
                    out.push(shown);
                }
            }
        }
        out.iter_mut().for_each(average);
        out
    }

    pub(in crate::sandbox) fn scores(&self) -> Value {
        let shown = self.scores.iter().map(|(key, row)| {
            let mut shown = row.clone();
            shown["entity_type"] = json!(key.kind);
            shown["entity_id"] = json!(key.entity);
            shown["project_id"] = json!(key.project);
            shown["project_name"] = json!(self.project_name(key.project));
            shown["author"] = json!(key.author);
            shown
        });
        shown.collect()
    }
}

fn average(shown: &mut Value) {
    let Some(authors) = shown["value_by_author"].as_object() else { return };
    let values: Vec<f64> = authors.values().filter_map(|row| row["value"].as_f64()).collect();
    if values.len() > 1 {
        #[expect(clippy::cast_precision_loss, reason = "a handful of authors")]
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        shown["value"] = json!(mean);
    }
}

fn readable(item: &Value) -> Result<(), Refusal> {
    let unreadable = |what: &str| Refusal::unreadable(format!("Cannot deserialize value of type `{what}`"));
    match &item["source"] {
        Value::Null => {}
        Value::String(source) if SOURCES.contains(&source.as_str()) => {}
        _ => return Err(unreadable("ScoreSource")),
    }
    match &item["value"] {
        Value::Null | Value::Number(_) => Ok(()),
        Value::String(text) if text.parse::<f64>().is_ok() => Ok(()),
        _ => Err(unreadable("java.math.BigDecimal")),
    }
}

fn check(item: &Value, prefix: &str, errors: &mut Vec<String>) {
    let mut wrong = |text: &str| errors.push(format!("{prefix}{text}"));
    if item["name"].as_str().is_none_or(|name| name.trim().is_empty()) {
        wrong("name must not be blank");
    }
    if item["source"].is_null() {
        wrong("source must not be null");
    }
    match item["value"].as_f64() {
        None => wrong("value must not be null"),
        Some(value) if value.abs() > LIMIT => {
            wrong("value must be between -999999999.999999999 and 999999999.999999999")
        }
        Some(_) => {}
    }
}
