//! The small values: times, usage, cost, metadata and the reserved key inside it.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Number;

use super::How;
use super::Reader;
use crate::canonical::Cost;
use crate::canonical::Extra;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Metadata;
use crate::canonical::Raw;
use crate::canonical::Tags;
use crate::canonical::Time;
use crate::canonical::Usage;
use crate::canonical::complement::Ids;
use crate::canonical::complement::KEY;
use crate::canonical::complement::Reserved;
use crate::contract::Refusal;
use crate::dialects::pandaprobe::settings;

/// Members of an object, verbatim.
pub(super) type Members = IndexMap<String, Raw>;

/// Above this a number of seconds is one of milliseconds, as pydantic reads it.
const MS_WATERSHED: f64 = 2e10;

/// An instant in one of the server's spellings, cut to microseconds (`wire/pandaprobe.md §7`).
pub(in crate::dialects::pandaprobe) fn time(raw: &Raw) -> Option<Time> {
    let text = raw.as_string().unwrap_or_else(|| raw.text().to_owned());
    let text = text.trim();
    Time::parse_lenient(text).map(Time::micros).or_else(|| epoch(text))
}

fn epoch(text: &str) -> Option<Time> {
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    let micros = if number.abs() > MS_WATERSHED { number * 1e3 } else { number * 1e6 };
    (micros.abs() < 9.2e15).then(|| Time(micros.round() as i64 * 1_000))
}

/// A time field; a year we cannot hold becomes the last instant we can, and a loss.
pub(super) fn time_field(field: Field<Raw>, path: &str, reader: &mut Reader) -> Result<Field<Time>, Refusal> {
    let raw = match field {
        Field::Set(raw) => raw,
        Field::Null => return Ok(Field::Null),
        Field::Absent => return Ok(Field::Absent),
    };
    if let Some(time) = time(&raw) {
        return Ok(Field::Set(time));
    }
    let far = raw.as_string().and_then(|text| text.trim().parse::<jiff::Timestamp>().ok());
    let Some(far) = far else {
        let rule = "Input should be a valid datetime".to_owned();
        return Err(Refusal::Invalid { path: path.to_owned(), rule });
    };
    let why = "beyond the years 1678 to 2261".to_owned();
    reader.losses.push(Loss { subject: "request".to_owned(), path: path.to_owned(), why, carried: false });
    let edge = if far.as_nanosecond() < 0 { i64::MIN } else { i64::MAX };
    Ok(Field::Set(Time(edge).micros()))
}

/// Tags; on creation an empty list says nothing.
pub(super) fn tags(field: Field<Vec<String>>, how: How) -> Field<Tags> {
    match field {
        Field::Set(tags) if tags.is_empty() && how == How::Create => Field::Absent,
        other => other.null_is_absent().map(Tags::Set),
    }
}

/// Metadata without the reserved key; an empty object says nothing, nor does `null`.
pub(super) fn metadata(field: Field<Raw>, how: How, path: &str) -> Result<Field<Metadata>, Refusal> {
    let Field::Set(mut raw) = object(field.null_is_absent(), path, "metadata")? else {
        return Ok(Field::Absent);
    };
    if let Some(mut members) = members_with(&raw, KEY) {
        members.shift_remove(KEY);
        raw = Raw::of(&members);
    }
    if raw.members().is_some_and(|members| members.is_empty()) {
        return Ok(Field::Absent);
    }
    Ok(Field::Set(match how {
        How::Create => Metadata::Set(raw),
        How::Patch => Metadata::Merge(raw),
    }))
}

/// The same metadata, to be merged into what stands.
pub(super) fn merging(metadata: Metadata) -> Metadata {
    Metadata::Merge(metadata.raw().clone())
}

/// Moves `provider` out of a span's metadata, where it is text.
pub(super) fn provider(metadata: &mut Field<Metadata>, how: How) -> Field<String> {
    let Some(mut members) = metadata.get().and_then(|metadata| members_with(metadata.raw(), "provider")) else {
        return Field::Absent;
    };
    let Some(provider) = members.get("provider").and_then(Raw::as_string) else {
        return if how == How::Patch { Field::Null } else { Field::Absent };
    };
    members.shift_remove("provider");
    let rest = Raw::of(&members);
    *metadata = match how {
        _ if members.is_empty() => Field::Absent,
        How::Create => Field::Set(Metadata::Set(rest)),
        How::Patch => Field::Set(Metadata::Merge(rest)),
    };
    Field::Set(provider)
}

