//! Scores on traces; one on a span names it in its metadata.

use indexmap::IndexMap;
use serde::Deserialize;

use super::Reader;
use super::row;
use super::uuid;
use super::values;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Loss;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Raw;
use crate::canonical::Score;
use crate::canonical::ScoreValue;
use crate::canonical::Target;
use crate::canonical::complement::Ids;
use crate::canonical::complement::KEY;
use crate::contract::Refusal;
use crate::dialects::pandaprobe::wire;

/// `POST /evaluations/trace-scores`.
pub(super) fn create(body: &Raw, reader: &mut Reader) -> Result<Vec<Item>, Refusal> {
    Ok(vec![item_of(row(body, "")?, "score", reader)?])
}

/// A score as posted or as the server shows it.
pub(in crate::dialects::pandaprobe) fn answer(raw: &Raw, path: &str, reader: &mut Reader) -> Result<Item, Refusal> {
    item_of(row(raw, path)?, path, reader)
}

fn item_of(score: wire::Score, path: &str, reader: &mut Reader) -> Result<Item, Refusal> {
    let wire::Score {
        id: _,
        trace_id,
        name,
        value,
        data_type,
        source,
        reason,
        metadata,
        status: _,
        created_at,
        updated_at: _,
        project_id: _,
        eval_run_id: _,
        author_user_id: _,
        environment: _,
        config_id: _,
        extra,
    } = score;
    reader.losses.extend(extra.into_keys().map(|path| {
        let why = "no such field of a score is known".to_owned();
        Loss { subject: "score".to_owned(), path, why, carried: false }
    }));
    let required = |field: Field<String>, key| field.take().ok_or_else(|| super::invalid("", key, "Field required"));
    let shown = uuid(&required(trace_id, "trace_id")?, "trace_id")?;
    let name = required(name, "name")?;
    let text = required(value, "value")?;
    let mut carried = Carried::default();
    let mut metadata = values::object(metadata.null_is_absent(), "", "metadata")?.take();
    let target = target(shown, &mut metadata, &mut carried);
    let score = Score {
        target,
        name,
        value: value_of(&text, &data_type.take().unwrap_or_else(|| "NUMERIC".to_owned()))?,
        verbatim: Some(text),
        label: carried.c.label,
        reason: reason.take(),
        source: carried.c.source.or_else(|| Some(source.take().unwrap_or_else(|| "ANNOTATION".to_owned()))),
        author: carried.c.author,
        metadata,
        project: reader.project.clone(),
        at: created_at.get().and_then(values::time).unwrap_or(reader.seed.at),
    };
    Ok(super::item(path, Rank::Patch, Op::Score(Box::new(score))))
}

/// What a score carries under the reserved key.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Carried {
    ids: Option<Ids>,
    c: CarriedFields,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CarriedFields {
    label: Option<String>,
    author: Option<String>,
    source: Option<String>,
}

/// The trace, or the span that `metadata.span_id` names; both keys of ours leave the metadata.
fn target(shown: Id, metadata: &mut Option<Raw>, carried: &mut Carried) -> Target {
    let mut members: IndexMap<String, Raw> = metadata.as_ref().and_then(Raw::members).unwrap_or_default();
    let before = members.len();
    if let Some(held) = members.shift_remove(KEY) {
        *carried = held.read().unwrap_or_default();
    }
    let span = members.get("span_id").and_then(Raw::as_string).and_then(|text| Id::parse(&text));
    if span.is_some() {
        members.shift_remove("span_id");
    }
    if members.len() != before {
        *metadata = (!members.is_empty()).then(|| Raw::of(&members));
    }
    let native = |text: Option<&String>| text.and_then(|text| Raw::of(text).read().ok());
    let ids = carried.ids.as_ref();
    let trace = native(ids.and_then(|ids| ids.trace.as_ref())).unwrap_or(shown);
    match span {
        Some(span) => {
            Target::Span { trace: Some(trace), span: native(ids.and_then(|ids| ids.span.as_ref())).unwrap_or(span) }
        }
        None => Target::Trace(trace),
    }
}

/// The value by its declared type (`wire/pandaprobe.md §10`). A number outside 0 to 1 is kept: another
/// vendor may take it.
fn value_of(text: &str, data_type: &str) -> Result<ScoreValue, Refusal> {
    let wrong = |rule: &str| super::invalid("", "value", &format!("Value error, {rule}"));
    match data_type {
        "NUMERIC" => {
            let number = text.trim().replace('_', "").parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(ScoreValue::Number).ok_or_else(|| wrong("NUMERIC score must be in [0.0, 1.0]"))
        }
        "BOOLEAN" => match text.to_ascii_lowercase().as_str() {
            "true" => Ok(ScoreValue::Bool(true)),
            "false" => Ok(ScoreValue::Bool(false)),
            _ => Err(wrong("BOOLEAN score must be 'true' or 'false'")),
        },
        // CATEGORICAL, and whatever type is newer than we know.
        _ => Ok(ScoreValue::Category(text.to_owned())),
    }
}
