//! `user_metadata`: strings by name, with the facts that have no field of their own.

use indexmap::IndexMap;

use crate::canonical::ErrorInfo;
use crate::canonical::Field;
use crate::canonical::Metadata;
use crate::canonical::Raw;

/// The facts that go into metadata.
pub(super) struct Given<'a> {
    pub(super) metadata: &'a Field<Metadata>,
    pub(super) user: &'a Field<String>,
    pub(super) environment: &'a Field<String>,
    pub(super) release: &'a Field<String>,
    pub(super) error: &'a Field<ErrorInfo>,
    pub(super) provider: &'a Field<String>,
    pub(super) model_parameters: &'a Field<Raw>,
}

/// The members; values of the same dialect as they came, others as strings.
pub(super) fn give(given: &Given<'_>, same: bool) -> IndexMap<String, Raw> {
    let mut members = given.metadata.get().map(|metadata| held(metadata.raw(), same)).unwrap_or_default();
    let error = given.error.get();
    let texts = [
        ("user_id", given.user.cloned()),
        ("environment", given.environment.cloned()),
        ("release", given.release.cloned()),
        ("error.type", error.and_then(|error| error.kind.clone())),
        ("error.message", error.and_then(|error| error.message.clone())),
        ("error.stack", error.and_then(|error| error.stack.clone())),
        ("provider", given.provider.cloned()),
        ("model_parameters", given.model_parameters.get().map(|raw| raw.text().to_owned())),
    ];
    members.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), Raw::of(&text?)))));
    members
}

fn held(raw: &Raw, same: bool) -> IndexMap<String, Raw> {
    match raw.members() {
        Some(members) if same => members,
        Some(members) => members.into_iter().filter_map(|(key, value)| Some((key, string(&value)?))).collect(),
        None if raw.is_null() => IndexMap::new(),
        None => string(raw).map(|text| ("value".to_owned(), text)).into_iter().collect(),
    }
}

/// A value as a string, its JSON where it is none; the vendor's model drops nulls.
pub(super) fn string(value: &Raw) -> Option<Raw> {
    let text = || if value.as_string().is_some() { value.clone() } else { Raw::of(value.text()) };
    (!value.is_null()).then(text)
}
