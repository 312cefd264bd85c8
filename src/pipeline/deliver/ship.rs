//! Sending a batch of due traces: look, learn names, plan, and send stage by stage.

use std::collections::HashMap;
use std::collections::HashSet;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use std::time::Instant;

use futures::future::join_all;
use indexmap::IndexSet;
use parking_lot::Mutex;

use super::Destination;
use super::batch;
use super::batch::Tried;
use super::book::Row;
use super::book::TraceState;
use super::control::Control;
use super::job;
use super::job::Job;
use super::job::Look;
use super::job::Position;
use super::letter;
use super::letter::Exchange;
use super::letter::Refused;
use super::missing::Missing;
use super::once::Once;
use super::sizes::Sizes;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Loss;
use crate::canonical::Op;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::contract::Answer;
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
use crate::pipeline::lost::Lost;
use crate::pipeline::outward::Outwards;
use crate::pipeline::story::Story;
use crate::pipeline::strain::Strain;
use crate::pipeline::window::Window;
use crate::pipeline::written;
use crate::telemetry::metrics;

/// Jobs on their way through the stages.
pub(super) type Jobs = Vec<Box<Job>>;

/// A job, what it updates that is nowhere, and why that could not be found out.
type Checked = (Box<Job>, Vec<Target>, Option<Outcome>);

/// A minted id's time stays this far inside a server's window (`wire/otlp.md §4.6`).
const AHEAD_MS: i64 = 3_600_000;

/// What a loss names that is of a row's longest texts, whatever fields they stand in.
const ROW: &str = "row";

/// What is held of a trace, where records of it cannot be read any more.
pub(super) type Lacks = Option<Arc<TraceItems>>;

/// How a trace fared.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Shown up to a record; this much of it was refused for good.
    Shown { upto: Seq, refused: Vec<Refused>, lacks: Lacks },
    /// Not due yet.
    Later(Time),
    /// To be tried again.
    Failed { why: String, floor: Option<Duration>, frozen: Option<Seq>, stop: bool },
    /// Refused for good.
    Parked { upto: Seq, refused: Vec<Refused>, lacks: Lacks },
    /// An orphan that a trace adopted.
    Adopted(SubjectKey),
}

/// What every shipment of a courier shares.
pub(super) struct Shipper {
    pub(super) destination: Arc<Destination>,
    pub(super) outwards: Arc<Outwards>,
    pub(super) clock: Clock,
    /// Random numbers from 0 to 1, for jitter.
    pub(super) dice: Arc<dyn Fn() -> f64 + Send + Sync>,
    pub(super) story: Arc<Story>,
    pub(super) strain: Arc<Strain>,
    pub(super) control: Arc<Control>,
    pub(super) sizes: Sizes,
    pub(super) missing: Missing,
    /// What several traces need.
    pub(super) once: Once<Tried>,
    /// How many shipments only wait to see what they sent.
    pub(super) confirming: AtomicUsize,
    /// The record after which the destination's routes began.
    pub(super) start: Seq,
    /// Vendor projects known to be remembered, by the project they belong to.
    pub(super) written: Mutex<HashSet<(Arc<str>, VendorProject)>>,
}

/// A trace under way.
pub(super) struct Shipment {
    pub(super) key: SubjectKey,
    items: Arc<TraceItems>,
    pub(super) upto: Seq,
    shown_upto: Seq,
    /// Rows that were refused the last time: nothing of them is shown.
    again: Vec<Row>,
    pub(super) writes: Vec<Write>,
    pub(super) refused: Vec<Refused>,
    pub(super) delivered: usize,
    pub(super) failed: Option<Outcome>,
    /// Fields that could not be carried natively.
    pub(super) losses: Vec<Loss>,
    /// Of these, what is to be remembered.
    pub(super) lost: Lost,
}

impl Shipment {
    /// Counts a write as refused for good: of a row, every item not shown; of a score, that score.
    pub(super) fn refuse(&mut self, write: usize, reason: &'static str, why: String, exchange: Exchange) {
        let Write { target, bucket, .. } = &self.writes[write];
        let scores = letter::is_score(*bucket);
        let target = target.clone();
        let mut refused = Refused { target, scores, reason, why, items: 1, exchange };
        if !scores {
            let shown = if self.again.contains(&refused.row()) { 0 } else { self.shown_upto };
            refused.items = self.items.count_of(&refused.target, shown);
        }
        self.refused.push(refused);
    }

