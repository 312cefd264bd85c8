//! Records that were given up before anybody looked at what they say. What the ledger holds of a trace is
//! not what a vendor shows then, and only these notes tell.

use std::collections::VecDeque;

use serde::Deserialize;
use serde::Serialize;

use super::Lane;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;

/// More stretches than this are not kept: of the oldest, what was given up is taken for shown again.
const MOST: usize = 1_024;

/// Stretches of records, oldest first where they came in order.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(in super::super) struct Forgone(VecDeque<Stretch>);

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Stretch {
    after: Seq,
    upto: Seq,
    /// Of new traces, one in so many was taken on; 0: nothing was.
    one_in: u64,
    /// Whether the records to come are sampled alike.
    #[serde(skip)]
    open: bool,
}

impl Forgone {
    /// Everything in a range was given up.
    pub(super) fn add(&mut self, Gap { after, upto }: Gap) {
        let touches = |held: &&mut Stretch| held.one_in == 0 && held.after <= upto && after <= held.upto;
        match self.0.iter_mut().rev().find(touches) {
            Some(held) => (held.after, held.upto) = (held.after.min(after), held.upto.max(upto)),
            None => self.push(Stretch { after, upto, one_in: 0, open: false }),
        }
    }

    /// At a record, only one new trace in so many was taken on.
    pub(super) fn sampled(&mut self, seq: Seq, one_in: u64, lane: Lane) {
        let open = lane == Lane::Fresh;
        // This lane reads every record, so that those between two were sampled alike.
        let same = self.0.iter_mut().rev().find(|stretch| open && stretch.open && stretch.one_in == one_in);
        match same {
            Some(same) => same.upto = same.upto.max(seq),
            None => self.push(Stretch { after: seq - 1, upto: seq, one_in, open }),
        }
    }

    /// What comes is not sampled as before.
    pub(super) fn end_sample(&mut self) {
        self.0.iter_mut().for_each(|stretch| stretch.open = false);
    }

    fn push(&mut self, new: Stretch) {
        if let Some(last) = self.0.back_mut()
            && (last.one_in, last.open) == (new.one_in, new.open)
            && (last.after..=last.upto).contains(&new.after)
        {
            last.upto = last.upto.max(new.upto);
            return;
        }
        self.0.push_back(new);
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// Forgets what the ledger does not hold any more.
    pub(super) fn forget_below(&mut self, seq: Seq) {
        self.0.retain(|stretch| stretch.upto >= seq);
    }

    /// The first of a trace's records (ascending) that was given up, as far as is known.
    pub(in super::super) fn first_of(&self, trace: SubjectKey, seqs: &[Seq]) -> Option<Seq> {
        if self.0.is_empty() {
            return None;
        }
        let holds = |stretch: &Stretch, seq: Seq| stretch.after < seq && seq <= stretch.upto;
        let gave_up = |seq: &Seq| self.0.iter().any(|stretch| holds(stretch, *seq) && stretch.left_out(trace));
        seqs.iter().copied().find(gave_up)
    }

    /// Whether records of a trace up to one may be taken for given up.
    pub(super) fn may_hold(&self, trace: SubjectKey, upto: Seq) -> bool {
        self.0.iter().any(|stretch| stretch.after < upto && stretch.left_out(trace))
    }

    /// Whether there is nothing.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Stretch {
    fn left_out(&self, trace: SubjectKey) -> bool {
        self.one_in == 0 || !trace.0.is_multiple_of(self.one_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_where_they_touch() {
        let mut forgone = Forgone::default();
        forgone.add(Gap { after: 2, upto: 4 });
        forgone.add(Gap { after: 4, upto: 6 });
        forgone.add(Gap { after: 8, upto: 9 });
        assert_eq!(forgone.0.len(), 2);
        let first = |seqs: &[Seq]| forgone.first_of(SubjectKey(1), seqs);
        assert_eq!((first(&[1, 2]), first(&[2, 3, 9]), first(&[7, 8, 9])), (None, Some(3), Some(9)));
    }

    #[test]
    fn of_a_sample_the_traces_that_were_left_out_are_told() {
        let mut forgone = Forgone::default();
        forgone.sampled(3, 2, Lane::Fresh);
        forgone.sampled(1, 2, Lane::Late);
        forgone.sampled(7, 2, Lane::Fresh);
        forgone.end_sample();
        forgone.sampled(9, 2, Lane::Fresh);
        forgone.sampled(10, 4, Lane::Fresh);
        let first = |trace: u64, seqs: &[Seq]| forgone.first_of(SubjectKey(trace), seqs);
        assert_eq!((first(3, &[2, 5]), first(3, &[1]), first(3, &[2, 8])), (Some(5), Some(1), None));
        assert_eq!((first(4, &[5, 10]), first(6, &[5, 10])), (None, Some(10)));
        forgone.forget_below(8);
        assert_eq!(forgone.first_of(SubjectKey(3), &[1, 5]), None);
    }
}
