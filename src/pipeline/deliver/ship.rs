//! Sending a batch of due traces: look, learn names, plan, and send stage by stage.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use indexmap::IndexSet;

use super::Destination;
use super::batch;
use super::book::TraceState;
use super::job;
use super::job::Job;
use super::job::Look;
use crate::canonical::Loss;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::contract::Answer;
use crate::contract::Bucket;
use crate::contract::Clock;
use crate::contract::Known;
use crate::contract::VendorProject;
use crate::contract::Verdict;
use crate::contract::Wanted;
use crate::contract::Write;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::outward::Outwards;
use crate::pipeline::story::Story;
use crate::telemetry::metrics;

/// A minted id's time stays this far inside a server's window (`wire/otlp.md §4.6`).
const AHEAD_MS: i64 = 3_600_000;

/// How a trace fared.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Shown up to a record; so many items of it were refused for good.
    Shown { upto: Seq, dead: u64, why: Option<String> },
    /// Not due yet.
    Later(Time),
    /// To be tried again.
    Failed { why: String, floor: Option<Duration>, frozen: Option<Seq>, stop: bool },
    /// Refused for good.
    Parked { upto: Seq, why: String },
    /// An orphan that a trace adopted.
    Adopted(SubjectKey),
}

/// What every shipment of a courier shares.
pub(super) struct Shipper {
    pub(super) destination: Arc<Destination>,
    pub(super) outwards: Arc<Outwards>,
    pub(super) clock: Clock,
    pub(super) story: Arc<Story>,
    /// The record after which the destination's routes began.
    pub(super) start: Seq,
}

/// A trace under way.
pub(super) struct Shipment {
    pub(super) job: Job,
    pub(super) writes: Vec<Write>,
    pub(super) refused: Vec<Refused>,
    pub(super) delivered: usize,
    pub(super) failed: Option<Outcome>,
    /// Fields that could not be carried natively.
    pub(super) losses: Vec<Loss>,
}

/// What a trace cannot show there.
pub(super) struct Refused {
    pub(super) target: Target,
    pub(super) why: String,
    /// How many items that is.
    pub(super) items: u64,
}

impl Shipment {
    /// Counts a write as refused for good: of a row, every item not shown; of a score, that score.
    pub(super) fn refuse(&mut self, write: usize, why: String) {
        let Write { target, bucket, .. } = &self.writes[write];
        let row = || self.job.items.count_of(target, self.job.shown_upto);
        let items = if *bucket == Bucket::Score { 1 } else { row() };
        self.refused.push(Refused { target: target.clone(), why, items });
    }

    /// Takes out every write about something that is nowhere.
    fn refuse_orphan(&mut self, target: &Target) {
        let (gone, kept): (Vec<Write>, Vec<Write>) =
            std::mem::take(&mut self.writes).into_iter().partition(|write| write.target == *target);
        self.writes = kept;
        let scores = gone.iter().filter(|write| write.bucket == Bucket::Score).count() as u64;
        let items = scores + self.job.items.count_of(target, self.job.shown_upto);
        self.refused.push(Refused { target: target.clone(), why: "no create".to_owned(), items });
    }
}

