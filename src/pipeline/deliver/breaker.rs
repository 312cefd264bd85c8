//! Whether a destination is worth trying: closed while it answers, open for a growing pause once it does
//! not, half-open for one probe after that.
//!
//! Two signals open it: failures in a row, and the share of failures among the newest requests, so that
//! neither a dead vendor nor one that fails every second request is hammered. Waiting is all it does.

use std::collections::VecDeque;

use crate::canonical::Time;

/// Failures in a row that open it.
const IN_A_ROW: u32 = 7;
/// Requests looked back at, at the most, and for how long.
const NEWEST: usize = 200;
const LOOK_BACK_NS: i64 = 30_000_000_000;
/// So many of them there must be, and so many in a hundred failed.
const AT_LEAST: usize = 20;
const PERCENT: usize = 50;
/// Pauses: doubled each time up to two seconds, because a probe is one request and what is accepted after
/// a recovery should show within seconds.
const FIRST_NS: i64 = 500_000_000;
const LONGEST_NS: i64 = 2_000_000_000;

/// One destination's breaker. Times are the wall clock's: a jump delays or hastens one probe.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    in_a_row: u32,
    newest: VecDeque<(Time, bool)>,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    since: Time,
    until: Time,
    probes: u32,
    probing: bool,
}

/// Whether something may be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Leave {
    /// Whatever is due.
    Send,
    /// One thing, as a probe.
    Probe,
    /// Nothing before that time.
    Wait(Time),
    /// Nothing until the probe has come back.
    Probing,
}

impl Breaker {
    /// What may be sent now.
    pub(super) fn leave(&self, now: Time) -> Leave {
        match self.open {
            None => Leave::Send,
            Some(Open { probing: true, .. }) => Leave::Probing,
            Some(Open { until, .. }) if now < until => Leave::Wait(until),
            Some(_) => Leave::Probe,
        }
    }

    /// A probe is on its way.
    pub(super) fn probe(&mut self) {
        if let Some(open) = &mut self.open {
            open.probing = true;
        }
    }

    /// A probe came to nothing that says how the vendor is (its trace was not due after all).
    pub(super) fn forget_probe(&mut self) {
        if let Some(open) = &mut self.open {
            open.probing = false;
        }
    }

    /// Since when it is open.
    pub(super) fn open_since(&self) -> Option<Time> {
        self.open.map(|open| open.since)
    }

    /// The vendor answered; whether that closed it.
    pub(super) fn succeeded(&mut self, now: Time) -> bool {
        self.in_a_row = 0;
        self.note(now, true);
        let closed = self.open.take().is_some();
        if closed {
            self.newest.clear();
        }
        closed
    }

    /// The vendor did not answer, or with a fault of its own; `dice` from 0 to 1 spreads the pause by
    /// half of it either way. Whether that opened it.
    pub(super) fn failed(&mut self, now: Time, dice: f64) -> bool {
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.note(now, false);
        let Some(Open { since, probes, .. }) = self.open else {
            let opens = self.in_a_row >= IN_A_ROW || self.fails_often();
            if opens {
                self.open = Some(Open { since: now, until: now.plus(pause(0, dice)), probes: 0, probing: false });
            }
            return opens;
        };
        let probes = probes + 1;
        self.open = Some(Open { since, until: now.plus(pause(probes, dice)), probes, probing: false });
        false
    }

    fn note(&mut self, now: Time, good: bool) {
        self.newest.push_back((now, good));
        while self.newest.len() > NEWEST || self.newest.front().is_some_and(|(at, _)| now.0 - at.0 > LOOK_BACK_NS) {
            self.newest.pop_front();
        }
    }

    fn fails_often(&self) -> bool {
        let failed = self.newest.iter().filter(|(_, good)| !good).count();
        self.newest.len() >= AT_LEAST && failed * 100 >= self.newest.len() * PERCENT
    }
}

fn pause(probes: u32, dice: f64) -> i64 {
    let pause = FIRST_NS.saturating_mul(1 << probes.min(8)).min(LONGEST_NS);
    (pause as f64 * (0.5 + dice.clamp(0.0, 1.0))) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn failures_in_a_row_open_it_and_one_good_probe_closes_it() {
        let mut breaker = Breaker::default();
        let opened: Vec<bool> = (0..7).map(|n| breaker.failed(Time(n), 0.5)).collect();
        assert_eq!(opened, [false, false, false, false, false, false, true]);
        assert_eq!(breaker.leave(Time(7)), Leave::Wait(Time(SECOND / 2 + 6)));
        assert_eq!(breaker.leave(Time(SECOND)), Leave::Probe);
        breaker.probe();
        assert_eq!(breaker.leave(Time(SECOND)), Leave::Probing);
        assert!(!breaker.failed(Time(SECOND), 0.5));
        assert_eq!(breaker.leave(Time(SECOND)), Leave::Wait(Time(2 * SECOND)));
        breaker.probe();
        assert!(breaker.succeeded(Time(3 * SECOND)));
        assert_eq!((breaker.leave(Time(3 * SECOND)), breaker.open_since()), (Leave::Send, None));
    }

    #[test]
    fn a_vendor_that_fails_every_second_request_opens_it() {
        let mut breaker = Breaker::default();
        let opened =
            (0..40).position(|n| if n % 2 == 0 { breaker.succeeded(Time(n)) } else { breaker.failed(Time(n), 0.0) });
        assert_eq!(opened, Some(19));
    }

    #[test]
    fn failures_long_ago_do_not_count() {
        let mut breaker = Breaker::default();
        for n in 0..30 {
            let now = Time(n * 10 * SECOND);
            assert!(!breaker.failed(now, 0.0));
            breaker.succeeded(now);
        }
    }

    #[test]
    fn pauses_grow_to_a_few_seconds() {
        let pauses: Vec<i64> = (0..6).map(|probes| pause(probes, 0.5) / 1_000_000).collect();
        assert_eq!(pauses, [500, 1_000, 2_000, 2_000, 2_000, 2_000]);
        assert_eq!((pause(9, 0.0), pause(9, 1.0)), (SECOND, 3 * SECOND));
    }
}
