//! What to send so that the vendor shows a view (`design.md §5`, `wire/pandaprobe.md §5`).
//!
//! A trace that was never shown is one POST with up to 500 spans, the rest follows once it is
//! visible. What was shown is only ever updated: a second POST would null what it leaves out. The
//! one exception is a start, which no update can change; that row is posted again, complete.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use indexmap::IndexMap;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde::Serialize;

use super::Row;
use super::Rows;
use super::rows;
use super::score;
use super::shown;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Raw;
use crate::canonical::Score;
use crate::canonical::Target;
use crate::canonical::View;
use crate::canonical::complement;
use crate::contract::Bucket;
use crate::contract::Each;
use crate::contract::Outward;
use crate::contract::Plan;
use crate::contract::Request;
use crate::contract::Write;
use crate::dialects::pandaprobe::settings;
use crate::dialects::pandaprobe::wire;

/// Where scores are.
const SCORES: &str = "/evaluations/trace-scores";

/// Keys that an update cannot change.
const FIXED: [&str; 5] = ["trace_id", "span_id", "parent_span_id", "started_at", "spans"];

/// Keys of which an update ignores `null`.
const NEVER_NULL: [&str; 3] = ["name", "status", "kind"];

/// The writes from `shown` to `view`.
pub(in crate::dialects::pandaprobe) fn plan(view: &View, before: Option<&View>, out: &Outward) -> Plan {
    let new = rows(view, out);
    let old = before.map(|before| rows(before, out)).unwrap_or_default();
    let mut planner = Planner {
        trace: view.id,
        path: format!("/traces/{}", shown(view.id, view.id, out)),
        project: settings::vendor_project_name(&out.project.name).into_owned(),
        plan: Plan::default(),
    };
    if new.trace.is_none() && new.spans.is_empty() && view.scores.is_empty() {
        if old.trace.is_some() {
            planner.delete();
        }
        return planner.plan;
    }
    let sent = planner.trace(&new, &old);
    planner.spans(&new, &old, sent);
    planner.scores(view, before, out);
    planner.plan
}

struct Planner {
    trace: Id,
    path: String,
    project: String,
    plan: Plan,
}

impl Planner {
    fn delete(&mut self) {
        let path = self.path.clone();
        self.write(0, Method::DELETE, path, Bytes::new());
    }

    /// The trace's own write; how many of the new spans it carries.
    fn trace(&mut self, new: &Rows, old: &Rows) -> usize {
        let Some(row) = &new.trace else { return 0 };
        let held = old.trace.as_ref();
        if row.whole && !held.is_some_and(|held| held.whole) {
            return self.create(row, new, old);
        }
        let started_anew = row.whole && held.is_some_and(|held| held.wire.started_at != row.wire.started_at);
        if started_anew {
            self.write(0, Method::POST, "/traces".to_owned(), json(&row.wire));
        }
        let subject = format!("trace {}", row.native);
        let body = difference(&row.wire, held.map(|held| &held.wire), &mut self.plan.losses, &subject);
        if !body.is_empty() {
            let path = self.path.clone();
            self.write(u8::from(started_anew), Method::PATCH, path, json(&body));
        }
        if started_anew || !body.is_empty() {
            self.plan.losses.extend(row.losses.iter().cloned());
        }
        0
    }

    fn create(&mut self, row: &Row<wire::Trace>, new: &Rows, old: &Rows) -> usize {
        let mut spans = Vec::new();
        let mut bytes = 0;
        for span in created(new, old) {
            let raw = Raw::of(&span.wire);
            bytes += raw.text().len();
            if spans.len() == settings::SPANS_A_REQUEST || (bytes > settings::BYTES_A_REQUEST && !spans.is_empty()) {
                break;
            }
            spans.push(raw);
            self.plan.losses.extend(span.losses.iter().cloned());
        }
        let carried = spans.len();
        let whole =
            wire::Trace { spans: if spans.is_empty() { Field::Absent } else { Field::Set(spans) }, ..row.wire.clone() };
        self.write(0, Method::POST, "/traces".to_owned(), json(&whole));
        self.plan.losses.extend(row.losses.iter().cloned());
        carried
    }

