//! Scores: on a trace, always; one on a span names the span in its metadata.

use indexmap::IndexMap;

use super::hygiene;
use super::native;
use super::shown;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Raw;
use crate::canonical::Score;
use crate::canonical::ScoreValue;
use crate::canonical::Target;
use crate::canonical::complement;
use crate::canonical::complement::Ids;
use crate::canonical::complement::Keep;
use crate::contract::Outward;
use crate::dialects::pandaprobe::wire;

/// The most characters of a name or value; one more is a 500 (`wire/pandaprobe.md §10`).
const LENGTH: usize = 255;

/// A score's body and what it does not hold; or why it cannot be sent at all.
pub(in crate::dialects::pandaprobe) fn body(
    score: &Score,
    trace: Id,
    out: &Outward,
) -> Result<(wire::Score, Vec<Loss>), Loss> {
    let refused = |path: &str, why: &str| loss(score, path, why, false);
    let span = match &score.target {
        Target::Trace(_) => None,
        Target::Span { span, .. } => Some(*span),
        Target::Session(_) => return Err(refused("target", "a session cannot be scored")),
    };
    let name = hygiene::text(&score.name).into_owned();
    let (data_type, value) = value(score).map_err(|why| refused("value", why))?;
    if name.chars().count() > LENGTH || value.chars().count() > LENGTH {
        return Err(refused("value", "a name or value longer than 255 characters"));
    }
    let native_source = score.source.as_deref().filter(|word| is_source(word));
    let (metadata, losses) = metadata(score, span, trace, native_source.is_none(), out);
    let body = wire::Score {
        trace_id: Field::Set(shown(trace, trace, out)),
        name: Field::Set(name),
        value: Field::Set(value),
        data_type: Field::Set(data_type.to_owned()),
        source: Field::Set(native_source.unwrap_or("PROGRAMMATIC").to_owned()),
        reason: score.reason.as_ref().map(|reason| hygiene::text(reason).into_owned()).into(),
        metadata,
        ..wire::Score::default()
    };
    Ok((body, losses))
}

fn loss(score: &Score, path: &str, why: &str, carried: bool) -> Loss {
    let subject = format!("score {:?} on {}", score.name, score.target);
    Loss { subject, path: path.to_owned(), why: why.to_owned(), carried }
}

fn is_source(word: &str) -> bool {
    matches!(word, "ANNOTATION" | "PROGRAMMATIC" | "AUTOMATED")
}

/// The value as text. Numbers must lie in 0 to 1; a spelling is kept unless the server's own
/// statistics fail on it.
fn value(score: &Score) -> Result<(&'static str, String), &'static str> {
    let verbatim = score.verbatim.as_deref().map(str::trim);
    match &score.value {
        ScoreValue::Number(number) => {
            if !(0.0..=1.0).contains(number) {
                return Err("a number outside 0 to 1");
            }
            let is_plain = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            let same = |text: &&str| text.parse::<f64>() == Ok(*number);
            let kept = verbatim.filter(is_plain).filter(same);
            Ok(("NUMERIC", kept.map_or_else(|| number.to_string(), str::to_owned)))
        }
        ScoreValue::Bool(yes) => {
            let text = yes.to_string();
            let kept = verbatim.filter(|kept| kept.eq_ignore_ascii_case(&text)).map(str::to_owned);
            Ok(("BOOLEAN", kept.unwrap_or(text)))
        }
        ScoreValue::Category(word) => Ok(("CATEGORICAL", hygiene::text(word).into_owned())),
    }
}

/// Metadata, with the span's id and what else has no field.
fn metadata(score: &Score, span: Option<Id>, trace: Id, foreign: bool, out: &Outward) -> (Field<Raw>, Vec<Loss>) {
    let mut losses = Vec::new();
    let mut members = match score.metadata.as_ref().map(|raw| hygiene::json(raw, hygiene::DEPTH).0) {
        None => IndexMap::new(),
        Some(raw) => raw.members().unwrap_or_else(|| IndexMap::from([("value".to_owned(), raw)])),
    };
    if let Some(span) = span {
        members.insert("span_id".to_owned(), Raw::of(&shown(span, trace, out)));
    }
    let source = score.source.as_ref().filter(|_| foreign);
    let mut carried = IndexMap::new();
    for (path, text) in [("label", score.label.as_ref()), ("author", score.author.as_ref()), ("source", source)] {
        let Some(text) = text else { continue };
        losses.push(loss(score, path, "no native home", out.keep == Keep::Full));
        if out.keep == Keep::Full {
            carried.insert(path, hygiene::text(text).into_owned());
        }
    }
    let ids = Ids { trace: native(trace, out), span: span.and_then(|span| native(span, out)), parent: None };
    let ids = (ids != Ids::default() && out.keep != Keep::Off).then_some(ids);
    if ids.is_some() || !carried.is_empty() {
        let mut key = IndexMap::from([("v", Raw::of(&1))]);
        key.extend(ids.map(|ids| ("ids", Raw::of(&ids))));
        key.insert("c", Raw::of(&carried));
        members.insert(complement::KEY.to_owned(), Raw::of(&key));
    }
    ((!members.is_empty()).then(|| Raw::of(&members)).into(), losses)
}
