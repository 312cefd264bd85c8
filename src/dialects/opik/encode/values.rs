//! The values of a row: payloads, counts, metadata, errors.

use std::borrow::Cow;
use std::collections::HashSet;

use indexmap::IndexMap;
use memchr::memchr2_iter;

use crate::canonical::Cost;
use crate::canonical::ErrorInfo;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Kind;
use crate::canonical::Loss;
use crate::canonical::Metadata;
use crate::canonical::Payload;
use crate::canonical::Raw;
use crate::canonical::Status;
use crate::canonical::Tags;
use crate::canonical::Time;
use crate::canonical::Usage;

use super::super::decode;
use super::super::wire;
use super::super::wire::Count;
use super::lose;

/// JSON nested deeper than this is sent as text: readers on the way stop at 128 levels.
const DEEPEST: usize = 120;

/// The longest `environment` (`wire/opik.md §5.6`).
const ENVIRONMENT: usize = 150;

/// Who a row is for, while its values are made.
pub(super) struct Row<'a> {
    /// As losses name it: of which kind, and its id.
    pub(super) subject: (&'static str, Id),
    /// Whether it came from this dialect: then payloads go back as they came.
    pub(super) own: bool,
    /// What does not fit.
    pub(super) losses: &'a mut Vec<Loss>,
}

impl Row<'_> {
    pub(super) fn lose(&mut self, path: &str, why: &str) {
        let (kind, id) = self.subject;
        lose(self.losses, &format!("{kind} {id}"), path, why);
    }

    /// A value that no complement will carry is a loss of its own.
    fn lose_own(&mut self, path: &str, why: &str) {
        if self.own {
            self.lose(path, why);
        }
    }

    pub(super) fn payload(&self, field: &Field<Payload>) -> Field<Raw> {
        field.get().map(|payload| bounded(if self.own { payload.0.clone() } else { shaped(payload) })).into()
    }

    pub(super) fn environment(&mut self, field: &Field<String>) -> Field<String> {
        let Some(text) = field.get() else { return Field::Absent };
        if text.chars().count() <= ENVIRONMENT {
            return Field::Set(text.clone());
        }
        self.lose_own("environment", "longer than 150 characters");
        Field::Set(text.chars().take(ENVIRONMENT).collect())
    }

    /// An unknown `source` fails the whole batch (`wire/opik.md §0`).
    pub(super) fn source(&mut self, field: &Field<String>) -> Field<String> {
        let known = field.get().filter(|source| wire::SOURCES.contains(&source.as_str()));
        if field.is_set() && known.is_none() {
            self.lose_own("source", "not a source the vendor takes");
        }
        known.cloned().into()
    }

    /// Milliseconds to the first token.
    pub(super) fn ttft(&mut self, start: &Field<Time>, first: &Field<Time>, after: &Field<i64>) -> Field<f64> {
        let between = start.get().zip(first.get()).map(|(start, first)| first.0.saturating_sub(start.0));
        let Some(nanos) = between.or(after.cloned()) else { return Field::Absent };
        if nanos < 0 {
            self.lose_own("first_token", "before the start");
            return Field::Absent;
        }
        Field::Set(nanos as f64 / 1e6)
    }

    /// The vendor keeps a set; its own clients' lists go back as they came.
    pub(super) fn tags(&self, field: &Field<Tags>) -> Field<Vec<String>> {
        let mut seen = HashSet::new();
        let list = field.get().map(|tags| tags.list().to_vec());
        list.map(|mut list| {
            list.retain(|tag| self.own || seen.insert(tag.clone()));
            list
        })
        .into()
    }

    /// `error_info` says both that it failed and how; type and traceback are declared required
    /// (`wire/opik.md §5.5`), so they are made up where another dialect has none.
    pub(super) fn error(&self, status: &Field<Status>, error: &Field<ErrorInfo>) -> Field<wire::ErrorInfo> {
        let known = match (error.get(), status.get()) {
            (Some(error), _) => error.clone(),
            (None, Some(Status::Error)) => ErrorInfo::default(),
            (None, _) => return Field::Absent,
        };
        let ErrorInfo { kind, message, stack } = known;
        if self.own && (kind.is_some() || stack.is_some()) {
            let (exception_type, message, traceback) = (kind.into(), message.into(), stack.into());
            return Field::Set(wire::ErrorInfo { exception_type, message, traceback, ..wire::ErrorInfo::default() });
        }
        let blank = |text: &String| !text.trim().is_empty();
        let kind = kind.filter(blank).unwrap_or_else(|| "Error".to_owned());
        let stack = stack.filter(blank).or_else(|| message.clone().filter(blank)).unwrap_or_else(|| kind.clone());
        Field::Set(wire::ErrorInfo {
            exception_type: Field::Set(kind),
            message: message.into(),
            traceback: Field::Set(stack),
            ..wire::ErrorInfo::default()
        })
    }

    /// Token counts: integers within int32 (`wire/opik.md §5.2`).
    pub(super) fn usage(&mut self, field: &Field<Usage>) -> Field<wire::Counts> {
        let Some(usage) = field.get() else { return Field::Absent };
        let Usage { input, output, total, cache_read, cache_write, reasoning, other } = usage;
        let sum = input.zip(*output).map(|(input, output)| input.saturating_add(output)).filter(|_| !self.own);
        let unless_provided = |count: &Option<i64>, keys| count.filter(|_| decode::provided(other, keys) != *count);
        let counts = [
            ("prompt_tokens", *input),
            ("completion_tokens", *output),
            ("total_tokens", total.or(sum)),
            (wire::CACHE_READ[0], unless_provided(cache_read, wire::CACHE_READ)),
            (wire::CACHE_WRITE[0], unless_provided(cache_write, wire::CACHE_WRITE)),
            (wire::REASONING[0], unless_provided(reasoning, wire::REASONING)),
        ];
        let counts = counts.iter().filter_map(|(key, count)| Some((Cow::Borrowed(*key), Count::Integer((*count)?))));
        let mut map: IndexMap<Cow<'static, str>, Count> = counts.collect();
        for (key, count) in other {
            map.entry(Cow::Owned(key.clone())).or_insert_with(|| Count::of(count));
        }
        map.retain(|key, count| {
            let fits = matches!(count, Count::Integer(count) if i32::try_from(*count).is_ok());
            if !fits {
                self.lose(&format!("usage.{key}"), "not an integer within int32");
            }
            fits
        });
        Field::Set(wire::Counts(map))
    }

    pub(super) fn cost(&mut self, field: &Field<Cost>) -> Field<f64> {
        let total = field.get().and_then(|cost| cost.total);
        if total.is_some_and(|total| total < 0.0) {
            self.lose("cost", "negative");
        }
        total.filter(|total| *total >= 0.0).into()
    }
}

