//! Where in a document a row stands, and the readers that name that place when they fail.

use serde::de::DeserializeOwned;

use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Raw;
use crate::canonical::Time;
use crate::canonical::ids;
use crate::contract::Refusal;
use crate::contract::Seed;

/// What a row is meant as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::dialects::opik) enum Form {
    /// A client's create.
    Create,
    /// A client's update: `null`, absent and blank leave as is (`wire/opik.md §6.4`).
    Update {
        /// Whether `tags` are added to those held.
        merge_tags: bool,
    },
    /// A row as the vendor holds it, or as we are about to send it: its reserved key is ours.
    Held,
}

/// A place in a document.
#[derive(Debug)]
pub(in crate::dialects::opik) struct At<'a> {
    path: &'a str,
    /// What the row there is meant as.
    pub(in crate::dialects::opik) form: Form,
    losses: &'a mut Vec<Loss>,
}

impl<'a> At<'a> {
    pub(in crate::dialects::opik) fn new(path: &'a str, form: Form, losses: &'a mut Vec<Loss>) -> Self {
        Self { path, form, losses }
    }

    /// The path of a field of the row here.
    pub(super) fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// A field that the vendor's JSON reader would stop at.
    pub(super) fn wrong(&self, key: &str, why: &str) -> Refusal {
        Refusal::Malformed { message: format!("{}: {why}", self.path(key)) }
    }

    /// A field that breaks a rule of the vendor's validation.
    pub(super) fn invalid(&self, key: &str, rule: &str) -> Refusal {
        Refusal::Invalid { path: self.path(key), rule: rule.to_owned() }
    }

    /// A field that could not be read and is left out.
    pub(super) fn lose(&mut self, key: &str, why: &str) {
        let (subject, path) = (self.path.to_owned(), key.to_owned());
        self.losses.push(Loss { subject, path, why: why.to_owned(), carried: false });
    }

    /// The row as its wire type.
    pub(in crate::dialects::opik) fn read<T: DeserializeOwned>(&self, raw: &Raw) -> Result<T, Refusal> {
        raw.read().map_err(|error| {
            let place = if self.path.is_empty() { String::new() } else { format!("{}.", self.path) };
            Refusal::Malformed { message: format!("{place}{error}") }
        })
    }

    pub(in crate::dialects::opik) fn is_update(&self) -> bool {
        matches!(self.form, Form::Update { .. })
    }

    pub(in crate::dialects::opik) fn id(&self, key: &str, text: &str) -> Result<Id, Refusal> {
        Id::parse(text).ok_or_else(|| self.wrong(key, "is not a UUID"))
    }

    pub(super) fn maybe_id(&self, key: &str, field: Field<String>) -> Result<Option<Id>, Refusal> {
        self.text(field).take().map(|text| self.id(key, &text)).transpose()
    }

    /// A row's own id; the server makes one up where it is left out.
    pub(super) fn own_id(&self, field: &Field<String>, seed: &Seed, trace: Option<&str>) -> Result<Id, Refusal> {
        match field.get() {
            Some(text) => self.id("id", text),
            None => Ok(derived(seed, self.path, trace)),
        }
    }

    /// A text: `null` says nothing, and in an update neither does a blank one.
    pub(super) fn text(&self, field: Field<String>) -> Field<String> {
        match field {
            Field::Set(text) if self.is_update() && text.trim().is_empty() => Field::Absent,
            other => other.null_is_absent(),
        }
    }

    pub(super) fn time(&self, key: &str, field: Field<String>) -> Result<Field<Time>, Refusal> {
        let read =
            |text: String| Time::parse(&text).ok_or_else(|| self.wrong(key, "is not an ISO-8601 time with a zone"));
        Ok(self.text(field).take().map(read).transpose()?.into())
    }
}

/// The id of a row that was sent without one, by its place in the document: of version 7 as the server makes
/// them (`wire/opik.md §6.1`), and of the time that a span's trace carries, else of when it was accepted, so
/// that it is shown as it is stored.
pub(in crate::dialects::opik) fn derived(seed: &Seed, path: &str, trace: Option<&str>) -> Id {
    let timed = |id| match id {
        Id::Uuid(bytes) if bytes[6] >> 4 == 7 => Some(ids::embedded_ms(&bytes)),
        _ => None,
    };
    let ms = trace.and_then(Id::parse).and_then(timed).unwrap_or_else(|| seed.at.millis());
    Id::Uuid(Id::derived(&seed.record, path).v7_at(ms))
}
