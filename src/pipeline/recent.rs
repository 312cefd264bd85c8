//! The records that were decoded last, by sequence: what was decoded to accept it is not decoded again
//! for any destination that keeps up.
//!
//! A record is expected before it is appended and found as soon as the ledger's head says that it is
//! durable, so a courier that follows the head never finds it missing. What is read back for one that
//! fell behind is held apart: it must not push out what that courier reads next, or it would never
//! catch up. Nothing here is state.

use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;

use crate::pipeline::admission::Admission;
use crate::pipeline::ledger::Place;
use crate::pipeline::ledger::Seq;

/// The cache.
pub(super) struct Recent(Mutex<Held>);

struct Held {
    /// As they were accepted.
    fresh: Records,
    /// As they were read back.
    back: Records,
    /// Being appended; they get their sequence from their place.
    expected: Vec<(Place, Admission)>,
    /// What made room, to be let go of after the lock, on which everybody waits.
    gone: Vec<Arc<Admission>>,
}

struct Records {
    records: LruCache<Seq, Arc<Admission>>,
    bytes: usize,
    budget: usize,
}

impl Recent {
    /// An empty cache that holds about so many bytes of decoded items as they were accepted, and as they
    /// were read back.
    pub(super) fn new(fresh: usize, back: usize) -> Self {
        let [fresh, back] = [fresh, back].map(|budget| Records { records: LruCache::unbounded(), bytes: 0, budget });
        Self(Mutex::new(Held { fresh, back, expected: Vec::new(), gone: Vec::new() }))
    }

    /// Holds a record that is about to be appended, until its place is known.
    pub(super) fn expect(&self, place: Place, admission: Admission) {
        self.with(|held| held.expected.push((place, admission)));
    }

    /// Holds a record that was read back.
    pub(super) fn put(&self, admission: Arc<Admission>) {
        self.with(|held| held.back.put(admission, &mut held.gone));
    }

    /// A record, if it is held.
    pub(super) fn get(&self, seq: Seq) -> Option<Arc<Admission>> {
        self.with(|held| held.get(seq))
    }

    /// The records that follow `after` without a gap, as far as they are held and up to `most`; when the
    /// first is not held, how many are not before the next that is.
    pub(super) fn run(&self, after: Seq, most: usize) -> Result<Vec<Arc<Admission>>, usize> {
        self.with(|held| {
            let seqs = after + 1..=after.saturating_add(most as u64);
            let run: Vec<_> = seqs.clone().map_while(|seq| held.get(seq)).collect();
            if run.is_empty() { Err(seqs.take_while(|seq| !held.has(*seq)).count()) } else { Ok(run) }
        })
    }

    /// Does something with what is held by now.
    fn with<T>(&self, act: impl FnOnce(&mut Held) -> T) -> T {
        let (done, _gone) = {
            let mut held = self.0.lock();
            held.settle();
            (act(&mut held), std::mem::take(&mut held.gone))
        };
        done
    }
}

impl Held {
    fn get(&mut self, seq: Seq) -> Option<Arc<Admission>> {
        self.fresh.records.get(&seq).or_else(|| self.back.records.get(&seq)).cloned()
    }

    fn has(&self, seq: Seq) -> bool {
        self.fresh.records.contains(&seq) || self.back.records.contains(&seq)
    }

    /// Takes in what has got its place, and forgets what will never get one.
    fn settle(&mut self) {
        let mut at = 0;
        while at < self.expected.len() {
            // Looked at in this order: whoever tells the place lets go of it afterwards.
            let left = self.expected[at].0.is_left();
            match self.expected[at].0.seq() {
                Some(seq) => {
                    let (place, admission) = self.expected.swap_remove(at);
                    let admission = Admission { seq, stored: place.stored(), ..admission };
                    self.fresh.put(Arc::new(admission), &mut self.gone);
                }
                None if left => drop(self.expected.swap_remove(at)),
                None => at += 1,
            }
        }
    }
}

impl Records {
    /// The least used make room.
    fn put(&mut self, admission: Arc<Admission>, gone: &mut Vec<Arc<Admission>>) {
        self.bytes += admission.bytes;
        let old = self.records.put(admission.seq, admission);
        self.bytes -= old.map_or(0, |old| old.bytes);
        while self.bytes > self.budget {
            let Some((_, out)) = self.records.pop_lru() else { break };
            self.bytes -= out.bytes;
            gone.push(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::canonical::Time;

    fn admission(seq: Seq) -> Admission {
        let (at, quiet) = (Time(0), Duration::ZERO);
        let (project, created) = ("p".into(), Vec::new());
        Admission { seq, at, project, count: 0, quiet, homes: None, created, bytes: 10, stored: 0 }
    }

    fn seqs(run: Result<Vec<Arc<Admission>>, usize>) -> Result<Vec<Seq>, usize> {
        run.map(|run| run.iter().map(|admission| admission.seq).collect())
    }

    #[test]
    fn a_run_ends_at_what_is_not_held() {
        let recent = Recent::new(1_000, 1_000);
        [3, 4, 6].into_iter().for_each(|seq| recent.put(Arc::new(admission(seq))));
        assert_eq!(seqs(recent.run(2, 10)), Ok(vec![3, 4]));
        assert_eq!(seqs(recent.run(2, 1)), Ok(vec![3]));
        assert_eq!(seqs(recent.run(0, 10)), Err(2));
        assert_eq!(seqs(recent.run(6, 10)), Err(10));
    }

    #[test]
    fn the_least_used_make_room() {
        let recent = Recent::new(25, 25);
        recent.put(Arc::new(admission(1)));
        recent.put(Arc::new(admission(2)));
        assert!(recent.get(1).is_some());
        recent.put(Arc::new(admission(3)));
        assert!(recent.get(1).is_some() && recent.get(2).is_none() && recent.get(3).is_some());
    }

    #[test]
    fn what_is_read_back_leaves_what_was_accepted() {
        let recent = Recent::new(25, 15);
        for seq in [7, 8] {
            recent.with(|held| held.fresh.put(Arc::new(admission(seq)), &mut held.gone));
        }
        [1, 2, 3].into_iter().for_each(|seq| recent.put(Arc::new(admission(seq))));
        assert_eq!([1, 2, 3, 7, 8].map(|seq| recent.get(seq).is_some()), [false, false, true, true, true]);
    }

    #[test]
    fn what_never_gets_a_place_is_forgotten() {
        let recent = Recent::new(1_000, 1_000);
        let (kept, lost) = (Place::default(), Place::default());
        recent.expect(kept.clone(), admission(0));
        recent.expect(lost.clone(), admission(0));
        assert_eq!(recent.0.lock().expected.len(), 2);
        drop(lost);
        assert!(recent.get(1).is_none());
        assert_eq!(recent.0.lock().expected.len(), 1);
        drop(kept);
        assert!(recent.get(1).is_none());
        assert_eq!(recent.0.lock().expected.len(), 0);
    }
}
