//! The records of traces that were asked for lately: asked again, by another courier or after more has
//! come, they are not read again.
//!
//! The writer tells every change once it is durable and before anybody else hears of it, so what is held
//! here is what a read would find.

use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;

use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;

/// Traces held.
const TRACES: usize = 8_192;
/// A trace of more records is read each time.
const RECORDS: usize = 256;

/// Traces and their records.
pub(super) struct Known(Mutex<Held>);

struct Held {
    traces: LruCache<SubjectKey, Trace>,
    /// How often anything was asked.
    asked: u64,
}

/// One trace.
struct Trace {
    /// Ascending; while it is being read, only those that have come since.
    seqs: Vec<Seq>,
    /// Which question made it: what is read is of use only to that one.
    asked: u64,
    whole: bool,
}

impl Default for Known {
    fn default() -> Self {
        let most = NonZeroUsize::new(TRACES).unwrap_or(NonZeroUsize::MIN);
        Self(Mutex::new(Held { traces: LruCache::new(most), asked: 0 }))
    }
}

impl Known {
    /// A trace's records, read where they are not held.
    pub(super) fn seqs_of(
        &self,
        trace: SubjectKey,
        read: impl FnOnce() -> Result<Vec<Seq>, LedgerError>,
    ) -> Result<Vec<Seq>, LedgerError> {
        let asked = match self.ask(trace) {
            Ok(seqs) => return Ok(seqs),
            Err(asked) => asked,
        };
        let seqs = read()?;
        self.learn(trace, asked, &seqs);
        Ok(seqs)
    }

    /// What is held, or the number of a question to read for: from now on what comes is noted.
    fn ask(&self, trace: SubjectKey) -> Result<Vec<Seq>, u64> {
        let mut held = self.0.lock();
        held.asked += 1;
        let asked = held.asked;
        let known = held.traces.get_or_insert_mut(trace, || Trace { seqs: Vec::new(), asked, whole: false });
        if known.whole { Ok(known.seqs.clone()) } else { Err(known.asked) }
    }

    fn learn(&self, trace: SubjectKey, asked: u64, read: &[Seq]) {
        let mut held = self.0.lock();
        let Some(known) = held.traces.peek_mut(&trace).filter(|known| known.asked == asked && !known.whole) else {
            return;
        };
        known.seqs.extend(read);
        known.seqs.sort_unstable();
        known.seqs.dedup();
        known.whole = true;
        if known.seqs.len() > RECORDS {
            held.traces.pop(&trace);
        }
    }

    /// A record has been appended under these traces.
    pub(super) fn appended(&self, traces: &[SubjectKey], seq: Seq) {
        let mut held = self.0.lock();
        for trace in traces {
            let Some(known) = held.traces.peek_mut(trace) else { continue };
            // Whoever read between the commit and this has seen it.
            if known.seqs.last() != Some(&seq) {
                known.seqs.push(seq);
            }
            if known.seqs.len() > RECORDS {
                held.traces.pop(trace);
            }
        }
    }

    /// More may have been filed under a trace, or less.
    pub(super) fn forget(&self, trace: SubjectKey) {
        self.0.lock().traces.pop(&trace);
    }

    /// Anything may have changed.
    pub(super) fn clear(&self) {
        self.0.lock().traces.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: SubjectKey = SubjectKey(7);

    fn unread() -> Result<Vec<Seq>, LedgerError> {
        Err(LedgerError::Closed)
    }

    #[test]
    fn what_was_read_is_held_and_grows_with_what_comes() {
        let known = Known::default();
        known.appended(&[TRACE], 3);
        assert_eq!(known.seqs_of(TRACE, || Ok(vec![1, 3])), Ok(vec![1, 3]));
        known.appended(&[SubjectKey(8), TRACE], 5);
        assert_eq!(known.seqs_of(TRACE, unread), Ok(vec![1, 3, 5]));
        assert_eq!(known.seqs_of(SubjectKey(8), unread), unread());
    }

    #[test]
    fn what_comes_while_it_is_read_counts_once() {
        let known = Known::default();
        let read = |seqs: &[Seq]| {
            known.appended(&[TRACE], 4);
            Ok(seqs.to_vec())
        };
        assert_eq!(known.seqs_of(TRACE, || read(&[1, 4])), Ok(vec![1, 4]));
        assert_eq!(known.seqs_of(TRACE, unread), Ok(vec![1, 4]));
        known.forget(TRACE);
        assert_eq!(known.seqs_of(TRACE, || read(&[1])), Ok(vec![1]));
        assert_eq!(known.seqs_of(TRACE, unread), Ok(vec![1, 4]));
    }

    #[test]
    fn what_was_read_before_it_is_told_counts_once() {
        let known = Known::default();
        assert_eq!(known.seqs_of(TRACE, || Ok(vec![1, 4])), Ok(vec![1, 4]));
        known.appended(&[TRACE], 4);
        assert_eq!(known.seqs_of(TRACE, unread), Ok(vec![1, 4]));
    }

    #[test]
    fn what_changes_while_it_is_read_is_read_again() {
        for change in [|known: &Known| known.forget(TRACE), Known::clear] {
            let known = Known::default();
            let read = || {
                change(&known);
                Ok(vec![1])
            };
            assert_eq!(known.seqs_of(TRACE, read), Ok(vec![1]));
            assert_eq!(known.seqs_of(TRACE, || Ok(vec![1, 2])), Ok(vec![1, 2]));
        }
    }

    #[test]
    fn a_long_trace_is_read_each_time() {
        let known = Known::default();
        let many: Vec<Seq> = (1..=RECORDS as u64).collect();
        assert_eq!(known.seqs_of(TRACE, || Ok(many.clone())), Ok(many.clone()));
        assert_eq!(known.seqs_of(TRACE, unread), Ok(many));
        known.appended(&[TRACE], 999);
        assert_eq!(known.seqs_of(TRACE, || Ok(vec![999])), Ok(vec![999]));
    }
}
