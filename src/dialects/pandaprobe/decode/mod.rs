//! Wire to canonical: what a request says.
//!
//! Facts are read natively first, as the server would store them; then the reserved key, if the row
//! carries one, gives back what another dialect's row lost on its way here. `encode` relies on the
//! first step alone to find out what a row of ours holds.

mod score;
mod span;
mod trace;
mod values;

use std::time::Duration;

use http::Method;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::settings;
use crate::canonical::ClientProject;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Loss;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Raw;
use crate::canonical::Target;
use crate::contract::Call;
use crate::contract::Decoded;
use crate::contract::Refusal;
use crate::contract::Seed;

pub(super) use score::answer as score_answer;
pub(super) use span::facts as span_facts;
pub(super) use span::kind_known;
pub(super) use trace::answer as trace_answer;
pub(super) use trace::facts as trace_facts;
pub(super) use trace::status_known;
pub(super) use values::time;

/// What a request says (`wire/pandaprobe.md §4`).
pub(super) fn decode(call: &Call, seed: &Seed) -> Result<Decoded, Refusal> {
    let project = project(call.header(settings::PROJECT_HEADER))?;
    let path = percent_decode_str(&call.path).decode_utf8_lossy();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let mut reader = Reader { project, seed: *seed, losses: Vec::new() };
    let items = match (&call.method, segments.as_slice()) {
        (&Method::POST, ["traces"]) => trace::create(&body(call)?, &mut reader),
        (&Method::PATCH, ["traces", trace]) => trace::change(uuid(trace, "path.trace_id")?, &body(call)?, &mut reader),
        (&Method::DELETE, ["traces", trace]) => Ok(vec![delete(uuid(trace, "path.trace_id")?)]),
        (&Method::POST, ["traces", trace, "spans"]) => {
            span::create(uuid(trace, "path.trace_id")?, &body(call)?, &mut reader)
        }
        (&Method::PATCH, ["traces", trace, "spans", span]) => {
            let (trace, span) = (uuid(trace, "path.trace_id")?, uuid(span, "path.span_id")?);
            span::change(trace, span, &body(call)?, &mut reader)
        }
        (&Method::POST, ["evaluations", "trace-scores"]) => score::create(&body(call)?, &mut reader),
        _ => Err(Refusal::NotFound { what: "route", id: call.path.clone() }),
    }?;
    Ok(Decoded { items, quiet: Duration::ZERO, losses: reader.losses })
}

/// What every row of one request shares.
pub(super) struct Reader {
    /// The project the header names.
    pub(super) project: ClientProject,
    /// What missing ids derive from.
    pub(super) seed: Seed,
    /// Fields that could not be kept as they were sent.
    pub(super) losses: Vec<Loss>,
}

/// Whether a row creates or updates; decides what `null` says (`wire/pandaprobe.md §5`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum How {
    /// A POST: `null` is as good as absent.
    Create,
    /// A PATCH: `null` clears.
    Patch,
}

impl How {
    /// A field that an update can clear.
    fn clearable<T>(self, field: Field<T>) -> Field<T> {
        match self {
            Self::Create => field.null_is_absent(),
            Self::Patch => field,
        }
    }
}

/// The client project of a header's value, or the vendor's refusal of it.
pub(super) fn project(header: Option<&str>) -> Result<ClientProject, Refusal> {
    let name = header.unwrap_or_default().trim();
    match settings::project_name_error(name) {
        Some(rule) => Err(Refusal::Invalid { path: settings::PROJECT_HEADER.to_owned(), rule: rule.to_owned() }),
        None => Ok(ClientProject { name: Some(name.to_owned()), ..ClientProject::default() }),
    }
}

/// An id in any spelling of a UUID (`wire/pandaprobe.md §6`).
pub(super) fn uuid(text: &str, path: &str) -> Result<Id, Refusal> {
    let length = text.chars().count();
    Id::parse(text).ok_or_else(|| Refusal::Invalid {
        path: path.to_owned(),
        rule: format!("Input should be a valid UUID, found {length} characters that are none"),
    })
}

fn delete(trace: Id) -> Item {
    item("trace", Rank::Patch, Op::Delete(Target::Trace(trace)))
}

fn item(path: &str, rank: Rank, op: Op) -> Item {
    Item { path: path.to_owned(), origin: settings::NAME, rank, op }
}

/// The body as one JSON value; the vendor names a syntax error by its byte offset.
fn body(call: &Call) -> Result<Raw, Refusal> {
    let text = std::str::from_utf8(&call.body)
        .map_err(|_| Refusal::Malformed { message: "There was an error parsing the body".to_owned() })?;
    serde_json::from_str(text).map_err(|error| {
        let before = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let offset = before + error.column().saturating_sub(1);
        Refusal::Invalid { path: offset.to_string(), rule: "JSON decode error".to_owned() }
    })
}

/// A row as its wire struct; an error names the key.
fn row<T: DeserializeOwned>(raw: &Raw, path: &str) -> Result<T, Refusal> {
    raw.read().map_err(|error| {
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        match text.split_once(": ") {
            Some((key, rule)) if !key.contains(' ') => invalid(path, key, rule),
            _ => Refusal::Invalid { path: path.to_owned(), rule: text.to_owned() },
        }
    })
}

fn invalid(path: &str, key: &str, rule: &str) -> Refusal {
    Refusal::Invalid { path: join(path, key), rule: rule.to_owned() }
}

/// The id of a row that was sent without one, by its place in the document.
pub(super) fn derived(seed: &Seed, path: &str, key: &str) -> Id {
    Id::derived(&seed.record, &join(path, key))
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
