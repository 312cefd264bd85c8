//! Traces and spans: one row to its facts.

use indexmap::IndexMap;

use crate::canonical::ClientProject;
use crate::canonical::Completion;
use crate::canonical::Cost;
use crate::canonical::ErrorInfo;
use crate::canonical::Extra;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Kind;
use crate::canonical::Payload;
use crate::canonical::Rank;
use crate::canonical::Raw;
use crate::canonical::Span;
use crate::canonical::Status;
use crate::canonical::Tags;
use crate::canonical::Time;
use crate::canonical::Trace;
use crate::canonical::Usage;
use crate::canonical::complement::Ids;
use crate::canonical::complement::Reserved;
use crate::contract::Refusal;

use super::super::settings::DEFAULT_PROJECT;
use super::super::settings::NAME;
use super::super::wire;
use super::At;
use super::Form;
use super::metadata;

/// What kind of statement a created row is: its end makes it complete.
pub(in crate::dialects::opik) fn rank(
    end: &Field<String>,
    version: &Field<String>,
    at: &At<'_>,
) -> Result<Rank, Refusal> {
    let version = at.time("last_updated_at", version.clone())?.take();
    Ok(if end.is_set() { Rank::Complete { version, replaces: true } } else { Rank::Open { version } })
}

/// A trace's facts.
pub(in crate::dialects::opik) fn trace(row: wire::Trace, id: Id, at: &mut At<'_>) -> Result<Trace, Refusal> {
    let wire::Trace {
        id: _,
        project_name,
        project_id,
        name,
        start_time,
        end_time,
        input,
        output,
        metadata,
        tags,
        tags_to_add,
        tags_to_remove,
        error_info,
        last_updated_at: _,
        ttft,
        thread_id,
        source,
        environment,
        extra,
    } = row;
    let opened = metadata::open(metadata, |key, value| key == "providers" && value.elements().is_some(), false, at);
    let end = at.time("end_time", end_time)?;
    let (status, error) = failure(error_info, at);
    let mut trace = Trace {
        id,
        completion: if end.is_set() { Completion::Closed } else { Completion::Open },
        project: project(project_name, project_id, at),
        name: at.text(name),
        start: start(start_time, at)?,
        end,
        first_token_after: milliseconds(ttft),
        status,
        error,
        input: payload(input),
        output: payload(output),
        tags: change(tags, tags_to_add, tags_to_remove, at.form),
        metadata: opened.metadata,
        session: at.text(thread_id),
        user: opened.user,
        environment: at.text(environment),
        release: opened.release,
        source: at.text(source),
        extra: unknown(extra, at.form, wire::READ_ONLY_TRACE),
        ..Trace::default()
    };
    if !trace.start.is_set() && at.form == Form::Create {
        return Err(at.invalid("start_time", "must not be null"));
    }
    if let Some(reserved) = opened.reserved.filter(|_| !at.is_update()) {
        trace.resolve();
        let own = ids(&reserved).trace;
        match metadata::restore(&mut trace, &reserved, id, own.as_deref(), at.form) {
            Some(native) => trace.id = native,
            None => at.lose("metadata._spangate", "was written for another row"),
        }
    }
    Ok(trace)
}