impl Shipper {
    /// Ships the traces taken; one outcome each.
    pub(super) async fn ship(
        self: Arc<Self>,
        taken: Vec<(SubjectKey, TraceState)>,
        cursor: Seq,
    ) -> Vec<(SubjectKey, Outcome)> {
        let mut outcomes = Vec::with_capacity(taken.len());
        let this = Arc::clone(&self);
        let looks = tokio::task::spawn_blocking(move || this.look_all(&taken, cursor)).await.unwrap_or_default();
        let mut jobs = Vec::new();
        for (key, look) in looks {
            match look {
                Ok(Look::Send(job)) => jobs.push(*job),
                Ok(Look::Later(due)) => outcomes.push((key, Outcome::Later(due))),
                Ok(Look::Adopted(trace)) => outcomes.push((key, Outcome::Adopted(trace))),
                Ok(Look::NoCreate) => {
                    outcomes.push((key, Outcome::Parked { upto: cursor, why: "no create".to_owned() }))
                }
                Err(error) => outcomes.push((key, failed(format!("the ledger cannot be read: {error}")))),
            }
        }
        let jobs = self.learn_all(jobs, &mut outcomes).await;
        let jobs = match self.mint_all(jobs).await {
            Ok(jobs) => jobs,
            Err((jobs, error)) => {
                outcomes
                    .extend(jobs.into_iter().map(|job| (job.key, failed(format!("no id could be minted: {error}")))));
                return outcomes;
            }
        };
        let this = Arc::clone(&self);
        let shipments = tokio::task::spawn_blocking(move || this.plan_all(jobs)).await.unwrap_or_default();
        let mut shipments = self.check_orphans(shipments).await;
        batch::send(&self, &mut shipments).await;
        for mut shipment in shipments {
            let (key, losses) = (shipment.job.key, std::mem::take(&mut shipment.losses));
            let items = Arc::clone(&shipment.job.items);
            let outcome = outcome(shipment);
            self.tell(key, &losses, &items, &outcome);
            outcomes.push((key, outcome));
        }
        outcomes
    }

    fn tell(&self, key: SubjectKey, losses: &[Loss], items: &TraceItems, outcome: &Outcome) {
        let name = &self.destination.name;
        match outcome {
            Outcome::Shown { upto, .. } if self.story.listens() => {
                self.story.shown(name, key, &items.view(*upto), losses);
            }
            Outcome::Parked { why, .. } => self.story.refused(name, why),
            _ => {}
        }
    }

    fn look_all(
        &self,
        taken: &[(SubjectKey, TraceState)],
        cursor: Seq,
    ) -> Vec<(SubjectKey, Result<Look, LedgerError>)> {
        let now = Time((self.clock)());
        let look = |(key, state): &(SubjectKey, TraceState)| {
            (*key, job::look(&self.outwards, &self.destination, (*key, state), (self.start, cursor), now))
        };
        taken.iter().map(look).collect()
    }

    /// Looks up what each vendor project's writes need; jobs whose project cannot be had fail.
    async fn learn_all(&self, jobs: Vec<Job>, outcomes: &mut Vec<(SubjectKey, Outcome)>) -> Vec<Job> {
        let mut learnt: HashMap<VendorProject, Result<Known, (Verdict, String)>> = HashMap::new();
        let mut ready = Vec::with_capacity(jobs.len());
        for mut job in jobs {
            let project = job.out.project.clone();
            if !learnt.contains_key(&project) {
                learnt.insert(project.clone(), self.destination.client.learn(&project).await);
            }
            match &learnt[&project] {
                Ok(known) => {
                    job.out.known = known.clone();
                    ready.push(job);
                }
                Err((verdict, why)) => outcomes.push((job.key, judge(verdict, why, job.upto))),
            }
        }
        ready
    }

    async fn mint_all(&self, mut jobs: Vec<Job>) -> Result<Vec<Job>, (Vec<Job>, LedgerError)> {
        let now = Time((self.clock)()).millis();
        let clamp = self.destination.id_window.map(|window| {
            let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
            (now.saturating_sub(window), now + AHEAD_MS)
        });
        let mut traces: Vec<_> = jobs.iter_mut().map(|job| (job.key, job.view.id, &mut job.out)).collect();
        match self.outwards.mint(self.destination.dialect, &self.destination.name, clamp, &mut traces).await {
            Ok(()) => Ok(jobs),
            Err(error) => Err((jobs, error)),
        }
    }

    fn plan_all(&self, jobs: Vec<Job>) -> Vec<Shipment> {
        let plan = |job: Job| {
            let plan = job.plan(&self.destination);
            count_losses(&self.destination.name, &plan.losses);
            Shipment { job, writes: plan.writes, refused: Vec::new(), delivered: 0, failed: None, losses: plan.losses }
        };
        jobs.into_iter().map(plan).collect()
    }

