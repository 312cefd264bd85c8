//! Where in the vendor's tree each span goes.
//!
//! llm and control steps are leaves there: their children hang under the nearest ancestor that may
//! have some. While a trace is open, what cannot change any more must not be sent too early: open
//! leaves, and spans whose parent is not held, wait (`design.md §5`).

use std::collections::HashMap;
use std::collections::VecDeque;

use crate::canonical::Id;

/// What placing needs of a span.
pub(super) struct Candidate {
    pub(super) id: Id,
    pub(super) parent: Option<Id>,
    /// Whether it may have children.
    pub(super) branch: bool,
    /// Whether it must wait while the trace is open.
    pub(super) waits: bool,
}

/// What a span hangs under.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Under {
    /// The trace.
    Trace,
    /// A span among the candidates.
    Span(Id),
    /// A span that the vendor may have from somebody else.
    Elsewhere(Id),
}

/// How to treat what does not fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mode {
    /// The trace is complete: everything goes, at the top if need be.
    Whole,
    /// The trace is open: what does not fit waits.
    Open,
    /// The trace record is not held: parents are taken at their word.
    Loose,
}

/// A span's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placed {
    /// Its index among the candidates.
    pub(super) at: usize,
    pub(super) under: Under,
}

/// Places spans, parents before children; those that must wait are missing.
pub(super) fn place(spans: &[Candidate], mode: Mode, depth: usize) -> Vec<Placed> {
    let known: HashMap<Id, usize> = spans.iter().enumerate().map(|(at, span)| (span.id, at)).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
    let mut roots = VecDeque::new();
    for (at, span) in spans.iter().enumerate() {
        match (span.parent, span.parent.and_then(|parent| known.get(&parent)), mode) {
            (None, _, _) | (Some(_), None, Mode::Whole) => roots.push_back((at, Under::Trace, 0)),
            (Some(_), Some(parent), _) => children[*parent].push(at),
            (Some(parent), None, Mode::Loose) => roots.push_back((at, Under::Elsewhere(parent), 0)),
            (Some(_), None, Mode::Open) => {}
        }
    }
    let mut walk = Walk { spans, children, depth, seen: vec![false; spans.len()], placed: Vec::new() };
    walk.from(roots, mode);
    if mode == Mode::Whole {
        // What is left hangs in a circle.
        while let Some(at) = walk.seen.iter().position(|seen| !seen) {
            walk.from(VecDeque::from([(at, Under::Trace, 0)]), mode);
        }
    }
    walk.placed
}

struct Walk<'a> {
    spans: &'a [Candidate],
    children: Vec<Vec<usize>>,
    depth: usize,
    seen: Vec<bool>,
    placed: Vec<Placed>,
}

impl Walk<'_> {
    fn from(&mut self, mut queue: VecDeque<(usize, Under, usize)>, mode: Mode) {
        while let Some((at, under, level)) = queue.pop_front() {
            let span = &self.spans[at];
            if std::mem::replace(&mut self.seen[at], true) || (span.waits && mode != Mode::Whole) {
                continue;
            }
            self.placed.push(Placed { at, under });
            let deeper = span.branch && level + 1 < self.depth;
            let below = if deeper { (Under::Span(span.id), level + 1) } else { (under, level) };
            queue.extend(self.children[at].iter().map(|child| (*child, below.0, below.1)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> Id {
        Id::Uuid([n; 16])
    }

    fn span(n: u8, parent: u8) -> Candidate {
        Candidate { id: id(n), parent: (parent > 0).then(|| id(parent)), branch: true, waits: false }
    }

    fn check(spans: &[Candidate], mode: Mode, expected: &[(usize, Under)]) {
        let placed: Vec<_> = place(spans, mode, 3).into_iter().map(|placed| (placed.at, placed.under)).collect();
        assert_eq!(placed, expected);
    }

    #[test]
    fn children_of_leaves_are_lifted() {
        let spans = [span(1, 0), Candidate { branch: false, ..span(2, 1) }, span(3, 2)];
        check(&spans, Mode::Open, &[(0, Under::Trace), (1, Under::Span(id(1))), (2, Under::Span(id(1)))]);
    }

    #[test]
    fn open_leaves_and_strays_wait_while_the_trace_is_open() {
        let spans = [Candidate { waits: true, ..span(1, 0) }, span(2, 1), span(3, 9), span(4, 0)];
        check(&spans, Mode::Open, &[(3, Under::Trace)]);
        check(&spans, Mode::Loose, &[(2, Under::Elsewhere(id(9))), (3, Under::Trace)]);
        let all = [(0, Under::Trace), (2, Under::Trace), (3, Under::Trace), (1, Under::Span(id(1)))];
        check(&spans, Mode::Whole, &all);
    }

    #[test]
    fn a_circle_is_cut_and_depth_is_bounded() {
        check(&[span(1, 2), span(2, 1)], Mode::Whole, &[(0, Under::Trace), (1, Under::Span(id(1)))]);
        check(&[span(1, 2), span(2, 1)], Mode::Open, &[]);
        let chain = [span(1, 0), span(2, 1), span(3, 2), span(4, 3)];
        let under = [Under::Trace, Under::Span(id(1)), Under::Span(id(2)), Under::Span(id(2))];
        check(&chain, Mode::Whole, &[(0, under[0]), (1, under[1]), (2, under[2]), (3, under[3])]);
    }
}
