//! Whether a destination is written to at all, and why not: the breaker, refused credentials, refusals in
//! mass, a vendor that asks for patience, a worker that is behind, an operator's word. Shared by the
//! courier, its shipments and the operator.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::book::SET_BACK_NS;
use super::breaker::Breaker;
use super::breaker::Leave;
use super::guard::Guard;
use super::worker::Worker;
use crate::canonical::Time;
use crate::contract::Condition;
use crate::contract::State;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::telemetry::metrics;

/// How long until a destination that refused everything, or our credential, is probed again: doubled up
/// to a quarter of an hour.
const SLOW_FIRST_NS: i64 = 60_000_000_000;
const SLOW_LONGEST_NS: i64 = 900_000_000_000;

/// One destination's switches.
#[derive(Default)]
pub struct Control {
    inner: Mutex<Inner>,
    woken: Notify,
}

#[derive(Default)]
struct Inner {
    breaker: Breaker,
    guard: Guard,
    /// Paused by an operator, and why.
    paused: Option<(Time, String)>,
    /// What a slow probe has to find out: whether the vendor takes our credential, or anything, again.
    slow: Option<Slow>,
    /// The vendor asked for patience until then.
    floor: Option<Time>,
    worker: Worker,
    last_error: Option<(Time, String)>,
    recovered: bool,
    /// The head of the ledger when the probe that is on its way left, and when the last that failed did.
    probed: Seq,
    missed: Seq,
    /// The newest time that it was asked at.
    asked: Option<Time>,
}

struct Slow {
    state: State,
    why: String,
    since: Time,
    next: Time,
    probes: u32,
    probing: bool,
}

impl Control {
    /// What may be sent now.
    pub(super) fn leave(&self, now: Time) -> Leave {
        let mut inner = self.inner.lock();
        inner.watch(now);
        if inner.paused.is_some() {
            return Leave::Probing;
        }
        if let Some(floor) = inner.floor.filter(|floor| now < *floor) {
            return Leave::Wait(floor);
        }
        match &inner.slow {
            Some(slow) if slow.probing => Leave::Probing,
            Some(slow) if now < slow.next => Leave::Wait(slow.next),
            Some(_) => Leave::Probe,
            None => match inner.worker.leave(now) {
                Leave::Send => inner.breaker.leave(now),
                leave => leave,
            },
        }
    }

    /// A probe goes out, at that head of the ledger.
    pub(super) fn probe(&self, now: Time, head: Seq) {
        let mut inner = self.inner.lock();
        inner.probed = head;
        match &mut inner.slow {
            Some(slow) => slow.probing = true,
            None => {
                inner.breaker.probe();
                inner.worker.probe(now);
            }
        }
    }

    /// A probe came back; if it asked the vendor nothing, the next one may go at once.
    pub(super) fn probed(&self) {
        let mut inner = self.inner.lock();
        inner.breaker.forget_probe();
        if let Some(slow) = &mut inner.slow {
            slow.probing = false;
        }
        drop(inner);
        self.woken.notify_one();
    }

    /// The vendor answered, and not with a fault of its own.
    pub(super) fn answered(&self, now: Time) {
        let mut inner = self.inner.lock();
        inner.recovered |= inner.breaker.succeeded(now);
    }

    /// The vendor took something.
    pub(super) fn took(&self) {
        let mut inner = self.inner.lock();
        if inner.slow.take().is_some() {
            inner.guard.clear();
            inner.recovered = true;
            self.woken.notify_one();
        }
    }

    /// The vendor did not answer, or with a fault of its own.
    pub(super) fn failed(&self, now: Time, dice: f64, why: &str) {
        let mut inner = self.inner.lock();
        inner.last_error = Some((now, why.to_owned()));
        inner.missed = inner.probed;
        inner.breaker.failed(now, dice);
    }

    /// The vendor refused something that goes out otherwise: an error to be told, and nothing more.
    pub(super) fn noted(&self, now: Time, why: &str) {
        self.inner.lock().last_error = Some((now, why.to_owned()));
    }

