//! The same request twice: same key, method, path, request id and body get the same receipt.
//!
//! A request id alone proves nothing (one id is propagated through many requests), and without one a
//! repeat is stored again, which the fold makes harmless.

use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;
use sha2::Digest;
use sha2::Sha256;

use crate::contract::Call;
use crate::contract::Caller;
use crate::contract::Seed;
use crate::pipeline::ledger::Seq;

const REMEMBERED: usize = 1_024;

/// What a request is recognised by.
pub type Print = [u8; 32];

/// The record that a request became, and what decoding the request again needs to give the same.
pub type Earlier = (Seq, Seed);

/// The newest requests that carried a request id.
pub struct Repeats(Mutex<LruCache<Print, Earlier>>);

impl Default for Repeats {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(REMEMBERED).unwrap_or(NonZeroUsize::MIN))))
    }
}

impl Repeats {
    /// The print of a request; `None` when it has no request id.
    pub fn print(&self, caller: &Caller, call: &Call) -> Option<Print> {
        let request_id = call.header("x-request-id")?;
        let mut hash = Sha256::new();
        for part in [&*caller.key, call.method.as_str(), &call.path, request_id] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(&call.body);
        Some(hash.finalize().into())
    }

    /// How the same request was accepted before.
    pub fn earlier(&self, print: Print) -> Option<Earlier> {
        self.0.lock().get(&print).copied()
    }

    /// Remembers how a request was accepted.
    pub fn remember(&self, print: Print, earlier: Earlier) {
        self.0.lock().put(print, earlier);
    }
}
