//! How much each key and each project may send: one store of governor buckets.
//!
//! Requests and bytes are taken before a body is read, spans by the pipeline through
//! [`Charge`]. A key is asked before its project, so that one key over its own limit does not use up
//! what the project's other keys may send.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use governor::Quota;
use governor::RateLimiter;
use governor::clock;
use governor::clock::Reference;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::InMemoryState;
use governor::state::NotKeyed;
use parking_lot::Mutex;

use crate::contract::Caller;
use crate::contract::Charge;
use crate::contract::Clock;
use crate::contract::Refusal;
use crate::http::keys::Keys;
use crate::http::keys::Rates;

/// Every bucket there is; what has none is without a limit.
pub struct Limits {
    keys: HashMap<Arc<str>, Buckets>,
    projects: HashMap<Arc<str>, Buckets>,
}

impl Limits {
    /// Full buckets for the keys' own limits and the projects'. `clock` must never step back: see
    /// [`ticks`].
    pub fn new(keys: &Keys, projects: impl IntoIterator<Item = (Arc<str>, Rates)>, clock: &Clock) -> Self {
        let keys = keys.iter().map(|key| (Arc::clone(&key.name), key.rates));
        Self { keys: buckets(keys, clock), projects: buckets(projects, clock) }
    }

    /// Takes one request.
    pub(super) fn request(&self, caller: &Caller) -> Result<(), Refusal> {
        self.take(caller, 1, "requests", |buckets| buckets.requests.as_ref())
    }

    /// Takes bytes of body, as they come.
    pub(super) fn bytes(&self, caller: &Caller, n: u64) -> Result<(), Refusal> {
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        self.take(caller, n, "bytes", |buckets| buckets.bytes.as_ref())
    }

    fn take(&self, caller: &Caller, n: u32, of: &str, which: fn(&Buckets) -> Option<&Bucket>) -> Result<(), Refusal> {
        let Some(n) = NonZeroU32::new(n) else { return Ok(()) };
        let owners = [("key", &caller.key, &self.keys), ("project", &caller.project, &self.projects)];
        for (owner, name, all) in owners {
            let Some(bucket) = all.get(name).and_then(which) else { continue };
            bucket.take(n).map_err(|wait| Refusal::TooMany {
                what: format!("{owner} {name} may send {} {of} a second", bucket.rate),
                after_s: seconds(wait),
            })?;
        }
        Ok(())
    }
}

impl Charge for Limits {
    fn spans(&self, caller: &Caller, n: u32) -> Result<(), Refusal> {
        self.take(caller, n, "spans", |buckets| buckets.spans.as_ref())
    }
}

/// A clock for [`Limits`]: nanoseconds since now, never stepping back.
pub fn ticks() -> Clock {
    let start = Instant::now();
    Arc::new(move || i64::try_from(start.elapsed().as_nanos()).unwrap_or(i64::MAX))
}

fn buckets(rates: impl IntoIterator<Item = (Arc<str>, Rates)>, clock: &Clock) -> HashMap<Arc<str>, Buckets> {
    let bucket = |rate: Option<NonZeroU32>| rate.map(|rate| Bucket::new(rate, clock));
    let of = |rates: Rates| Buckets {
        requests: bucket(rates.requests_per_second),
        spans: bucket(rates.spans_per_second),
        bytes: bucket(rates.bytes_per_second),
    };
    rates.into_iter().map(|(name, rates)| (name, of(rates))).collect()
}

/// Whole seconds, at least one: clients read `Retry-After` as an integer.
fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).max(1)
}

struct Buckets {
    requests: Option<Bucket>,
    spans: Option<Bucket>,
    bytes: Option<Bucket>,
}

/// One second's worth, refilled evenly. What is larger than that passes when the bucket is full and
/// closes it until it is paid for: refusing it would refuse it for ever.
struct Bucket {
    rate: NonZeroU32,
    limiter: RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Nanos>>,
    clock: Ticks,
    closed_until: Mutex<Nanos>,
}

impl Bucket {
    fn new(rate: NonZeroU32, clock: &Clock) -> Self {
        let clock = Ticks(Arc::clone(clock));
        let limiter = RateLimiter::direct_with_clock(Quota::per_second(rate), clock.clone());
        Self { rate, limiter, clock, closed_until: Mutex::new(Nanos::from(0)) }
    }

