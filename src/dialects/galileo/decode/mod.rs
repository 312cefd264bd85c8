//! What Galileo's clients say, as items (`wire/galileo.md §4`–§6).
//!
//! A body's parts are read one by one, so that a mistake is named by its path in the document.

mod delete;
mod fault;
mod metadata;
mod metrics;
mod place;
mod step;
mod tree;
mod update;

use std::time::Duration;

use crate::canonical::ClientProject;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::contract::Call;
use crate::contract::Decoded;
use crate::contract::Refusal;
use crate::contract::Seed;

use super::wire;
pub(super) use fault::uuid;
pub(super) use metrics::USAGE;
pub(super) use metrics::is_count;
pub(super) use metrics::is_taken;
pub(super) use place::Place;
pub(super) use step::span;
pub(super) use step::trace;
pub(super) use tree::Frame;
use tree::Parent;
pub(super) use tree::flatten;
pub(super) use tree::place_mark;
pub(super) use tree::strays;

/// How long traces are waited for after a request that brought them whole (`design.md §3`).
const QUIET_WHOLE: Duration = Duration::from_secs(1);

/// The same after any other request.
const QUIET: Duration = Duration::from_secs(5);

/// What a request says.
///
/// # Errors
/// When it cannot be read or attributed, with the path in the document.
pub(super) fn decode(call: &Call, seed: &Seed) -> Result<Decoded, Refusal> {
    match Place::of(call) {
        Place::Traces { project } => traces(&project, call, seed),
        Place::Spans { project } => spans(&project, call, seed),
        Place::Trace { project, id } => update::trace(&project, uuid(&id, "path.trace_id")?, call),
        Place::Span { project, id } => update::span(&project, uuid(&id, "path.span_id")?, call),
        Place::Delete { spans } => delete::delete(spans, call),
        Place::Other => Ok(Decoded::default()),
    }
}

/// `POST …/traces` and `POST /ingest/traces/…`.
fn traces(project: &str, call: &Call, seed: &Seed) -> Result<Decoded, Refusal> {
    let body: wire::Traces = fault::body(&call.body)?;
    let stream = stream(&[&body.log_stream_id, &body.experiment_id, &body.metrics_testing_id]);
    let complete = body.is_complete.cloned().unwrap_or(true);
    let frame = Frame {
        project: client_project(project, stream),
        session: body.session_external_id.cloned().or_else(|| body.session_id.cloned()),
        session_id: body.session_id.cloned(),
        source: body.logging_method.cloned().filter(|method| method != "api_direct"),
        whole: complete,
        seed: *seed,
    };
    let losses = fault::unknown(&"request", &body.extra);
    let mut decoded = Decoded { quiet: if complete { QUIET_WHOLE } else { QUIET }, losses, ..Decoded::default() };
    for (at, raw) in fault::list(body.traces, "traces")?.into_iter().enumerate() {
        tree::trace(&raw, &format!("traces[{at}]"), &frame, &mut decoded)?;
    }
    Ok(decoded)
}

/// `POST …/spans` and `POST /ingest/spans/…`.
fn spans(project: &str, call: &Call, seed: &Seed) -> Result<Decoded, Refusal> {
    let body: wire::Spans = fault::body(&call.body)?;
    let trace = fault::required_uuid(&body.trace_id, "trace_id")?;
    let parent = fault::required_uuid(&body.parent_id, "parent_id")?;
    let stream = stream(&[&body.log_stream_id, &body.experiment_id, &body.metrics_testing_id]);
    let frame = Frame {
        project: client_project(project, stream),
        session: None,
        session_id: None,
        source: None,
        whole: false,
        seed: *seed,
    };
    let losses = fault::unknown(&"request", &body.extra);
    let mut decoded = Decoded { quiet: QUIET, losses, ..Decoded::default() };
    let roots = fault::list(body.spans, "spans")?;
    let parent = (parent != trace).then(|| Parent::of(parent));
    tree::spans(roots, trace, parent, "", &frame, &mut decoded)?;
    Ok(decoded)
}

/// The second level's id: the first that is given.
fn stream(candidates: &[&Field<String>]) -> Option<String> {
    candidates.iter().find_map(|candidate| candidate.cloned())
}

fn client_project(id: &str, stream_id: Option<String>) -> ClientProject {
    ClientProject { id: Some(id.to_owned()), stream_id, ..ClientProject::default() }
}

/// The id under which a step of a request without one is stored.
pub(super) fn derived(seed: &Seed, path: &str) -> Id {
    Id::derived(&seed.record, path)
}
