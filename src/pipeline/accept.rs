//! Accepting a request: decode, charge, file, append. Success is said after the append is durable.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Time;
use crate::contract::Accept;
use crate::contract::Accepted;
use crate::contract::Call;
use crate::contract::Caller;
use crate::contract::Charge;
use crate::contract::Clock;
use crate::contract::Decoded;
use crate::contract::Dialect;
use crate::contract::Receipt;
use crate::contract::Refusal;
use crate::contract::Seed;
use crate::pipeline::admission::Admission;
use crate::pipeline::homes::Filed;
use crate::pipeline::homes::Homes;
use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Place;
use crate::pipeline::record;
use crate::pipeline::repeats::Repeats;
use crate::pipeline::story::Story;
use crate::pipeline::strain::Strain;
use crate::pipeline::traces::Traces;
use crate::telemetry::metrics;

/// Makes record ids.
pub type NewId = Arc<dyn Fn() -> [u8; 16] + Send + Sync>;

/// Why new requests of a project are to be refused: a destination's share of the disk is used up, and its
/// policy says so.
pub type Pressure = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// How long refused clients are told to wait, in whole seconds: a share does not empty at once.
const REFUSED_FOR_S: u64 = 30;

/// The accept stage.
pub struct Acceptor {
    /// Where requests are kept.
    pub ledger: Arc<dyn Ledger>,
    /// The decoded items of recent traces.
    pub traces: Arc<Traces>,
    /// Which trace a span is in.
    pub homes: Arc<Homes>,
    /// Charges spans.
    pub charge: Arc<dyn Charge>,
    /// The wall clock.
    pub clock: Clock,
    /// Makes record ids.
    pub new_id: NewId,
    /// Requests that came before.
    pub repeats: Repeats,
    /// Tells what came.
    pub story: Arc<Story>,
    /// Why requests of a project are refused for now, if they are.
    pub pressure: Pressure,
    /// How long replies are held back, so that what is accepted can be delivered.
    pub strain: Arc<Strain>,
    /// The last accept time given out.
    pub last: AtomicI64,
}

impl Accept for Acceptor {
    fn accept<'a>(
        &'a self,
        caller: &'a Caller,
        dialect: &'static dyn Dialect,
        call: Call,
    ) -> BoxFuture<'a, Result<Accepted, Refusal>> {
        async move {
            let accepted = self.once(caller, dialect, call).await?;
            caller.slip.note(Receipt { seq: accepted.seq, id: accepted.receipt });
            Ok(accepted)
        }
        .boxed()
    }
}

impl Acceptor {
    /// Takes a request, unless it is one that was taken before.
    async fn once(&self, caller: &Caller, dialect: &'static dyn Dialect, call: Call) -> Result<Accepted, Refusal> {
        let print = self.repeats.print(caller, &call);
        if let Some((seq, seed)) = print.and_then(|print| self.repeats.earlier(print)) {
            let items = record::share(dialect.decode(&call, &seed)?.items);
            return Ok(Accepted { seq, receipt: seed.record, at: seed.at, items });
        }
        let accepted = self.take(caller, dialect, call).await?;
        if let Some(print) = print {
            self.repeats.remember(print, (accepted.seq, Seed { record: accepted.receipt, at: accepted.at }));
        }
        Ok(accepted)
    }

    async fn take(&self, caller: &Caller, dialect: &'static dyn Dialect, call: Call) -> Result<Accepted, Refusal> {
        if let Some(what) = (self.pressure)(&caller.project) {
            return Err(Refusal::Unavailable { what, cause: "share_full", after_s: REFUSED_FOR_S });
        }
        self.hold_back().await;
        let seed = Seed { record: (self.new_id)(), at: self.next_time() };
        let decoded = dialect.decode(&call, &seed)?;
        self.charge.spans(caller, spans(&decoded.items))?;
        let filed = self.homes.file(&caller.project, &decoded.items).await.map_err(refusal)?;
        let draft = draft(caller, dialect, &call, &seed, &decoded, &filed);
        // Only the draft keeps the body from here on.
        drop(call);
        let items = record::share(decoded.items);
        self.traces.expect(draft.place.clone(), Admission::expected(&draft, decoded.quiet, &filed, items.clone()));
        let seq = self.ledger.append(draft).await.map_err(refusal)?;
        self.homes.remember(&caller.project, seq, &filed).await.map_err(refusal)?;
        metrics::accepted(&caller.project, items.len());
        self.story.came(dialect.info().name, &filed.homes, &items);
        Ok(Accepted { seq, receipt: seed.record, at: seed.at, items })
    }

    /// Lets couriers keep up, before anything is held for the request but its body.
    async fn hold_back(&self) {
        let hold = self.strain.hold(Time((self.clock)()));
        if !hold.is_zero() {
            metrics::held_back();
            tokio::time::sleep(hold).await;
        }
    }

    /// The wall clock, but never twice the same and never backwards: versions made of accept times
    /// must increase by a microsecond at least.
    fn next_time(&self) -> Time {
        let now = (self.clock)();
        let next = |last: i64| now.max(last + 1_000);
        let last = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(next(last)));
        Time(next(last.unwrap_or_default()))
    }
}

/// What counts as a span for the limits: every trace record and every span.
fn spans(items: &[Item]) -> u32 {
    u32::try_from(items.iter().filter(|item| matches!(item.op, Op::Span(_) | Op::Trace(_))).count()).unwrap_or(u32::MAX)
}

fn draft(
    caller: &Caller,
    dialect: &'static dyn Dialect,
    call: &Call,
    seed: &Seed,
    decoded: &Decoded,
    filed: &Filed,
) -> Draft {
    Draft {
        id: seed.record,
        at_ns: seed.at.0,
        project: Arc::clone(&caller.project),
        key: Arc::clone(&caller.key),
        dialect: dialect.info().name,
        head: record::head(call),
        body: call.body.clone(),
        items: u32::try_from(decoded.items.len()).unwrap_or(u32::MAX),
        traces: filed.traces(),
        subjects: filed.subjects.clone(),
        place: Place::default(),
    }
}

/// What a ledger's refusal is to a client: always "come again", never "wrong".
fn refusal(error: LedgerError) -> Refusal {
    if let LedgerError::TooLarge(bytes) = error {
        return Refusal::TooLarge(format!("a request of {bytes} bytes is too large to keep"));
    }
    tracing::warn!(%error, "a request could not be stored");
    // A queue empties at once, a disk does not.
    let after_s = if error == LedgerError::DiskFull { 5 } else { 1 };
    let what = "the ledger does not accept right now".to_owned();
    Refusal::Unavailable { what, cause: error.cause(), after_s }
}