    /// Updates of rows whose create is not held go out only to rows that the vendor shows.
    async fn check_orphans(&self, shipments: Vec<Shipment>) -> Vec<Shipment> {
        join_all(shipments.into_iter().map(|shipment| self.check_orphan(shipment))).await
    }

    async fn check_orphan(&self, mut shipment: Shipment) -> Shipment {
        for target in orphans(&shipment.job) {
            match self.is_shown(&shipment.job, &target).await {
                Ok(true) => {}
                Ok(false) => shipment.refuse_orphan(&target),
                Err(why) => shipment.failed = Some(failed(why)),
            }
        }
        shipment
    }

    async fn is_shown(&self, job: &Job, target: &Target) -> Result<bool, String> {
        let wanted = wanted(self.destination.dialect, job, target);
        let mut answers: Vec<Answer> = Vec::new();
        for request in self.destination.dialect.read(&wanted, &job.out.known) {
            answers.push(self.destination.client.read(&request).await?);
        }
        if answers.iter().any(|answer| answer.status >= 500 || answer.status == 429) {
            return Err("the vendor could not be asked whether it holds the row".to_owned());
        }
        let items = self.destination.dialect.read_answer(&wanted, &answers, &job.out.known)?;
        Ok(items.is_some())
    }
}

/// What to read at the vendor to see a row.
fn wanted(dialect: &dyn crate::contract::Dialect, job: &Job, target: &Target) -> Wanted {
    let shown = |id| dialect.show_id(id, job.view.id, &job.out);
    Wanted {
        trace: Some(shown(job.view.id)),
        span: match target {
            Target::Span { span, .. } => Some(shown(*span)),
            Target::Trace(_) | Target::Session(_) => None,
        },
        project: job.out.project.clone(),
    }
}

/// The rows of which only updates are held, and what is scored in a trace of which no create is.
fn orphans(job: &Job) -> IndexSet<Target> {
    let trace = job.view.trace.iter().filter(|trace| !trace.whole).map(|trace| Target::Trace(trace.facts.id));
    let spans = job.view.spans.iter().filter(|span| !span.whole);
    let spans = spans.map(|span| Target::Span { trace: Some(job.view.id), span: span.facts.id });
    let scored = job.view.scores.iter().filter(|score| job.items.is_orphan(score, job.upto));
    trace.chain(spans).chain(scored.map(|score| score.target.clone())).collect()
}

fn outcome(shipment: Shipment) -> Outcome {
    let Shipment { job, refused, delivered, failed, .. } = shipment;
    if let Some(failed) = failed {
        return failed;
    }
    let why = refused.first().map(|refused| format!("{}: {}", refused.target, refused.why));
    match why {
        Some(why) if delivered == 0 => Outcome::Parked { upto: job.upto, why },
        why => {
            let dead = refused.iter().map(|refused| refused.items).sum();
            Outcome::Shown { upto: job.upto, dead, why }
        }
    }
}

/// An outcome from a verdict on something the whole trace needed.
pub(super) fn judge(verdict: &Verdict, why: &str, upto: Seq) -> Outcome {
    let why = why.to_owned();
    match verdict {
        Verdict::Delivered | Verdict::Split | Verdict::Retry(None) => failed(why),
        Verdict::Retry(floor) => Outcome::Failed { why, floor: *floor, frozen: None, stop: false },
        Verdict::Rejected(reason) => Outcome::Parked { upto, why: format!("{why}: {reason}") },
        Verdict::Stop(reason) => {
            Outcome::Failed { why: format!("{why}: {reason}"), floor: None, frozen: None, stop: true }
        }
    }
}

pub(super) fn failed(why: String) -> Outcome {
    Outcome::Failed { why, floor: None, frozen: None, stop: false }
}

fn count_losses(destination: &str, losses: &[Loss]) {
    for loss in losses.iter().filter(|loss| !loss.carried) {
        metrics::lost(destination, &loss.path);
    }
}
