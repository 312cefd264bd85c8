//! The items of one trace, and the view they fold to.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::past::Past;
use super::subject::Folded;
use super::subject::fold;
use super::tombs::Tombs;
use crate::canonical::ClientProject;
use crate::canonical::Completion;
use crate::canonical::Facts;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Score;
use crate::canonical::Span;
use crate::canonical::SpanView;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::Trace;
use crate::canonical::TraceView;
use crate::canonical::View;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::subject;

/// An item with its place in the ledger.
#[derive(Clone, Debug)]
pub struct Held {
    /// The record's sequence.
    pub seq: Seq,
    /// The item's position in the record.
    pub position: u32,
    /// When the record was accepted.
    pub at: Time,
    /// The item.
    pub item: Arc<Item>,
}

/// Everything accepted about one trace. Spans are filed by their stem, so every dialect's id of a
/// span finds it.
#[derive(Clone, Debug, Default)]
pub struct TraceItems {
    /// Statements about the trace record.
    trace: Vec<Held>,
    /// Statements about each span, in order of first arrival.
    spans: IndexMap<[u8; 8], Vec<Held>>,
    /// Scores set and taken back.
    scores: Vec<Held>,
    /// Deletes of the trace or a span.
    deletes: Vec<Held>,
    /// The records held, ascending.
    pub seqs: Vec<Seq>,
    /// Records that say something about it and cannot be read any more.
    pub lost: Vec<Seq>,
    /// How long the trace should be quiet.
    pub quiet: Duration,
    /// When its newest item was accepted.
    pub last_at: Time,
    /// When its first item was accepted.
    pub first_at: Time,
    /// What is remembered of it; `None`: not looked up.
    past: Option<Option<Arc<Past>>>,
}

impl TraceItems {
    /// Adds one record's items of this trace; a record already held is left alone.
    pub fn add(&mut self, seq: Seq, at: Time, quiet: Duration, items: impl IntoIterator<Item = (u32, Arc<Item>)>) {
        let Err(place) = self.seqs.binary_search(&seq) else { return };
        self.first_at = if self.seqs.is_empty() { at } else { self.first_at.min(at) };
        self.seqs.insert(place, seq);
        self.last_at = self.last_at.max(at);
        self.quiet = self.quiet.max(quiet);
        for (position, item) in items {
            let held = Held { seq, position, at, item };
            match &held.item.op {
                Op::Trace(_) => self.trace.push(held),
                Op::Span(span) => self.spans.entry(span.id.stem()).or_default().push(held),
                Op::Score(_) | Op::DeleteScore { .. } => self.scores.push(held),
                Op::Delete(_) => self.deletes.push(held),
            }
        }
    }

    /// Takes what is remembered of records that are not held any more.
    pub fn recall(&mut self, past: Option<Arc<Past>>) {
        self.past = Some(past);
    }

    /// Whether what is remembered would change anything, and has not been looked up.
    pub fn needs_past(&self) -> bool {
        self.past.is_none() && !self.trace.iter().any(|held| held.item.creates())
    }

    /// What is remembered and counts: a create that is held says it better, and what comes after a
    /// delete is a new life.
    pub fn past(&self) -> Option<&Past> {
        let past = self.past.as_ref()?.as_deref()?;
        let created = self.trace.iter().any(|held| held.item.creates());
        (!created && (!past.deleted || self.seqs.is_empty())).then_some(past)
    }

    /// Every item held.
    pub fn items(&self) -> impl Iterator<Item = &Arc<Item>> {
        let lists = [&self.trace, &self.scores, &self.deletes].into_iter().chain(self.spans.values());
        lists.flatten().map(|held| &held.item)
    }

    /// The items of one record.
    pub fn of_record(&self, seq: Seq) -> impl Iterator<Item = &Arc<Item>> {
        let lists = [&self.trace, &self.scores, &self.deletes].into_iter().chain(self.spans.values());
        lists.flatten().filter(move |held| held.seq == seq).map(|held| &held.item)
    }

