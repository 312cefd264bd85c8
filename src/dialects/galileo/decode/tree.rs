//! A trace's tree as a list of items, parents first.

use std::mem::take;

use super::derived;
use super::fault;
use super::step;
use crate::canonical::ClientProject;
use crate::canonical::Completion;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Kind;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Raw;
use crate::canonical::Score;
use crate::canonical::ScoreValue;
use crate::canonical::Span;
use crate::canonical::Target;
use crate::canonical::complement::KEY;
use crate::canonical::ids;
use crate::contract::Decoded;
use crate::contract::Refusal;
use crate::contract::Seed;
use crate::dialects::galileo::settings::NAME;
use crate::dialects::galileo::wire;

/// A tree of more levels is refused; bodies are bounded below that before they are read.
const LEVELS: usize = 256;

/// What a request says of everything in it.
pub(in crate::dialects::galileo) struct Frame {
    /// The client's project.
    pub(in crate::dialects::galileo) project: ClientProject,
    /// The session, as external text where it has one.
    pub(in crate::dialects::galileo) session: Option<String>,
    /// The same by the vendor's id.
    pub(in crate::dialects::galileo) session_id: Option<String>,
    /// Who logs.
    pub(in crate::dialects::galileo) source: Option<String>,
    /// Whether the traces came complete.
    pub(in crate::dialects::galileo) whole: bool,
    /// What missing ids and times derive from.
    pub(in crate::dialects::galileo) seed: Seed,
}

/// A trace and everything under it.
pub(super) fn trace(raw: &Raw, path: &str, frame: &Frame, decoded: &mut Decoded) -> Result<(), Refusal> {
    let step: wire::Step = fault::part(raw, path)?;
    flatten(step, path, frame, decoded)
}

/// The same, of a step that has been read.
pub(in crate::dialects::galileo) fn flatten(
    mut step: wire::Step,
    path: &str,
    frame: &Frame,
    decoded: &mut Decoded,
) -> Result<(), Refusal> {
    let id = fault::optional_uuid(take(&mut step.id), &format!("{path}.id"))?;
    let same = fault::optional_uuid(take(&mut step.trace_id), &format!("{path}.trace_id"))?;
    let id = id.or(same).unwrap_or_else(|| derived(&frame.seed, path));
    step.parent_id = Field::Absent;
    let children = take(&mut step.spans).take().unwrap_or_default();
    let place_only = is_place(&mut step, &frame.seed);
    let mut taken = step::trace(step, path)?;
    taken.facts.session = frame.session.clone().map_or_else(|| take(&mut taken.facts.session), Field::Set);
    let native = taken.restore().unwrap_or(id);
    let mut facts = taken.facts;
    facts.id = native;
    facts.completion = if frame.whole { Completion::ClosedWhole } else { Completion::Open };
    facts.project = Field::Set(frame.project.clone());
    facts.source = match facts.source {
        Field::Absent => frame.source.clone().into(),
        told => told,
    };
    if facts.start.is_absent() {
        facts.start = Field::Set(frame.seed.at);
    }
    let rank = if frame.whole { COMPLETE } else { OPEN };
    if !place_only {
        decoded.items.push(item(path, rank, Op::Trace(Box::new(facts))));
    }
    add_scores(&taken.scores, &Target::Trace(native), path, frame, decoded);
    spans(children, native, None, path, frame, decoded)
}

/// Spans of a trace, each naming its own parent.
pub(in crate::dialects::galileo) fn strays(
    roots: Vec<Raw>,
    trace: Id,
    frame: &Frame,
    decoded: &mut Decoded,
) -> Result<(), Refusal> {
    spans(roots, trace, None, "", frame, decoded)
}

/// Spans with everything under them; their own word on the parent counts at the top only, where a
/// request may be flat (`wire/galileo.md §3.7`).
pub(super) fn spans(
    roots: Vec<Raw>,
    trace: Id,
    parent: Option<Parent>,
    path: &str,
    frame: &Frame,
    decoded: &mut Decoded,
) -> Result<(), Refusal> {
    let mut waiting = Vec::new();
    add_children(&mut waiting, roots, parent, path, 0);
    while let Some(Waiting { raw, path, parent, level }) = waiting.pop() {
        if level > LEVELS {
            return Err(fault::rule(&path, &format!("spans nest deeper than {LEVELS} levels")));
        }
        let mut step: wire::Step = fault::part(&raw, &path)?;
        let id = fault::optional_uuid(take(&mut step.id), &format!("{path}.id"))?;
        let id = id.unwrap_or_else(|| derived(&frame.seed, &path));
        let own = fault::optional_uuid(take(&mut step.parent_id), &format!("{path}.parent_id"))?;
        fault::optional_uuid(take(&mut step.trace_id), &format!("{path}.trace_id"))?;
        let own = own.filter(|own| level == 0 && own.stem() != trace.stem() && *own != id);
        let children = take(&mut step.spans).take().unwrap_or_default();
        let parent = own.map(Parent::of).or(parent);
        let native = span(step, (id, trace, parent), &path, frame, decoded)?;
        add_children(&mut waiting, children, Some(Parent { sent: id, native }), &path, level + 1);
    }
    Ok(())
}

