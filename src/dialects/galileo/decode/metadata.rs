//! `user_metadata`: what of it stands in fields of ours (`wire/otlp.md §4.2`), and the reserved key.

use indexmap::IndexMap;

use crate::canonical::ErrorInfo;
use crate::canonical::Field;
use crate::canonical::Metadata;
use crate::canonical::Raw;
use crate::canonical::complement;
use crate::canonical::complement::Reserved;

/// What a step's metadata says.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) metadata: Field<Metadata>,
    pub(super) user: Field<String>,
    pub(super) environment: Field<String>,
    pub(super) release: Field<String>,
    pub(super) error: Field<ErrorInfo>,
    pub(super) provider: Field<String>,
    pub(super) model_parameters: Field<Raw>,
    pub(super) reserved: Option<Reserved>,
}

/// Takes metadata apart; a key whose value is not of its type stays. An empty object is what the SDKs
/// send for none.
pub(super) fn take(raw: Option<Raw>, span: bool) -> Taken {
    let Some((raw, mut members)) = raw.and_then(|raw| raw.members().map(|members| (raw, members))) else {
        return Taken::default();
    };
    let held = members.len();
    let mut taken = Taken { reserved: take_reserved(&mut members), ..Taken::default() };
    taken.user = take_text(&mut members, "user_id");
    taken.environment = take_text(&mut members, "environment");
    taken.release = take_text(&mut members, "release");
    taken.error = take_error(&mut members);
    if span {
        taken.provider = take_text(&mut members, "provider");
        taken.model_parameters = take_object(&mut members, "model_parameters");
    }
    taken.metadata = match members.len() {
        0 => Field::Absent,
        same if same == held => Field::Set(Metadata::Set(raw)),
        _ => Field::Set(Metadata::Set(Raw::of(&members))),
    };
    taken
}

fn take_reserved(members: &mut IndexMap<String, Raw>) -> Option<Reserved> {
    let text = members.get(complement::KEY)?.as_string()?;
    let reserved = serde_json::from_str(&text).ok()?;
    members.shift_remove(complement::KEY);
    Some(reserved)
}

fn take_text(members: &mut IndexMap<String, Raw>, key: &str) -> Field<String> {
    let text = members.get(key).and_then(Raw::as_string);
    if text.is_some() {
        members.shift_remove(key);
    }
    text.into()
}

fn take_object(members: &mut IndexMap<String, Raw>, key: &str) -> Field<Raw> {
    let inside = members.get(key).and_then(Raw::as_string).and_then(|text| Raw::parse(&text));
    let inside = inside.filter(Raw::is_object);
    if inside.is_some() {
        members.shift_remove(key);
    }
    inside.into()
}

fn take_error(members: &mut IndexMap<String, Raw>) -> Field<ErrorInfo> {
    let error = ErrorInfo {
        kind: take_text(members, "error.type").take(),
        message: take_text(members, "error.message").take(),
        stack: take_text(members, "error.stack").take(),
    };
    if error == ErrorInfo::default() { Field::Absent } else { Field::Set(error) }
}