    /// The ledger keys of its spans.
    pub fn span_keys(&self, project: &str) -> HashSet<SubjectKey> {
        let spans = self.spans.values().flatten().filter_map(|held| held.item.span());
        spans.map(|span| subject::span(project, span)).collect()
    }

    /// The whole trace as of a record (`Seq::MAX`: now).
    pub fn view(&self, upto: Seq) -> View {
        self.fold(upto, None)
    }

    /// Only the rows that records after `shown` speak of; scores likewise.
    pub fn changed(&self, shown: Seq, upto: Seq) -> View {
        self.fold(upto, Some(shown))
    }

    /// The trace's native id.
    pub fn view_id(&self) -> Id {
        self.native_id()
    }

    /// Scores that stood as of one record and no longer stand as of a later one.
    pub fn taken_back(&self, from: Seq, upto: Seq) -> Vec<Score> {
        let deletes =
            |held: &Held| matches!(held.item.op, Op::DeleteScore { .. }) && held.seq > from && held.seq <= upto;
        if !self.scores.iter().any(deletes) {
            return Vec::new();
        }
        let standing = self.view(upto).scores;
        let stands = |score: &Score| standing.iter().any(|held| held.target == score.target && held.name == score.name);
        self.view(from).scores.into_iter().filter(|score| !stands(score)).collect()
    }

    fn fold(&self, upto: Seq, after: Option<Seq>) -> View {
        let wanted = |list: &[Held]| {
            let mut seqs = list.iter().map(|held| held.seq).filter(|seq| *seq <= upto);
            after.map_or_else(|| list.iter().any(|held| held.seq <= upto), |after| seqs.any(|seq| seq > after))
        };
        let tombs = self.tombs(upto);
        let mut view = View { id: self.native_id(), ..View::default() };
        if wanted(&self.trace) {
            view.trace = fold_trace(&alive(&self.trace, &tombs, upto), self.project());
        }
        let over = self.over(&tombs, upto);
        let is_ended_now = after.zip(over).is_some_and(|(after, (seq, _))| seq > after);
        let ends = |list: &[Held]| is_ended_now && closing(list, upto).is_none();
        let lists = || self.spans.values().filter(|list| wanted(list) || ends(list));
        view.spans.reserve_exact(lists().count());
        for list in lists() {
            if let Some(mut span) = self.fold_span(&alive(list, &tombs, upto), view.id) {
                span.facts.ended |= over.is_some();
                self.remember_parent(&mut span);
                view.spans.push(span);
            }
        }
        view.scores = self.standing(alive(&self.scores, &tombs, upto), after, view.id);
        if after.is_none() {
            view.complete = is_complete(&view);
        }
        self.infer_ends(&mut view, over, upto);
        view
    }

    /// Gives a span of which only updates are held the parent that it had.
    fn remember_parent(&self, span: &mut SpanView) {
        let past = self.past().and_then(|past| past.span(span.facts.id.stem()));
        if let (Some(past), Field::Absent, false) = (past, &span.facts.parent, span.whole) {
            span.facts.parent = past.parent.map_or(Field::Absent, Field::Set);
        }
    }

    /// The spans that records above `after`, up to `upto`, delete one by one.
    pub fn deleted_spans(&self, after: Seq, upto: Seq) -> impl Iterator<Item = Id> {
        let deletes = self.deletes.iter().filter(move |held| held.seq > after && held.seq <= upto);
        deletes.filter_map(|held| match &held.item.op {
            Op::Delete(Target::Span { span, .. }) => Some(*span),
            _ => None,
        })
    }

    /// What deletes have ended, as of a record.
    fn tombs(&self, upto: Seq) -> Tombs {
        Tombs::of(self.deletes.iter().filter(|held| held.seq <= upto))
    }

