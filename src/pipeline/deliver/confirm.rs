//! Looking whether what a vendor took is shown, where its success promises nothing: at growing intervals,
//! within the vendor's limits, until it shows or has to be sent again.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;

use super::ship::Shipper;
use super::worker;
use crate::canonical::Time;
use crate::contract::Request;
use crate::contract::Write;
use crate::telemetry::metrics;

const FIRST: Duration = Duration::from_millis(80);
const LONGEST: Duration = Duration::from_secs(5);
/// Looks in vain before the vendor's answer counts as unknown, where its success is a promise otherwise.
const DOUBTS: u32 = 4;

/// Whether it shows.
#[derive(Clone, Debug)]
pub(super) enum Shown {
    /// All of it.
    Yes,
    /// Not all: why, and to be sent again.
    No(String),
}

/// Looks until every write shows, or one has to be sent again.
pub(super) async fn all(shipper: &Shipper, writes: &[&Write], sent: Time) -> Shown {
    shipper.confirming.fetch_add(1, Ordering::Relaxed);
    let shown = join_all(writes.iter().map(|write| one(shipper, write, sent))).await;
    shipper.confirming.fetch_sub(1, Ordering::Relaxed);
    shown.into_iter().find(|shown| matches!(shown, Shown::No(_))).unwrap_or(Shown::Yes)
}

async fn one(shipper: &Shipper, write: &Write, sent: Time) -> Shown {
    let destination = &shipper.destination;
    let Some(request) = destination.dialect.confirm(write) else { return Shown::Yes };
    let mut pause = FIRST;
    for looks in 1.. {
        tokio::time::sleep(pause).await;
        if shows(shipper, write, &request).await {
            shipper.control.worker(|worker| worker.shows(sent));
            return Shown::Yes;
        }
        pause = (pause * 2).min(LONGEST);
        if !destination.dialect.info().confirms {
            if looks >= DOUBTS {
                return not(shipper, "answered in part, and not all of it shows");
            }
            continue;
        }
        let now = shipper.now();
        if now.0 - sent.0 >= worker::SHOWS_WITHIN_NS {
            let again = shipper.control.worker(|worker| worker.lost(sent, now));
            if again || now.0 - sent.0 >= GIVE_UP_NS {
                return not(shipper, "accepted, but not shown within 60 s");
            }
        }
    }
    Shown::Yes
}

/// A worker that has been behind for so long may have lost its queue: what waits is sent again, one at a
/// time, as its destination's probes.
const GIVE_UP_NS: i64 = 120_000_000_000;

fn not(shipper: &Shipper, why: &str) -> Shown {
    metrics::confirm_failed(&shipper.destination.name);
    Shown::No(why.to_owned())
}

async fn shows(shipper: &Shipper, write: &Write, request: &Request) -> bool {
    let destination = &shipper.destination;
    let answer = destination.client.look(request).await;
    answer.is_ok_and(|answer| destination.dialect.confirmed(write, &answer))
}
