//! From a view to the vendor's requests: whole rows wherever the create is held, its own updates else.

mod late;
mod reserve;
mod rows;
mod scores;
mod values;

use std::mem;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use indexmap::IndexMap;
use serde::Serialize;

use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Raw;
use crate::canonical::SpanView;
use crate::canonical::Target;
use crate::canonical::TraceView;
use crate::canonical::View;
use crate::canonical::ids;
use crate::contract::Bucket;
use crate::contract::Outward;
use crate::contract::Plan;
use crate::contract::Write;

pub(super) use rows::bare_span;
pub(super) use rows::bare_trace;
pub(super) use rows::counts;
pub(super) use rows::kind;
pub(super) use scores::public as score_row;

/// Where the vendor's own API begins.
pub(super) const ROOT: &str = "/v1/private";

/// What must be sent so that the vendor shows `view`.
///
/// `view` may hold only some of the trace's rows; `shown` then holds the same subjects as they were
/// shown. A score that only `shown` has is taken back; a trace of which `view` has nothing at all is
/// deleted. Order does not matter to this vendor (`wire/opik.md §6.5`): everything is stage 0.
pub(super) fn plan(view: &View, shown: Option<&View>, out: &Outward) -> Plan {
    let mut plan = Planned::of(view, out);
    let empty = view.trace.is_none() && view.spans.is_empty() && view.scores.is_empty();
    if empty && shown.is_some_and(|shown| shown.trace.is_some() || !shown.spans.is_empty()) {
        plan.plan.writes.push(delete(view, out));
        return plan.done();
    }
    if let Some(trace) = &view.trace {
        let before = shown.and_then(|shown| shown.trace.as_ref());
        plan.trace(view, trace, before);
    }
    for span in &view.spans {
        let before = shown.and_then(|shown| shown.span(span.facts.id));
        plan.span(view, span, before);
    }
    scores::plan(view, shown, out, &mut plan.plan);
    plan.done()
}

/// An id in the vendor's form.
pub(super) fn vendor_id(id: Id, trace: Id, out: &Outward) -> String {
    ids::text(vendor_bytes(id, trace, out))
}

fn vendor_bytes(id: Id, trace: Id, out: &Outward) -> [u8; 16] {
    let scoped = out.scoped(id, trace);
    match out.fresh.get(&id.stem()) {
        Some(ms) => scoped.v7_at(*ms),
        None if out.retimed => scoped.v7_at(out.trace_ms),
        None => scoped.v7(out.trace_ms),
    }
}

/// A plan that is being made.
struct Planned<'a> {
    plan: Plan,
    out: &'a Outward,
    /// What writes of whole traces, and of whole spans, share a request by.
    batches: [Arc<str>; 2],
    /// Where rows are written one after another: they share their memory.
    text: Vec<u8>,
    /// The writes whose rows stand there, and where.
    rows: Vec<(usize, Range<usize>)>,
    /// About how many rows are still to be written.
    left: usize,
}

impl<'a> Planned<'a> {
    fn of(view: &View, out: &'a Outward) -> Self {
        let batches = ["traces", "spans"].map(|rows| Arc::from(format!("{rows} {}", out.project.name)));
        let left = view.spans.len() + usize::from(view.trace.is_some());
        let plan = Plan { writes: Vec::with_capacity(left), ..Plan::default() };
        Self { plan, out, batches, text: Vec::new(), rows: Vec::with_capacity(left), left }
    }

    fn trace(&mut self, view: &View, trace: &TraceView, before: Option<&TraceView>) {
        let (out, target) = (self.out, Target::Trace(view.id));
        let mut losses = Vec::new();
        if trace.whole {
            let mut row = rows::trace(trace, out, &mut losses);
            let before = before.filter(|before| before.whole).map(|before| rows::trace(before, out, &mut Vec::new()));
            if before.as_ref() == Some(&row) {
                return;
            }
            if late::applies(view.id, before.is_some(), out) {
                let rows = ("traces", view.id, view.id);
                return late::plan(rows, (&row, before.as_ref()), out, (&mut self.plan, losses));
            }
            row.last_updated_at = Field::Set(trace.version.rfc3339(6));
            let about = payload([&row.input, &row.output, &row.metadata]);
            return self.create("traces", target, (&row, about), losses);
        }
        let update = rows::trace_update(trace, out, &mut losses);
        let before = before.map(|before| rows::trace_update(before, out, &mut Vec::new()));
        if let Some(row) = changed(&update, before.as_ref(), late::OF_TRACE) {
            self.plan.push(patch("traces", view.id, view.id, target, &row, out), losses);
        }
    }