    /// A span's id as its create spelled it, held or remembered, by any dialect's id of it; `None` for one
    /// never heard of.
    pub(super) fn native_span(&self, id: Id) -> Option<Id> {
        let past = || self.past().and_then(|past| past.span(id.stem())).map(|span| span.id);
        match self.spans.get(&id.stem()) {
            Some(list) if list.iter().any(|held| held.item.creates()) => Some(native(list.iter())),
            Some(list) => past().or_else(|| Some(native(list.iter()))),
            None => past(),
        }
    }

    /// Whether anything says which trace or session this is about; an orphan's items do not.
    pub fn is_placed(&self) -> bool {
        self.past().is_some() || self.items().any(|item| item.trace().is_some() || item.span().is_none())
    }

    /// The earliest start that any item names: of the trace record, else of a span.
    pub fn start(&self) -> Option<Time> {
        let traces = self.trace.iter().filter_map(trace_of).filter_map(|trace| trace.start.cloned());
        let spans = self.spans.values().flatten().filter_map(span_of).filter_map(|span| span.start.cloned());
        traces.min().or(spans.min())
    }

    /// The dialect that brought the first item.
    pub fn origin(&self) -> &'static str {
        let first = self.items().next().map(|item| item.origin);
        first.or(self.past().map(|past| past.origin)).unwrap_or_default()
    }

    /// The newest record held that is not above a limit.
    pub fn last_upto(&self, limit: Seq) -> Seq {
        self.seqs.iter().copied().take_while(|seq| *seq <= limit).last().unwrap_or_default()
    }

    /// When the newest item up to a record was accepted.
    pub fn at(&self, upto: Seq) -> Time {
        let lists = [&self.trace, &self.scores, &self.deletes].into_iter().chain(self.spans.values());
        lists.flatten().filter(|held| held.seq <= upto).map(|held| held.at).max().unwrap_or_default()
    }

    /// How many items of records above `after`, up to `upto`, are held.
    pub fn count_between(&self, after: Seq, upto: Seq) -> u64 {
        let lists = [&self.trace, &self.scores, &self.deletes].into_iter().chain(self.spans.values());
        lists.flatten().filter(|held| held.seq > after && held.seq <= upto).count() as u64
    }

    /// How many items of records above `after` are about a row: the trace record, a span, or scores.
    pub fn count_of(&self, target: &Target, after: Seq) -> u64 {
        let list = match target {
            Target::Trace(_) => Some(&self.trace),
            Target::Span { span, .. } => self.spans.get(&span.stem()),
            Target::Session(_) => Some(&self.scores),
        };
        list.into_iter().flatten().filter(|held| held.seq > after).count() as u64
    }

    /// Whether a score is on a trace or span of a trace of which no create is held as of a record.
    pub fn is_orphan(&self, score: &Score, upto: Seq) -> bool {
        let mut rows = [&self.trace].into_iter().chain(self.spans.values()).flatten();
        let created = rows.any(|held| held.seq <= upto && held.item.creates());
        !created && !matches!(score.target, Target::Session(_))
    }

    /// The trace's native id: as its create spelled it, else as the first item did.
    fn native_id(&self) -> Id {
        if let Some(past) = self.past() {
            return past.id;
        }
        let creates = self.trace.iter().filter(|held| held.item.creates());
        let spans = || self.spans.values().flatten().filter(|held| held.item.creates());
        let any = || [&self.trace, &self.scores, &self.deletes].into_iter().chain(self.spans.values()).flatten();
        let mut ids = creates.chain(spans()).chain(any()).filter_map(|held| held.item.trace());
        ids.next().unwrap_or_default()
    }

    /// The client project: of the trace's create, else the first that any item names.
    fn project(&self) -> ClientProject {
        if let Some(past) = self.past() {
            return past.project.clone();
        }
        let of_trace = self.trace.iter().filter_map(|held| match &held.item.op {
            Op::Trace(trace) => trace.project.get(),
            _ => None,
        });
        let of_spans = self.spans.values().flatten().filter_map(|held| match &held.item.op {
            Op::Span(span) => span.project.get(),
            _ => None,
        });
        let of_scores = self.scores.iter().filter_map(|held| match &held.item.op {
            Op::Score(score) => Some(&score.project),
            _ => None,
        });
        of_trace.chain(of_spans).chain(of_scores).next().cloned().unwrap_or_default()
    }

    /// How many items of records that `wanted` names are held.
    pub fn count_where(&self, wanted: impl Fn(Seq) -> bool) -> u64 {
        let lists = [&self.trace, &self.scores, &self.deletes].into_iter().chain(self.spans.values());
        lists.flatten().filter(|held| wanted(held.seq)).count() as u64
    }

    /// What it is about: the trace, or the span of which only updates are held.
    pub fn target(&self) -> Target {
        let orphan = || self.items().find_map(|item| Some(Target::Span { trace: None, span: item.span()? }));
        match self.is_placed() {
            true => Target::Trace(self.native_id()),
            false => orphan().unwrap_or(Target::Trace(self.native_id())),
        }
    }

    /// The client project the trace is filed under.
    pub fn client_project(&self) -> ClientProject {
        self.project()
    }

    /// The rows that records after `after` speak of.
    pub fn rows_after(&self, after: Seq) -> HashSet<[u8; 8]> {
        let touched = |list: &Vec<Held>| list.iter().any(|held| held.seq > after);
        self.spans.iter().filter(|(_, list)| touched(list)).map(|(stem, _)| *stem).collect()
    }

    /// Whether the newest delete says that the trace is gone and nothing came after it.
    pub fn is_gone(&self, upto: Seq) -> bool {
        if self.past().is_some_and(|past| past.deleted) {
            return true;
        }
        let trace = self.deletes.iter().any(|held| matches!(held.item.op, Op::Delete(Target::Trace(_))));
        let (tombs, lists) = (self.tombs(upto), [&self.trace].into_iter().chain(self.spans.values()));
        trace && lists.flatten().filter(|held| held.seq <= upto).all(|held| tombs.cover(held))
    }

    /// The record and accept time of the item that said that the trace is over, and with it every span.
    fn over(&self, tombs: &Tombs, upto: Seq) -> Option<(Seq, Time)> {
        let over = |held: &&Held| trace_of(held).is_some_and(|trace| trace.completion == Completion::ClosedWhole);
        alive(&self.trace, tombs, upto).into_iter().filter(over).map(|held| (held.seq, held.at)).min()
    }

    /// Gives ended subjects without an end one: the closing item's accept time; for a trace that came
    /// whole, the latest child's end, else the start (`design.md §3`, "end if none is sent").
    fn infer_ends(&self, view: &mut View, over: Option<(Seq, Time)>, upto: Seq) {
        let came_whole = self
            .trace
            .iter()
            .filter(|held| held.seq <= upto && held.item.creates())
            .find(|held| matches!(&held.item.op, Op::Trace(trace) if trace.completion == Completion::ClosedWhole));
        let whole_seq = came_whole.map(|held| held.seq);
        // What retention took away had its end: a later change does not move it.
        let past = self.past();
        let ended = |span: &SpanView| !span.whole && past.is_some_and(|past| past.span(span.facts.id.stem()).is_some());
        let is_endless = |span: &SpanView| span.facts.ended && !span.facts.end.is_set() && !ended(span);
        let latest = if view.spans.iter().any(is_endless) { latest_children(&view.spans) } else { HashMap::new() };
        for span in view.spans.iter_mut().filter(|span| is_endless(span)) {
            let closing = self.spans.get(&span.facts.id.stem()).and_then(|list| closing(list, upto)).or(over);
            span.inferred_end = match closing {
                Some((seq, at)) if Some(seq) != whole_seq => Some(at),
                _ => latest.get(&span.facts.id).copied().or(span.facts.start.cloned()),
            };
        }
        let latest = view.spans.iter().filter_map(SpanView::end).max();
        if let Some(trace) = &mut view.trace
            && !trace.facts.end.is_set()
            && past.is_none()
            && trace.facts.completion != Completion::Open
        {
            trace.inferred_end = latest.or(trace.facts.start.cloned());
        }
    }
}

