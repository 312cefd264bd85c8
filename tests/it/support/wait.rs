//! Waiting for what comes true by itself.

use std::time::Duration;
use std::time::Instant;

use super::PATIENCE;

/// Asks until an answer comes; fails, saying what was waited for, when patience ends.
pub(crate) async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
