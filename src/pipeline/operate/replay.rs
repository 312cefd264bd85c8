//! What an operator does with dead letters: sends their traces again, or gives them up.
//!
//! A courier knows traces, so a trace moves whole: all of what was refused of it at that destination.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Operator;
use super::letters::filter;
use super::unreadable;
use crate::contract::After;
use crate::contract::LetterFilter;
use crate::contract::Moved;
use crate::pipeline::deliver::Book;
use crate::pipeline::deliver::State;
use crate::pipeline::explain::Live;
use crate::pipeline::explain::Outlet;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Letter;
use crate::pipeline::ledger::SubjectKey;

/// How often traces that were sent again are looked at, and how much rarer for each of them.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOK_EACH: Duration = Duration::from_micros(20);

/// Traces that are acted on under one lock of a book: its courier goes on in between.
const AT_ONCE: usize = 1_000;

/// The traces that a filter's letters are about.
#[derive(Default)]
pub(super) struct Batch {
    letters: u64,
    items: u64,
    traces: BTreeMap<Arc<str>, BTreeSet<SubjectKey>>,
}

impl Batch {
    pub(super) fn moved(&self, dry_run: bool) -> Moved {
        let count = |keys: &BTreeSet<SubjectKey>| keys.len() as u64;
        Moved {
            letters: self.letters,
            traces: self.traces.values().map(count).sum(),
            items: self.items,
            dry_run,
            destinations: self.traces.iter().map(|(name, keys)| (name.to_string(), count(keys))).collect(),
            after: None,
        }
    }
}

impl Operator {
    /// What a filter means now: its letters, their traces, and the items that are dead in them.
    pub(super) fn gather(&self, wanted: &LetterFilter) -> Result<Batch, LedgerError> {
        let mut batch = Batch::default();
        let most = wanted.limit.unwrap_or(usize::MAX);
        self.each_page(filter(wanted), most, |page| {
            page.iter().for_each(|letter| self.add(&mut batch, letter));
            Ok(())
        })?;
        Ok(batch)
    }

    fn add(&self, batch: &mut Batch, letter: &Letter) {
        batch.letters += 1;
        let Some(outlet) = self.outlet(&letter.destination) else { return };
        if batch.traces.entry(Arc::clone(&outlet.name)).or_default().insert(letter.trace) {
            batch.items += outlet.book.lock().trace(letter.trace).map_or(0, |state| state.dead);
        }
    }

    pub(super) async fn send_again(&self, wanted: &LetterFilter, wait: Duration) -> Result<Moved, String> {
        let now = self.now();
        let mut batch = self.gather(wanted).map_err(unreadable)?;
        batch.items = self.each(&batch, |_, book, trace| book.replay(trace, now))?;
        let mut moved = batch.moved(false);
        tracing::info!(
            letters = moved.letters,
            traces = moved.traces,
            items = moved.items,
            "dead letters are sent again"
        );
        if !wait.is_zero() {
            moved.after = Some(self.look_after(&batch, wait).await);
        }
        Ok(moved)
    }

    pub(super) fn give_up(&self, wanted: &LetterFilter) -> Result<Moved, String> {
        let mut batch = self.gather(wanted).map_err(unreadable)?;
        batch.items = self.each(&batch, |live, book, trace| {
            let items = book.discard(trace);
            live.backlog.dropped(items);
            items
        })?;
        let moved = batch.moved(false);
        tracing::info!(letters = moved.letters, traces = moved.traces, items = moved.items, "dead letters are dropped");
        Ok(moved)
    }

    /// Does something with each trace in its destination's book; how many items that moved.
    fn each(&self, batch: &Batch, act: impl Fn(&Live, &mut Book, SubjectKey) -> u64) -> Result<u64, String> {
        let mut items = 0;
        for (name, traces) in &batch.traces {
            let Some(outlet) = self.outlet(name) else { continue };
            let Some(live) = &outlet.live else {
                return Err("the gateway is stopped: letters can be read, and nothing be done with them".to_owned());
            };
            let traces: Vec<SubjectKey> = traces.iter().copied().collect();
            for traces in traces.chunks(AT_ONCE) {
                let mut book = outlet.book.lock();
                items += traces.iter().map(|trace| act(live, &mut book, *trace)).sum::<u64>();
            }
        }
        Ok(items)
    }

    /// Looks at traces until none waits, or time is over.
    async fn look_after(&self, batch: &Batch, wait: Duration) -> After {
        let traces: usize = batch.traces.values().map(BTreeSet::len).sum();
        let pause = LOOK_EVERY + LOOK_EACH * u32::try_from(traces).unwrap_or(u32::MAX);
        let looked = async {
            while self.after(batch).waiting > 0 {
                tokio::time::sleep(pause).await;
            }
        };
        // What still waits when time is over is told as such.
        let _ = tokio::time::timeout(wait, looked).await;
        self.after(batch)
    }

    fn after(&self, batch: &Batch) -> After {
        let mut after = After::default();
        let outlet = |name: &Arc<str>| self.outlet(name);
        for (outlet, traces) in batch.traces.iter().filter_map(|(name, traces)| Some((outlet(name)?, traces))) {
            count(&mut after, outlet, traces);
        }
        after
    }
}

fn count(after: &mut After, outlet: &Outlet, traces: &BTreeSet<SubjectKey>) {
    let book = outlet.book.lock();
    for trace in traces {
        match book.trace(*trace).map(|state| state.state) {
            None => after.shown += 1,
            Some(State::Parked | State::Forgone) => after.refused += 1,
            Some(_) => after.waiting += 1,
        }
    }
}
