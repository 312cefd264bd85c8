//! What a destination has not looked at yet below its cursor: ranges of records, oldest first.

use std::collections::VecDeque;

use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::Seq;

/// More gaps than this are never opened: the fresh lane then waits.
const MOST: usize = 32;

/// Ranges of records, ascending, none empty.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Gaps(VecDeque<Gap>);

impl Gaps {
    /// The gaps as stored.
    pub(super) fn of(gaps: Vec<Gap>) -> Self {
        Self(gaps.into_iter().filter(|gap| gap.after < gap.upto).collect())
    }

    /// One more, above all others; joined with the last where they touch.
    pub(super) fn add(&mut self, gap: Gap) {
        match self.0.back_mut() {
            Some(last) if last.upto == gap.after => last.upto = gap.upto,
            _ => self.0.push_back(gap),
        }
    }

    /// Notes that everything up to a record has been read, or given up.
    pub(super) fn read(&mut self, upto: Seq) {
        while let Some(first) = self.0.front_mut() {
            first.after = first.after.max(upto);
            if first.after < first.upto {
                return;
            }
            self.0.pop_front();
        }
    }

    /// The oldest.
    pub fn first(&self) -> Option<Gap> {
        self.0.front().copied()
    }

    /// All of them, oldest first.
    pub fn all(&self) -> impl Iterator<Item = Gap> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is room for one more.
    pub(in super::super) fn has_room(&self) -> bool {
        self.0.len() < MOST
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a record lies in one.
    pub fn hold(&self, seq: Seq) -> bool {
        self.0.iter().any(|gap| gap.after < seq && seq <= gap.upto)
    }

    /// The first of these records (ascending) that lies in one.
    pub(in super::super) fn first_of(&self, seqs: &[Seq]) -> Option<Seq> {
        if self.0.is_empty() {
            return None;
        }
        seqs.iter().copied().find(|seq| self.hold(*seq))
    }
}
