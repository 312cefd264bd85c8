//! A trace or span as the vendor's step, with what the step cannot hold under the reserved key.

use indexmap::IndexMap;

use super::metadata;
use super::metrics;
use super::payload;
use super::place::Under;
use crate::canonical::Extra;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Kind;
use crate::canonical::Loss;
use crate::canonical::Metadata;
use crate::canonical::Payload;
use crate::canonical::Raw;
use crate::canonical::Score;
use crate::canonical::Span;
use crate::canonical::SpanView;
use crate::canonical::Status;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::TraceView;
use crate::canonical::complement;
use crate::canonical::complement::Ids;
use crate::canonical::complement::Keep;
use crate::canonical::complement::Reserved;
use crate::contract::Outward;
use crate::dialects::galileo::decode;
use crate::dialects::galileo::settings::NAME;
use crate::dialects::galileo::wire;

/// A step without its children, and what it cannot carry natively.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) step: wire::Step,
    pub(super) losses: Vec<Loss>,
}

/// What every row of a trace is encoded with.
pub(super) struct Desk<'a> {
    pub(super) out: &'a Outward,
    /// The trace's native id.
    pub(super) trace: Id,
}

/// An id in the vendor's form: version 4 (`wire/galileo.md §6`).
pub(in crate::dialects::galileo) fn shown(id: Id, trace: Id, out: &Outward) -> Id {
    Id::Uuid(out.scoped(id, trace).v4(trace))
}

/// The same as text.
pub(in crate::dialects::galileo) fn show_id(id: Id, trace: Id, out: &Outward) -> String {
    shown(id, trace, out).to_string()
}

/// The fields that traces and spans share.
macro_rules! give_common {
    ($step:ident, $facts:ident, $word:ident, $same:ident) => {{
        let give = |payload: &Field<Payload>, into: fn(&str, &Payload) -> Raw| -> Field<Raw> {
            payload.get().map(|payload| if $same { payload.0.clone() } else { into(&$word, payload) }).into()
        };
        $step.input = give(&$facts.input, payload::input);
        $step.redacted_input = give(&$facts.redacted_input, payload::input);
        $step.output = give(&$facts.output, payload::output);
        $step.redacted_output = give(&$facts.redacted_output, payload::output);
        if !$same {
            payload::fill(&$word, &mut $step.input, &mut $step.output);
        }
        $step.name = $facts.name.clone();
        $step.created_at = $facts.start.clone().map(|start| if $same { start.exact() } else { start.rfc3339(6) });
        $step.tags = $facts.tags.clone().map(|tags| tags.list().to_vec());
        $step.status_code = status_code(&$facts.status, &$facts.http_code);
        $step.external_id = $facts.external_id.clone();
        $step.dataset_input = $facts.dataset_input.clone();
        $step.dataset_output = $facts.dataset_output.clone();
        $step.dataset_metadata = $facts.dataset_metadata.cloned().filter(Raw::is_object).into();
    }};
}

/// A trace record.
pub(super) fn trace(view: &TraceView, scores: &[&Score], desk: &Desk<'_>) -> Row {
    let facts = &view.facts;
    let word = "trace".to_owned();
    let fits = fits(&facts.dataset_metadata, Raw::is_object);
    let same = view.origin == NAME && fits && is_native(&word, &facts.input, &facts.output, &facts.metadata);
    let mut row = Row::default();
    let mut step = wire::Step { kind: Field::Set(word.clone()), ..wire::Step::default() };
    give_common!(step, facts, word, same);
    let (none, no_object) = (Field::Absent, Field::Absent);
    let metadata = metadata::Given {
        metadata: &facts.metadata,
        user: &facts.user,
        environment: &facts.environment,
        release: &facts.release,
        error: &facts.error,
        provider: &none,
        model_parameters: &no_object,
    };
    let mut metadata = metadata::give(&metadata, same);
    let mut extra = own_extra(&facts.extra, same);
    let given = metrics::Given {
        start: facts.start.cloned().map(|start| sent(start, same)),
        end: end(&facts.end, view.inferred_end, same),
        duration: facts.duration.cloned(),
        first_token: facts.first_token.cloned(),
        first_token_after: facts.first_token_after.cloned(),
        usage: &facts.usage,
        cost: &facts.cost,
        scores,
        rest: extra.shift_remove("metrics").and_then(|raw| raw.members()),
    };
    step.metrics = object(&metrics::give(given, same, true, &mut row.losses));
    step.id = Field::Set(show_id(desk.trace, desk.trace, desk.out));
    step.extra = extra;
    step.user_metadata = object(&metadata);
    let reserved = if same {
        ids_only(trace_ids(desk), desk)
    } else {
        let (reserved, losses) = reserve_trace(view, placeless(&step), desk);
        row.losses.extend(losses);
        reserved
    };
    step.user_metadata = with_reserved(&mut metadata, reserved);
    row.step = step;
    row
}