    /// The vendor asked for patience.
    pub(super) fn hold(&self, now: Time, wait: Duration, why: &str) {
        let until = now.plus(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX));
        let mut inner = self.inner.lock();
        inner.last_error = Some((now, why.to_owned()));
        inner.floor = Some(inner.floor.map_or(until, |floor| floor.max(until)));
    }

    /// The vendor does not take our credential; whether that is news.
    pub(super) fn refused_credential(&self, now: Time, why: &str) -> bool {
        self.inner.lock().slow_down(now, State::Credential, why)
    }

    /// A trace was shown, or refused for good in whole or in part; whether refusals have now come in mass.
    pub(super) fn settled(&self, now: Time, trace: SubjectKey, refused: Option<&str>) -> bool {
        let mut inner = self.inner.lock();
        if let Some(why) = refused {
            inner.last_error = Some((now, why.to_owned()));
        }
        let trips = inner.guard.note(now, trace, refused.is_some());
        trips && inner.slow_down(now, State::Refusing, refused.unwrap_or_default())
    }

    /// Whether refusals came in mass, so that none of them is to be believed; a probe's refusal lengthens
    /// the pause.
    pub(super) fn distrusts(&self, now: Time) -> bool {
        let mut inner = self.inner.lock();
        let tripped = inner.guard.is_tripped();
        if tripped && inner.slow.as_ref().is_some_and(|slow| slow.probing) {
            let why = inner.last_error.as_ref().map(|(_, why)| why.clone()).unwrap_or_default();
            inner.slow_down(now, State::Refusing, &why);
        }
        tripped
    }

    /// Where the destination has just come back, so that what waits for another try may go: the head of
    /// the ledger when it was surely away for the last time (0: not known). Told once.
    pub(super) fn take_recovered(&self) -> Option<Seq> {
        let mut inner = self.inner.lock();
        std::mem::take(&mut inner.recovered).then(|| {
            inner.probed = 0;
            std::mem::take(&mut inner.missed)
        })
    }

    /// The vendor's worker, under the lock.
    pub(super) fn worker<T>(&self, ask: impl FnOnce(&mut Worker) -> T) -> T {
        ask(&mut self.inner.lock().worker)
    }

    /// Resolves when an operator has spoken or a probe has come back.
    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Stops writing until [`Control::resume`].
    pub fn pause(&self, now: Time, why: &str) {
        self.inner.lock().paused = Some((now, why.to_owned()));
    }

    /// Writes again: takes every pause back. What is refused in the next ten minutes is parked even when
    /// it comes in mass, because somebody has looked.
    pub fn resume(&self, now: Time) {
        let mut inner = self.inner.lock();
        if inner.slow.as_ref().is_some_and(|slow| slow.state == State::Refusing) {
            inner.guard.allow(now);
        }
        let last_error = inner.last_error.take();
        let guard = std::mem::take(&mut inner.guard);
        *inner = Inner { guard, last_error, recovered: true, ..Inner::default() };
        drop(inner);
        self.woken.notify_one();
    }

    /// How its breaker stands.
    pub(super) fn breaker(&self, now: Time) -> metrics::Breaker {
        let inner = self.inner.lock();
        match (inner.breaker.open_since(), inner.breaker.leave(now)) {
            (None, _) => metrics::Breaker::Closed,
            (Some(_), Leave::Wait(_)) => metrics::Breaker::Open,
            (Some(_), _) => metrics::Breaker::Trying,
        }
    }

    /// How it stands.
    pub fn condition(&self, now: Time) -> Condition {
        let inner = self.inner.lock();
        let mut condition = inner.condition(now);
        condition.last_error = inner.last_error.as_ref().map(|(_, why)| why.clone());
        condition
    }
}

impl Inner {
    /// A clock that is set back must not make everything wait for the same time again.
    fn watch(&mut self, now: Time) {
        if self.asked.is_some_and(|asked| now.plus(SET_BACK_NS) < asked) {
            tracing::warn!("the clock was set back; what waited for a time goes now");
            (self.breaker, self.worker, self.floor) = (Breaker::default(), Worker::default(), None);
            self.slow.iter_mut().for_each(|slow| slow.next = now);
            self.recovered = true;
        }
        self.asked = Some(now);
    }

    fn slow_down(&mut self, now: Time, state: State, why: &str) -> bool {
        self.last_error = Some((now, why.to_owned()));
        self.missed = self.probed;
        let (news, since, probes) = match &self.slow {
            Some(slow) if slow.state == state => (false, slow.since, slow.probes + 1),
            _ => (true, now, 0),
        };
        let pause = SLOW_FIRST_NS.saturating_mul(1 << probes.min(8)).min(SLOW_LONGEST_NS);
        self.slow = Some(Slow { state, why: why.to_owned(), since, next: now.plus(pause), probes, probing: false });
        news
    }

    fn condition(&self, now: Time) -> Condition {
        if let Some((since, why)) = &self.paused {
            return condition(State::Paused, Some(*since), None, Some(why.clone()));
        }
        if let Some(Slow { state, why, since, next, .. }) = &self.slow {
            return condition(*state, Some(*since), Some(*next), Some(why.clone()));
        }
        if let Some(since) = self.worker.behind_since() {
            return condition(State::Behind, Some(since), None, None);
        }
        if let Some(since) = self.breaker.open_since() {
            let next = match self.breaker.leave(now) {
                Leave::Wait(next) => Some(next),
                _ => None,
            };
            return condition(State::Failing, Some(since), next, self.last_error.as_ref().map(|(_, why)| why.clone()));
        }
        match self.floor {
            Some(floor) if now < floor => condition(State::Limited, None, Some(floor), None),
            _ => condition(State::Running, None, None, None),
        }
    }
}

fn condition(state: State, since: Option<Time>, next: Option<Time>, why: Option<String>) -> Condition {
    Condition {
        state,
        since: since.map(|at| at.rfc3339(3)),
        next_try: next.map(|at| at.rfc3339(3)),
        why,
        last_error: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Time = Time(1_000_000_000_000_000_000);
    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn a_clock_that_is_set_back_makes_nothing_wait_again() {
        let control = Control::default();
        control.hold(NOON, HOUR, "429");
        assert_eq!(control.leave(NOON), Leave::Wait(NOON.plus(HOUR.as_nanos() as i64)));
        assert_eq!(control.take_recovered(), None);
        assert_eq!(control.leave(NOON.plus(-1_000)), Leave::Wait(NOON.plus(HOUR.as_nanos() as i64)));
        assert_eq!(control.leave(NOON.plus(-60_000_000_000)), Leave::Send);
        assert_eq!(control.take_recovered(), Some(0));
        control.hold(NOON, HOUR, "429");
        assert_ne!(control.leave(NOON), Leave::Send);
    }

    #[test]
    fn who_comes_back_was_away_until_the_last_probe_that_failed() {
        let control = Control::default();
        (0..7).for_each(|_| control.failed(NOON, 0.5, "503"));
        for (after, head) in [(1, 10), (3, 20), (6, 30)] {
            let now = NOON.plus(after * 1_000_000_000);
            assert_eq!(control.leave(now), Leave::Probe);
            control.probe(now, head);
            if head < 30 {
                control.failed(now, 0.5, "503");
            } else {
                control.answered(now);
            }
            control.probed();
        }
        assert_eq!(control.take_recovered(), Some(20));
        assert_eq!(control.take_recovered(), None);
    }
}
