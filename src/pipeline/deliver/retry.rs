//! How long to wait before the next try: exponential backoff with full jitter, a vendor's word as floor.

use std::time::Duration;

const BASE: Duration = Duration::from_millis(500);
const CAP: Duration = Duration::from_secs(60);
const FLOOR_CAP: Duration = Duration::from_secs(15 * 60);

/// The wait before try `attempts + 1`, with `dice` from 0 to 1; `floor` is what the vendor asked for.
pub(super) fn wait(attempts: u32, floor: Option<Duration>, dice: f64) -> Duration {
    let ceiling = BASE.saturating_mul(1 << attempts.min(8)).min(CAP);
    let jittered = ceiling.mul_f64(dice.clamp(0.05, 1.0));
    match floor {
        Some(floor) => floor.min(FLOOR_CAP).mul_f64(1.0 + dice.clamp(0.0, 1.0) / 10.0),
        None => jittered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_a_cap_and_honours_the_vendor() {
        assert_eq!(wait(0, None, 1.0), Duration::from_millis(500));
        assert_eq!(wait(3, None, 1.0), Duration::from_secs(4));
        assert_eq!(wait(30, None, 1.0), Duration::from_secs(60));
        assert_eq!(wait(3, None, 0.5), Duration::from_secs(2));
        assert_eq!(wait(0, Some(Duration::from_secs(7)), 0.0), Duration::from_secs(7));
        assert_eq!(wait(0, Some(Duration::from_secs(7_000)), 0.0), Duration::from_secs(900));
    }
}