    /// Whether something of the trace was shown before.
    pub(super) fn is_update(&self) -> bool {
        self.shown_upto > 0
    }

    /// Takes out every write about something that is nowhere.
    fn refuse_orphan(&mut self, target: &Target) {
        let (gone, kept): (Vec<Write>, Vec<Write>) =
            std::mem::take(&mut self.writes).into_iter().partition(|write| write.target == *target);
        self.writes = kept;
        let scores = gone.iter().filter(|write| letter::is_score(write.bucket)).count() as u64;
        let items = scores + self.items.count_of(target, self.shown_upto);
        self.refused.push(Refused::no_create(target.clone(), items));
    }

    /// Notes that a row went in part only.
    pub(super) fn cut(&mut self, destination: &str, write: usize, bytes: usize) {
        let subject = self.writes[write].target.to_string();
        let why = format!("its longest texts were cut: the vendor took no more than {bytes} bytes a row");
        self.lose(destination, Loss { subject, path: ROW.to_owned(), why, carried: false });
    }

    /// Notes that what stands beside the trace was refused: the trace goes without it.
    pub(super) fn forgo(&mut self, destination: &str, write: usize, why: String) {
        let subject = self.writes[write].target.to_string();
        self.lose(destination, Loss { subject, path: "session".to_owned(), why, carried: false });
    }

    /// Counts a loss that showed while sending, and has it remembered.
    pub(super) fn lose(&mut self, destination: &str, loss: Loss) {
        metrics::lost(destination, &loss.path);
        self.losses.push(loss.clone());
        self.lost.losses.push(loss);
    }
}