    /// Takes `n`, or says how long to wait.
    fn take(&self, n: NonZeroU32) -> Result<(), Duration> {
        let now = clock::Clock::now(&self.clock);
        let mut closed_until = self.closed_until.lock();
        if *closed_until > now {
            return Err(closed_until.duration_since(now).into());
        }
        match self.limiter.check_n(n.min(self.rate)) {
            Ok(Ok(())) => {}
            Ok(Err(early)) => return Err(early.wait_time_from(now)),
            // Cannot be: the bucket holds `rate`.
            Err(_) => return Err(Duration::from_secs(1)),
        }
        if n > self.rate {
            let cost = Duration::from_secs(n.get().into()) / self.rate.get();
            *closed_until = now + Nanos::from(cost);
        }
        Ok(())
    }
}

/// Our clock as governor wants it.
#[derive(Clone)]
struct Ticks(Clock);

impl clock::Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(u64::try_from((self.0)()).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::http::keys::Key;
    use crate::http::keys::Scopes;

    #[test]
    fn a_second_of_requests_passes_and_no_more() {
        let scene = Scene::new(rates(2), rates(100));
        assert_eq!([scene.request(), scene.request(), scene.request()], [0, 0, 1]);
        scene.wait(500);
        assert_eq!([scene.request(), scene.request()], [0, 1]);
    }

    #[test]
    fn the_project_limits_what_all_its_keys_send() {
        let scene = Scene::new(rates(100), rates(1));
        assert_eq!([scene.request(), scene.request()], [0, 1]);
        let refusal = scene.limits.request(&scene.caller).unwrap_err();
        assert_eq!(refusal.to_string(), "project checkout may send 1 requests a second; retry after 1 s");
    }

    #[test]
    fn what_is_larger_than_a_second_passes_and_is_paid_for() {
        let scene = Scene::new(rates(10), Rates::default());
        assert_eq!([scene.bytes(35), scene.bytes(1)], [0, 4]);
        scene.wait(3_499);
        assert_eq!(scene.bytes(1), 1);
        scene.wait(1);
        assert_eq!(scene.bytes(10), 0);
    }

    #[test]
    fn spans_are_charged_apart_from_requests() {
        let scene = Scene::new(rates(10), Rates::default());
        assert!(scene.limits.spans(&scene.caller, 10).is_ok());
        assert!(scene.limits.spans(&scene.caller, 1).is_err());
        assert!(scene.limits.spans(&scene.caller, 0).is_ok());
        assert_eq!(scene.request(), 0);
    }

    struct Scene {
        limits: Limits,
        now: Arc<AtomicI64>,
        caller: Caller,
    }

    impl Scene {
        fn new(key: Rates, project: Rates) -> Self {
            let now = Arc::new(AtomicI64::new(0));
            let held = Arc::clone(&now);
            let clock: Clock = Arc::new(move || held.load(Ordering::Relaxed));
            let keys = Keys::new([Key {
                name: "first".into(),
                project: "checkout".into(),
                sha256: [0; 32],
                scopes: Scopes { read: true, write: true },
                rates: key,
                expires: None,
            }]);
            let limits = Limits::new(&keys, [("checkout".into(), project)], &clock);
            Self { limits, now, caller: Caller::new("checkout".into(), "first".into()) }
        }

        fn wait(&self, ms: i64) {
            self.now.fetch_add(ms * 1_000_000, Ordering::Relaxed);
        }

        /// Seconds to wait, 0 if it passed.
        fn request(&self) -> u64 {
            after(self.limits.request(&self.caller))
        }

        fn bytes(&self, n: u64) -> u64 {
            after(self.limits.bytes(&self.caller, n))
        }
    }

    fn after(result: Result<(), Refusal>) -> u64 {
        match result {
            Ok(()) => 0,
            Err(Refusal::TooMany { after_s, .. }) => after_s,
            Err(other) => panic!("{other}"),
        }
    }

    fn rates(n: u32) -> Rates {
        let n = NonZeroU32::new(n);
        Rates { requests_per_second: n, spans_per_second: n, bytes_per_second: n }
    }
}
