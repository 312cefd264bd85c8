//! Scripted trouble: answers a test puts in the way of the vendor's own.
//!
//! `POST /_sandbox/{name}/faults` takes one [`Fault`] as JSON; faults are tried in the order they were
//! added. All that choose requests (`method`, `path`, `credential`, `holds`, `larger_than`) must hold;
//! with none of them every request is hit.
//!
//! | written | what a client meets |
//! | --- | --- |
//! | `{"status":503,"count":0}` | every request is refused, in the vendor's words |
//! | `{"status":429,"retry_after":"soon"}` | a header that says nothing |
//! | `{"status":502,"body":"<html>…"}` | a proxy's page in place of the vendor's answer |
//! | `{"drop":true,"after":true}` | the work is done, the connection closes without an answer |
//! | `{"hang":true,"after":true}` | the work is done, no answer ever comes |
//! | `{"drip_ms":50}` | the answer, a byte at a time |
//! | `{"filler":1000000000}` | the answer, and blanks behind it for as long as anybody reads |
//! | `{"cut":7}` | seven bytes of the answer's body, then a reset |
//! | `{"status":400,"holds":"poison","count":0}` | only requests with this in their body are refused |
//! | `{"status":413,"larger_than":65536,"count":0}` | a proxy's limit on bodies |
//! | `{"status":401,"credential":"key-1","count":0}` | one key is refused, others are not |

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    call::Call,
    reply::{Content, Pace, Reply},
};

/// Where a client's credential stands, by vendor.
const CREDENTIALS: [&str; 3] = ["authorization", "x-api-key", "galileo-api-key"];

/// One scripted fault: whom it hits, and what it does to them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Fault {
    /// A part of the path after the instance's name.
    path: Option<String>,
    method: Option<String>,
    /// A part of the key that the request presents.
    credential: Option<String>,
    /// A text in the body, `Content-Encoding` undone.
    holds: Option<String>,
    /// Only bodies of more bytes, as they came over the wire.
    larger_than: Option<usize>,
    /// How many matching requests pass first.
    skip: u32,
    /// How many requests it hits before it is used up, 1 where it does not say; 0: until it is taken away.
    count: Count,
    /// Wait before anything else.
    delay_ms: u64,
    /// Do the work first, then fail: the lost acknowledgement.
    pub(super) after: bool,
    /// Answer with this status; absent, the vendor's own answer stands.
    status: Option<u16>,
    /// This body in place of the vendor's.
    body: Option<String>,
    /// Its type, `text/html` where it does not say.
    content_type: Option<String>,
    /// `Retry-After`: seconds, or any text.
    retry_after: Option<Value>,
    /// `RateLimit-Reset`, likewise (Opik, `wire/opik.md` §7.2).
    rate_limit_reset: Option<Value>,
    /// Any other headers.
    headers: BTreeMap<String, String>,
    /// Close the connection in place of an answer.
    pub(super) drop: bool,
    /// Never answer, and keep the connection.
    pub(super) hang: bool,
    /// Milliseconds between one byte of the body and the next.
    drip_ms: Option<u64>,
    /// So many blanks after the body.
    filler: u64,
    /// Send so many bytes of the body, then reset the connection.
    cut: Option<u64>,
}

/// How often a fault hits; see [`Fault::count`].
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
struct Count(u32);

impl Default for Count {
    fn default() -> Self {
        Self(1)
    }
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
        match fault.count.0 {
            0 => {}
            1 => drop(faults.remove(index)),
            _ => fault.count.0 -= 1,
        }
        return Some(taken);
    }
    None
}

impl Fault {
    fn hits(&self, call: &Call) -> bool {
        let method = self.method.as_deref().is_none_or(|want| want.eq_ignore_ascii_case(&call.method));
        let whole = format!("/{}", call.path.join("/"));
        let path = self.path.as_deref().is_none_or(|part| whole.contains(part));
        let size = self.larger_than.is_none_or(|bytes| call.body.len() > bytes);
        method && path && size && self.credential_is_in(call) && self.is_held_by(call)
    }

    fn credential_is_in(&self, call: &Call) -> bool {
        let presents =
            |part: &str| CREDENTIALS.iter().any(|name| call.header(name).is_some_and(|key| key.contains(part)));
        self.credential.as_deref().is_none_or(presents)
    }

    fn is_held_by(&self, call: &Call) -> bool {
        let Some(text) = self.holds.as_deref() else { return true };
        call.plain().is_ok_and(|body| String::from_utf8_lossy(&body).contains(text))
    }

    pub(super) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// Whether the vendor's own answer does not go out.
    pub(super) fn replaces(&self) -> bool {
        self.drop || self.hang || self.status.is_some()
    }

    /// The status that replaces the vendor's answer, if any does.
    pub(super) fn status(&self) -> Option<u16> {
        self.status
    }

    /// Turns an answer into what the script says a client gets.
    pub(super) fn dress(&self, mut reply: Reply) -> Reply {
        if let Some(body) = &self.body {
            let kind = self.content_type.clone().unwrap_or_else(|| "text/html; charset=utf-8".to_owned());
            reply.body = Content::Text(Cow::Owned(kind), body.clone());
        }
        let limits = [("retry-after", &self.retry_after), ("ratelimit-reset", &self.rate_limit_reset)];
        for (name, value) in limits {
            match value {
                Some(Value::String(text)) => reply = reply.header(name, text),
                Some(value) => reply = reply.header(name, value.to_string()),
                None => {}
            }
        }
        for (name, value) in &self.headers {
            reply = reply.header(name.clone(), value);
        }
        if self.drip_ms.is_some() || self.filler > 0 || self.cut.is_some() {
            let gap = Duration::from_millis(self.drip_ms.unwrap_or_default());
            reply.pace = Some(Pace { gap, filler: self.filler, cut: self.cut });
        }
        reply
    }
}