    /// New spans beyond those already carried, then the changed ones.
    fn spans(&mut self, new: &Rows, old: &Rows, carried: usize) {
        let mut again = Vec::new();
        let mut changes = Vec::new();
        for (id, row) in &new.spans {
            let held = old.spans.get(id);
            if row.whole && !held.is_some_and(|held| held.whole) {
                continue;
            }
            let held = held.map(|held| &held.wire);
            if row.whole && held.is_some_and(|held| held.started_at != row.wire.started_at) {
                again.push(row);
            }
            let subject = format!("span {}", row.native);
            let body = difference(&row.wire, held, &mut self.plan.losses, &subject);
            if row.whole && held.is_some_and(|held| held.parent_span_id != row.wire.parent_span_id) {
                self.lose(subject, "parent", "cannot be changed");
            }
            if !body.is_empty() {
                changes.push((format!("{}/spans/{id}", self.path), row, json(&body)));
            }
        }
        again.extend(created(new, old).skip(carried));
        self.post_spans(&again);
        for (path, row, body) in changes {
            self.plan.losses.extend(row.losses.iter().cloned());
            self.write(1, Method::PATCH, path, body);
            if let Some(write) = self.plan.writes.last_mut() {
                write.target = Target::Span { trace: Some(self.trace), span: row.native };
            }
        }
        for row in old.spans.iter().filter(|(id, _)| !new.spans.contains_key(*id)).map(|(_, row)| row) {
            self.lose(format!("span {}", row.native), "span", "a single span cannot be deleted");
        }
    }

    fn post_spans(&mut self, rows: &[&Row<wire::Span>]) {
        let mut chunk: Vec<Raw> = Vec::new();
        let mut bytes = 0;
        for row in rows {
            let raw = Raw::of(&row.wire);
            let full = chunk.len() == settings::SPANS_A_REQUEST || bytes + raw.text().len() > settings::BYTES_A_REQUEST;
            if full && !chunk.is_empty() {
                self.post_chunk(&chunk);
                chunk.clear();
                bytes = 0;
            }
            bytes += raw.text().len();
            chunk.push(raw);
            self.plan.losses.extend(row.losses.iter().cloned());
        }
        if !chunk.is_empty() {
            self.post_chunk(&chunk);
        }
    }

    fn post_chunk(&mut self, chunk: &[Raw]) {
        let path = format!("{}/spans", self.path);
        self.write(1, Method::POST, path, json(chunk));
    }

    /// Each score that says something new; each POST adds a row, so an earlier one is looked for.
    fn scores(&mut self, view: &View, before: Option<&View>, out: &Outward) {
        let body = |score: &Score| score::body(score, view.id, out);
        let held: Vec<_> = before.iter().flat_map(|before| &before.scores).collect();
        let sent: Vec<_> = held.iter().filter_map(|score| Some(body(score).ok()?.0)).collect();
        for score in &view.scores {
            match body(score) {
                Err(loss) => self.plan.losses.push(loss),
                Ok((body, _)) if sent.contains(&body) => {}
                Ok((body, losses)) => {
                    self.plan.losses.extend(losses);
                    self.score(score, &json(&body), view, out);
                }
            }
        }
        let gone =
            |score: &&&Score| !view.scores.iter().any(|kept| kept.target == score.target && kept.name == score.name);
        for score in held.iter().filter(gone) {
            if let Ok((body, _)) = body(score) {
                self.take_back(score, &json(&body), view, out);
            }
        }
    }

    /// Takes a score back by the ids that its rows have there: each POST added one
    /// (`wire/pandaprobe.md §4`, §10).
    fn take_back(&mut self, score: &Score, body: &Bytes, view: &View, out: &Outward) {
        let subject = format!("score {:?} on {}", score.name, score.target);
        let why = "cannot be taken back without its id at the vendor".to_owned();
        let loss = Loss { subject, path: "score".to_owned(), why, carried: false };
        let look = self.look(score, true, view, out);
        self.write(2, Method::DELETE, SCORES.to_owned(), body.clone());
        if let Some(write) = self.plan.writes.last_mut() {
            write.bucket = Bucket::Score;
            write.target = score.target.clone();
            write.each = Some(Box::new(Each { look, loss }));
        }
    }