/// A span. `under`: where it is put; `leaf`: whether nothing names it as parent.
pub(super) fn span(view: &SpanView, under: Under, leaf: bool, scores: &[&Score], desk: &Desk<'_>) -> Row {
    let facts = &view.facts;
    let word = word(view);
    let fits = fits(&facts.dataset_metadata, Raw::is_object)
        && [&facts.tools, &facts.events].iter().all(|field| fits(field, objects));
    let same = view.origin == NAME && fits && is_native(&word, &facts.input, &facts.output, &facts.metadata);
    let mut row = Row::default();
    let mut extra = own_extra(&facts.extra, same);
    let mut step = wire::Step { kind: Field::Set(word.clone()), ..wire::Step::default() };
    extra.shift_remove("type");
    give_common!(step, facts, word, same);
    give_typed(&mut step, facts, &word, same);
    let metadata = metadata::Given {
        metadata: &facts.metadata,
        user: &facts.user,
        environment: &facts.environment,
        release: &facts.release,
        error: &facts.error,
        provider: &facts.provider,
        model_parameters: &facts.model_parameters,
    };
    let mut metadata = metadata::give(&metadata, same);
    let given = metrics::Given {
        start: facts.start.cloned().map(|start| sent(start, same)),
        end: end(&facts.end, view.inferred_end, same),
        duration: facts.duration.cloned(),
        first_token: facts.first_token.cloned(),
        first_token_after: facts.first_token_after.cloned(),
        usage: &facts.usage,
        cost: &facts.cost,
        scores,
        rest: extra.shift_remove("metrics").and_then(|raw| raw.members()),
    };
    step.metrics = object(&metrics::give(given, same, leaf || word == "llm", &mut row.losses));
    step.id = Field::Set(show_id(facts.id, desk.trace, desk.out));
    step.extra = extra;
    step.user_metadata = object(&metadata);
    let reserved = if same {
        ids_only(span_ids(view, under, desk), desk)
    } else {
        let (reserved, losses) = reserve_span(view, under, placeless(&step), desk);
        row.losses.extend(losses);
        reserved
    };
    step.user_metadata = with_reserved(&mut metadata, reserved);
    row.step = step;
    row
}

/// Whether a value, where there is one, has the shape that the vendor takes.
fn fits(field: &Field<Raw>, shape: fn(&Raw) -> bool) -> bool {
    field.get().is_none_or(shape)
}

/// Whether a row of our own is still in the vendor's shapes: another dialect may have changed it.
fn is_native(word: &str, input: &Field<Payload>, output: &Field<Payload>, metadata: &Field<Metadata>) -> bool {
    let members = metadata.get().map(|metadata| metadata.raw().members().unwrap_or_default());
    input.get().is_none_or(|input| payload::fits(word, &input.0))
        && output.get().is_none_or(|output| payload::fits(word, &output.0))
        && members.is_none_or(|members| members.values().all(|value| value.as_string().is_some()))
}

/// The type that a span's kind is shown as (`wire/otlp.md §4.3`).
pub(super) fn word(view: &SpanView) -> String {
    let facts = &view.facts;
    let same = view.origin == NAME;
    if same && let Some(word) = own_extra(&facts.extra, true).get("type").and_then(Raw::as_string) {
        return word;
    }
    let word = match facts.kind.get() {
        Some(Kind::Agent) => "agent",
        Some(Kind::Llm | Kind::Embedding) => "llm",
        Some(Kind::Retriever | Kind::Reranker) => "retriever",
        Some(Kind::Tool | Kind::Memory) => "tool",
        Some(Kind::Guardrail) if same || facts.output.get().is_some_and(payload::is_control_result) => "control",
        Some(Kind::Guardrail) => "tool",
        Some(Kind::Workflow | Kind::Step | Kind::Evaluator | Kind::Prompt | Kind::Other) | None => "workflow",
    };
    word.to_owned()
}

