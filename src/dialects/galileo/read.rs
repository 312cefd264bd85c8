//! The vendor's records: what its `GET` answers to us, and what ours answers to its clients
//! (`wire/galileo.md §4.5`).

use http::StatusCode;
use indexmap::IndexMap;

use super::client;
use super::decode;
use super::decode::Frame;
use super::encode;
use super::settings;
use super::wire;
use crate::canonical::ClientProject;
use crate::canonical::Completion;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Raw;
use crate::canonical::Time;
use crate::canonical::View;
use crate::canonical::complement::Keep;
use crate::contract::Answer;
use crate::contract::Decoded;
use crate::contract::Found;
use crate::contract::Known;
use crate::contract::Outward;
use crate::contract::Refusal;
use crate::contract::Seed;
use crate::contract::VendorProject;
use crate::contract::Wanted;

/// What a record has beside a step's fields; made by the server.
const SERVERS_OWN: [&str; 24] = [
    "project_id",
    "run_id",
    "updated_at",
    "has_children",
    "is_complete",
    "num_spans",
    "metrics_batch_id",
    "session_batch_id",
    "metric_info",
    "feedback_rating_info",
    "annotations",
    "annotation_aggregates",
    "annotation_agreement",
    "overall_annotation_agreement",
    "annotation_queue_ids",
    "fully_annotated",
    "file_ids",
    "file_modalities",
    "files",
    "progress_message",
    "error_message",
    "previous_session_id",
    "num_traces",
    "metrics_batch_ids",
];

/// The items of a record and everything under it; `None` when the vendor does not have it, has only
/// heard of it, or has it in another project.
///
/// # Errors
/// When the answer is no record.
pub(super) fn read_answer(wanted: &Wanted, answers: &[Answer], known: &Known) -> Result<Option<Vec<Item>>, String> {
    let Some(answer) = answers.first() else { return Ok(None) };
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    if answer.status != StatusCode::OK {
        return Err(format!("status {}", answer.status));
    }
    let record: IndexMap<String, Raw> = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    let text = |key: &str| record.get(key).and_then(Raw::as_string);
    let elsewhere = |project: String| known.get(client::PROJECT_ID).is_some_and(|own| *own != project);
    let in_stream = || text("run_id").is_some_and(|run| known.get(client::STREAM_ID) == Some(&run));
    if text("project_id").is_some_and(elsewhere) || (wanted.in_stream && !in_stream()) {
        return Ok(None);
    }
    let whole = record.get("is_complete").is_none_or(|complete| complete.text() != "false");
    let frame = frame(&wanted.project, whole, time(&text("created_at")));
    let mut decoded = Decoded::default();
    let read = match text("type").as_deref() {
        Some("trace") => trace(Raw::of(&record), &frame, &mut decoded),
        Some("stub_trace") => stub(&record, frame, &mut decoded),
        _ => span(&record, &frame, &mut decoded),
    };
    read.map_err(|refusal| refusal.to_string())?;
    Ok((!decoded.items.is_empty()).then_some(decoded.items))
}

fn frame(project: &VendorProject, whole: bool, at: Time) -> Frame {
    let stream = (project.stream != settings::DEFAULT_STREAM).then(|| project.stream.clone());
    Frame {
        project: ClientProject { name: Some(project.name.clone()), stream, ..ClientProject::default() },
        session: None,
        session_id: None,
        source: None,
        whole,
        seed: Seed { record: [0; 16], at },
    }
}

fn time(text: &Option<String>) -> Time {
    text.as_deref().and_then(Time::parse_lenient).unwrap_or_default()
}

type Read = Result<(), Refusal>;

/// A record's session is the vendor's id of it: of none, it is the trace's own (§4.5). Where the
/// reserved key tells the client's text, that stands, so it is not put in its way.
fn trace(record: Raw, frame: &Frame, decoded: &mut Decoded) -> Read {
    let mut step = step(&record)?;
    let session = step.session_id.cloned().filter(|session| Some(session) != step.id.get());
    step.session_id = Field::Absent;
    let at = decoded.items.len();
    decode::flatten(step, "", frame, decoded)?;
    if let Some(Op::Trace(facts)) = decoded.items.get_mut(at).map(|item| &mut item.op)
        && facts.session.is_absent()
    {
        facts.session = session.into();
    }
    Ok(())
}

fn stub(record: &IndexMap<String, Raw>, frame: Frame, decoded: &mut Decoded) -> Read {
    let id = record.get("id").and_then(Raw::as_string).unwrap_or_default();
    let trace = decode::uuid(&id, "id")?;
    let children = record.get("spans").and_then(Raw::elements).unwrap_or_default();
    let frame = Frame { whole: false, ..frame };
    decode::strays(children.iter().map(bare).collect(), trace, &frame, decoded)
}

fn span(record: &IndexMap<String, Raw>, frame: &Frame, decoded: &mut Decoded) -> Read {
    let id = |key: &str| record.get(key).and_then(Raw::as_string).unwrap_or_default();
    let trace = decode::uuid(&id("trace_id"), "trace_id")?;
    decode::strays(vec![bare(&Raw::of(record))], trace, frame, decoded)
}

fn step(record: &Raw) -> Result<wire::Step, Refusal> {
    bare(record).read().map_err(|error| Refusal::Malformed { message: error.to_string() })
}

/// A record without what the server made, its children likewise, as far as they nest in reason.
fn bare(record: &Raw) -> Raw {
    strip(record, 0)
}

