//! The small values: texts with a limit, times, token counts, money, metadata.

use indexmap::IndexMap;

use super::Notes;
use super::hygiene;
use crate::canonical::Cost;
use crate::canonical::Extra;
use crate::canonical::Field;
use crate::canonical::Metadata;
use crate::canonical::Raw;
use crate::canonical::Time;
use crate::canonical::Usage;
use crate::dialects::pandaprobe::settings;

/// The most characters of a name (`wire/pandaprobe.md §4.1`).
pub(super) const NAME_LENGTH: usize = 512;

/// The most characters of every other short text.
pub(super) const TEXT_LENGTH: usize = 255;

/// A text, cut to a length.
pub(super) fn text(path: &'static str, field: &Field<String>, max: usize, notes: &mut Notes) -> Field<String> {
    let Field::Set(text) = field else { return Field::Absent };
    Field::Set(short(path, text, max, notes))
}

/// Like [`text`], for a name that stands for something: two long ones stay apart.
pub(super) fn key_text(path: &'static str, field: &Field<String>, notes: &mut Notes) -> Field<String> {
    let Field::Set(text) = field else { return Field::Absent };
    if text.chars().count() <= TEXT_LENGTH {
        return Field::Set(short(path, text, TEXT_LENGTH, notes));
    }
    notes.add(path, "longer than 255 characters, cut and hashed");
    Field::Set(hygiene::cut_apart(&hygiene::text(text), TEXT_LENGTH))
}

fn short(path: &'static str, text: &str, max: usize, notes: &mut Notes) -> String {
    let clean = hygiene::text(text);
    if clean.len() != text.len() {
        notes.add(path, "NUL cannot be stored");
    }
    let (kept, was_cut) = hygiene::cut(&clean, max);
    if was_cut {
        notes.add(
            path,
            if max == NAME_LENGTH { "longer than 512 characters, cut" } else { "longer than 255 characters, cut" },
        );
    }
    kept.to_owned()
}

/// An instant in UTC with microseconds; the vendor keeps no more.
pub(super) fn time(time: Option<Time>) -> Field<Raw> {
    time.map(|time| Raw::of(&time.rfc3339(6))).into()
}

/// Metadata as the object it must be.
pub(super) fn metadata(metadata: &Field<Metadata>, notes: &mut Notes) -> Field<Raw> {
    let Field::Set(metadata) = metadata else { return Field::Absent };
    let (raw, cleaned) = hygiene::json(metadata.raw(), hygiene::DEPTH);
    if cleaned.too_deep {
        notes.add("metadata", "nests too deep, sent as text");
    } else if cleaned.changed {
        notes.add("metadata", "characters or numbers that cannot be stored");
    }
    match raw.members() {
        Some(members) if members.is_empty() => Field::Absent,
        Some(_) => Field::Set(raw),
        None => Field::Set(Raw::of(&IndexMap::from([("value", raw)]))),
    }
}

/// Token counts. A count that is no int4 makes every read of the project fail (`wire/pandaprobe.md
/// §9`), and so does a sum of the two that is none.
pub(super) fn usage(usage: &Field<Usage>, notes: &mut Notes) -> Field<Raw> {
    let Field::Set(usage) = usage else { return Field::Absent };
    let Usage { input, output, total, cache_read, cache_write, reasoning, other } = usage;
    let mut out: IndexMap<String, Raw> = IndexMap::new();
    let most = i64::from(i32::MAX);
    let input = counted("prompt_tokens", *input, other, most, notes);
    let output = counted("completion_tokens", *output, other, most - input.unwrap_or(0), notes);
    for (key, count) in [
        ("prompt_tokens", input),
        ("completion_tokens", output),
        ("total_tokens", *total),
        ("reasoning_tokens", *reasoning),
        ("cache_read_tokens", *cache_read),
        ("cache_creation_tokens", *cache_write),
    ] {
        if let Some(count) = count {
            out.insert(key.to_owned(), Raw::of(&count));
        }
    }
    for (key, value) in other {
        if key == "prompt_tokens" || key == "completion_tokens" || out.contains_key(key) {
            continue;
        }
        let (value, cleaned) = hygiene::json(value, hygiene::DEPTH);
        if cleaned != hygiene::Cleaned::default() {
            notes.add("usage", "characters or numbers that cannot be stored");
        }
        out.insert(hygiene::text(key).into_owned(), value);
    }
    Field::Set(Raw::of(&out))
}

/// A count that the server will sum: from the field, else from a native key that held no integer.
fn counted(key: &str, count: Option<i64>, other: &IndexMap<String, Raw>, most: i64, notes: &mut Notes) -> Option<i64> {
    let spelled = other.get(key).filter(|raw| !raw.is_null());
    let count = count.or_else(|| {
        let raw = spelled?;
        notes.add("usage", "a token count that is no integer");
        let text = raw.as_string().unwrap_or_else(|| raw.text().to_owned());
        text.trim().parse::<f64>().ok().filter(|count| count.is_finite()).map(|count| count.round() as i64)
    })?;
    if !(0..=most).contains(&count) {
        notes.add("usage", "a token count that is no int4, clamped");
    }
    Some(count.clamp(0, most))
}

/// Money: numbers only; the server sums `total`.
pub(super) fn cost(cost: &Field<Cost>, notes: &mut Notes) -> Field<Raw> {
    let Field::Set(Cost { total, parts }) = cost else { return Field::Absent };
    let mut out: IndexMap<String, Raw> = IndexMap::new();
    if let Some(total) = total.filter(|total| total.is_finite()) {
        out.insert("total".to_owned(), Raw::of(&total));
    }
    for (key, value) in parts {
        let text = value.as_string().unwrap_or_else(|| value.text().to_owned());
        match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() && !out.contains_key(key) => {
                let kept = if value.as_string().is_some() { Raw::of(&number) } else { value.clone() };
                out.insert(hygiene::text(key).into_owned(), kept);
            }
            _ => notes.add("cost", "a part that is no number"),
        }
    }
    Field::Set(Raw::of(&out))
}

/// The vendor's own newer fields, for a row that goes home.
pub(super) fn extra(extra: &Field<Extra>) -> IndexMap<String, Raw> {
    let Some(extra) = extra.get().filter(|extra| extra.dialect == settings::NAME) else {
        return IndexMap::new();
    };
    let clean = |(key, raw): (&String, &Raw)| (hygiene::text(key).into_owned(), hygiene::json(raw, hygiene::DEPTH).0);
    extra.members.iter().map(clean).collect()
}

/// A newer word for an enum, kept as it came, where nothing we know replaced it.
pub(super) fn newer(extra: &mut IndexMap<String, Raw>, key: &str, is_known: fn(&str) -> bool) -> Option<String> {
    let word = extra.shift_remove(key)?.as_string()?;
    (!is_known(&word)).then_some(word)
}
