//! One step, trace or span, as facts. What is not taken out of it stays and becomes `extra`.

use std::mem::take;

use indexmap::IndexMap;

use super::fault;
use super::metadata;
use super::metrics;
use crate::canonical::Extra;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Kind;
use crate::canonical::Payload;
use crate::canonical::Raw;
use crate::canonical::Span;
use crate::canonical::Status;
use crate::canonical::Tags;
use crate::canonical::Trace;
use crate::canonical::complement;
use crate::canonical::complement::Ids;
use crate::canonical::complement::Reserved;
use crate::contract::Refusal;
use crate::dialects::galileo::settings::NAME;
use crate::dialects::galileo::wire;

/// What Python's retriever spans carry for "nothing redacted" (`wire/galileo.md §3.8`).
const NO_DOCUMENT: &str = r#"[{"content":"","metadata":{}}]"#;

/// A step's facts, without its place in the tree.
pub(in crate::dialects::galileo) struct Taken<T> {
    /// The facts; ids are the caller's to set.
    pub(in crate::dialects::galileo) facts: T,
    /// Scores by name.
    pub(in crate::dialects::galileo) scores: Vec<(String, Raw)>,
    /// The reserved key.
    pub(in crate::dialects::galileo) reserved: Option<Reserved>,
}

/// The fields that traces and spans share, and what they leave behind as `extra`.
macro_rules! take_common {
    ($facts:ident, $step:ident, $metadata:ident, $path:ident) => {{
        let at = |key: &str| format!("{}.{key}", $path);
        let metrics = metrics::take(fault::object(take(&mut $step.metrics), &at("metrics"))?, &at("metrics"))?;
        $facts.name = text(take(&mut $step.name));
        $facts.start = fault::time(take(&mut $step.created_at), &at("created_at"))?.into();
        $facts.duration = metrics.duration;
        $facts.first_token_after = metrics.first_token_after;
        ($facts.status, $facts.http_code) = status(take(&mut $step.status_code));
        $facts.error = $metadata.error;
        $facts.input = payload(take(&mut $step.input));
        $facts.output = payload(take(&mut $step.output));
        $facts.redacted_input = payload(take(&mut $step.redacted_input));
        $facts.redacted_output = redacted_output(take(&mut $step.redacted_output));
        $facts.usage = metrics.usage;
        $facts.cost = metrics.cost;
        $facts.tags = tags(take(&mut $step.tags));
        $facts.metadata = $metadata.metadata;
        $facts.dataset_input = given(take(&mut $step.dataset_input));
        $facts.dataset_output = given(take(&mut $step.dataset_output));
        let dataset = fault::object(take(&mut $step.dataset_metadata), &at("dataset_metadata"))?;
        $facts.dataset_metadata = dataset.filter(|raw| raw.text() != "{}").into();
        $facts.user = $metadata.user;
        $facts.environment = $metadata.environment;
        $facts.release = $metadata.release;
        $facts.external_id = given(take(&mut $step.external_id));
        $facts.extra = extra($step, metrics.rest);
        metrics.scores
    }};
}

/// A trace's facts; `session` is what the request says of it.
pub(in crate::dialects::galileo) fn trace(mut step: wire::Step, path: &str) -> Result<Taken<Trace>, Refusal> {
    let mut facts = Trace::default();
    let metadata =
        metadata::take(fault::object(take(&mut step.user_metadata), &format!("{path}.user_metadata"))?, false);
    if step.kind.get().is_some_and(|kind| kind == "trace") {
        step.kind = Field::Absent;
    }
    facts.session = given(take(&mut step.session_id));
    let scores = take_common!(facts, step, metadata, path);
    Ok(Taken { facts, scores, reserved: metadata.reserved })
}