/// Whether something is a list of objects: what the vendor refuses would cost the whole trace.
fn objects(raw: &Raw) -> bool {
    raw.elements().is_some_and(|list| list.iter().all(Raw::is_object))
}

/// The fields of single types.
fn give_typed(step: &mut wire::Step, facts: &Span, word: &str, same: bool) {
    let has = |types: &[&str]| same || types.contains(&word);
    if has(&["llm"]) {
        step.model = facts.model.clone();
        step.tools = facts.tools.cloned().filter(objects).into();
        step.events = facts.events.cloned().filter(objects).into();
        step.finish_reason = facts.finish_reason.clone();
        let parameter = || facts.model_parameters.get()?.members()?.get("temperature")?.read::<f64>().ok();
        let parameter = if same { None } else { parameter() };
        step.temperature = facts.temperature.cloned().or(parameter).into();
    }
    if has(&["tool"]) {
        step.tool_call_id = facts.tool_call_id.clone();
    }
    if has(&["agent"]) {
        step.agent_type = facts.agent_type.clone();
    }
    if has(&["control"]) {
        let members = facts.control.get().and_then(Raw::members).unwrap_or_default();
        let member = |key: &str| members.get(key).cloned().into();
        step.control_id = member("control_id");
        step.agent_name = member("agent_name");
        step.check_stage = member("check_stage");
        step.applies_to = member("applies_to");
        step.evaluator_name = member("evaluator_name");
        step.selector_path = member("selector_path");
    }
    step.step_number = facts.step_number.clone();
    if same {
        step.session_id = facts.session.clone();
    }
}

/// What a trace's step cannot hold. The project is no part of a row: it differs only where the route
/// names another. A session goes beside the row, and reads show the vendor's id of it, so the text is
/// kept although nothing is lost.
fn reserve_trace(view: &TraceView, step: wire::Step, desk: &Desk<'_>) -> (Option<Reserved>, Vec<Loss>) {
    let Ok(taken) = decode::trace(step, "") else { return (None, Vec::new()) };
    let mut held = taken.facts;
    held.resolve();
    held.project = Field::Set(project::sent(desk.out));
    if view.facts.project.get().is_some_and(|mine| project::is_sent(mine, desk.out)) {
        held.project = view.facts.project.clone();
    }
    let told = trace_ids(desk);
    let subject = Target::Trace(desk.trace).to_string();
    let (reserved, mut losses) = complement::reserve(&subject, view.origin, &view.facts, &held, told, desk.out.keep);
    losses.retain(|loss| loss.path != "session");
    (reserved, losses)
}

/// What a span's step cannot hold.
fn reserve_span(view: &SpanView, under: Under, step: wire::Step, desk: &Desk<'_>) -> (Option<Reserved>, Vec<Loss>) {
    let Ok(taken) = decode::span(step, "") else { return (None, Vec::new()) };
    let mut held = taken.facts;
    held.resolve();
    let (parent, moved) = put(view, under);
    held.parent = match parent {
        Some(parent) if moved => Field::Set(shown(parent, desk.trace, desk.out)),
        Some(_) => view.facts.parent.clone(),
        None => Field::Absent,
    };
    let told = span_ids(view, under, desk);
    let subject = Target::Span { trace: Some(desk.trace), span: view.facts.id }.to_string();
    complement::reserve(&subject, view.origin, &view.facts, &held, told, desk.out.keep)
}

/// The parent that a span is put under, and whether it is another than its own.
fn put(view: &SpanView, under: Under) -> (Option<Id>, bool) {
    let parent = match under {
        Under::Trace => None,
        Under::Span(parent) | Under::Elsewhere(parent) => Some(parent),
    };
    (parent, parent != view.facts.parent.cloned())
}

