//! Scripted trouble: answers a test puts in the way of the vendor's own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{call::Call, reply::Reply};

/// One scripted fault. `method` and `path` (a part of the path after the instance's name) choose
/// requests; both absent choose all.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    /// Answer with this status; absent, the request is only delayed.
    #[serde(default)]
    status: Option<u16>,
    /// How many requests it hits before it is used up; 0: until it is taken away.
    #[serde(default = "once")]
    count: u32,
    /// How many matching requests pass first.
    #[serde(default)]
    skip: u32,
    /// `Retry-After`, in seconds.
    #[serde(default)]
    retry_after: Option<u64>,
    /// `RateLimit-Reset`, in seconds (Opik, `wire/opik.md` §7.2).
    #[serde(default)]
    rate_limit_reset: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
    /// Close the connection in place of an answer.
    #[serde(default)]
    pub(super) drop: bool,
    /// Do the work first, then fail: the lost acknowledgement.
    #[serde(default)]
    pub(super) after: bool,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    method: Option<String>,
}

fn once() -> u32 {
    1
}

/// Takes the first fault that hits this call, and counts it down.
pub(super) fn take(faults: &mut Vec<Fault>, call: &Call) -> Option<Fault> {
    for index in 0..faults.len() {
        let fault = &mut faults[index];
        if !fault.hits(call) {
            continue;
        }
        if fault.skip > 0 {
            fault.skip -= 1;
            continue;
        }
        let taken = fault.clone();
        match fault.count {
            0 => {}
            1 => drop(faults.remove(index)),
            _ => fault.count -= 1,
        }
        return Some(taken);
    }
    None
}

impl Fault {
    fn hits(&self, call: &Call) -> bool {
        let method = self.method.as_deref().is_none_or(|want| want.eq_ignore_ascii_case(&call.method));
        let whole = format!("/{}", call.path.join("/"));
        method && self.path.as_deref().is_none_or(|part| whole.contains(part))
    }

    pub(super) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// The status that replaces the vendor's answer, if any does.
    pub(super) fn status(&self) -> Option<u16> {
        self.status
    }

    /// Adds the headers of a limiting server to the vendor's error body.
    pub(super) fn dress(&self, mut reply: Reply) -> Reply {
        if let Some(seconds) = self.retry_after {
            reply = reply.header("retry-after", seconds.to_string());
        }
        if let Some(seconds) = self.rate_limit_reset {
            reply = reply.header("ratelimit-reset", seconds.to_string());
        }
        reply
    }
}
