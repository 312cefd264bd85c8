//! What a vendor's credential may send: one set of buckets per (origin, credential), shared by every
//! destination that uses it. Waits and never drops.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::DefaultDirectRateLimiter;
use governor::Quota;
use governor::RateLimiter;
use governor::clock::Clock;
use governor::clock::DefaultClock;
use parking_lot::Mutex;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use sha2::Digest;
use sha2::Sha256;
use tokio::time::Instant;

use crate::contract::Bucket;

/// Limits of one credential, a minute.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    /// Creating requests.
    pub requests: Option<NonZeroU32>,
    /// Rows in them.
    pub items: Option<NonZeroU32>,
    /// Score requests.
    pub scores: Option<NonZeroU32>,
}

/// A vendor key with its buckets.
#[derive(Clone)]
pub struct Credential {
    /// The key; `None` where the vendor takes none.
    pub secret: Option<SecretString>,
    buckets: Arc<Buckets>,
}

struct Buckets {
    requests: Option<DefaultDirectRateLimiter>,
    items: Option<DefaultDirectRateLimiter>,
    scores: Option<DefaultDirectRateLimiter>,
    looks: Option<DefaultDirectRateLimiter>,
    /// When the next write may go, as far as the last one that had to wait was told.
    full_until: Mutex<Option<Instant>>,
}

/// Every bucket there is, by (origin, credential).
#[derive(Clone, Default)]
pub struct Egress(Arc<Mutex<HashMap<[u8; 32], Arc<Buckets>>>>);

impl Egress {
    /// The credential with the buckets it shares; the first rates given for it hold.
    pub fn credential(&self, origin: &str, secret: Option<SecretString>, rates: Rates) -> Credential {
        let mut hash = Sha256::new();
        hash.update(origin);
        hash.update([0]);
        hash.update(secret.as_ref().map_or("", |secret| secret.expose_secret()));
        let mut held = self.0.lock();
        let buckets = held.entry(hash.finalize().into()).or_insert_with(|| Arc::new(Buckets::new(rates)));
        Credential { secret, buckets: Arc::clone(buckets) }
    }
}

impl Buckets {
    fn new(rates: Rates) -> Self {
        let limiter = |rate: Option<NonZeroU32>| rate.map(|rate| RateLimiter::direct(quota(rate)));
        // More looks than writes: where writes are limited, reads are for each path alone, and what is
        // written rarely shows at the first look.
        let looks = rates.requests.map(|rate| rate.saturating_mul(LOOKS));
        let quick = |rate: NonZeroU32| RateLimiter::direct(Quota::per_minute(rate).allow_burst(rate));
        Self {
            requests: limiter(rates.requests),
            items: limiter(rates.items),
            scores: limiter(rates.scores),
            looks: looks.map(quick),
            full_until: Mutex::default(),
        }
    }
}

/// A tenth of a minute's worth at once: a vendor that counts in fixed windows never sees more than
/// 110 % of the rate in one.
fn quota(rate: NonZeroU32) -> Quota {
    let burst = NonZeroU32::new(rate.get() / 10).unwrap_or(NonZeroU32::MIN);
    Quota::per_minute(rate).allow_burst(burst)
}

const LOOKS: NonZeroU32 = NonZeroU32::new(8).expect("eight is not zero");

/// How long until one of the credentials may send a write, while others wait for the same; `None`: as far
/// as anybody knows, now.
pub(super) fn wait(credentials: &[Credential]) -> Option<Duration> {
    let waits = credentials.iter().map(|credential| credential.buckets.wait());
    waits.min().filter(|wait| !wait.is_zero())
}

/// Waits until one of the credentials may send a request of so many rows, and gives that one.
pub(super) async fn acquire(credentials: &[Credential], bucket: Bucket, rows: usize) -> Option<&Credential> {
    loop {
        let mut shortest: Option<Duration> = None;
        for credential in credentials {
            match credential.buckets.take(bucket, rows) {
                Ok(()) => return Some(credential),
                Err(wait) => shortest = Some(shortest.map_or(wait, |held| held.min(wait))),
            }
        }
        tokio::time::sleep(shortest?.max(Duration::from_millis(1))).await;
    }
}

impl Buckets {
    fn wait(&self) -> Duration {
        let until = *self.full_until.lock();
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    fn take(&self, bucket: Bucket, rows: usize) -> Result<(), Duration> {
        let limiters = match bucket {
            Bucket::Free => return Ok(()),
            Bucket::Look => [self.looks.as_ref().map(|limiter| (limiter, 1)), None],
            Bucket::Score => [self.scores.as_ref().map(|limiter| (limiter, 1)), None],
            Bucket::Write => {
                [self.items.as_ref().map(|limiter| (limiter, rows)), self.requests.as_ref().map(|limiter| (limiter, 1))]
            }
        };
        let taken = limiters.into_iter().flatten().try_for_each(|(limiter, n)| take(limiter, n));
        if let (Err(wait), Bucket::Write) = (taken, bucket) {
            *self.full_until.lock() = Some(Instant::now() + wait);
        }
        taken
    }
}

/// Takes `n`, or as many as the bucket can ever hold at once.
fn take(limiter: &DefaultDirectRateLimiter, n: usize) -> Result<(), Duration> {
    let mut n = NonZeroU32::new(u32::try_from(n).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN);
    loop {
        match limiter.check_n(n) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(not_until)) => return Err(not_until.wait_time_from(DefaultClock::default().now())),
            Err(capacity) => n = NonZeroU32::new(capacity.0).unwrap_or(NonZeroU32::MIN),
        }
    }
}
