//! Scores of traces: every POST a row, the latest of a name shown (`wire/pandaprobe.md` §10).

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, Outcome, Refusal, Reply, Store, lenient, read, schema, times, write};

const TYPES: [&str; 3] = ["NUMERIC", "BOOLEAN", "CATEGORICAL"];
const SOURCES: [&str; 3] = ["ANNOTATION", "PROGRAMMATIC", "AUTOMATED"];
const MAX_TEXT: usize = 255;

pub(super) struct Score {
    id: Uuid,
    pub(super) trace: Uuid,
    /// The poster's project, which need not be the trace's (§5.4).
    project: String,
    row: Value,
}

impl Store {
    pub(super) fn score(&mut self, project: &str, call: &Call) -> Outcome {
        let body = write::body(call)?;
        let trace = check(&body)?;
        let long = |name: &str| body[name].as_str().is_some_and(|text| text.chars().count() > MAX_TEXT);
        if long("name") || long("value") || lenient::unstorable(&body) || !self.traces.contains_key(&trace) {
            return Err(Refusal::Crash);
        }
        let id = call.mint_v4();
        let or = |name: &str, default: Value| if body[name].is_null() { default } else { body[name].clone() };
        let now = times::text(call.at);
        let row = json!({
            "id": id, "trace_id": trace, "project_id": self.project_id(project),
            "name": body["name"], "data_type": or("data_type", json!("NUMERIC")),
            "value": body["value"], "source": or("source", json!("ANNOTATION")),
            "status": "SUCCESS", "eval_run_id": null, "author_user_id": null,
            "reason": body["reason"], "environment": null, "config_id": null,
            "metadata": or("metadata", json!({})), "created_at": now, "updated_at": now,
        });
        self.scores.push(Score { id, trace, project: project.to_owned(), row: row.clone() });
        Ok(Reply::json(201, row).effect())
    }

    pub(super) fn list_scores(&self, project: &str, call: &Call) -> Outcome {
        let (limit, offset) = read::window(call, 50, 200)?;
        let same = |row: &Value, name: &str| call.ask(name).is_none_or(|want| row[name] == want);
        let fields = ["trace_id", "name", "source", "status", "data_type"];
        let mine = self.scores.iter().rev().filter(|score| score.project == project).map(|score| &score.row);
        let found: Vec<&Value> = mine.filter(|row| fields.iter().all(|name| same(row, name))).collect();
        let items: Vec<&Value> = found.iter().skip(offset).take(limit).copied().collect();
        Ok(Reply::json(200, json!({"items": items, "total": found.len(), "limit": limit, "offset": offset})))
    }

    /// The latest score of each name; an unknown trace has none.
    pub(super) fn scores_of(&self, project: &str, trace: &str) -> Outcome {
        let trace = write::path_id(trace, "trace_id")?;
        let mut out: Vec<&Value> = Vec::new();
        for score in self.scores.iter().rev().filter(|score| score.trace == trace && score.project == project) {
            if !out.iter().any(|row| row["name"] == score.row["name"]) {
                out.push(&score.row);
            }
        }
        Ok(Reply::json(200, json!(out)))
    }

    pub(super) fn patch_score(&mut self, project: &str, id: &str, call: &Call) -> Outcome {
        let id = write::path_id(id, "score_id")?;
        let body = write::body(call)?;
        let found = self.scores.iter_mut().find(|score| score.id == id && score.project == project);
        let row = &mut found.ok_or_else(|| no_score(id))?.row;
        if let Some(value) = body["value"].as_str() {
            fits(row["data_type"].as_str().unwrap_or_default(), value)
                .map_err(|text| Refusal::Detail(422, text.to_owned()))?;
        }
        for name in ["value", "reason", "metadata"] {
            if !body[name].is_null() {
                row[name] = body[name].clone();
            }
        }
        row["status"] = json!("SUCCESS");
        row["source"] = json!("ANNOTATION");
        row["updated_at"] = json!(times::text(call.at));
        Ok(Reply::json(200, row.clone()).effect())
    }

    pub(super) fn delete_score(&mut self, project: &str, id: &str) -> Outcome {
        let id = write::path_id(id, "score_id")?;
        let before = self.scores.len();
        self.scores.retain(|score| score.id != id || score.project != project);
        if self.scores.len() == before {
            return Err(no_score(id));
        }
        Ok(Reply::empty(204).effect())
    }

    /// Every row, oldest first, with the poster's project by name.
    pub(in crate::sandbox) fn scores(&self) -> Value {
        let shown = self.scores.iter().map(|score| {
            let mut row = score.row.clone();
            row["project_name"] = json!(score.project);
            row
        });
        shown.collect()
    }
}

fn no_score(id: Uuid) -> Refusal {
    Refusal::missing(format!("Trace score {id} not found."))
}

fn check(body: &Value) -> Result<Uuid, Refusal> {
    let mut errors = Vec::new();
    let mut wrong = |name: &str, message: &str| errors.push((name.to_owned(), message.to_owned()));
    let trace = match &body["trace_id"] {
        Value::Null => Err("Field required".to_owned()),
        id => schema::id(id),
    };
    if let Err(message) = &trace {
        wrong("trace_id", message);
    }
    for name in ["name", "value"] {
        match &body[name] {
            Value::String(_) => {}
            Value::Null => wrong(name, "Field required"),
            _ => wrong(name, "Input should be a valid string"),
        }
    }
    for (name, known) in [("data_type", TYPES), ("source", SOURCES)] {
        let fine = body[name].is_null() && body.get(name).is_none();
        if !fine && !body[name].as_str().is_some_and(|text| known.contains(&text)) {
            wrong(name, &format!("Input should be '{}', '{}' or '{}'", known[0], known[1], known[2]));
        }
    }
    if !errors.is_empty() {
        return Err(Refusal::Fields(errors));
    }
    let kind = body["data_type"].as_str().unwrap_or("NUMERIC");
    fits(kind, body["value"].as_str().unwrap_or_default())
        .map_err(|text| Refusal::field("", format!("Value error, {text}")))?;
    trace.map_err(|message| Refusal::field("trace_id", message))
}

/// A value of its type: Python's float syntax from 0 to 1, or true and false in any case.
fn fits(kind: &str, value: &str) -> Result<(), &'static str> {
    let unit = |number: f64| (0.0..=1.0).contains(&number);
    match kind {
        "NUMERIC" if !value.trim().replace('_', "").parse().is_ok_and(unit) => {
            Err("NUMERIC score must be in [0.0, 1.0]")
        }
        "BOOLEAN" if !matches!(value.to_lowercase().as_str(), "true" | "false") => {
            Err("BOOLEAN score must be 'true' or 'false'")
        }
        _ => Ok(()),
    }
}
