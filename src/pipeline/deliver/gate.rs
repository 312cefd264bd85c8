//! How many requests may be on their way to a vendor at once: one more after every round that went well,
//! fewer at once when it says "too many", fails, or slows down (additive increase, multiplicative
//! decrease).

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// What a bad answer leaves of the limit.
const DECREASE: f64 = 0.7;
/// How much the newest answer counts in the average.
const ALPHA: f64 = 0.2;
/// An answer counts as slow when it took longer than this many times the average and a little more;
/// rows a request differ, so a factor below two would take a large batch for a slow vendor.
const SLOW: f64 = 3.0;
const SLOW_AT_LEAST_S: f64 = 0.25;

/// One destination's gate.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    freed: Notify,
    most: f64,
}

struct State {
    limit: f64,
    in_flight: usize,
    /// Whether somebody found it full since the last change.
    full: bool,
    average_s: Option<f64>,
    /// Good answers until a slow one may lower the limit again: once a round, not once an answer.
    grace: usize,
}

/// A request on its way.
pub struct Pass(Option<Gate>);

/// How a request went, as far as the gate cares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trip {
    /// Answered in this time.
    Good(Duration),
    /// Too many, failed, or not answered in time.
    Bad,
}

impl Gate {
    /// A gate that never lets more than `most` through at once.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        let limit = most.min(4) as f64;
        let state = State { limit, in_flight: 0, full: false, average_s: None, grace: 0 };
        Self(Arc::new(Inner { state: Mutex::new(state), freed: Notify::new(), most: most as f64 }))
    }

    /// Waits until one more may go.
    pub async fn pass(&self) -> Pass {
        loop {
            let freed = self.0.freed.notified();
            if self.enter() {
                return Pass(Some(self.clone()));
            }
            freed.await;
        }
    }

    /// How many are on their way, and how many may be.
    pub fn figures(&self) -> (usize, usize) {
        let state = self.0.state.lock();
        (state.in_flight, state.limit as usize)
    }

    fn enter(&self) -> bool {
        let mut state = self.0.state.lock();
        let free = state.in_flight < state.limit as usize;
        if free {
            state.in_flight += 1;
        } else {
            state.full = true;
        }
        free
    }

    fn leave(&self, trip: Option<Trip>) {
        let mut state = self.0.state.lock();
        state.in_flight -= 1;
        match trip {
            Some(Trip::Good(took)) => state.went_well(took.as_secs_f64(), self.0.most),
            Some(Trip::Bad) => state.lower(),
            None => {}
        }
        drop(state);
        // The limit may have grown by one as well.
        self.0.freed.notify_one();
        self.0.freed.notify_one();
    }
}

impl State {
    fn went_well(&mut self, took_s: f64, most: f64) {
        let average = *self.average_s.get_or_insert(took_s);
        self.average_s = Some(average + ALPHA * (took_s - average));
        self.grace = self.grace.saturating_sub(1);
        if took_s > average * SLOW + SLOW_AT_LEAST_S {
            if self.grace == 0 {
                self.lower();
            }
        } else if self.full {
            self.limit = (self.limit + 1.0 / self.limit).min(most);
            self.full = false;
        }
    }

    fn lower(&mut self) {
        self.limit = (self.limit * DECREASE).max(1.0);
        self.grace = self.limit as usize + 1;
        self.full = false;
    }
}

impl Pass {
    /// Tells how it went.
    pub fn back(mut self, trip: Trip) {
        if let Some(gate) = self.0.take() {
            gate.leave(Some(trip));
        }
    }
}

impl Drop for Pass {
    // A request that was given up says nothing about the vendor.
    fn drop(&mut self) {
        if let Some(gate) = self.0.take() {
            gate.leave(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures::FutureExt;
    use futures::poll;

    use super::*;

    const FAST: Trip = Trip::Good(Duration::from_millis(10));

    async fn round(gate: &Gate, trip: Trip) {
        let (_, limit) = gate.figures();
        let mut passes = Vec::new();
        for _ in 0..limit {
            passes.push(gate.pass().await);
        }
        assert!(gate.pass().now_or_never().is_none());
        passes.into_iter().for_each(|pass| pass.back(trip));
    }

    #[tokio::test]
    async fn grows_while_it_is_full_and_all_goes_well() {
        let gate = Gate::new(6);
        assert_eq!(gate.figures(), (0, 4));
        for _ in 0..16 {
            round(&gate, FAST).await;
        }
        assert_eq!(gate.figures(), (0, 6));
    }

    #[tokio::test]
    async fn does_not_grow_without_need() {
        let gate = Gate::new(100);
        for _ in 0..50 {
            gate.pass().await.back(FAST);
        }
        assert_eq!(gate.figures(), (0, 4));
    }

    #[tokio::test]
    async fn shrinks_to_one_and_no_further() {
        let gate = Gate::new(100);
        gate.pass().await.back(Trip::Bad);
        assert_eq!(gate.figures(), (0, 2));
        for _ in 0..9 {
            gate.pass().await.back(Trip::Bad);
        }
        assert_eq!(gate.figures(), (0, 1));
    }

    #[tokio::test]
    async fn a_vendor_that_slows_down_gets_fewer() {
        let gate = Gate::new(4);
        for _ in 0..10 {
            gate.pass().await.back(FAST);
        }
        gate.pass().await.back(Trip::Good(Duration::from_secs(2)));
        assert_eq!(gate.figures(), (0, 2));
    }

    #[tokio::test]
    async fn who_waits_goes_when_one_comes_back() {
        let gate = Gate::new(1);
        let first = gate.pass().await;
        let mut second = Box::pin(gate.pass());
        assert!(matches!(poll!(&mut second), Poll::Pending));
        drop(first);
        assert!(matches!(poll!(&mut second), Poll::Ready(_)));
    }
}