/// The members of an object that has a key; the text is searched first, because few have it.
fn members_with(raw: &Raw, key: &str) -> Option<Members> {
    if !raw.text().contains(key) {
        return None;
    }
    raw.members().filter(|members| members.contains_key(key))
}

/// What stands under the reserved key.
#[derive(Debug, Default)]
pub(super) struct Key {
    /// What the translation lost.
    pub(super) complement: Option<Reserved>,
    /// Whether the trace record is our own invention, for spans that came without one.
    pub(super) synthetic: bool,
}

impl Key {
    /// One of the native ids.
    pub(super) fn id(&self, which: impl Fn(&Ids) -> Option<&String>) -> Option<Id> {
        let text = which(self.complement.as_ref()?.ids.as_ref()?)?;
        Raw::of(text).read().ok()
    }
}

#[derive(Deserialize)]
struct Synthetic {
    synthetic: bool,
}

/// Takes the reserved key out of a row's metadata.
pub(super) fn reserved(metadata: &mut Field<Raw>) -> Key {
    let Some(mut members) = metadata.get().and_then(|raw| members_with(raw, KEY)) else {
        return Key::default();
    };
    let held = members.shift_remove(KEY);
    *metadata = Field::Set(Raw::of(&members));
    Key {
        complement: held.as_ref().and_then(|raw| raw.read().ok()),
        synthetic: held.as_ref().and_then(|raw| raw.read::<Synthetic>().ok()).is_some_and(|mark| mark.synthetic),
    }
}

/// A field that must be an object.
pub(super) fn object(field: Field<Raw>, path: &str, key: &str) -> Result<Field<Raw>, Refusal> {
    match &field {
        Field::Set(raw) if !raw.is_object() => Err(super::invalid(path, key, "Input should be a valid dictionary")),
        _ => Ok(field),
    }
}

/// The temperature stands among the parameters and in a field of its own, for the dialect that has one.
pub(super) fn temperature(parameters: &Field<Raw>, how: How) -> Field<f64> {
    let none = || if how == How::Patch { Field::Null } else { Field::Absent };
    match parameters {
        Field::Absent => Field::Absent,
        Field::Null => Field::Null,
        Field::Set(raw) => {
            let members = members_with(raw, "temperature");
            members.and_then(|members| members.get("temperature")?.read().ok()).map_or_else(none, Field::Set)
        }
    }
}

/// Token counts by the names that the SDKs use (`wire/pandaprobe.md §9`).
pub(super) fn usage(raw: &Raw) -> Usage {
    let mut usage = Usage::default();
    for (key, value) in raw.members().unwrap_or_default() {
        let slot = match key.as_str() {
            "prompt_tokens" => &mut usage.input,
            "completion_tokens" => &mut usage.output,
            "total_tokens" => &mut usage.total,
            "cache_read_tokens" => &mut usage.cache_read,
            "cache_creation_tokens" => &mut usage.cache_write,
            "reasoning_tokens" => &mut usage.reasoning,
            _ => {
                usage.other.insert(key, value);
                continue;
            }
        };
        match value.read::<i64>() {
            Ok(count) => *slot = Some(count),
            Err(_) => {
                usage.other.insert(key, value);
            }
        }
    }
    usage
}

/// Cost; `total` is the whole, every other key a part.
pub(super) fn cost(raw: &Raw) -> Cost {
    let mut parts = raw.members().unwrap_or_default();
    let total = parts.get("total").and_then(|total| total.read::<Number>().ok()?.as_f64());
    if total.is_some() {
        parts.shift_remove("total");
    }
    Cost { total: total.filter(|total| total.is_finite()), parts }
}

/// Keys that the vendor's published API does not know.
pub(super) fn extra(members: Members) -> Field<Extra> {
    if members.is_empty() {
        return Field::Absent;
    }
    Field::Set(Extra { dialect: settings::NAME.to_owned(), members })
}
