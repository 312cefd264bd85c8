//! A vendor that promises nothing by its success: what was taken is shown only once its worker has run.
//!
//! When something taken does not show in time although nothing newer shows either, the worker is behind
//! and more of the same would only lengthen its queue: the destination waits, and sends one thing a minute
//! to see (`design.md §5`, "confirm").

use super::breaker::Leave;
use crate::canonical::Time;

/// How long what was taken may take to show before it is doubted.
pub(super) const SHOWS_WITHIN_NS: i64 = 60_000_000_000;
const PROBE_EVERY_NS: i64 = 60_000_000_000;

/// What is known of one destination's worker.
#[derive(Debug, Default)]
pub(super) struct Worker {
    /// When the newest request that is known to show was sent.
    shown: Option<Time>,
    behind: Option<Time>,
    probed: Option<Time>,
}

impl Worker {
    /// Something sent at that time shows.
    pub(super) fn shows(&mut self, sent: Time) {
        self.shown = self.shown.max(Some(sent));
        self.behind = None;
        self.probed = None;
    }

    /// Something sent at that time does not show after [`SHOWS_WITHIN_NS`]: whether to send it again,
    /// because what was sent since shows. Otherwise the worker is behind.
    pub(super) fn lost(&mut self, sent: Time, now: Time) -> bool {
        let lost = self.shown.is_some_and(|shown| shown > sent);
        if !lost {
            self.behind.get_or_insert(now);
        }
        lost
    }

    /// Since when it is behind.
    pub(super) fn behind_since(&self) -> Option<Time> {
        self.behind
    }

    /// What may be sent.
    pub(super) fn leave(&self, now: Time) -> Leave {
        let Some(since) = self.behind else { return Leave::Send };
        let next = self.probed.unwrap_or(since).plus(PROBE_EVERY_NS);
        if now < next { Leave::Wait(next) } else { Leave::Probe }
    }

    /// One thing is sent to see.
    pub(super) fn probe(&mut self, now: Time) {
        if self.behind.is_some() {
            self.probed = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000_000;

    #[test]
    fn what_does_not_show_is_sent_again_only_while_newer_things_show() {
        let mut worker = Worker::default();
        worker.shows(Time(5));
        assert!(worker.lost(Time(3), Time(MINUTE)));
        assert_eq!(worker.leave(Time(MINUTE)), Leave::Send);
        assert!(!worker.lost(Time(7), Time(MINUTE)));
        assert_eq!(worker.behind_since(), Some(Time(MINUTE)));
        assert_eq!(worker.leave(Time(MINUTE + 1)), Leave::Wait(Time(2 * MINUTE)));
        assert_eq!(worker.leave(Time(2 * MINUTE)), Leave::Probe);
        worker.probe(Time(2 * MINUTE));
        assert_eq!(worker.leave(Time(2 * MINUTE)), Leave::Wait(Time(3 * MINUTE)));
        worker.shows(Time(2 * MINUTE));
        assert_eq!((worker.leave(Time(2 * MINUTE)), worker.behind_since()), (Leave::Send, None));
        assert!(worker.lost(Time(7), Time(3 * MINUTE)));
    }
}
