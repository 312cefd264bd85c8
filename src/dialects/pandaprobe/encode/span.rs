//! A span's row.

use indexmap::IndexMap;

use super::Comparison;
use super::Notes;
use super::Row;
use super::compare;
use super::hygiene;
use super::native;
use super::payload::payload;
use super::reader;
use super::shown;
use super::trace::named;
use super::trace::start_of;
use super::values;
use super::with_key;
use crate::canonical::ErrorInfo;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Kind;
use crate::canonical::Raw;
use crate::canonical::Span;
use crate::canonical::SpanView;
use crate::canonical::Status;
use crate::canonical::View;
use crate::canonical::complement::Ids;
use crate::contract::Outward;
use crate::dialects::pandaprobe::decode;
use crate::dialects::pandaprobe::settings;
use crate::dialects::pandaprobe::wire;

/// A span as a row.
pub(super) fn row(span: &SpanView, view: &View, out: &Outward) -> Row<wire::Span> {
    let mut notes = Notes::default();
    let mut wire = bare(span, view, out, &mut notes);
    if !span.whole && wire.started_at.is_set() {
        notes.add("start", "cannot be changed");
    }
    if !span.whole && wire.parent_span_id.is_set() {
        notes.add("parent", "cannot be changed");
    }
    let comparison = Comparison {
        subject: format!("span {}", span.facts.id),
        origin: span.origin,
        mine: &span.facts,
        held: held(&wire, span, view, out),
        ids: ids(span, view, out),
        whole: span.whole,
    };
    let (reserved, mut losses) = compare(comparison, notes, out.keep);
    with_key(&mut wire.metadata, reserved, &mut losses);
    Row { native: span.facts.id, wire, whole: span.whole, losses }
}

/// What a bare row says, its parent by the native id, its project the trace's: a span is read
/// through its trace, and gets both from there.
fn held(wire: &wire::Span, span: &SpanView, view: &View, out: &Outward) -> Span {
    let mut held = decode::span_facts(wire.clone(), decode::How::Create, "", &mut reader(out)).unwrap_or_default();
    if held.parent.is_set() {
        held.parent = span.facts.parent.clone();
    }
    if let Some(trace) = view.trace.as_ref().filter(|trace| trace.facts.project.is_set()) {
        held.project = trace.facts.project.clone();
    }
    if span.facts.project.is_absent() {
        held.project = Field::Absent;
    }
    held
}

fn ids(span: &SpanView, view: &View, out: &Outward) -> Option<Ids> {
    let ids = Ids {
        trace: native(view.id, out),
        span: native(span.facts.id, out),
        parent: span.facts.parent.get().and_then(|parent| native(*parent, out)),
    };
    (ids != Ids::default()).then_some(ids)
}

fn bare(span: &SpanView, view: &View, out: &Outward, notes: &mut Notes) -> wire::Span {
    let is_native = span.origin == settings::NAME;
    // One that was inferred is for dialects that had a way to say it.
    let end = if is_native { span.facts.end.cloned() } else { span.end() };
    // What the vendor has no field for is left to the comparison.
    let Span {
        id,
        trace: _,
        ended: _,
        parent,
        project: _,
        name,
        kind,
        agent_type: _,
        start,
        end: _,
        duration: _,
        first_token,
        first_token_after: _,
        status,
        http_code: _,
        error,
        input,
        output,
        redacted_input: _,
        redacted_output: _,
        model,
        provider,
        model_parameters,
        temperature,
        tools: _,
        finish_reason: _,
        usage,
        cost,
        tool_call_id: _,
        events: _,
        control: _,
        tags: _,
        metadata,
        dataset_input: _,
        dataset_output: _,
        dataset_metadata: _,
        user: _,
        environment: _,
        release: _,
        session: _,
        source: _,
        step_number: _,
        external_id: _,
        extra,
    } = &span.facts;
    let mut extra = values::extra(extra);
    let newer_kind = values::newer(&mut extra, "kind", decode::kind_known).filter(|_| !kind.is_set());
    let newer_status = values::newer(&mut extra, "status", |word| matches!(word, "OK" | "ERROR" | "UNSET"))
        .filter(|_| !status.is_set());
    let start = start.cloned().or_else(|| span.whole.then(|| start_of(view, out)));
    let shown_id = |id: Id| shown(id, view.id, out);
    wire::Span {
        span_id: Field::Set(shown_id(*id)),
        parent_span_id: parent.cloned().map(shown_id).into(),
        name: named(name, default_name(kind.get()), span.whole, notes),
        kind: newer_kind
            .or_else(|| kind.get().map(|kind| kind_word(*kind).to_owned()))
            .or_else(|| word(span, "OTHER"))
            .into(),
        status: newer_status
            .or_else(|| status.get().map(|status| status_word(*status).to_owned()))
            .or_else(|| word(span, "UNSET"))
            .into(),
        input: payload("input", input, is_native, notes),
        output: payload("output", output, is_native, notes),
        model: values::text("model", model, values::TEXT_LENGTH, notes),
        token_usage: values::usage(usage, notes),
        metadata: with_provider(values::metadata(metadata, notes), provider.get()),
        started_at: values::time(start),
        ended_at: values::time(end),
        error: error.get().map(|error| error_text(error, notes)).into(),
        completion_start_time: values::time(first_token.cloned()),
        model_parameters: parameters(model_parameters, temperature.get(), notes),
        cost: values::cost(cost, notes),
        extra,
        ..wire::Span::default()
    }
}

