//! Metadata taken apart: what we keep there for want of a field, and the reserved key.

use indexmap::IndexMap;

use crate::canonical::Facts;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Metadata;
use crate::canonical::Raw;
use crate::canonical::complement;
use crate::canonical::complement::Reserved;
use crate::canonical::ids::embedded_ms;

use super::At;
use super::Form;

/// What a row's metadata held.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// What stays metadata.
    pub(super) metadata: Field<Metadata>,
    /// `user_id`, where it is text.
    pub(super) user: Field<String>,
    /// `release`, where it is text.
    pub(super) release: Field<String>,
    /// `model_parameters`, where it is an object.
    pub(super) model_parameters: Field<Raw>,
    /// The reserved key.
    pub(super) reserved: Option<Reserved>,
}

/// Opens metadata. `injected` knows the member that reads put first (`wire/opik.md §5.2`). An update
/// replaces metadata whole (`§6.4`), so what it leaves out is cleared.
pub(super) fn open(
    field: Field<Raw>,
    injected: impl Fn(&str, &Raw) -> bool,
    with_parameters: bool,
    at: &At<'_>,
) -> Opened {
    let Some(raw) = field.take() else { return Opened::default() };
    let Some(mut members) = raw.members() else {
        return Opened { metadata: Field::Set(Metadata::Set(raw)), ..Opened::default() };
    };
    let count = members.len();
    if at.form == Form::Held && members.get_index(0).is_some_and(|(key, value)| injected(key, value)) {
        members.shift_remove_index(0);
    }
    let mut opened = Opened {
        user: text(&mut members, "user_id"),
        release: text(&mut members, "release"),
        reserved: members.shift_remove(complement::KEY).and_then(|raw| raw.read().ok()),
        ..Opened::default()
    };
    if with_parameters && members.get("model_parameters").is_some_and(Raw::is_object) {
        opened.model_parameters = members.shift_remove("model_parameters").into();
    }
    opened.metadata = rest(raw, &members, count, at.is_update());
    if at.is_update() {
        clear(&mut opened, with_parameters);
    }
    opened
}

/// What is left: the text as it came where nothing was taken out.
fn rest(raw: Raw, members: &IndexMap<String, Raw>, count: usize, update: bool) -> Field<Metadata> {
    if members.len() == count {
        return Field::Set(Metadata::Set(raw));
    }
    if members.is_empty() && !update {
        return Field::Absent;
    }
    Field::Set(Metadata::Set(Raw::of(members)))
}

fn clear(opened: &mut Opened, with_parameters: bool) {
    let null_unless_set = |field: &mut Field<String>| {
        if !field.is_set() {
            *field = Field::Null;
        }
    };
    null_unless_set(&mut opened.user);
    null_unless_set(&mut opened.release);
    if with_parameters && !opened.model_parameters.is_set() {
        opened.model_parameters = Field::Null;
    }
}

fn text(members: &mut IndexMap<String, Raw>, key: &str) -> Field<String> {
    let found = members.get(key).and_then(Raw::as_string);
    if found.is_some() {
        members.shift_remove(key);
    }
    found.into()
}

/// Applies the reserved key to a row's facts and gives back its own native id; `None` when the key was
/// copied from another row, and nothing was applied.
pub(super) fn restore<T: Facts>(
    facts: &mut T,
    reserved: &Reserved,
    shown: Id,
    own: Option<&str>,
    form: Form,
) -> Option<Id> {
    let native = native(own, shown, form)?;
    complement::restore(facts, reserved);
    Some(native)
}

/// The native id that the reserved key names for an id as shown. A client may have copied the metadata
/// of another row, so from a client it counts only if it translates to the id that is shown.
pub(super) fn native(text: Option<&str>, shown: Id, form: Form) -> Option<Id> {
    let Some(text) = text else { return Some(shown) };
    let id = match text.len() {
        16 => Id::OtelSpan(u64::from_str_radix(text, 16).ok()?.to_be_bytes()),
        32 => Id::OtelTrace(u128::from_str_radix(text, 16).ok()?.to_be_bytes()),
        _ => Id::parse(text)?,
    };
    let Id::Uuid(bytes) = shown else { return None };
    let ours = form == Form::Held || id.v7(embedded_ms(&bytes)) == bytes;
    ours.then_some(id)
}
