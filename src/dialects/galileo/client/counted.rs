//! A success that tells counts is compared with what was sent (`wire/galileo.md §4.2`); where they fall
//! short, reading shows what is there. Never a refusal: how records are counted is not settled (§9.4).

use std::collections::HashSet;

use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::ask;
use crate::contract::Answer;
use crate::contract::Request;
use crate::contract::Verdict;
use crate::contract::Write;
use crate::contract::pause;

/// The bodies of `POST …/traces` and `POST …/spans`, as far as they are counted.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Sent {
    traces: Vec<Step>,
    spans: Vec<Step>,
    trace_id: Option<String>,
}

/// A step sent or read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Step {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
    spans: Option<Vec<Step>>,
}

impl Step {
    fn under(&self) -> u64 {
        self.spans.iter().flatten().map(|span| 1 + span.under()).sum()
    }

    fn note<'a>(&'a self, ids: &mut HashSet<&'a str>) {
        ids.extend(self.id.as_deref());
        self.spans.iter().flatten().for_each(|span| span.note(ids));
    }
}

/// The verdict on a success.
pub(super) fn judge(request: &Request, answer: &Answer) -> Verdict {
    let creates = creates(&request.method, &request.path);
    match creates.then(|| shortage(request, answer)).flatten() {
        Some(why) => Verdict::Doubtful(why),
        None if pause::is_page(answer) && creates => Verdict::Doubtful("a page, not an answer".to_owned()),
        None if pause::is_page(answer) => Verdict::Retry(None),
        None => Verdict::Delivered,
    }
}

fn creates(method: &Method, path: &str) -> bool {
    method == Method::POST && (path.ends_with("/traces") || path.ends_with("/spans"))
}

/// What the answer's counts lack, where it tells any; a tree too deep to be counted is not.
fn shortage(request: &Request, answer: &Answer) -> Option<String> {
    let told: Value = serde_json::from_slice(&answer.body).ok()?;
    ["records_count", "traces_count", "trace_ids"].iter().find(|key| !told[**key].is_null())?;
    let sent: Sent = serde_json::from_slice(request.body.as_ref()?).ok()?;
    let traces = sent.traces.len() as u64;
    let spans = sent.traces.iter().map(Step::under).sum::<u64>();
    let spans = spans + sent.spans.iter().map(|span| 1 + span.under()).sum::<u64>();
    for (key, sent) in [("traces_count", traces), ("spans_count", spans), ("records_count", traces + spans)] {
        if let Some(count) = told[key].as_u64().filter(|count| *count < sent) {
            return Some(format!("{key} says {count} of {sent}"));
        }
    }
    let listed = told["trace_ids"].as_array()?;
    let lacks = |id: &String| !listed.iter().any(|listed| listed == id);
    let lacking = sent.traces.iter().filter_map(|trace| trace.id.as_ref()).find(|id| lacks(id))?;
    Some(format!("trace_ids lacks {lacking}"))
}

/// The read that shows whether a created trace, or new spans of one, are there.
pub(in crate::dialects::galileo) fn confirm(write: &Write) -> Option<Request> {
    if !creates(&write.method, &write.path) {
        return None;
    }
    let sent: Sent = serde_json::from_slice(&write.row).ok()?;
    let trace = sent.traces.into_iter().find_map(|trace| trace.id).or(sent.trace_id)?;
    let (project, _) = write.path.rsplit_once('/')?;
    Some(ask(format!("{project}/traces/{trace}")))
}

/// Whether a read shows every step that a write sent.
pub(in crate::dialects::galileo) fn confirmed(write: &Write, answer: &Answer) -> bool {
    answer.status == 200 && shows(write, answer).unwrap_or(false)
}

fn shows(write: &Write, answer: &Answer) -> Option<bool> {
    let sent: Sent = serde_json::from_slice(&write.row).ok()?;
    let got: Step = serde_json::from_slice(&answer.body).ok()?;
    let (mut wanted, mut held) = (HashSet::new(), HashSet::new());
    sent.traces.iter().chain(&sent.spans).for_each(|step| step.note(&mut wanted));
    got.note(&mut held);
    // Of a trace only heard of, the record is still missing (`wire/galileo.md §4.5`).
    let stub = got.kind.as_deref() == Some("stub_trace") && !sent.traces.is_empty();
    Some(!stub && wanted.is_subset(&held))
}
