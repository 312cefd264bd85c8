//! `PATCH` of a trace or span (`wire/galileo.md §4.4`, §8): null and absent change nothing, tags add.

use std::mem::take;

use super::QUIET;
use super::client_project;
use super::fault;
use super::step;
use super::stream;
use crate::canonical::Completion;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Loss;
use crate::canonical::Op;
use crate::canonical::Payload;
use crate::canonical::Rank;
use crate::canonical::Span;
use crate::canonical::Status;
use crate::canonical::Tags;
use crate::canonical::Target;
use crate::canonical::Trace;
use crate::contract::Call;
use crate::contract::Decoded;
use crate::contract::Refusal;
use crate::dialects::galileo::settings::NAME;
use crate::dialects::galileo::wire;

/// A change of a trace.
pub(super) fn trace(project: &str, id: Id, call: &Call) -> Result<Decoded, Refusal> {
    let mut body: wire::Update = fault::body(&call.body)?;
    same_id(&body.trace_id, id, "trace_id")?;
    let mut facts = Trace { id, ..Trace::default() };
    facts.project = Field::Set(client_project(project, stream_of(&body)));
    (facts.status, facts.http_code) = status(take(&mut body.status_code));
    facts.input = take(&mut body.input).null_is_absent().map(Payload);
    facts.output = take(&mut body.output).null_is_absent().map(Payload);
    facts.duration = take(&mut body.duration_ns).null_is_absent();
    facts.tags = tags(take(&mut body.tags));
    if body.is_complete.get() == Some(&true) {
        facts.completion = Completion::ClosedWhole;
    }
    Ok(decoded(Op::Trace(Box::new(facts)), fault::unknown(&Target::Trace(id), &body.extra)))
}

/// A change of a span; its trace is not told.
pub(super) fn span(project: &str, id: Id, call: &Call) -> Result<Decoded, Refusal> {
    let mut body: wire::Update = fault::body(&call.body)?;
    same_id(&body.span_id, id, "span_id")?;
    let mut facts = Span { id, ..Span::default() };
    facts.project = Field::Set(client_project(project, stream_of(&body)));
    (facts.status, facts.http_code) = status(take(&mut body.status_code));
    facts.input = take(&mut body.input).null_is_absent().map(Payload);
    facts.output = take(&mut body.output).null_is_absent().map(Payload);
    facts.duration = take(&mut body.duration_ns).null_is_absent();
    facts.tags = tags(take(&mut body.tags));
    facts.ended = facts.output.is_set() || facts.status.is_set() || facts.duration.is_set();
    Ok(decoded(Op::Span(Box::new(facts)), fault::unknown(&Target::Span { trace: None, span: id }, &body.extra)))
}

/// The id in the body, where there is one, must be the path's.
fn same_id(field: &Field<String>, id: Id, path: &str) -> Result<(), Refusal> {
    match field.get() {
        Some(text) if fault::uuid(text, path)? != id => Err(fault::rule(path, "Must be the id in the path")),
        _ => Ok(()),
    }
}

fn stream_of(body: &wire::Update) -> Option<String> {
    stream(&[&body.log_stream_id, &body.experiment_id, &body.metrics_testing_id])
}

fn tags(field: Field<Vec<String>>) -> Field<Tags> {
    let add = field.take().filter(|tags| !tags.is_empty());
    add.map(|add| Tags::Change { add, remove: Vec::new() }).into()
}

/// A number that says no more than the status takes back one that did.
fn status(code: Field<i64>) -> (Field<Status>, Field<i64>) {
    match step::status(code) {
        (status @ Field::Set(_), Field::Absent) => (status, Field::Null),
        other => other,
    }
}

fn decoded(op: Op, losses: Vec<Loss>) -> Decoded {
    let item = Item { path: String::new(), origin: NAME, rank: Rank::Patch, op };
    Decoded { items: vec![item], quiet: QUIET, losses }
}