impl Shipper {
    /// Ships the traces taken; one outcome each.
    pub(super) async fn ship(
        self: Arc<Self>,
        taken: Vec<(SubjectKey, TraceState)>,
        position: Position,
    ) -> Vec<(SubjectKey, Outcome)> {
        let mut outcomes = Vec::with_capacity(taken.len());
        let this = Arc::clone(&self);
        let asked = Instant::now();
        let look = move || {
            this.strain.queued(asked.elapsed());
            this.look_all(&taken, &position)
        };
        let looks = tokio::task::spawn_blocking(look).await.unwrap_or_default();
        let mut jobs = Vec::with_capacity(looks.len());
        for (key, look) in looks {
            match look {
                Ok(Look::Send(job)) => jobs.push(job),
                Ok(Look::Later(due)) => outcomes.push((key, Outcome::Later(due))),
                Ok(Look::Adopted(trace)) => outcomes.push((key, Outcome::Adopted(trace))),
                Ok(Look::NoCreate(target, upto)) => {
                    let refused = vec![Refused::no_create(target, u64::MAX)];
                    outcomes.push((key, Outcome::Parked { upto, refused, lacks: None }));
                }
                Ok(Look::Unreadable(upto, items)) => {
                    outcomes.push((key, Outcome::Shown { upto, refused: Vec::new(), lacks: Some(items) }));
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
        let jobs = self.settle_rows(jobs, &mut outcomes).await;
        let jobs = self.check_orphans(jobs).await;
        let this = Arc::clone(&self);
        let mut shipments = tokio::task::spawn_blocking(move || this.plan_all(jobs)).await.unwrap_or_default();
        batch::send(&self, &mut shipments).await;
        let mut keeps = Vec::new();
        for mut shipment in shipments {
            let (key, losses) = (shipment.key, std::mem::take(&mut shipment.losses));
            let (items, lost) = (Arc::clone(&shipment.items), std::mem::take(&mut shipment.lost));
            let outcome = outcome(shipment);
            if matches!(outcome, Outcome::Shown { .. } | Outcome::Parked { .. }) {
                self.missing.is_over(key);
            }
            let news = !lost.losses.is_empty() || lost.anew;
            keeps.extend((news && matches!(outcome, Outcome::Shown { .. })).then(|| self.keep_lost(key, lost)));
            self.tell(key, &losses, &items, &outcome);
            outcomes.push((key, outcome));
        }
        // Together, so that they share a flush.
        join_all(keeps).await;
        outcomes
    }

    /// Remembers what an update lost; where that fails it is counted all the same.
    async fn keep_lost(&self, key: SubjectKey, lost: Lost) {
        let destination = &self.destination.name;
        if let Err(error) = lost.keep(&*self.outwards.ledger, destination, key).await {
            tracing::warn!(%destination, %error, "what an update lost could not be remembered");
        }
    }

    fn tell(&self, key: SubjectKey, losses: &[Loss], items: &TraceItems, outcome: &Outcome) {
        let name = &self.destination.name;
        match outcome {
            Outcome::Shown { upto, .. } if self.story.listens() => {
                self.story.shown(name, key, &items.view(*upto), losses);
            }
            Outcome::Parked { refused, .. } => {
                self.story.refused(name, &refused.first().map(Refused::text).unwrap_or_default());
            }
            _ => {}
        }
    }

    fn look_all(
        &self,
        taken: &[(SubjectKey, TraceState)],
        position: &Position,
    ) -> Vec<(SubjectKey, Result<Look, LedgerError>)> {
        let now = Time((self.clock)());
        let look = |(key, state): &(SubjectKey, TraceState)| {
            (*key, job::look(&self.outwards, &self.destination, (*key, state), position, now))
        };
        taken.iter().map(look).collect()
    }

    /// Looks up what each vendor project's writes need; jobs whose project cannot be had fail.
    async fn learn_all(&self, jobs: Jobs, outcomes: &mut Vec<(SubjectKey, Outcome)>) -> Jobs {
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
                Err((verdict, why)) => {
                    if *verdict == Verdict::Retry(None) {
                        self.control.failed(self.now(), (self.dice)(), why);
                    }
                    let outcome = judge(verdict, why, &job);
                    outcomes.push((job.key, outcome));
                }
            }
        }
        self.remember_projects(&ready).await;
        ready
    }

    /// Remembers vendor projects that are written to for the first time; what fails is tried again with
    /// the next write.
    async fn remember_projects(&self, jobs: &[Box<Job>]) {
        let places: HashSet<_> = {
            let written = self.written.lock();
            let places = jobs.iter().map(|job| (Arc::clone(&job.project), job.out.project.clone()));
            places.filter(|place| !written.contains(place)).collect()
        };
        if places.is_empty() {
            return;
        }
        let fact =
            |(project, vendor): &(Arc<str>, VendorProject)| written::fact(&self.destination.name, project, vendor);
        match self.outwards.ledger.put_if_absent(places.iter().map(fact).collect()).await {
            Ok(_) => self.written.lock().extend(places),
            Err(error) => tracing::warn!(%error, "a vendor project could not be remembered for reads"),
        }
    }

    async fn mint_all(&self, mut jobs: Jobs) -> Result<Jobs, (Jobs, LedgerError)> {
        let window = self.window();
        let mut traces: Vec<_> = jobs.iter_mut().map(|job| (job.key, job.view.id, &mut job.out)).collect();
        match self.outwards.mint(self.destination.dialect, &self.destination.name, window, &mut traces).await {
            Ok(()) => Ok(jobs),
            Err(error) => Err((jobs, error)),
        }
    }

    /// Plans what to send; what was looked at for that goes, only what is sent stays.
    fn plan_all(&self, jobs: Vec<Checked>) -> Vec<Shipment> {
        let plan = |(job, nowhere, failed): Checked| {
            let planned = panic::catch_unwind(AssertUnwindSafe(|| job.plan(&self.destination)));
            let ((plan, lost), failed) = match planned {
                Ok(planned) => (planned, failed),
                // One trace's panic is that trace's: the others of its batch go out.
                Err(_) => {
                    let refused = vec![Refused::panicked(job.items.target())];
                    (Default::default(), Some(Outcome::Parked { upto: job.upto, refused, lacks: lacks(&job.items) }))
                }
            };
            plan.losses
                .iter()
                .filter(|loss| !loss.carried)
                .for_each(|loss| metrics::lost(&self.destination.name, &loss.path));
            let Job { key, items, shown_upto, upto, refused: again, .. } = *job;
            let (refused, delivered) = (Vec::new(), 0);
            let mut shipment = Shipment {
                key,
                items,
                upto,
                shown_upto,
                again,
                writes: plan.writes,
                refused,
                delivered,
                failed,
                losses: plan.losses,
                lost,
            };
            nowhere.iter().for_each(|target| shipment.refuse_orphan(target));
            shipment
        };
        jobs.into_iter().map(plan).collect()
    }

    /// Updates of rows whose create is not held go out only to rows that the vendor shows.
    async fn check_orphans(&self, jobs: Jobs) -> Vec<Checked> {
        let mut checked = Vec::with_capacity(jobs.len());
        let mut checks = Vec::new();
        for job in jobs {
            let orphans = orphans(&job);
            match orphans.is_empty() {
                true => checked.push((job, Vec::new(), None)),
                false => checks.push(self.check_orphan(job, orphans)),
            }
        }
        checked.extend(join_all(checks).await);
        checked
    }

    async fn check_orphan(&self, job: Box<Job>, orphans: IndexSet<Target>) -> Checked {
        let (mut nowhere, mut failure) = (Vec::new(), None);
        for target in orphans {
            match self.is_shown(&job, &target).await {
                Ok(true) => {}
                Ok(false) => nowhere.push(target),
                Err(why) => failure = Some(failed(why)),
            }
        }
        (job, nowhere, failure)
    }

    /// The times that created ids may carry now, where that is checked.
    pub(super) fn window(&self) -> Option<Window> {
        let now = Time((self.clock)()).millis();
        self.destination.id_window.map(|window| {
            let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
            Window { oldest: now.saturating_sub(window), newest: now + AHEAD_MS, now }
        })
    }

    /// Whether the vendor shows the row itself. Of a trace it may show spans only, and an update of a row
    /// that is not there would make one up (`wire/opik.md §6.4`).
    async fn is_shown(&self, job: &Job, target: &Target) -> Result<bool, String> {
        let found = self.found(job, target).await?.unwrap_or_default();
        let shown = wanted(self.destination.dialect, job, target).span;
        Ok(found.iter().any(|item| is_row(item, target, shown.as_deref())))
    }

    /// What the vendor shows of a row's trace, or of the row.
    pub(super) async fn found(&self, job: &Job, target: &Target) -> Result<Option<Vec<Item>>, String> {
        let wanted = wanted(self.destination.dialect, job, target);
        let mut answers: Vec<Answer> = Vec::new();
        for request in self.destination.dialect.read(&wanted, &job.out.known) {
            answers.push(self.read(&request).await?);
        }
        if answers.iter().any(|answer| answer.status >= 500 || answer.status == 429) {
            return Err("the vendor could not be asked whether it holds the row".to_owned());
        }
        self.destination.dialect.read_answer(&wanted, &answers, &job.out.known)
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
        in_stream: false,
    }
}

/// Whether an item of a trace that was read is the row; `shown` is the vendor's id of a span.
fn is_row(item: &Item, target: &Target, shown: Option<&str>) -> bool {
    match (&item.op, target) {
        (Op::Trace(_), Target::Trace(_)) => true,
        // A row that came from here may tell its native id, another has the vendor's only.
        (Op::Span(row), Target::Span { span, .. }) => {
            row.id.stem() == span.stem() || shown.and_then(Id::parse) == Some(row.id)
        }
        _ => false,
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
    let Shipment { upto, refused, delivered, failed, items, .. } = shipment;
    let lacks = lacks(&items);
    match failed {
        Some(failed) => failed,
        None if delivered == 0 && !refused.is_empty() => Outcome::Parked { upto, refused, lacks },
        None => Outcome::Shown { upto, refused, lacks },
    }
}

fn lacks(items: &Arc<TraceItems>) -> Lacks {
    (!items.lost.is_empty()).then(|| Arc::clone(items))
}

/// An outcome from a verdict on something the whole trace needed.
fn judge(verdict: &Verdict, why: &str, job: &Job) -> Outcome {
    let why = why.to_owned();
    match verdict {
        Verdict::Retry(Some(floor)) => Outcome::Failed { why, floor: Some(*floor), frozen: None, stop: false },
        Verdict::Rejected(reason) => {
            let (target, why) = (Target::Trace(job.view.id), format!("{why}: {reason}"));
            let exchange = Exchange::default();
            let refused = Refused { target, scores: false, reason: "rejected", why, items: u64::MAX, exchange };
            Outcome::Parked { upto: job.upto, refused: vec![refused], lacks: lacks(&job.items) }
        }
        Verdict::Stop(reason) => {
            Outcome::Failed { why: format!("{why}: {reason}"), floor: None, frozen: None, stop: true }
        }
        _ => failed(why),
    }
}

pub(super) fn failed(why: String) -> Outcome {
    Outcome::Failed { why, floor: None, frozen: None, stop: false }
}