/// The statements of a list that no delete has ended, as of a record.
fn alive<'a>(list: &'a [Held], tombs: &Tombs, upto: Seq) -> Vec<&'a Held> {
    list.iter().filter(|held| held.seq <= upto && !tombs.cover(held)).collect()
}

/// The record and accept time of the item that ended a span.
fn closing(list: &[Held], upto: Seq) -> Option<(Seq, Time)> {
    let ended = |held: &&Held| matches!(&held.item.op, Op::Span(span) if span.ended);
    list.iter().filter(|held| held.seq <= upto).filter(ended).map(|held| (held.seq, held.at)).min()
}

/// A subject's native id: as its create spelled it, else as its first item did.
fn native<'a>(mut list: impl Iterator<Item = &'a Held> + Clone) -> Id {
    let create = list.clone().find(|held| held.item.creates()).or_else(|| list.next());
    create.and_then(|held| held.item.span()).unwrap_or_default()
}

fn trace_of(held: &Held) -> Option<&Trace> {
    match &held.item.op {
        Op::Trace(trace) => Some(trace),
        _ => None,
    }
}

fn span_of(held: &Held) -> Option<&Span> {
    match &held.item.op {
        Op::Span(span) => Some(span),
        _ => None,
    }
}

fn fold_trace(held: &[&Held], project: ClientProject) -> Option<TraceView> {
    let folded = fold(held, trace_of)?;
    let mut facts = folded.facts.settled();
    facts.id = held.iter().find(|held| held.item.creates()).or(held.first())?.item.trace()?;
    let said = held.iter().filter_map(|held| trace_of(held));
    facts.completion = said.map(|trace| trace.completion).max().unwrap_or_default();
    facts.project = Field::Set(project);
    facts.resolve();
    Some(TraceView { facts, whole: folded.whole, origin: folded.origin, version: folded.version, inferred_end: None })
}