    fn span(&mut self, view: &View, span: &SpanView, before: Option<&SpanView>) {
        let (out, id) = (self.out, span.facts.id);
        let target = Target::Span { trace: Some(view.id), span: id };
        let mut losses = Vec::new();
        if span.whole {
            let mut row = rows::span(span, view.id, out, &mut losses);
            let before = before.filter(|before| before.whole);
            let before = before.map(|before| rows::span(before, view.id, out, &mut Vec::new()));
            if before.as_ref() == Some(&row) {
                return;
            }
            if late::applies(id, before.is_some(), out) {
                let rows = ("spans", id, view.id);
                return late::plan(rows, (&row, before.as_ref()), out, (&mut self.plan, losses));
            }
            row.last_updated_at = Field::Set(span.version.rfc3339(6));
            let about = payload([&row.input, &row.output, &row.metadata]);
            return self.create("spans", target, (&row, about), losses);
        }
        let update = rows::span_update(span, view.id, out, &mut losses);
        let before = before.map(|before| rows::span_update(before, view.id, out, &mut Vec::new()));
        if let Some(row) = changed(&update, before.as_ref(), late::OF_SPAN) {
            self.plan.push(patch("spans", id, view.id, target, &row, out), losses);
        }
    }

    /// A whole row, with `about` so many bytes of payload.
    fn create<T: Serialize>(&mut self, rows: &str, target: Target, (row, about): (&T, usize), losses: Vec<Loss>) {
        let [traces, spans] = &self.batches;
        let batch = Arc::clone(if rows == "traces" { traces } else { spans });
        self.make_room(about + ROW);
        let start = self.text.len();
        if serde_json::to_writer(&mut self.text, row).is_err() {
            self.text.truncate(start);
            self.text.extend(b"null");
        }
        self.rows.push((self.plan.writes.len(), start..self.text.len()));
        let write = Write {
            stage: 0,
            batch,
            method: Method::POST,
            path: [ROOT, "/", rows, "/batch"].concat(),
            headers: Vec::new(),
            row: Bytes::new(),
            bucket: Bucket::Write,
            target,
            unless: None,
            each: None,
        };
        self.plan.push(write, losses);
    }

    /// Makes room for a row, and for those that follow if they are alike.
    fn make_room(&mut self, row: usize) {
        if self.text.capacity() - self.text.len() < row {
            self.hand_out();
            let all = row.saturating_mul(self.left.max(1)).min(TOGETHER);
            self.text = Vec::with_capacity(row.max(all));
        }
        self.left = self.left.saturating_sub(1);
    }

    /// Gives the writes their rows.
    fn hand_out(&mut self) {
        let text = Bytes::from(mem::take(&mut self.text));
        for (write, place) in self.rows.drain(..) {
            self.plan.writes[write].row = text.slice(place);
        }
    }

    fn done(mut self) -> Plan {
        self.hand_out();
        self.plan
    }
}

impl Plan {
    fn push(&mut self, write: Write, losses: Vec<Loss>) {
        self.writes.push(write);
        self.losses.extend(losses);
    }
}

/// The members of an update that differ from the one before, with those that every update must carry
/// (`wire/opik.md §3.2`); `None` when nothing differs.
fn changed<T: Serialize>(update: &T, before: Option<&T>, always: &[&str]) -> Option<IndexMap<String, Raw>> {
    let mut members = Raw::of(update).members()?;
    let before = before.and_then(|before| Raw::of(before).members()).unwrap_or_default();
    members.retain(|key, value| always.contains(&key.as_str()) || before.get(key) != Some(value));
    members.keys().any(|key| !always.contains(&key.as_str())).then_some(members)
}

fn patch<T: Serialize>(rows: &str, id: Id, trace: Id, target: Target, row: &T, out: &Outward) -> Write {
    let path = format!("{ROOT}/{rows}/{}", vendor_id(id, trace, out));
    alone(Method::PATCH, path, row, Bucket::Free, target)
}

fn delete(view: &View, out: &Outward) -> Write {
    let body = IndexMap::from([("ids", [vendor_id(view.id, view.id, out)])]);
    alone(Method::POST, format!("{ROOT}/traces/delete"), &body, Bucket::Free, Target::Trace(view.id))
}

fn alone<T: Serialize>(method: Method, path: String, body: &T, bucket: Bucket, target: Target) -> Write {
    let (batch, headers, row) = (Arc::default(), Vec::new(), json(body));
    Write { stage: 0, batch, method, path, headers, row, bucket, target, unless: None, each: None }
}

/// A row's own facts take about so much; payloads come on top.
const ROW: usize = 768;
/// The most memory that rows share: one that waits holds that of all.
const TOGETHER: usize = 64 << 10;

/// A value as JSON.
fn json<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value).map_or(Bytes::from_static(b"null"), Bytes::from)
}

/// How many bytes the payloads of a row take.
fn payload(fields: [&Field<Raw>; 3]) -> usize {
    fields.iter().filter_map(|field| field.get()).map(|raw| raw.text().len()).sum()
}

fn lose(losses: &mut Vec<Loss>, subject: &str, path: &str, why: &str) {
    let (subject, path, why) = (subject.to_owned(), path.to_owned(), why.to_owned());
    losses.push(Loss { subject, path, why, carried: false });
}
