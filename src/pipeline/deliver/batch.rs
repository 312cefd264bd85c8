//! Sending planned writes: stage by stage, packed into requests, halved where one bad row fails all, cut
//! where a row is too large, confirmed where a vendor's success promises nothing.

use std::collections::HashSet;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::future::join_all;
use parking_lot::Mutex;

use super::Oversize;
use super::confirm;
use super::cut::cut;
use super::guard;
use super::letter::Exchange;
use super::letter::is_score;
use super::ship::Outcome;
use super::ship::Shipment;
use super::ship::Shipper;
use crate::canonical::Time;
use crate::contract::Answer;
use crate::contract::Request;
use crate::contract::Verdict;
use crate::contract::Write;
use crate::contract::pause;
use crate::pipeline::ledger::Seq;
use crate::pipeline::pack;
use crate::pipeline::pack::Place;
use crate::telemetry::metrics;

/// The status that says "too large" (RFC 9110 §15.5.14).
const TOO_LARGE: u16 = 413;
/// The status that asks for patience (RFC 6585 §4), and how much a vendor gets that does not say.
const TOO_MANY: u16 = 429;
const PATIENCE: Duration = Duration::from_secs(5);
/// Statuses of an answer that is about a row, not about the vendor.
const OF_THE_ROW: [u16; 4] = [400, 404, 409, 422];

/// How one write fared.
#[derive(Clone)]
struct Sent {
    place: Place,
    tried: Tried,
    /// The size it was cut to.
    cut: Option<usize>,
}

/// What became of one request.
#[derive(Clone, Default)]
struct Tried {
    verdict: Option<Verdict>,
    reason: &'static str,
    why: String,
    /// Whether it may have been applied although it failed.
    maybe: bool,
    /// Whether the vendor does not have what it is about.
    missing: bool,
    exchange: Exchange,
}

/// Whether what is bisected is refused row by row: then it is not the rows.
#[derive(Default)]
struct Tally(Mutex<(HashSet<usize>, HashSet<usize>)>);

/// Sends every shipment's writes; a trace whose write fails goes no further, the others do.
pub(super) async fn send(shipper: &Shipper, shipments: &mut [Shipment]) {
    let stages = shipments.iter().flat_map(|shipment| &shipment.writes).map(|write| write.stage).max();
    for stage in 0..=stages.unwrap_or_default() {
        let sent = send_stage(shipper, shipments, stage).await;
        for sent in sent {
            note(shipper, shipments, sent);
        }
    }
}

async fn send_stage(shipper: &Shipper, shipments: &[Shipment], stage: u8) -> Vec<Sent> {
    let alive = shipments.iter().enumerate().filter(|(_, shipment)| shipment.failed.is_none());
    let writes =
        alive.flat_map(|(at, shipment)| (0..).zip(&shipment.writes).map(move |(nth, write)| ((at, nth), write)));
    let staged = writes.filter(|(_, write)| write.stage == stage);
    let chunks = pack::requests(staged, &shipper.sizes.within(shipper.destination.dialect.info()));
    let tally = Tally::default();
    let sends = chunks.into_iter().map(|chunk| send_chunk(shipper, shipments, chunk, &tally));
    join_all(sends).await.into_iter().flatten().collect()
}

/// Sends one request; halves it while one bad row fails all.
fn send_chunk<'a>(
    shipper: &'a Shipper,
    shipments: &'a [Shipment],
    chunk: Vec<Place>,
    tally: &'a Tally,
) -> BoxFuture<'a, Vec<Sent>> {
    async move {
        if tally.is_hopeless() {
            let tried = Tried::again("refusals in mass: the rest was not tried".to_owned());
            return chunk.into_iter().map(|place| Sent { place, tried: tried.clone(), cut: None }).collect();
        }
        if let [place] = chunk[..] {
            let sent = send_one(shipper, &shipments[place.0].writes[place.1], place).await;
            tally.note(&sent);
            return vec![sent];
        }
        let writes: Vec<&Write> = chunk.iter().map(|(at, nth)| &shipments[*at].writes[*nth]).collect();
        let tried = try_once(shipper, &writes).await;
        if tried.verdict == Some(Verdict::Split) {
            let (left, right) = chunk.split_at(chunk.len() / 2);
            let mut sent = send_chunk(shipper, shipments, left.to_vec(), tally).await;
            sent.extend(send_chunk(shipper, shipments, right.to_vec(), tally).await);
            return sent;
        }
        let sent: Vec<Sent> = chunk.into_iter().map(|place| Sent { place, tried: tried.clone(), cut: None }).collect();
        sent.iter().for_each(|sent| tally.note(sent));
        sent
    }
    .boxed()
}

