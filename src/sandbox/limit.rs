//! Fixed windows of what a credential may send, as vendors' limiters keep them.

use std::collections::HashMap;

use super::{call::Call, settings::Settings};

/// What each credential has spent of its window.
#[derive(Default)]
pub(super) struct Windows {
    /// Window and how much it has let through, by credential.
    spent: HashMap<String, (i64, u32)>,
}

impl Windows {
    /// Counts so many of this credential, or refuses them all.
    ///
    /// # Errors
    /// Seconds until the next window.
    pub(super) fn take(&mut self, call: &Call, count: u32, limit: Option<u32>, settings: &Settings) -> Result<(), i64> {
        let Some(limit) = limit else { return Ok(()) };
        let credential = call.header("authorization").or(call.header("x-api-key"));
        let length = i64::from(settings.window_seconds.max(1));
        let window = call.at.as_second().div_euclid(length);
        let spent = self.spent.entry(credential.unwrap_or_default().to_owned()).or_default();
        if spent.0 != window {
            *spent = (window, 0);
        }
        if spent.1 + count > limit {
            return Err((window + 1) * length - call.at.as_second());
        }
        spent.1 += count;
        Ok(())
    }
}