/// An enclosing span, as its own id was sent and as it natively is.
#[derive(Clone, Copy)]
pub(super) struct Parent {
    sent: Id,
    native: Id,
}

impl Parent {
    /// One of which only the id sent is known.
    pub(super) fn of(id: Id) -> Self {
        Self { sent: id, native: id }
    }
}

/// A span whose turn has not come.
struct Waiting {
    raw: Raw,
    path: String,
    parent: Option<Parent>,
    level: usize,
}

/// Puts spans on the stack, the first on top.
fn add_children(waiting: &mut Vec<Waiting>, children: Vec<Raw>, parent: Option<Parent>, path: &str, level: usize) {
    let dot = if path.is_empty() { "" } else { "." };
    for (at, raw) in children.into_iter().enumerate().rev() {
        waiting.push(Waiting { raw, path: format!("{path}{dot}spans[{at}]"), parent, level });
    }
}

/// One span; its native id.
fn span(
    mut step: wire::Step,
    (id, trace, parent): (Id, Id, Option<Parent>),
    path: &str,
    frame: &Frame,
    decoded: &mut Decoded,
) -> Result<Id, Refusal> {
    let place_only = is_place(&mut step, &frame.seed);
    let mut taken = step::span(step, path)?;
    let sent: Field<Id> = parent.map(|parent| parent.sent).into();
    taken.facts.parent = sent.clone();
    if taken.facts.session.get() == frame.session_id.as_ref() {
        taken.facts.session = Field::Absent;
    }
    let own = taken.restore();
    let told = |id: Option<String>| id.and_then(|id| Id::parse(&id));
    let mut facts = taken.facts;
    facts.id = told(own.span).unwrap_or(id);
    facts.trace = Some(told(own.trace).unwrap_or(trace));
    if facts.parent == sent {
        facts.parent = told(own.parent).or(parent.map(|parent| parent.native)).into();
    }
    facts.project = Field::Set(frame.project.clone());
    if facts.start.is_absent() {
        facts.start = Field::Set(frame.seed.at);
    }
    facts.ended = frame.whole || has_ended(&facts);
    let native = facts.id;
    let target = Target::Span { trace: facts.trace, span: native };
    let rank = if facts.ended { COMPLETE } else { OPEN };
    if !place_only {
        decoded.items.push(item(path, rank, Op::Span(Box::new(facts))));
    }
    add_scores(&taken.scores, &target, path, frame, decoded);
    Ok(native)
}

/// Whether a step stands only for the place of what is under it: its own item was carved away. The mark
/// names the record, so no client can write one.
fn is_place(step: &mut wire::Step, seed: &Seed) -> bool {
    let ours = step.extra.get(KEY).and_then(Raw::as_string).is_some_and(|mark| mark == place_mark(seed));
    if ours {
        step.extra.shift_remove(KEY);
    }
    ours
}

/// What a step that only stands for its place has under the reserved key.
pub(in crate::dialects::galileo) fn place_mark(seed: &Seed) -> String {
    ids::text(seed.record)
}

/// Workflows and agents are sent when they begin, everything else when it has ended; what has an
/// output, a status or a duration has ended, too (`design.md §3`).
fn has_ended(facts: &Span) -> bool {
    let long = matches!(facts.kind.get(), None | Some(Kind::Workflow | Kind::Agent | Kind::Other));
    let said = facts.output.is_set() || facts.status.is_set() || facts.duration.is_set() || facts.end.is_set();
    !long || said
}

fn add_scores(scores: &[(String, Raw)], target: &Target, path: &str, frame: &Frame, decoded: &mut Decoded) {
    for (name, raw) in scores {
        let score = Score {
            target: target.clone(),
            name: name.clone(),
            value: ScoreValue::Number(raw.read().unwrap_or_default()),
            verbatim: Some(raw.text().to_owned()),
            label: None,
            reason: None,
            source: None,
            author: None,
            metadata: None,
            project: frame.project.clone(),
            at: frame.seed.at,
        };
        decoded.items.push(item(&format!("{path}.metrics.{name}"), COMPLETE, Op::Score(Box::new(score))));
    }
}

const OPEN: Rank = Rank::Open { version: None };
const COMPLETE: Rank = Rank::Complete { version: None, replaces: false };

fn item(path: &str, rank: Rank, op: Op) -> Item {
    Item { path: path.to_owned(), origin: NAME, rank, op }
}