/// Sends one row; cuts it while it is too large, if that is the policy.
async fn send_one(shipper: &Shipper, write: &Write, place: Place) -> Sent {
    if let Some(each) = &write.each {
        return Sent { place, tried: send_each(shipper, write, &each.look).await, cut: None };
    }
    let mut small =
        (write.row.len() > shipper.sizes.row()).then(|| shorter(shipper, write, shipper.sizes.row())).flatten();
    loop {
        let write = small.as_ref().unwrap_or(write);
        let mut tried = match already_there(shipper, write).await {
            Ok(true) => Tried::delivered(),
            Ok(false) => try_once(shipper, &[write]).await,
            Err(why) => Tried::again(why),
        };
        if tried.exchange.status == Some(TOO_LARGE) {
            tried.reason = "oversize";
            let next = shorter(shipper, write, shipper.sizes.row_refused(write.row.len()));
            if let Some(next) = next {
                small = Some(next);
                continue;
            }
        }
        if tried.verdict == Some(Verdict::Split) {
            tried.verdict = Some(Verdict::Rejected(tried.why.clone()));
        }
        return Sent { place, tried, cut: small.map(|write| write.row.len()) };
    }
}

/// Sends a write once for each row that its read finds; the first that fails stands for all.
async fn send_each(shipper: &Shipper, write: &Write, look: &Request) -> Tried {
    let destination = &shipper.destination;
    let found = match shipper.read(look).await {
        Ok(answer) => destination.dialect.each(write, &answer),
        Err(why) => Err(why),
    };
    let rows = match found {
        Ok(rows) => rows,
        Err(why) => return Tried::again(why),
    };
    for row in &rows {
        let tried = try_once(shipper, &[row]).await;
        if tried.verdict != Some(Verdict::Delivered) {
            return tried;
        }
    }
    Tried::delivered()
}

fn shorter(shipper: &Shipper, write: &Write, most: usize) -> Option<Write> {
    if shipper.destination.oversize == Oversize::DeadLetter || is_score(write.bucket) {
        return None;
    }
    Some(Write { row: cut(&write.row, most)?, ..write.clone() })
}

/// Whether a write that must not be repeated is there already.
async fn already_there(shipper: &Shipper, write: &Write) -> Result<bool, String> {
    let Some(request) = &write.unless else { return Ok(false) };
    let answer = shipper.read(request).await?;
    Ok(shipper.destination.dialect.confirmed(write, &answer))
}

async fn try_once(shipper: &Shipper, writes: &[&Write]) -> Tried {
    let destination = &shipper.destination;
    let request = destination.dialect.pack(writes);
    let sent_at = shipper.now();
    let answer = destination.client.send(&request).await;
    let took = Duration::from_nanos(u64::try_from(shipper.now().0 - sent_at.0).unwrap_or_default());
    let answer = match answer {
        Ok(answer) => answer,
        Err(why) => {
            metrics::vendor_answered(&destination.name, "no_answer", request.rows, took);
            shipper.control.failed(shipper.now(), (shipper.dice)(), &why);
            return Tried { maybe: true, ..Tried::again(why) };
        }
    };
    let verdict = destination.dialect.verdict(&request, &answer);
    metrics::vendor_answered(&destination.name, verdict.word(), request.rows, took);
    let tried = heed(shipper, &request, &answer, verdict);
    match tried.verdict {
        Some(Verdict::Delivered) if destination.confirms() => confirm::all(shipper, writes, sent_at).await.into(),
        Some(Verdict::Doubtful(ref why)) => match confirm::all(shipper, writes, sent_at).await {
            // What was refused and is not there stays refused.
            confirm::Shown::No(_) if answer.status >= 400 => {
                Tried { verdict: Some(Verdict::Rejected(why.clone())), ..tried }
            }
            shown => shown.into(),
        },
        _ => tried,
    }
}