/// A span's facts.
pub(in crate::dialects::opik) fn span(row: wire::Span, id: Id, at: &mut At<'_>) -> Result<Span, Refusal> {
    let wire::Span {
        id: _,
        project_name,
        project_id,
        trace_id,
        parent_span_id,
        name,
        kind,
        start_time,
        end_time,
        input,
        output,
        metadata,
        model,
        provider,
        usage,
        total_estimated_cost,
        tags,
        tags_to_add,
        tags_to_remove,
        error_info,
        last_updated_at: _,
        ttft,
        source,
        environment,
        extra,
    } = row;
    let served_by = provider.cloned();
    let opened = metadata::open(metadata, |key, value| key == "provider" && value.as_string() == served_by, true, at);
    let end = at.time("end_time", end_time)?;
    let (status, error) = failure(error_info, at);
    let trace_id = at.maybe_id("trace_id", trace_id)?;
    let mut span = Span {
        id,
        trace: trace_id,
        ended: end.is_set(),
        parent: at.maybe_id("parent_span_id", parent_span_id)?.into(),
        project: project(project_name, project_id, at),
        name: at.text(name),
        kind: kind_of(at.text(kind), end.is_set(), at),
        start: start(start_time, at)?,
        end,
        first_token_after: milliseconds(ttft),
        status,
        error,
        input: payload(input),
        output: payload(output),
        model: at.text(model),
        provider: at.text(provider),
        model_parameters: opened.model_parameters,
        usage: usage.null_is_absent().map(tokens),
        cost: total_estimated_cost.null_is_absent().map(|total| Cost { total: Some(total), ..Cost::default() }),
        tags: change(tags, tags_to_add, tags_to_remove, at.form),
        metadata: opened.metadata,
        user: opened.user,
        environment: at.text(environment),
        release: opened.release,
        source: at.text(source),
        extra: unknown(extra, at.form, &[]),
        ..Span::default()
    };
    if trace_id.is_none() {
        return Err(at.invalid("trace_id", "must not be null"));
    }
    if !span.start.is_set() && at.form == Form::Create {
        return Err(at.invalid("start_time", "must not be null"));
    }
    if let Some(reserved) = opened.reserved.filter(|_| !at.is_update()) {
        restore_span(&mut span, &reserved, at);
    }
    Ok(span)
}

fn restore_span(span: &mut Span, reserved: &Reserved, at: &mut At<'_>) {
    let ids = ids(reserved);
    let shown = span.id;
    let trace = span.trace.and_then(|trace| metadata::native(ids.trace.as_deref(), trace, at.form));
    let parent = span.parent.cloned().map(|parent| metadata::native(ids.parent.as_deref(), parent, at.form));
    span.resolve();
    let own = (trace.is_some() && parent != Some(None))
        .then(|| metadata::restore(span, reserved, shown, ids.span.as_deref(), at.form))
        .flatten();
    let Some(own) = own else { return at.lose("metadata._spangate", "was written for another row") };
    span.id = own;
    span.trace = trace;
    if let Some(Some(parent)) = parent {
        span.parent = Field::Set(parent);
    }
}

/// A row that only updates made starts at the epoch (`wire/opik.md §6.4`): nobody said so.
fn start(field: Field<String>, at: &At<'_>) -> Result<Field<Time>, Refusal> {
    let start = at.time("start_time", field)?;
    let made_up = at.form == Form::Held && start.get() == Some(&Time(0));
    Ok(if made_up { Field::Absent } else { start })
}

fn ids(reserved: &Reserved) -> Ids {
    reserved.ids.clone().unwrap_or_default()
}

/// The client's project; a create that names none belongs to the default one (`wire/opik.md §5.1`).
pub(super) fn project(name: Field<String>, id: Field<String>, at: &At<'_>) -> Field<ClientProject> {
    let name = name.take().filter(|name| !name.trim().is_empty());
    let id = id.take().filter(|_| name.is_none() && at.is_update());
    let name = name.or_else(|| (!at.is_update()).then(|| DEFAULT_PROJECT.to_owned()));
    if name.is_none() && id.is_none() {
        return Field::Absent;
    }
    Field::Set(ClientProject { name, id, ..ClientProject::default() })
}

/// A start row always says `general`, whatever the span becomes (`wire/opik.md §3.1`): nothing is
/// known of it yet.
fn kind_of(word: Field<String>, ended: bool, at: &mut At<'_>) -> Field<Kind> {
    let Some(word) = word.take() else { return Field::Absent };
    Field::Set(match word.as_str() {
        "general" if !ended && !at.is_update() => return Field::Absent,
        "general" => Kind::Other,
        "tool" => Kind::Tool,
        "llm" => Kind::Llm,
        "guardrail" => Kind::Guardrail,
        _ => {
            at.lose("type", "is a type we do not know");
            Kind::Other
        }
    })
}

