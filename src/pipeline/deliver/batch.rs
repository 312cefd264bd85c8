//! Sending planned writes: stage by stage, packed into requests, split where one bad row fails all,
//! confirmed where a vendor's success promises nothing.

use std::time::Duration;
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::future::join_all;

use super::ship::Outcome;
use super::ship::Shipment;
use super::ship::Shipper;
use crate::contract::Request;
use crate::contract::Verdict;
use crate::contract::Write;
use crate::pipeline::ledger::Seq;
use crate::pipeline::pack;
use crate::pipeline::pack::Place;
use crate::telemetry::metrics;

/// How long a delivered write may take to show before it is sent again (`design.md §5`).
const CONFIRM_WITHIN: Duration = Duration::from_secs(60);
const CONFIRM_FIRST: Duration = Duration::from_millis(80);

/// How one write fared.
pub(super) struct Sent {
    place: Place,
    verdict: Verdict,
    why: String,
    /// Whether it may have been applied although it failed.
    maybe: bool,
}

/// Sends every shipment's writes; a trace whose write fails goes no further, the others do.
pub(super) async fn send(shipper: &Shipper, shipments: &mut [Shipment]) {
    let stages = shipments.iter().flat_map(|shipment| &shipment.writes).map(|write| write.stage).max();
    for stage in 0..=stages.unwrap_or_default() {
        let sent = send_stage(shipper, shipments, stage).await;
        for sent in sent {
            note(shipments, sent);
        }
    }
}

async fn send_stage(shipper: &Shipper, shipments: &[Shipment], stage: u8) -> Vec<Sent> {
    let alive = shipments.iter().enumerate().filter(|(_, shipment)| shipment.failed.is_none());
    let writes =
        alive.flat_map(|(at, shipment)| (0..).zip(&shipment.writes).map(move |(nth, write)| ((at, nth), write)));
    let staged = writes.filter(|(_, write)| write.stage == stage);
    let chunks = pack::requests(staged, shipper.destination.dialect.info());
    let sends = chunks.into_iter().map(|chunk| send_chunk(shipper, shipments, chunk));
    join_all(sends).await.into_iter().flatten().collect()
}

/// Sends one request; halves it while one bad row fails all.
fn send_chunk<'a>(shipper: &'a Shipper, shipments: &'a [Shipment], chunk: Vec<Place>) -> BoxFuture<'a, Vec<Sent>> {
    async move {
        let writes: Vec<&Write> = chunk.iter().map(|(at, nth)| &shipments[*at].writes[*nth]).collect();
        let (verdict, why, maybe) = match already_there(shipper, &writes).await {
            Ok(true) => (Verdict::Delivered, String::new(), false),
            Ok(false) => try_once(shipper, &writes).await,
            Err(why) => (Verdict::Retry(None), why, false),
        };
        if verdict == Verdict::Split && chunk.len() > 1 {
            let (left, right) = chunk.split_at(chunk.len() / 2);
            let mut sent = send_chunk(shipper, shipments, left.to_vec()).await;
            sent.extend(send_chunk(shipper, shipments, right.to_vec()).await);
            return sent;
        }
        let verdict = if verdict == Verdict::Split { Verdict::Rejected(why.clone()) } else { verdict };
        chunk.into_iter().map(|place| Sent { place, verdict: verdict.clone(), why: why.clone(), maybe }).collect()
    }
    .boxed()
}

/// Whether a write that must not be repeated is there already.
async fn already_there(shipper: &Shipper, writes: &[&Write]) -> Result<bool, String> {
    let [write] = writes else { return Ok(false) };
    let Some(request) = &write.unless else { return Ok(false) };
    let answer = shipper.destination.client.read(request).await?;
    Ok(shipper.destination.dialect.confirmed(write, &answer))
}

async fn try_once(shipper: &Shipper, writes: &[&Write]) -> (Verdict, String, bool) {
    let destination = &shipper.destination;
    let request = destination.dialect.pack(writes);
    let start = Instant::now();
    let answer = match destination.client.send(&request).await {
        Ok(answer) => answer,
        Err(why) => {
            count(shipper, &request, "no_answer", start.elapsed());
            return (Verdict::Retry(None), why, true);
        }
    };
    let verdict = destination.dialect.verdict(&request, &answer);
    count(shipper, &request, label(&verdict), start.elapsed());
    if verdict != Verdict::Delivered {
        return (verdict, describe(&request, answer.status, &answer.body), answer.status >= 500);
    }
    match confirm_all(shipper, writes).await {
        true => (Verdict::Delivered, String::new(), false),
        false => (Verdict::Retry(None), "accepted, but not shown within 60 s".to_owned(), true),
    }
}

async fn confirm_all(shipper: &Shipper, writes: &[&Write]) -> bool {
    let confirmed = join_all(writes.iter().map(|write| confirm(shipper, write))).await;
    confirmed.into_iter().all(|confirmed| confirmed)
}

/// Asks until the write shows, at growing intervals.
async fn confirm(shipper: &Shipper, write: &Write) -> bool {
    let destination = &shipper.destination;
    let Some(request) = destination.dialect.confirm(write) else { return true };
    let mut pause = CONFIRM_FIRST;
    let asked = async {
        loop {
            tokio::time::sleep(pause).await;
            if let Ok(answer) = destination.client.read(&request).await
                && destination.dialect.confirmed(write, &answer)
            {
                break;
            }
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    };
    tokio::time::timeout(CONFIRM_WITHIN, asked).await.is_ok()
}

/// Notes how a write fared on its trace; the first failure stands.
fn note(shipments: &mut [Shipment], sent: Sent) {
    let Sent { place: (at, nth), verdict, why, maybe } = sent;
    let shipment = &mut shipments[at];
    let frozen: Option<Seq> = maybe.then_some(shipment.job.upto);
    match verdict {
        Verdict::Delivered => shipment.delivered += 1,
        Verdict::Rejected(reason) => {
            let why = if reason == why { reason } else { format!("{reason} ({why})") };
            shipment.refuse(nth, why);
        }
        Verdict::Retry(floor) => {
            shipment.failed.get_or_insert(Outcome::Failed { why, floor, frozen, stop: false });
        }
        Verdict::Split => {
            shipment.failed.get_or_insert(Outcome::Failed { why, floor: None, frozen, stop: false });
        }
        Verdict::Stop(reason) => {
            shipment.failed.get_or_insert(Outcome::Failed { why: reason, floor: None, frozen, stop: true });
        }
    }
}

fn label(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Delivered => "delivered",
        Verdict::Retry(_) => "retry",
        Verdict::Split => "split",
        Verdict::Rejected(_) => "rejected",
        Verdict::Stop(_) => "stop",
    }
}

fn count(shipper: &Shipper, request: &Request, outcome: &'static str, took: Duration) {
    metrics::vendor_answered(&shipper.destination.name, outcome, request.rows, took);
}

/// What was answered, for `explain`: the vendor's own words, cut.
fn describe(request: &Request, status: u16, body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body).chars().take(300).collect();
    let path = request.path.split('?').next().unwrap_or_default();
    format!("{} {path}: {status} {text}", request.method)
}