/// Draws from an answer what it says about the destination.
fn heed(shipper: &Shipper, request: &Request, answer: &Answer, verdict: Verdict) -> Tried {
    let (now, destination) = (shipper.now(), &shipper.destination);
    let why = || describe(request, answer);
    let again = matches!(verdict, Verdict::Retry(_));
    let of_the_row = OF_THE_ROW.contains(&answer.status);
    let verdict = match verdict {
        Verdict::Retry(None) if answer.status == TOO_MANY => Verdict::Retry(Some(PATIENCE)),
        verdict => verdict,
    };
    match again && !of_the_row && answer.status != TOO_MANY {
        true => shipper.control.failed(now, (shipper.dice)(), &why()),
        false => shipper.control.answered(now),
    }
    match &verdict {
        Verdict::Retry(_) if of_the_row => shipper.control.noted(now, &why()),
        Verdict::Delivered => {
            shipper.control.took();
            metrics::billed(&destination.name, if is_score(request.bucket) { 0 } else { request.rows as u64 });
            return Tried::delivered();
        }
        Verdict::Split if answer.status == TOO_LARGE && request.rows > 1 => {
            let bytes = request.body.as_ref().map_or(0, bytes::Bytes::len);
            shipper.control.noted(now, &why());
            if shipper.sizes.request_refused(bytes) {
                tracing::warn!(destination = %destination.name, bytes, "the vendor takes smaller requests than expected");
            }
        }
        _ => {}
    }
    let exchange = match verdict {
        Verdict::Rejected(_) | Verdict::Doubtful(_) | Verdict::Split if request.rows <= 1 => {
            Exchange::of(request, answer)
        }
        Verdict::Retry(_) if of_the_row && request.rows <= 1 => Exchange::of(request, answer),
        _ => Exchange { status: Some(answer.status), ..Exchange::default() },
    };
    let (maybe, missing) = (answer.status >= 500, again && of_the_row && !pause::is_page(answer));
    Tried { verdict: Some(verdict), reason: "rejected", why: why(), maybe, missing, exchange }
}

impl Tried {
    fn delivered() -> Self {
        Self { verdict: Some(Verdict::Delivered), ..Self::default() }
    }

    fn again(why: String) -> Self {
        Self { verdict: Some(Verdict::Retry(None)), why, ..Self::default() }
    }
}

impl From<confirm::Shown> for Tried {
    fn from(shown: confirm::Shown) -> Self {
        match shown {
            confirm::Shown::Yes => Self::delivered(),
            confirm::Shown::No(why) => Self { maybe: true, ..Self::again(why) },
        }
    }
}

impl Tally {
    fn note(&self, sent: &Sent) {
        let mut tally = self.0.lock();
        match sent.tried.verdict {
            Some(Verdict::Rejected(_)) if sent.tried.reason == "rejected" => tally.0.insert(sent.place.0),
            Some(Verdict::Delivered) => tally.1.insert(sent.place.0),
            _ => false,
        };
    }

    fn is_hopeless(&self) -> bool {
        let tally = self.0.lock();
        tally.0.len() >= guard::TRACES && tally.0.len() >= tally.1.len()
    }
}

/// Notes how a write fared on its trace; the first failure stands.
fn note(shipper: &Shipper, shipments: &mut [Shipment], sent: Sent) {
    let Sent { place: (at, nth), tried, cut } = sent;
    let Tried { verdict, reason, why, maybe, missing, exchange } = tried;
    let shipment = &mut shipments[at];
    let frozen: Option<Seq> = maybe.then_some(shipment.upto);
    match verdict.unwrap_or(Verdict::Retry(None)) {
        Verdict::Delivered => {
            shipment.delivered += 1;
            if let Some(bytes) = cut {
                shipment.cut(nth, bytes);
                metrics::lost(&shipper.destination.name, "*");
            }
        }
        Verdict::Rejected(said) => {
            let why = if said == why { said } else { format!("{said} ({why})") };
            shipment.refuse(nth, reason, why, exchange);
        }
        // Only what was shown before can be gone: a vendor that knows nothing at all is misplaced.
        Verdict::Retry(_)
            if missing && shipment.is_update() && shipper.missing.is_lasting(shipment.key, shipper.now()) =>
        {
            shipment.refuse(nth, "missing_parent", why, exchange);
        }
        Verdict::Retry(floor) => {
            shipment.failed.get_or_insert(Outcome::Failed { why, floor, frozen, stop: false });
        }
        Verdict::Split | Verdict::Doubtful(_) => {
            shipment.failed.get_or_insert(Outcome::Failed { why, floor: None, frozen, stop: false });
        }
        Verdict::Stop(why) => {
            shipment.failed.get_or_insert(Outcome::Failed { why, floor: None, frozen, stop: true });
        }
    }
}

/// What was answered, for `explain`: the vendor's own words, cut.
fn describe(request: &Request, answer: &Answer) -> String {
    let text: String = String::from_utf8_lossy(&answer.body).chars().take(300).collect();
    let path = request.path.split('?').next().unwrap_or_default();
    format!("{} {path}: {} {text}", request.method, answer.status)
}

impl Shipper {
    /// Asks the vendor for what it shows.
    ///
    /// # Errors
    /// When it does not answer, or does not take our credential: that is its destination's condition too.
    pub(super) async fn read(&self, request: &Request) -> Result<Answer, String> {
        let answer = self.destination.client.read(request).await?;
        if matches!(answer.status, 401 | 403) {
            let why = describe(request, &answer);
            self.control.refused_credential(self.now(), &why);
            return Err(why);
        }
        Ok(answer)
    }

    /// The wall clock.
    pub(super) fn now(&self) -> Time {
        Time((self.clock)())
    }
}
