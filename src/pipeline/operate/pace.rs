//! A wall clock beside a monotonic one: whether somebody set it.

use std::time::Duration;

use tokio::time::Instant;

use crate::canonical::Time;

/// A clock that is put right by less is not set.
const JUMP_NS: i64 = 60_000_000_000;
/// How long a jump is told.
const TOLD: Duration = Duration::from_secs(600);

/// Both clocks as last looked at.
pub(super) struct Pace {
    wall: Time,
    at: Instant,
    jumped: Option<Jump>,
}

struct Jump {
    by_ns: i64,
    at: Instant,
}

impl Pace {
    /// From now on.
    pub(super) fn new(wall: Time) -> Self {
        Self { wall, at: Instant::now(), jumped: None }
    }

    /// Whether the wall clock was set since the last look.
    pub(super) fn look(&mut self, wall: Time) -> bool {
        let passed = i64::try_from(self.at.elapsed().as_nanos()).unwrap_or(i64::MAX);
        let by_ns = wall.0.saturating_sub(self.wall.0).saturating_sub(passed);
        (self.wall, self.at) = (wall, Instant::now());
        let jumps = by_ns.saturating_abs() >= JUMP_NS;
        if jumps {
            self.jumped = Some(Jump { by_ns, at: self.at });
        }
        jumps
    }

    /// The last jump, as an operator is told for a while.
    pub(super) fn lately(&self) -> Option<String> {
        let Jump { by_ns, .. } = self.jumped.as_ref().filter(|jump| jump.at.elapsed() < TOLD)?;
        let (seconds, which) = (by_ns.saturating_abs() / 1_000_000_000, if *by_ns > 0 { "ahead" } else { "back" });
        Some(format!("the clock was set {seconds} s {which}: look at this machine's time; nothing expires by a jump"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Time = Time(1_795_867_200_000_000_000);
    const SECOND: i64 = 1_000_000_000;

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_is_told_for_ten_minutes() {
        let mut pace = Pace::new(NOON);
        tokio::time::advance(Duration::from_secs(100)).await;
        assert!(!pace.look(NOON.plus(130 * SECOND)));
        assert_eq!(pace.lately(), None);
        assert!(pace.look(NOON.plus(3_730 * SECOND)));
        let told = "the clock was set 3600 s ahead: look at this machine's time; nothing expires by a jump";
        assert_eq!(pace.lately().as_deref(), Some(told));
        assert!(pace.look(NOON.plus(130 * SECOND)));
        let told = "the clock was set 3600 s back: look at this machine's time; nothing expires by a jump";
        assert_eq!(pace.lately().as_deref(), Some(told));
        tokio::time::advance(Duration::from_secs(600)).await;
        assert!(!pace.look(NOON.plus(730 * SECOND)));
        assert_eq!(pace.lately(), None);
    }
}
