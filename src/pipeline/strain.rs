//! Whether this machine is too busy to deliver what it accepts. Then replies are held back a little, so
//! that couriers keep up with what is in memory: what they fall behind with must be read and decoded
//! again, which makes them slower still, and everybody with them.
//!
//! Only where work waits for a thread is anything held back: on a machine that keeps up, a vendor that is
//! slow or away holds up nobody.

use std::sync::atomic::AtomicI64;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::canonical::Time;

/// Work that waited longer than this for a thread says that the machine is busy.
const BUSY: Duration = Duration::from_millis(1);
/// How far behind a courier may be; memory holds more than that at any rate that can be kept up.
const BEHIND: Duration = Duration::from_millis(50);
/// The longest that a reply is held back: as long as a busy machine takes for one anyway.
const LONGEST: Duration = Duration::from_millis(100);
/// How long a courier's word counts, in nanoseconds.
const COUNTS_NS: i64 = 100_000_000;

/// What couriers say, and acceptors heed.
#[derive(Debug, Default)]
pub struct Strain {
    /// How long the last piece of work waited for a thread, in microseconds.
    queued_us: AtomicU64,
    /// How long replies are held back, in microseconds, and until when.
    hold_us: AtomicU64,
    until: AtomicI64,
}

impl Strain {
    /// Notes how long work waited for a thread.
    pub fn queued(&self, waited: Duration) {
        self.queued_us.store(micros(waited), Ordering::Relaxed);
    }

    /// A courier that could send is so far behind.
    pub fn behind(&self, now: Time, by: Duration) {
        if self.queued_us.load(Ordering::Relaxed) < micros(BUSY) || by < BEHIND {
            return;
        }
        let hold = ((by - BEHIND) / 4).min(LONGEST);
        self.hold_us.store(micros(hold), Ordering::Relaxed);
        self.until.store(now.plus(COUNTS_NS).0, Ordering::Relaxed);
    }

    /// How long to hold a reply back now.
    pub fn hold(&self, now: Time) -> Duration {
        let left = self.until.load(Ordering::Relaxed).saturating_sub(now.0);
        // What is further away was said before the clock was set back.
        match (1..=COUNTS_NS).contains(&left) {
            true => Duration::from_micros(self.hold_us.load(Ordering::Relaxed)),
            false => Duration::ZERO,
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Time = Time(1_000_000_000_000_000_000);
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_busy_machine_holds_replies_back_by_how_far_it_is_behind() {
        let strain = Strain::default();
        strain.queued(2 * MS);
        let held = [40, 50, 70, 450, 5_000].map(|behind| {
            strain.behind(NOON, behind * MS);
            strain.hold(NOON).as_millis()
        });
        assert_eq!(held, [0, 0, 5, 100, 100]);
        assert_eq!(strain.hold(NOON.plus(99_000_000)), 100 * MS);
        assert_eq!(strain.hold(NOON.plus(100_000_000)), Duration::ZERO);
        assert_eq!(strain.hold(NOON.plus(-1)), Duration::ZERO);
    }

    #[test]
    fn an_idle_machine_holds_nothing_back_however_slow_a_vendor_is() {
        let strain = Strain::default();
        strain.queued(Duration::from_micros(900));
        strain.behind(NOON, 60_000 * MS);
        assert_eq!(strain.hold(NOON), Duration::ZERO);
    }
}
