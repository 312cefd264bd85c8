//! Traces whose ids have grown too old to be created where they go (`design.md §5`, "change after
//! settling").
//!
//! A trace of which nothing is there goes under a fresh time, whole. Of any other, the rows that are
//! there are changed by update; a row that never got there gets a time of its own, unless a row that is
//! there names it: then only its old id will be found.

use std::collections::HashSet;

use super::job::Job;
use super::job::leave_out;
use super::ship::Jobs;
use super::ship::Outcome;
use super::ship::Shipper;
use super::ship::failed;
use crate::canonical::Id;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::View;
use crate::canonical::ids;
use crate::contract::Outward;
use crate::contract::RowMode;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::window;
use crate::pipeline::window::Minted;
use crate::pipeline::window::Window;

/// After this long a change no longer replaces whole rows.
const LATE_NS: i64 = 3_600_000_000_000;

/// What a row's ids share.
type Stem = [u8; 8];

impl Shipper {
    /// Settles how each job's rows are written; one that cannot be settled now fails.
    pub(super) async fn settle_rows(&self, jobs: Jobs, outcomes: &mut Vec<(SubjectKey, Outcome)>) -> Jobs {
        let (window, now) = (self.window(), self.now());
        let mut ready = Vec::with_capacity(jobs.len());
        for mut job in jobs {
            if let Some(window) = window.filter(|window| !window.holds(job.out.trace_ms)) {
                if let Err(why) = self.reopen(&mut job, window).await {
                    outcomes.push((job.key, failed(why)));
                    continue;
                }
            } else if is_late(&job, now) {
                job.out.rows = RowMode::Update;
                if job.eager {
                    let there = self.shown(&job);
                    job.show(there);
                }
            }
            ready.push(job);
        }
        ready
    }

    async fn reopen(&self, job: &mut Job, window: Window) -> Result<(), String> {
        let unkept = |error: LedgerError| format!("times of ids cannot be kept: {error}");
        let (place, ledger) = (&self.destination.name, &self.outwards.ledger);
        job.out.fresh = window::fresh(&**ledger, place, job.key).map_err(unkept)?;
        let there = self.there(job).await?;
        if there.trace.is_none() && there.spans.is_empty() && there.scores.is_empty() {
            let minted = Minted { ms: window.now, retimed: true };
            ledger.replace(vec![minted.fact(place, job.key)]).await.map_err(unkept)?;
            minted.apply(&mut job.out);
            return Ok(());
        }
        job.out.rows = RowMode::Closed;
        let fresh = fresh(&job.view, &there, &job.out, window);
        if !fresh.is_empty() {
            job.out.fresh.extend(fresh);
            let fact = window::fresh_fact(place, job.key, &job.out.fresh);
            ledger.replace(vec![fact]).await.map_err(unkept)?;
        }
        job.show(there);
        Ok(())
    }

    /// What is there: what was shown, and of what may have been applied since, what a read finds.
    async fn there(&self, job: &Job) -> Result<View, String> {
        let mut there = self.shown(job);
        if !job.maybe {
            return Ok(there);
        }
        let found = self.found(job, &Target::Trace(job.view.id)).await?.unwrap_or_default();
        let found: HashSet<Stem> = found.iter().filter_map(|item| Some(item.span().or(item.trace())?.stem())).collect();
        let mut sent = job.items.view(job.upto);
        self.outwards.dress(&job.project, &job.items, &mut sent);
        if there.trace.is_none() && found.contains(&job.view.id.stem()) {
            there.trace = sent.trace;
        }
        for span in sent.spans.into_iter().filter(|span| found.contains(&span.facts.id.stem())) {
            if there.span(span.facts.id).is_none() {
                there.spans.push(span);
            }
        }
        Ok(there)
    }

    /// The whole trace as last shown.
    fn shown(&self, job: &Job) -> View {
        if job.shown_upto == 0 {
            return View::default();
        }
        let mut shown = job.items.view(job.shown_upto);
        leave_out(&mut shown, &job.refused);
        self.outwards.dress(&job.project, &job.items, &mut shown);
        shown
    }
}

/// Whether what is there was sent so long ago that people may have edited it since.
fn is_late(job: &Job, now: Time) -> bool {
    let old = |at: Time| now.0 - at.0 > LATE_NS;
    job.shown_upto > 0 && old(job.items.first_at) && old(job.items.at(job.shown_upto))
}

/// Times for the rows that are neither there nor named by what is.
fn fresh(view: &View, there: &View, out: &Outward, window: Window) -> Vec<(Stem, i64)> {
    let parents = there.spans.iter().filter_map(|span| span.facts.parent.cloned());
    let judged = there.scores.iter().filter_map(|score| match score.target {
        Target::Span { span, .. } => Some(span),
        Target::Trace(_) | Target::Session(_) => None,
    });
    let named: HashSet<Stem> = parents.chain(judged).map(Id::stem).collect();
    let spans = view.spans.iter().filter(|span| span.whole).map(|span| span.facts.id);
    let spans = spans.filter(|id| there.span(*id).is_none() && !named.contains(&id.stem()));
    let stale = |id: &Id| out.fresh.get(&id.stem()).is_none_or(|ms| !window.holds(*ms));
    spans.filter(stale).map(|id| (id.stem(), own(id, out, window).unwrap_or(window.now))).collect()
}

/// The time that an id carries, where the server would still take it.
fn own(id: Id, out: &Outward, window: Window) -> Option<i64> {
    let Id::Uuid(bytes) = id else { return None };
    let ms = ids::embedded_ms(&bytes);
    (bytes[6] >> 4 == 7 && out.scope.is_none() && window.holds(ms)).then_some(ms)
}

impl Job {
    /// Sets what is shown; where rows go out as they change, only of the rows that changed.
    fn show(&mut self, mut there: View) {
        if self.eager && !self.items.is_gone(self.upto) {
            there.scores = self.items.taken_back(self.shown_upto, self.upto);
            there.trace = there.trace.filter(|_| self.view.trace.is_some());
            there.spans.retain(|span| self.view.span(span.facts.id).is_some());
        }
        self.shown = Some(there);
    }
}