/// A default word, for a row that creates.
fn word(span: &SpanView, word: &str) -> Option<String> {
    span.whole.then(|| word.to_owned())
}

/// The vendor's word for a kind (`wire/otlp.md §4.3`).
fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Agent => "AGENT",
        Kind::Workflow | Kind::Step | Kind::Prompt => "CHAIN",
        Kind::Llm => "LLM",
        Kind::Embedding => "EMBEDDING",
        Kind::Retriever | Kind::Reranker => "RETRIEVER",
        Kind::Tool => "TOOL",
        Kind::Guardrail | Kind::Evaluator | Kind::Memory | Kind::Other => "OTHER",
    }
}

fn default_name(kind: Option<&Kind>) -> &'static str {
    match kind {
        Some(Kind::Agent) => "agent",
        Some(Kind::Workflow) => "workflow",
        Some(Kind::Llm) => "llm",
        Some(Kind::Embedding) => "embedding",
        Some(Kind::Retriever) => "retriever",
        Some(Kind::Reranker) => "reranker",
        Some(Kind::Tool) => "tool",
        Some(Kind::Guardrail) => "guardrail",
        Some(Kind::Evaluator) => "evaluator",
        Some(Kind::Prompt) => "prompt",
        Some(Kind::Memory) => "memory",
        Some(Kind::Step) => "step",
        Some(Kind::Other) | None => "span",
    }
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Ok => "OK",
        Status::Error => "ERROR",
    }
}

/// `type: message`, or what there is of it (`wire/otlp.md §4.4a`).
fn error_text(error: &ErrorInfo, notes: &mut Notes) -> String {
    let text = match (&error.kind, &error.message, &error.stack) {
        (Some(kind), Some(message), _) => format!("{kind}: {message}"),
        (None, Some(message), _) => message.clone(),
        (Some(kind), None, _) => kind.clone(),
        (None, None, stack) => stack.clone().unwrap_or_default(),
    };
    let clean = hygiene::text(&text);
    if clean.len() != text.len() {
        notes.add("error", "NUL cannot be stored");
    }
    clean.into_owned()
}

/// The provider stands in the metadata, unless something else does.
fn with_provider(metadata: Field<Raw>, provider: Option<&String>) -> Field<Raw> {
    let Some(provider) = provider else { return metadata };
    let mut members = metadata.get().and_then(Raw::members).unwrap_or_default();
    if members.contains_key("provider") {
        return metadata;
    }
    members.insert("provider".to_owned(), Raw::of(hygiene::text(provider).as_ref()));
    Field::Set(Raw::of(&members))
}

/// The parameters with the temperature among them; one that is no object has no home.
fn parameters(parameters: &Field<Raw>, temperature: Option<&f64>, notes: &mut Notes) -> Field<Raw> {
    let mut members: IndexMap<String, Raw> = IndexMap::new();
    if let Field::Set(raw) = parameters {
        let (raw, cleaned) = hygiene::json(raw, hygiene::DEPTH);
        match raw.members() {
            Some(held) => members = held,
            None => notes.add("model_parameters", "no object, or one that nests too deep"),
        }
        if temperature.is_none() || members.contains_key("temperature") {
            if cleaned.changed {
                notes.add("model_parameters", "characters or numbers that cannot be stored");
            }
            return if raw.is_object() { Field::Set(raw) } else { Field::Absent };
        }
    }
    let Some(temperature) = temperature else { return Field::Absent };
    members.insert("temperature".to_owned(), Raw::of(temperature));
    Field::Set(Raw::of(&members))
}