/// The four types there are (`wire/otlp.md §4.3`); an embedding is priced only as `llm`.
pub(super) fn kind(field: &Field<Kind>, priced: bool) -> Field<String> {
    field.cloned().map_or(Field::Absent, |kind| {
        let word = match kind {
            Kind::Llm => "llm",
            Kind::Embedding if priced => "llm",
            Kind::Tool => "tool",
            Kind::Guardrail => "guardrail",
            Kind::Agent
            | Kind::Workflow
            | Kind::Embedding
            | Kind::Retriever
            | Kind::Reranker
            | Kind::Evaluator
            | Kind::Prompt
            | Kind::Memory
            | Kind::Step
            | Kind::Other => "general",
        };
        Field::Set(word.to_owned())
    })
}

/// Metadata with members added; what is no object is wrapped as `{"value": …}` first.
pub(super) fn metadata(held: Option<&Raw>, added: &[(&str, Option<Raw>)]) -> Field<Raw> {
    let added: Vec<_> = added.iter().filter_map(|(key, value)| Some((*key, value.clone()?))).collect();
    if added.is_empty() {
        return held.cloned().map(bounded).into();
    }
    if let Some(extended) = held.and_then(|raw| extended(raw.text(), &added)) {
        return Field::Set(bounded(extended));
    }
    let mut members = match held {
        Some(raw) => raw.members().unwrap_or_else(|| IndexMap::from([("value".to_owned(), bounded(raw.clone()))])),
        None => IndexMap::new(),
    };
    for (key, value) in added {
        members.entry(key.to_owned()).or_insert(value);
    }
    Field::Set(bounded(Raw::of(&members)))
}

/// An object with members written at its end, where it is plain to see that it has none of them yet.
fn extended(object: &str, added: &[(&str, Raw)]) -> Option<Raw> {
    let inside = object.strip_prefix('{')?.strip_suffix('}')?.trim();
    if inside.is_empty() || inside.contains('\\') || added.iter().any(|(key, _)| inside.contains(key)) {
        return None;
    }
    let more: usize = added.iter().map(|(key, value)| key.len() + value.text().len() + 4).sum();
    let mut text = String::with_capacity(object.len() + more);
    text.extend(["{", inside]);
    for (key, value) in added {
        text.extend([",\"", key, "\":", value.text()]);
    }
    text.push('}');
    Raw::written(text)
}

/// The raw value of a state's metadata.
pub(super) fn held(field: &Field<Metadata>) -> Option<&Raw> {
    field.get().map(Metadata::raw)
}

/// Another dialect's payload in this vendor's habit (`wire/otlp.md §4.4b`): objects, arrays of objects
/// and texts are legal, everything else is wrapped.
fn shaped(payload: &Payload) -> Raw {
    let raw = &payload.0;
    if raw.as_string().is_some() {
        let inner = payload.inner();
        let legal = inner.is_object() || objects(&inner).is_some();
        return if legal { spoken(inner) } else { raw.clone() };
    }
    if raw.is_object() {
        return spoken(raw.clone());
    }
    let key = match objects(raw) {
        Some(first) if first.contains_key("role") => "messages",
        Some(first) if first.contains_key("content") || first.contains_key("page_content") => "documents",
        Some(_) => return raw.clone(),
        None => "value",
    };
    Raw::of(&IndexMap::from([(key, raw)]))
}

/// One message alone stands in a list of messages, as several do; any other object as it is.
fn spoken(object: Raw) -> Raw {
    let is_message = |members: IndexMap<String, Raw>| {
        members.get("role").is_some_and(|role| role.as_string().is_some()) && members.contains_key("content")
    };
    match object.members().is_some_and(is_message) {
        true => Raw::of(&IndexMap::from([("messages", [object])])),
        false => object,
    }
}

/// The first element of an array that holds objects only.
fn objects(raw: &Raw) -> Option<IndexMap<String, Raw>> {
    let list = raw.elements()?;
    if !list.iter().all(Raw::is_object) {
        return None;
    }
    list.first()?.members()
}

fn bounded(raw: Raw) -> Raw {
    let text = raw.text();
    // Most texts have too few brackets to nest too deep, and counting them costs next to nothing.
    let may_nest = memchr2_iter(b'{', b'[', text.as_bytes()).nth(DEEPEST).is_some();
    if may_nest && raw.depth() > DEEPEST { Raw::of(text) } else { raw }
}