fn failure(info: Field<wire::ErrorInfo>, at: &mut At<'_>) -> (Field<Status>, Field<ErrorInfo>) {
    let Some(wire::ErrorInfo { exception_type, message, traceback, extra }) = info.take() else {
        return (Field::Absent, Field::Absent);
    };
    for key in extra.keys() {
        at.lose(&format!("error_info.{key}"), "is a field we do not know");
    }
    let error = ErrorInfo { kind: exception_type.take(), message: message.take(), stack: traceback.take() };
    (Field::Set(Status::Error), Field::Set(error))
}

fn payload(field: Field<Raw>) -> Field<Payload> {
    field.null_is_absent().map(Payload)
}

fn milliseconds(field: Field<f64>) -> Field<i64> {
    field.null_is_absent().map(|ms| (ms * 1e6).round() as i64)
}

fn change(tags: Field<Vec<String>>, add: Field<Vec<String>>, remove: Field<Vec<String>>, form: Form) -> Field<Tags> {
    let merge = form == Form::Update { merge_tags: true };
    match (tags.take(), add.take(), remove.take()) {
        (None, None, None) => Field::Absent,
        (Some(list), None, None) if !merge => Field::Set(Tags::Set(list)),
        (Some(mut list), add, remove) if !merge => {
            list.extend(add.unwrap_or_default());
            list.retain(|tag| !remove.as_ref().is_some_and(|remove| remove.contains(tag)));
            Field::Set(Tags::Set(list))
        }
        (tags, add, remove) => {
            let add = tags.into_iter().chain(add).flatten().collect();
            Field::Set(Tags::Change { add, remove: remove.unwrap_or_default() })
        }
    }
}

/// Token counts: the plain keys to their names, everything else as it is called there. The provider's
/// own spelling of a count is read where the plain key is missing, and stays.
fn tokens(wire::Counts(mut map): wire::Counts) -> Usage {
    let mut plain = |key: &str| match map.get(key) {
        Some(wire::Count::Integer(count)) => {
            let count = *count;
            map.shift_remove(key);
            Some(count)
        }
        _ => None,
    };
    let mut usage = Usage {
        input: plain("prompt_tokens"),
        output: plain("completion_tokens"),
        total: plain("total_tokens"),
        cache_read: plain(wire::CACHE_READ[0]),
        cache_write: plain(wire::CACHE_WRITE[0]),
        reasoning: plain(wire::REASONING[0]),
        ..Usage::default()
    };
    let map = map.into_iter().map(|(key, count)| (key.into_owned(), count.raw())).collect();
    usage.cache_read = usage.cache_read.or_else(|| provided(&map, wire::CACHE_READ));
    usage.cache_write = usage.cache_write.or_else(|| provided(&map, wire::CACHE_WRITE));
    usage.reasoning = usage.reasoning.or_else(|| provided(&map, wire::REASONING));
    usage.other = map;
    usage
}

/// A count under one of the provider's own keys.
pub(in crate::dialects::opik) fn provided(map: &IndexMap<String, Raw>, keys: &[&str]) -> Option<i64> {
    keys[1..].iter().find_map(|key| map.get(*key)?.read().ok())
}

fn unknown(mut extra: IndexMap<String, Raw>, form: Form, also: &[&str]) -> Field<Extra> {
    if form == Form::Held {
        extra.retain(|key, _| !wire::READ_ONLY.contains(&key.as_str()) && !also.contains(&key.as_str()));
    }
    if extra.is_empty() {
        return Field::Absent;
    }
    Field::Set(Extra { dialect: NAME.to_owned(), members: extra })
}