/// The native ids that a trace's step is no way back to.
fn trace_ids(desk: &Desk<'_>) -> Option<Ids> {
    native_ids(desk.trace, desk).map(|trace| Ids { trace: Some(trace), ..Ids::default() })
}

/// The native ids that a span's step is no way back to.
fn span_ids(view: &SpanView, under: Under, desk: &Desk<'_>) -> Option<Ids> {
    let (parent, moved) = put(view, under);
    let told = Ids {
        trace: native_ids(desk.trace, desk),
        span: native_ids(view.facts.id, desk),
        parent: parent.filter(|_| !moved).and_then(|parent| native_ids(parent, desk)),
    };
    (told != Ids::default()).then_some(told)
}

/// The key of a row that goes home, which loses nothing but its ids.
fn ids_only(told: Option<Ids>, desk: &Desk<'_>) -> Option<Reserved> {
    let told = told.filter(|_| desk.out.keep != Keep::Off)?;
    Some(Reserved { v: 1, src: NAME.to_owned(), ids: Some(told), ..Reserved::default() })
}

/// A native id as text, where its shown form is no way back to it: neither the same, nor a version 7
/// whose time tells it from a version 4 (`wire/otlp.md §4.6`).
fn native_ids(id: Id, desk: &Desk<'_>) -> Option<String> {
    let shown = desk.out.scoped(id, desk.trace).v4(desk.trace);
    let timed = |bytes: [u8; 16]| bytes[6] >> 4 == 7 && Id::Uuid(shown).v7(desk.out.trace_ms) == bytes;
    match id {
        Id::Uuid(bytes) | Id::OtelTrace(bytes) if bytes == shown => None,
        Id::Uuid(bytes) if timed(bytes) => None,
        id => Some(id.to_string()),
    }
}

/// A step as decoding takes it: its ids are the tree's.
fn placeless(step: &wire::Step) -> wire::Step {
    wire::Step { id: Field::Absent, ..step.clone() }
}

fn with_reserved(metadata: &mut IndexMap<String, Raw>, reserved: Option<Reserved>) -> Field<Raw> {
    if let Some(reserved) = reserved {
        let text = serde_json::to_string(&reserved).unwrap_or_default();
        metadata.insert(complement::KEY.to_owned(), Raw::of(&text));
    }
    object(metadata)
}

fn object(members: &IndexMap<String, Raw>) -> Field<Raw> {
    if members.is_empty() { Field::Absent } else { Field::Set(Raw::of(members)) }
}

/// Fields newer than we know, for the dialect that sent them.
fn own_extra(extra: &Field<Extra>, same: bool) -> IndexMap<String, Raw> {
    let own = extra.get().filter(|extra| same && extra.dialect == NAME);
    own.map(|extra| extra.members.clone()).unwrap_or_default()
}

/// The start as it is sent: to the microsecond, which is all that is promised there.
fn sent(start: Time, same: bool) -> Time {
    if same { start } else { start.micros() }
}

/// The end. One that was inferred is shown only where the origin has no way to leave it out.
fn end(sent: &Field<Time>, inferred: Option<Time>, same: bool) -> Option<Time> {
    sent.cloned().or(inferred.filter(|_| !same))
}

pub(super) fn status_code(status: &Field<Status>, http_code: &Field<i64>) -> Field<i64> {
    let word = status.get().map(|status| match status {
        Status::Ok => 200,
        Status::Error => 500,
    });
    http_code.cloned().or(word).into()
}

/// The client's project against the one written to.
mod project {
    use crate::canonical::ClientProject;
    use crate::contract::Outward;
    use crate::dialects::galileo::settings;

    /// The project written to, as a client would name it.
    pub(super) fn sent(out: &Outward) -> ClientProject {
        let stream = (out.project.stream != settings::DEFAULT_STREAM).then(|| out.project.stream.clone());
        ClientProject { name: Some(out.project.name.clone()), stream, ..ClientProject::default() }
    }

    /// Whether the client's own names lead there.
    pub(super) fn is_sent(mine: &ClientProject, out: &Outward) -> bool {
        let name = mine.name.as_deref().unwrap_or("default");
        let stream = mine.stream.as_deref().unwrap_or(settings::DEFAULT_STREAM);
        settings::project_name(name) == out.project.name && stream == out.project.stream
    }
}
