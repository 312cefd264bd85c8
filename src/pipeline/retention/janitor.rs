//! The task that takes away what is not kept any longer, a bounded step at a time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::contract::Clock;
use crate::pipeline::ledger::Forget;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Retire;
use crate::pipeline::ledger::Retired;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::outward::Outwards;
use crate::pipeline::retention::AskPins;
use crate::pipeline::retention::Bounds;
use crate::pipeline::retention::GiveUp;
use crate::pipeline::retention::LetterBounds;
use crate::pipeline::retention::REMEMBERED;
use crate::pipeline::retention::group::Gatherer;
use crate::pipeline::retention::horizon::horizon;
use crate::pipeline::retention::letters;
use crate::pipeline::retention::needs::Needs;
use crate::pipeline::retention::step::Planned;
use crate::pipeline::retention::step::Step;
use crate::pipeline::steady::Steady;
use crate::telemetry::metrics;

/// How often everything is looked through.
const EVERY: Duration = Duration::from_secs(30);
/// After how many of these dead letters are looked through, all of which that reads.
const LETTERS_EVERY: u32 = 20;
/// Pages given back to the disk in one step: four megabytes.
const PAGES: u32 = 256;
/// Free bytes inside the ledger that are not worth giving back; more than an eighth of it is.
const SLACK: u64 = 4 << 20;

/// Keeps the ledger within its bounds.
pub struct Janitor {
    /// The ledger, the traces, the names.
    pub outwards: Arc<Outwards>,
    /// What every destination needs.
    pub pins: AskPins,
    /// How much is kept.
    pub keep: Bounds,
    /// How many dead letters are kept.
    pub keep_letters: LetterBounds,
    /// Ends a dead trace at a destination.
    pub give_up: GiveUp,
    /// Where times are minted, whose facts end with the stubs.
    pub places: Vec<String>,
    /// The wall clock.
    pub clock: Clock,
}

/// How far one look through the ledger has got.
struct Sweep {
    needs: Needs,
    end: Seq,
    after: Seq,
    stuck: HashSet<SubjectKey>,
}

impl Janitor {
    /// Sweeps until told to stop.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut steady = Steady::new((self.clock)());
        for round in 0_u32.. {
            let now = steady.read((self.clock)());
            let this = Arc::clone(&self);
            let sweep = async {
                if round.is_multiple_of(LETTERS_EVERY) {
                    Arc::clone(&this).sweep_letters(now).await?;
                }
                this.sweep(now).await
            };
            match stop.run_until_cancelled(sweep).await {
                None => return,
                Some(Err(error)) => tracing::error!(%error, "retention could not go on; it tries again"),
                Some(Ok(())) => {}
            }
            if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                return;
            }
        }
    }

    /// Takes away everything that may go at a time, and gives the space back.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn sweep(self: Arc<Self>, now_ns: i64) -> Result<(), LedgerError> {
        let this = Arc::clone(&self);
        let mut sweep = Some(blocking(move || this.begin(now_ns)).await?);
        while let Some(mut state) = sweep.take() {
            let (this, begun) = (Arc::clone(&self), Instant::now());
            let (state, planned) = blocking(move || this.step(&mut state).map(|planned| (state, planned))).await?;
            if let Some(planned) = planned {
                self.apply(planned).await?;
                sweep = Some(state);
                // Half of the time at most: the rest of the gateway works with the same disk.
                tokio::time::sleep(begun.elapsed()).await;
            }
        }
        self.forget(now_ns).await?;
        self.give_back().await
    }

    /// Gives up dead letters that are too old at a time, or too many.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn sweep_letters(self: Arc<Self>, now_ns: i64) -> Result<(), LedgerError> {
        blocking(move || letters::give_up(&*self.outwards.ledger, &self.keep_letters, &self.give_up, now_ns)).await
    }

    fn begin(&self, now_ns: i64) -> Result<Sweep, LedgerError> {
        let ledger = &*self.outwards.ledger;
        let needs = Needs::ask(ledger, &self.pins)?;
        let end = horizon(ledger, &self.keep, now_ns)?.min(needs.base);
        Ok(Sweep { needs, end, after: 0, stuck: HashSet::new() })
    }

    /// Plans the next step; `None` at the end.
    fn step(&self, sweep: &mut Sweep) -> Result<Option<Planned>, LedgerError> {
        let gatherer = Gatherer {
            ledger: &*self.outwards.ledger,
            homes: &self.outwards.homes,
            needs: &sweep.needs,
            end: sweep.end,
            stuck: &sweep.stuck,
        };
        let Some(group) = gatherer.next(sweep.after)? else { return Ok(None) };
        let upto = group.upto;
        let planned = Step::read(&self.outwards, group)?.plan()?;
        sweep.stuck.extend(&planned.stuck);
        sweep.after = upto;
        Ok(Some(planned))
    }

    async fn apply(&self, planned: Planned) -> Result<(), LedgerError> {
        let Planned { retire, traces, stuck: _ } = planned;
        if retire.gone.is_empty() && retire.carved.is_empty() && retire.stubs.is_empty() {
            return Ok(());
        }
        let (gone, carved) = (retire.gone.len(), retire.carved.len());
        let spans: Vec<SubjectKey> = retire.gone.iter().flat_map(|gone| gone.traces.iter().copied()).collect();
        let retired = self.outwards.ledger.retire(retire).await?;
        self.outwards.traces.forget(traces);
        self.outwards.homes.let_go(&spans);
        metrics::retired(gone as u64, carved as u64, retired.bytes);
        tracing::debug!(records.gone = gone, records.carved = carved, retired.bytes, "settled records have gone");
        Ok(())
    }

    /// Forgets stubs that have been kept long enough.
    async fn forget(&self, now_ns: i64) -> Result<(), LedgerError> {
        let age = self.keep.age.saturating_mul(REMEMBERED);
        let before_ns = now_ns.saturating_sub(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX));
        loop {
            let forget = Some(Forget { before_ns, spaces: self.places.clone() });
            let done = self.outwards.ledger.retire(Retire { forget, ..Retire::default() }).await?;
            if done.forgotten == 0 {
                return Ok(());
            }
        }
    }

    /// Gives free pages back to the disk, while there are more than are soon used again.
    async fn give_back(&self) -> Result<(), LedgerError> {
        let mut pages = 0;
        loop {
            let Retired { slack, pages: given, .. } =
                self.outwards.ledger.retire(Retire { pages, ..Retire::default() }).await?;
            let status = self.outwards.ledger.status();
            let short = status.free_bytes.is_some_and(|free| free < self.keep.reserve);
            let worth = slack > SLACK.max(status.bytes / 8) || (short && slack > 0);
            if !worth || (pages > 0 && given == 0) {
                return Ok(());
            }
            pages = PAGES;
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, LedgerError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| LedgerError::Store(error.to_string()))?
}
