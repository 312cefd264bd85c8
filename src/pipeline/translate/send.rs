//! Folded traces to the requests that would be sent.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::canonical::ClientProject;
use crate::canonical::Loss;
use crate::canonical::Op;
use crate::canonical::Score;
use crate::canonical::ScoreValue;
use crate::canonical::Span;
use crate::canonical::SpanView;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::Trace;
use crate::canonical::TraceView;
use crate::canonical::View;
use crate::canonical::complement::Keep;
use crate::contract::DEFAULT_NAME;
use crate::contract::Dialect;
use crate::contract::Known;
use crate::contract::Outward;
use crate::contract::Request;
use crate::contract::VendorProject;
use crate::contract::Write;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::Seq;
use crate::pipeline::outward;
use crate::pipeline::pack;
use crate::pipeline::undone;

use super::Gathered;
use super::Lost;
use super::PROJECT;
use super::Sent;
use super::names::Book;
use super::names::answer;

/// How long a server that checks ids takes one, in milliseconds, and how far ahead of its clock
/// (`design.md §5`, `id_window`).
const ID_WINDOW_MS: (i64, i64) = (11 * 3_600_000, 3_600_000);

pub(super) fn send(gathered: &Gathered, to: &'static dyn Dialect) -> Sent {
    let mut sent = Sent::default();
    let mut learnt: BTreeMap<VendorProject, Known> = BTreeMap::new();
    let (mut plans, mut once) = (Vec::new(), HashSet::new());
    // Not the input's names: what they are at the target is to be told there.
    let names = Book::default();
    for items in gathered.placed() {
        let (view, project) = gathered.dressed(items);
        let mut out = outward(gathered, items, &view, project, to);
        let known = learnt.entry(out.project.clone()).or_insert_with(|| {
            let (known, asked) = names.learn(to, &out.project);
            sent.requests.extend(asked);
            known
        });
        out.known = known.clone();
        let before = presupposed(items, &view);
        let plan = to.plan(&view, before.as_ref(), &out);
        sent.lose(plan.losses.iter().cloned());
        // Of a trace left with nothing the plan deletes the whole.
        if !view.spans.is_empty() {
            sent.lose(undone::span_deletes(items, &view, &plan, (0, Seq::MAX)));
        }
        let sure = plan.writes.into_iter().flat_map(|write| sent.sure(write, to, &mut once));
        plans.push(sure.collect());
    }
    sent.requests.extend(requests(&plans, to));
    sent
}

impl Sent {
    /// What a write comes to at a vendor that has nothing yet: what is sent for rows that are there is lost.
    fn sure(&mut self, write: Write, to: &'static dyn Dialect, once: &mut HashSet<Arc<str>>) -> Vec<Write> {
        let Some(each) = &write.each else { return vec![write] };
        if write.once.as_ref().is_some_and(|name| !once.insert(Arc::clone(name))) {
            return Vec::new();
        }
        match to.each(&write, &answer(404)) {
            Ok(rows) => {
                self.lose(rows.losses);
                rows.writes
            }
            Err(_) => {
                self.lose([each.loss.clone()]);
                Vec::new()
            }
        }
    }

    fn lose(&mut self, losses: impl IntoIterator<Item = Loss>) {
        self.losses.extend(losses.into_iter().map(|loss| Lost { line: None, loss }));
    }
}

impl Gathered {
    /// A trace's view and client project, names in place of ids.
    pub(super) fn dressed(&self, items: &TraceItems) -> (View, ClientProject) {
        let mut view = items.view(Seq::MAX);
        let project = outward::dress(&mut view, items, PROJECT, self.names.names());
        (view, project)
    }
}

fn outward(
    gathered: &Gathered,
    items: &TraceItems,
    view: &View,
    project: ClientProject,
    to: &'static dyn Dialect,
) -> Outward {
    let named = |name: Option<String>| name.unwrap_or_else(|| DEFAULT_NAME.to_owned());
    let project = VendorProject { name: to.project_name(&named(project.name)), stream: named(project.stream) };
    let trace_ms = trace_ms(gathered, items, view);
    Outward { scope: None, trace_ms, project, keep: Keep::Full, ..Outward::default() }
}

/// The trace's time in ids that carry one; with a clock, inside a server's window.
fn trace_ms(gathered: &Gathered, items: &TraceItems, view: &View) -> i64 {
    let natural = outward::natural_ms(Some(gathered.from), items, view);
    let own = outward::own_ms(view.id, natural).unwrap_or(natural);
    let Some(now) = gathered.now else { return own };
    own.clamp(now.millis() - ID_WINDOW_MS.0, now.millis() + ID_WINDOW_MS.1)
}

/// What the deletes in the input take to be there, and the view has not; `None` without any.
fn presupposed(items: &TraceItems, view: &View) -> Option<View> {
    let mut before = View { id: view.id, ..View::default() };
    if items.is_gone(Seq::MAX) {
        let facts = Trace { id: view.id, ..Trace::default() };
        before.trace = Some(TraceView { facts, whole: true, origin: items.origin(), ..TraceView::default() });
        return Some(before);
    }
    for item in items.items() {
        match &item.op {
            Op::Delete(Target::Span { span, .. }) if view.span(*span).is_none() => {
                let facts = Span { id: *span, trace: Some(view.id), ..Span::default() };
                before.spans.push(SpanView { facts, whole: true, origin: item.origin, ..SpanView::default() });
            }
            Op::DeleteScore { target, name } => before.scores.push(bare_score(view, target, name)),
            _ => {}
        }
    }
    let standing =
        |score: &Score| view.scores.iter().any(|held| held.target == score.target && held.name == score.name);
    before.scores.retain(|score| !standing(score));
    (!before.spans.is_empty() || !before.scores.is_empty()).then_some(before)
}

fn bare_score(view: &View, target: &Target, name: &str) -> Score {
    let target = match target {
        Target::Span { span, .. } => Target::Span { trace: Some(view.id), span: *span },
        other => other.clone(),
    };
    Score {
        target,
        name: name.to_owned(),
        value: ScoreValue::Number(0.0),
        verbatim: None,
        label: None,
        reason: None,
        source: None,
        author: None,
        metadata: None,
        project: ClientProject::default(),
        at: Time::default(),
    }
}

/// The writes of all plans, stage by stage, those that may share a request together.
fn requests(plans: &[Vec<Write>], to: &'static dyn Dialect) -> Vec<Request> {
    let last = plans.iter().flatten().map(|write| write.stage).max().unwrap_or_default();
    let mut requests = Vec::new();
    for stage in 0..=last {
        let writes =
            (0..).zip(plans).flat_map(|(at, plan)| (0..).zip(plan).map(move |(nth, write)| ((at, nth), write)));
        let staged = writes.filter(|(_, write)| write.stage == stage);
        for places in pack::requests(staged, to.info()) {
            let writes: Vec<&Write> = places.iter().map(|(at, nth): &(usize, usize)| &plans[*at][*nth]).collect();
            requests.push(to.pack(&writes));
        }
    }
    requests
}
