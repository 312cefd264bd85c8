//! A clock that jumps makes nothing old.

use std::time::Duration;

use crate::pipeline::steady::Steady;

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;
const YEARS: i64 = 10 * 365 * 24 * HOUR;
const START: i64 = 1_795_223_400 * SECOND;

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_goes_on_is_believed() {
    let mut steady = Steady::new(START);
    for minute in 1..=100 {
        pass(60).await;
        let now = START + minute * 60 * SECOND;
        assert_eq!(steady.read(now), now);
    }
    // A machine that slept, and a clock that was put right by less than an hour.
    pass(8 * 3_600).await;
    let now = START + 10 * HOUR;
    assert_eq!(steady.read(now), now);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_ahead_and_back_is_never_believed() {
    let mut steady = Steady::new(START);
    for minute in 1..=5 {
        pass(60).await;
        assert_eq!(steady.read(START + YEARS + minute * 60 * SECOND), START + minute * 60 * SECOND);
    }
    pass(60).await;
    assert_eq!(steady.read(START + 360 * SECOND), START + 360 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumped_and_goes_on_steadily_is_believed_in_the_end() {
    let mut steady = Steady::new(START);
    let mut believed = None;
    for minute in 1..=20 {
        pass(60).await;
        let wall = START + YEARS + minute * 60 * SECOND;
        if steady.read(wall) == wall {
            believed = believed.or(Some(minute));
        }
    }
    assert_eq!(believed, Some(11));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_keeps_jumping_is_not_believed() {
    let mut steady = Steady::new(START);
    for jump in 1..=20 {
        pass(60).await;
        assert_eq!(steady.read(START + jump * YEARS), START + jump * 60 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_is_believed_at_once() {
    let mut steady = Steady::new(START);
    pass(60).await;
    assert_eq!(steady.read(START - YEARS), START - YEARS);
}