/// A span's facts.
pub(in crate::dialects::galileo) fn span(mut step: wire::Step, path: &str) -> Result<Taken<Span>, Refusal> {
    let mut facts = Span::default();
    let metadata =
        metadata::take(fault::object(take(&mut step.user_metadata), &format!("{path}.user_metadata"))?, true);
    facts.kind = step.kind.get().and_then(|word| kind(word)).into();
    match facts.kind {
        Field::Set(_) => step.kind = Field::Absent,
        // A type newer than we know: its word stays, for the same dialect.
        _ if step.kind.is_set() => facts.kind = Field::Set(Kind::Other),
        _ => {}
    }
    facts.provider = metadata.provider;
    facts.model_parameters = metadata.model_parameters;
    facts.model = given(take(&mut step.model));
    facts.temperature = given(take(&mut step.temperature));
    facts.tools = given(take(&mut step.tools));
    facts.events = given(take(&mut step.events));
    facts.finish_reason = given(take(&mut step.finish_reason));
    facts.tool_call_id = given(take(&mut step.tool_call_id));
    facts.agent_type = take(&mut step.agent_type).take().filter(|kind| kind != "default").into();
    facts.control = control(&mut step);
    facts.step_number = given(take(&mut step.step_number));
    facts.session = given(take(&mut step.session_id));
    let scores = take_common!(facts, step, metadata, path);
    Ok(Taken { facts, scores, reserved: metadata.reserved })
}

impl Taken<Trace> {
    /// Applies the reserved key; the native id, where it is told.
    pub(super) fn restore(&mut self) -> Option<Id> {
        let reserved = self.reserved.take()?;
        self.facts.resolve();
        complement::restore(&mut self.facts, &reserved);
        reserved.ids?.trace.and_then(|id| Id::parse(&id))
    }
}

impl Taken<Span> {
    /// Applies the reserved key; the native ids, where they are told.
    pub(super) fn restore(&mut self) -> Ids {
        let Some(reserved) = self.reserved.take() else { return Ids::default() };
        self.facts.resolve();
        complement::restore(&mut self.facts, &reserved);
        reserved.ids.unwrap_or_default()
    }
}

/// The kind a span's type stands for (`wire/otlp.md §4.3`).
fn kind(word: &str) -> Option<Kind> {
    match word {
        "workflow" => Some(Kind::Workflow),
        "agent" => Some(Kind::Agent),
        "llm" => Some(Kind::Llm),
        "retriever" => Some(Kind::Retriever),
        "tool" => Some(Kind::Tool),
        "control" => Some(Kind::Guardrail),
        _ => None,
    }
}

fn given<T>(field: Field<T>) -> Field<T> {
    field.null_is_absent()
}

/// A text whose default is empty.
fn text(field: Field<String>) -> Field<String> {
    field.take().filter(|text| !text.is_empty()).into()
}

fn payload(field: Field<Raw>) -> Field<Payload> {
    given(field).map(Payload)
}

fn redacted_output(field: Field<Raw>) -> Field<Payload> {
    field.take().filter(|raw| raw.normal() != NO_DOCUMENT).map(Payload).into()
}

/// Below 400 is success; the number is kept where it says more than that (`wire/otlp.md §4.4a`).
pub(super) fn status(code: Field<i64>) -> (Field<Status>, Field<i64>) {
    let Some(code) = code.take() else { return (Field::Absent, Field::Absent) };
    let status = if code < 400 { Status::Ok } else { Status::Error };
    let says_more = code != 200 && code != 500;
    (Field::Set(status), says_more.then_some(code).into())
}

fn tags(field: Field<Vec<String>>) -> Field<Tags> {
    field.take().filter(|tags| !tags.is_empty()).map(Tags::Set).into()
}

/// The fields of a control span, as one object in the vendor's words.
fn control(step: &mut wire::Step) -> Field<Raw> {
    let fields = [
        ("control_id", take(&mut step.control_id)),
        ("agent_name", take(&mut step.agent_name)),
        ("check_stage", take(&mut step.check_stage)),
        ("applies_to", take(&mut step.applies_to)),
        ("evaluator_name", take(&mut step.evaluator_name)),
        ("selector_path", take(&mut step.selector_path)),
    ];
    let members: IndexMap<_, _> = fields.into_iter().filter_map(|(key, field)| Some((key, field.take()?))).collect();
    if members.is_empty() { Field::Absent } else { Field::Set(Raw::of(&members)) }
}

/// What was not taken; of the metrics, what is no number.
fn extra(step: wire::Step, metrics: IndexMap<String, Raw>) -> Field<Extra> {
    let mut members = Raw::of(&step).members().unwrap_or_default();
    members.retain(|_, value| !value.is_null());
    if !metrics.is_empty() {
        members.insert("metrics".to_owned(), Raw::of(&metrics));
    }
    if members.is_empty() { Field::Absent } else { Field::Set(Extra { dialect: NAME.to_owned(), members }) }
}