    /// The read that shows a score's rows: the latest of its name, or all of them. The latter share one
    /// rate limit with the posts (`wire/pandaprobe.md §13`), so they are asked for where it must be.
    fn look(&self, score: &Score, all: bool, view: &View, out: &Outward) -> Request {
        let trace = shown(view.id, view.id, out);
        let name = utf8_percent_encode(&score.name, NON_ALPHANUMERIC);
        let path = match all {
            true => format!("{SCORES}?trace_id={trace}&name={name}&limit=200"),
            false => format!("{SCORES}/{trace}"),
        };
        let headers = vec![(settings::PROJECT_HEADER, self.project.clone())];
        Request { method: Method::GET, path, headers, bucket: Bucket::Free, ..Request::default() }
    }

    fn score(&mut self, score: &Score, body: &Bytes, view: &View, out: &Outward) {
        // Of a name that the trace and its spans share, the latest may be another's.
        let shared = view.scores.iter().any(|other| other.name == score.name && other.target != score.target);
        let look = self.look(score, shared, view, out);
        self.write(2, Method::POST, SCORES.to_owned(), body.clone());
        if let Some(write) = self.plan.writes.last_mut() {
            write.bucket = Bucket::Score;
            write.target = score.target.clone();
            write.unless = Some(Box::new(look));
        }
    }

    fn lose(&mut self, subject: String, path: &str, why: &str) {
        self.plan.losses.push(Loss { subject, path: path.to_owned(), why: why.to_owned(), carried: false });
    }

    /// Only `POST /traces` counts against the limit of creations (`wire/pandaprobe.md §13`).
    fn write(&mut self, stage: u8, method: Method, path: String, row: Bytes) {
        let bucket = if path == "/traces" { Bucket::Write } else { Bucket::Free };
        self.plan.writes.push(Write {
            stage,
            batch: Arc::default(),
            method,
            path,
            headers: vec![
                (settings::PROJECT_HEADER, self.project.clone()),
                ("content-type", "application/json".to_owned()),
            ],
            row,
            bucket,
            target: Target::Trace(self.trace),
            unless: None,
            each: None,
            once: None,
        });
    }
}

/// The spans that the vendor does not have, in order.
fn created<'a>(new: &'a Rows, old: &'a Rows) -> impl Iterator<Item = &'a Row<wire::Span>> {
    let held = |id: &str| old.spans.get(id).is_some_and(|held| held.whole);
    new.spans.iter().filter(move |(id, row)| row.whole && !held(id)).map(|(_, row)| row)
}

fn json<T: Serialize + ?Sized>(value: &T) -> Bytes {
    Bytes::from(Raw::of(value).text().to_owned())
}

type Members = IndexMap<String, Raw>;

/// The update that leads from one row to another.
fn difference<T: Serialize>(new: &T, old: Option<&T>, losses: &mut Vec<Loss>, subject: &str) -> Members {
    let new = Raw::of(new).members().unwrap_or_default();
    let old = old.and_then(|old| Raw::of(old).members()).unwrap_or_default();
    let mut body = Members::new();
    for (key, value) in &new {
        if FIXED.contains(&key.as_str()) || old.get(key) == Some(value) {
            continue;
        }
        let value = match key.as_str() {
            "metadata" => merge(Some(value), old.get(key), losses, subject),
            _ => value.clone(),
        };
        body.insert(key.clone(), value);
    }
    for (key, value) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
        match key.as_str() {
            key if FIXED.contains(&key) || NEVER_NULL.contains(&key) => continue,
            "tags" => body.insert(key.clone(), Raw::of::<[&str]>(&[])),
            "metadata" => body.insert(key.clone(), merge(None, Some(value), losses, subject)),
            _ => body.insert(key.clone(), Raw::of(&())),
        };
    }
    body
}

/// Metadata merges by key and forgets none: what is gone becomes `null`, an old complement `{}`.
fn merge(new: Option<&Raw>, old: Option<&Raw>, losses: &mut Vec<Loss>, subject: &str) -> Raw {
    let new = new.and_then(Raw::members).unwrap_or_default();
    let old = old.and_then(Raw::members).unwrap_or_default();
    let mut out: Members =
        new.iter().filter(|(key, value)| old.get(*key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())).collect();
    for key in old.into_keys().filter(|key| !new.contains_key(key)) {
        if key == complement::KEY {
            out.insert(key, Raw::of(&Members::new()));
            continue;
        }
        let why = format!("the removed key {key:?} stays as null");
        losses.push(Loss { subject: subject.to_owned(), path: "metadata".to_owned(), why, carried: false });
        out.insert(key, Raw::of(&()));
    }
    Raw::of(&out)
}
