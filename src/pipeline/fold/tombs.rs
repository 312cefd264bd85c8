//! What deletes end.

use std::collections::HashMap;

use super::Held;
use crate::canonical::Op;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::pipeline::ledger::Seq;

/// Items accepted this long after a delete still belong to the life it ended (`design.md §3`).
const REORDER_WINDOW_NS: i64 = 10_000_000_000;

/// The newest deletes of a trace and of its spans: each covers what any earlier one does.
#[derive(Default)]
pub(super) struct Tombs {
    whole: Option<Tomb>,
    spans: HashMap<[u8; 8], Tomb>,
}

/// The highest record and the latest accept time of some deletes.
#[derive(Clone, Copy)]
struct Tomb {
    seq: Seq,
    at: Time,
}

impl Tombs {
    /// What some deletes end.
    pub(super) fn of<'a>(deletes: impl Iterator<Item = &'a Held>) -> Self {
        let mut tombs = Self::default();
        for held in deletes {
            let own = Tomb { seq: held.seq, at: held.at };
            match &held.item.op {
                Op::Delete(Target::Trace(_)) => tombs.whole = Some(own.over(tombs.whole)),
                Op::Delete(Target::Span { span, .. }) => {
                    let older = tombs.spans.get(&span.stem()).copied();
                    tombs.spans.insert(span.stem(), own.over(older));
                }
                _ => {}
            }
        }
        tombs
    }

    /// Whether a statement belongs to a life that has ended.
    pub(super) fn cover(&self, held: &Held) -> bool {
        if self.whole.is_some_and(|tomb| tomb.covers(held)) {
            return true;
        }
        let span = held.item.span().filter(|_| !self.spans.is_empty());
        span.and_then(|span| self.spans.get(&span.stem())).is_some_and(|tomb| tomb.covers(held))
    }
}

impl Tomb {
    fn over(self, older: Option<Self>) -> Self {
        older.map_or(self, |older| Self { seq: self.seq.max(older.seq), at: self.at.max(older.at) })
    }

    fn covers(self, held: &Held) -> bool {
        held.seq < self.seq || held.at.0 - self.at.0 <= REORDER_WINDOW_NS
    }
}
