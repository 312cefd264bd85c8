//! A wall clock that is believed only as far as time has passed.

use std::time::Duration;

use tokio::time::Instant;

/// A step ahead of more than this is a jump.
const JUMP: Duration = Duration::from_secs(3600);
/// How long a clock must go on steadily after a jump until it is believed.
const PROBATION: Duration = Duration::from_secs(600);

/// Follows a wall clock beside a monotonic one.
pub(crate) struct Steady {
    believed_ns: i64,
    at: Instant,
    /// What the clock said after the jump that is not believed yet, and when.
    jumped: Option<(i64, Instant)>,
}

impl Steady {
    /// Believes the clock as it is.
    pub(crate) fn new(wall_ns: i64) -> Self {
        Self { believed_ns: wall_ns, at: Instant::now(), jumped: None }
    }

    /// The time to reckon with, now that the clock says `wall_ns`. A clock that is set back is believed
    /// at once: it makes nothing old.
    pub(crate) fn read(&mut self, wall_ns: i64) -> i64 {
        let passed = after(self.believed_ns, self.at.elapsed());
        if wall_ns <= after(passed, JUMP) {
            self.believe(wall_ns);
            return wall_ns;
        }
        let (from, since) = *self.jumped.get_or_insert((wall_ns, Instant::now()));
        let steady = wall_ns <= after(after(from, since.elapsed()), JUMP);
        match (steady, since.elapsed() >= PROBATION) {
            (true, true) => {
                self.believe(wall_ns);
                wall_ns
            }
            (true, false) => passed,
            (false, _) => {
                self.jumped = Some((wall_ns, Instant::now()));
                passed
            }
        }
    }

    fn believe(&mut self, wall_ns: i64) {
        *self = Self::new(wall_ns);
    }
}

fn after(ns: i64, passed: Duration) -> i64 {
    ns.saturating_add(i64::try_from(passed.as_nanos()).unwrap_or(i64::MAX))
}