impl TraceItems {
    fn fold_span(&self, held: &[&Held], trace: Id) -> Option<SpanView> {
        let folded = fold(held, span_of)?;
        let mut facts = folded.facts.settled();
        let spelled = native(held.iter().copied());
        facts.id = self.native_span(spelled).unwrap_or(spelled);
        facts.trace = Some(trace);
        facts.ended = held.iter().filter_map(|held| span_of(held)).any(|span| span.ended);
        facts.project = Field::Absent;
        if let Field::Set(parent) = facts.parent {
            facts.parent = match self.native_span(parent) {
                None if parent.stem() == trace.stem() => Field::Absent,
                native => Field::Set(native.unwrap_or(parent)),
            };
        }
        facts.resolve();
        let Folded { whole, origin, version, .. } = folded;
        Some(SpanView { facts, whole, origin, version, inferred_end: None })
    }
}

/// The latest end of each span's children.
fn latest_children(spans: &[SpanView]) -> HashMap<Id, Time> {
    let mut latest: HashMap<Id, Time> = HashMap::new();
    for (parent, end) in spans.iter().filter_map(|span| Some((span.facts.parent.get()?, *span.facts.end.get()?))) {
        let held = latest.entry(*parent).or_insert(end);
        *held = end.max(*held);
    }
    latest
}

/// Whether nothing more is expected (`design.md §3`, "complete when").
fn is_complete(view: &View) -> bool {
    let Some(trace) = &view.trace else { return false };
    match trace.facts.completion {
        Completion::Open => false,
        Completion::Closed => trace.whole && view.spans.iter().all(|span| span.facts.ended && span.whole),
        Completion::ClosedWhole => trace.whole,
    }
}
