//! The fixed windows of `POST /traces`, one a credential (`wire/pandaprobe.md` §13).

use std::collections::HashMap;

use super::{Call, Refusal, Settings};

const WINDOW_SECONDS: i64 = 60;

#[derive(Default)]
pub(super) struct Buckets {
    /// Window and how many it has let through, by credential.
    spent: HashMap<String, (i64, u32)>,
}

impl Buckets {
    /// Counts one request of this credential, or refuses it. No header tells when to come again.
    pub(super) fn take(&mut self, call: &Call, settings: &Settings) -> Result<(), Refusal> {
        let Some(limit) = settings.rate_limit_per_minute else { return Ok(()) };
        let credential = call.header("authorization").or(call.header("x-api-key"));
        let window = call.at.as_second().div_euclid(WINDOW_SECONDS);
        let spent = self.spent.entry(credential.unwrap_or_default().to_owned()).or_default();
        if spent.0 != window {
            *spent = (window, 0);
        }
        if spent.1 >= limit {
            return Err(Refusal::Limited(limit));
        }
        spent.1 += 1;
        Ok(())
    }
}
