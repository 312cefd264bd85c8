//! Everything the vendor should be sent of a view, row by row.

use std::collections::HashMap;
use std::collections::HashSet;

use indexmap::IndexMap;

use super::place;
use super::place::Candidate;
use super::place::Mode;
use super::place::Under;
use super::row;
use super::row::Desk;
use super::row::Row;
use crate::canonical::Id;
use crate::canonical::Raw;
use crate::canonical::Score;
use crate::canonical::Target;
use crate::canonical::View;
use crate::contract::Outward;
use crate::dialects::galileo::settings;
use crate::dialects::galileo::wire;

/// A view, encoded.
#[derive(Default)]
pub(super) struct Sheet {
    /// The trace record, where its create is held.
    pub(super) trace: Option<Row>,
    /// Spans by native id, parents before children.
    pub(super) spans: IndexMap<Id, Placed>,
    /// Spans that must wait.
    pub(super) waiting: Vec<Id>,
}

/// A span's row and place.
pub(super) struct Placed {
    pub(super) under: Under,
    pub(super) row: Row,
    /// Its place among the view's spans, which is the order of siblings.
    order: usize,
}

impl Sheet {
    /// Encodes a view; `complete` shows everything, else what may still change waits.
    pub(super) fn of(view: &View, complete: bool, out: &Outward) -> Self {
        let desk = Desk { out, trace: view.id };
        let scores = by_target(&view.scores);
        let scores_of = |span: Option<Id>| scores.get(&span).map(Vec::as_slice).unwrap_or_default();
        let whole = view.trace.as_ref().filter(|trace| trace.whole);
        let mode = match (complete, whole) {
            (true, _) => Mode::Whole,
            (false, Some(_)) => Mode::Open,
            (false, None) => Mode::Loose,
        };
        let spans: Vec<_> = view.spans.iter().filter(|span| span.whole).collect();
        let candidates: Vec<Candidate> = spans
            .iter()
            .map(|span| {
                let word = row::word(span);
                let branch = !["llm", "control"].contains(&word.as_str());
                let long = ["workflow", "agent"].contains(&word.as_str());
                let waits = !span.facts.ended && !long;
                Candidate { id: span.facts.id, parent: span.facts.parent.cloned(), branch, waits }
            })
            .collect();
        let parents: HashSet<Id> = view.spans.iter().filter_map(|span| span.facts.parent.cloned()).collect();
        let mut sheet = Self { trace: whole.map(|trace| row::trace(trace, scores_of(None), &desk)), ..Self::default() };
        for place::Placed { at, under } in place::place(&candidates, mode, settings::DEPTH) {
            let span = spans[at];
            let id = span.facts.id;
            let row = row::span(span, under, !parents.contains(&id), scores_of(Some(id)), &desk);
            sheet.spans.insert(id, Placed { under, row, order: at });
        }
        sheet.waiting = spans.iter().map(|span| span.facts.id).filter(|id| !sheet.spans.contains_key(id)).collect();
        sheet
    }

    /// Spans as the vendor nests them: those in `wanted` whose parent is not, each with its subtree.
    pub(super) fn nested(&self, wanted: impl Fn(Id) -> bool) -> Vec<(Id, Under, wire::Step)> {
        let mut children: HashMap<Id, Vec<(usize, Raw)>> = HashMap::new();
        let mut roots = Vec::new();
        for (id, placed) in self.spans.iter().rev().filter(|(id, _)| wanted(**id)) {
            let mut step = placed.row.step.clone();
            if let Some(mut under) = children.remove(id) {
                under.sort_by_key(|(order, _)| *order);
                step.spans = Some(under.into_iter().map(|(_, raw)| raw).collect()).into();
            }
            match placed.under {
                Under::Span(parent) if wanted(parent) => {
                    children.entry(parent).or_default().push((placed.order, Raw::of(&step)));
                }
                under => roots.push((placed.order, *id, under, step)),
            }
        }
        roots.sort_by_key(|(order, ..)| *order);
        roots.into_iter().map(|(_, id, under, step)| (id, under, step)).collect()
    }
}

/// Scores by span; those of the trace under none. A session's have no home there.
fn by_target(scores: &[Score]) -> HashMap<Option<Id>, Vec<&Score>> {
    let mut by_target: HashMap<Option<Id>, Vec<&Score>> = HashMap::new();
    for score in scores {
        let span = match &score.target {
            Target::Trace(_) => None,
            Target::Span { span, .. } => Some(*span),
            Target::Session(_) => continue,
        };
        by_target.entry(span).or_default().push(score);
    }
    by_target
}