fn strip(record: &Raw, level: usize) -> Raw {
    let Some(mut members) = record.members() else { return record.clone() };
    members.retain(|key, _| !SERVERS_OWN.contains(&key.as_str()));
    if level > 0 || members.get("type").and_then(Raw::as_string).as_deref() != Some("trace") {
        members.shift_remove("session_id");
    }
    if let Some(children) = members.get("spans").and_then(Raw::elements)
        && level < settings::DEPTH * 2
    {
        let children: Vec<Raw> = children.iter().map(|child| strip(child, level + 1)).collect();
        members.insert("spans".to_owned(), Raw::of(&children));
    }
    Raw::of(&members)
}

// ---------------------------------------------------------------- for our clients

/// Where a record stands, as our clients know it.
pub(super) struct Home {
    /// The project's id.
    pub(super) project: String,
    /// The log stream's id.
    pub(super) run: String,
    /// The session's id; the trace's own if it has none.
    pub(super) session: String,
}

/// A trace as the vendor shows it; a stub while its record is not held.
pub(super) fn render_trace(found: &Found, home: &Home) -> Raw {
    let out = outward(found);
    let id = encode::show_id(found.view.id, found.view.id, &out);
    let tree = encode::tree(&found.view, &out);
    let record = Records { home, trace: &id };
    let spans: Vec<Raw> = tree.spans.into_iter().map(|step| record.span(step, &id)).collect();
    let count = found.view.spans.len();
    let Some(step) = tree.trace else {
        return Raw::of(&IndexMap::from([
            ("type", Raw::of("stub_trace")),
            ("id", Raw::of(&id)),
            ("project_id", Raw::of(&home.project)),
            ("run_id", Raw::of(&home.run)),
            ("session_id", Raw::of(&home.session)),
            ("spans", Raw::of(&spans)),
        ]));
    };
    let mut members = record.common(step);
    members.insert("is_complete".to_owned(), Raw::of(&is_complete(&found.view)));
    members.insert("num_spans".to_owned(), Raw::of(&count));
    members.insert("has_children".to_owned(), Raw::of(&(count > 0)));
    members.insert("spans".to_owned(), Raw::of(&spans));
    Raw::of(&members)
}

/// A span with what is under it; `None` while its create is not held.
pub(super) fn render_span(found: &Found, home: &Home) -> Option<Raw> {
    let out = outward(found);
    let trace = encode::show_id(found.view.id, found.view.id, &out);
    let (step, parent) = encode::subtree(&found.view, found.native, &out)?;
    Some(Records { home, trace: &trace }.span(step, parent.as_deref().unwrap_or(&trace)))
}

/// Nothing of ours is shown to clients.
fn outward(found: &Found) -> Outward {
    Outward { keep: Keep::Off, ..found.out.clone() }
}

fn is_complete(view: &View) -> bool {
    view.complete || view.trace.as_ref().is_some_and(|trace| trace.facts.completion != Completion::Open)
}

struct Records<'a> {
    home: &'a Home,
    trace: &'a str,
}

impl Records<'_> {
    fn span(&self, mut step: wire::Step, parent: &str) -> Raw {
        let children = step.spans.cloned();
        let branch = !step.kind.get().is_some_and(|word| word == "llm" || word == "control");
        let id = step.id.cloned().unwrap_or_default();
        step.parent_id = Field::Set(parent.to_owned());
        step.spans = Field::Absent;
        let mut members = self.common(step);
        let read = |raw: &Raw| raw.read::<wire::Step>().ok();
        let children: Vec<Raw> =
            children.iter().flatten().filter_map(read).map(|child| self.span(child, &id)).collect();
        members.insert("is_complete".to_owned(), Raw::of(&true));
        members.insert("has_children".to_owned(), Raw::of(&!children.is_empty()));
        if branch {
            members.insert("spans".to_owned(), Raw::of(&children));
        }
        Raw::of(&members)
    }

    /// What every record has, beside what its step says.
    fn common(&self, mut step: wire::Step) -> IndexMap<String, Raw> {
        step.session_id = Field::Set(self.home.session.clone());
        step.trace_id = Field::Set(self.trace.to_owned());
        let empty = || Raw::of(&IndexMap::<String, Raw>::new());
        let mut members = Raw::of(&step).members().unwrap_or_default();
        let own = [("project_id", &self.home.project), ("run_id", &self.home.run)];
        members.extend(own.map(|(key, id)| (key.to_owned(), Raw::of(id))));
        let updated = members.get("created_at").cloned();
        let defaults = [
            ("input", Some(Raw::of(""))),
            ("output", Some(Raw::of(&()))),
            ("name", Some(Raw::of(""))),
            ("updated_at", updated),
            ("user_metadata", Some(empty())),
            ("tags", Some(Raw::of(&Vec::<String>::new()))),
            ("metrics", Some(empty())),
            ("dataset_metadata", Some(empty())),
            ("metric_info", Some(empty())),
        ];
        for (key, value) in defaults {
            if let Some(value) = value {
                members.entry(key.to_owned()).or_insert(value);
            }
        }
        members
    }
}

/// The session that a found trace is in, as external text, and its log stream's name.
pub(super) fn session_and_stream(found: &Found) -> (Option<String>, Option<String>) {
    let trace = found.view.trace.as_ref();
    let session = trace.and_then(|trace| trace.facts.session.cloned());
    let project = trace.and_then(|trace| trace.facts.project.cloned()).unwrap_or_default();
    (session, project.stream)
}

/// A trace's id as our clients know it.
pub(super) fn trace_id(found: &Found) -> String {
    encode::show_id(found.view.id, found.view.id, &found.out)
}

/// Whether a text is an id already.
pub(super) fn is_id(text: &str) -> bool {
    Id::parse(text).is_some()
}
