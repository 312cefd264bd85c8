//! Searching and deleting: flat records, filtered and paged (`wire/galileo.md` §4.7).

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, Outcome, Refusal, Reply, Store, faults, read, request, sessions};

impl Store {
    /// `what` is `traces`, `spans` or `sessions`.
    pub(super) fn search(&self, project: Uuid, what: &str, call: &Call) -> Outcome {
        let body = request::body(call)?;
        let mut found = self.select(project, what, &body)?;
        sort(&mut found, &body["sort"]);
        let number = |name: &str, default| body[name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(default);
        let (skip, limit) = (number("starting_token", 0), number("limit", 100));
        let next = (found.len() > skip + limit).then_some(skip + limit);
        let records: Vec<Value> = found.into_iter().skip(skip).take(limit).collect();
        Ok(Reply::json(
            200,
            json!({
                "starting_token": skip, "limit": limit, "paginated": next.is_some(),
                "next_starting_token": next, "last_row_id": records.last().map(|row| &row["id"]),
                "records": records,
            }),
        ))
    }

    /// Deletes what a search would find; a trace goes with its spans, a span with those below it.
    pub(super) fn delete(&mut self, project: Uuid, what: &str, call: &Call) -> Outcome {
        let body = request::body(call)?;
        let found = self.select(project, what, &body)?;
        let count = found.len();
        let mut gone: HashSet<Value> = found.into_iter().map(|mut record| record["id"].take()).collect();
        loop {
            let known = gone.len();
            let mine = self.records.iter().filter(|((home, _), _)| *home == project);
            let below = mine.filter(|(_, record)| record.parent.is_some_and(|parent| gone.contains(&json!(parent))));
            let below: Vec<Value> = below.map(|((_, id), _)| json!(id)).collect();
            gone.extend(below);
            if gone.len() == known {
                break;
            }
        }
        self.records.retain(|(home, id), _| *home != project || !gone.contains(&json!(id)));
        Ok(Reply::json(200, json!({"message": format!("{count} {what} deleted.")})).effect())
    }

    /// The flat records that a request's filters leave.
    fn select(&self, project: Uuid, what: &str, body: &Value) -> Result<Vec<Value>, Refusal> {
        self.known_project(project)?;
        let mut found: Vec<Value> = match what {
            "sessions" => {
                let mine = self.sessions.iter().filter(|one| one.project == project);
                mine.map(sessions::session_shape).collect()
            }
            _ => {
                let kind = |parent: Option<Uuid>| parent.is_none() == (what == "traces");
                let mine = self.records.iter().filter(|((home, _), record)| *home == project && kind(record.parent));
                mine.map(|((_, id), record)| read::shape(project, *id, record)).collect()
            }
        };
        for name in ["log_stream_id", "experiment_id", "metrics_testing_id"] {
            found.retain(|record| body[name].is_null() || record["run_id"] == body[name]);
        }
        let filters = body["filters"].as_array().map_or(&[][..], Vec::as_slice);
        found.retain(|record| filters.iter().all(|filter| hit(record, filter)));
        Ok(found)
    }
}

fn sort(records: &mut [Value], sort: &Value) {
    let column = sort["column_id"].as_str().unwrap_or("created_at");
    let key = |record: &Value| (faults::instant(&record[column]), record[column].to_string());
    records.sort_by_key(key);
    if !sort["ascending"].as_bool().unwrap_or(!sort.is_null()) {
        records.reverse();
    }
}

/// One filter; `name` is an alias of `column_id`.
fn hit(record: &Value, filter: &Value) -> bool {
    let column = filter["column_id"].as_str().or(filter["name"].as_str()).unwrap_or_default();
    let (cell, value) = (&record[column], &filter["value"]);
    let listed = || value.as_array().is_some_and(|all| all.contains(cell));
    let order = || match (cell.as_f64(), value.as_f64()) {
        (Some(cell), Some(value)) => cell.partial_cmp(&value),
        _ => faults::instant(cell).partial_cmp(&faults::instant(value)),
    };
    match filter["operator"].as_str().unwrap_or("eq") {
        "eq" => cell == value,
        "ne" => cell != value,
        "one_of" => listed(),
        "not_in" => !listed(),
        "contains" => match cell {
            Value::Array(items) => items.contains(value),
            _ => cell.as_str().zip(value.as_str()).is_some_and(|(cell, part)| cell.contains(part)),
        },
        "gt" => order().is_some_and(|order| order.is_gt()),
        "gte" => order().is_some_and(|order| order.is_ge()),
        "lt" => order().is_some_and(|order| order.is_lt()),
        "lte" => order().is_some_and(|order| order.is_le()),
        _ => false,
    }
}
