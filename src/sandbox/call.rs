//! One request to a stand-in, taken off the wire: nothing here knows a vendor.

use std::{cell::Cell, collections::BTreeMap, io::Read};

use bytes::Bytes;
use flate2::read::GzDecoder;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::deep;

/// A request with its instance's name cut off its path.
///
/// `at` and `seed` are journalled with it, so that a replay mints the same ids and times.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Bytes,
    pub(super) at: Timestamp,
    pub(super) seed: Uuid,
    pub(super) replayed: bool,
    pub(super) minted: Cell<u32>,
}

impl Call {
    pub(super) fn segments(&self) -> (&str, Vec<&str>) {
        (&self.method, self.path.iter().map(String::as_str).collect())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(super) fn ask(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A whole number from the query, `default` when it is absent or no number.
    pub(super) fn number(&self, name: &str, default: usize) -> usize {
        self.ask(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    /// The body with `Content-Encoding: gzip` undone.
    pub(super) fn plain(&self) -> Result<Bytes, String> {
        if self.header("content-encoding") != Some("gzip") || self.replayed {
            return Ok(self.body.clone());
        }
        let mut plain = Vec::new();
        let read = GzDecoder::new(self.body.as_ref()).read_to_end(&mut plain);
        read.map(|_| plain.into()).map_err(|error| error.to_string())
    }

    /// The body as JSON; an empty body is null.
    pub(super) fn json(&self) -> Result<Value, String> {
        let plain = self.plain()?;
        if plain.is_empty() {
            return Ok(Value::Null);
        }
        deep::parse(&plain).map_err(|error| error.to_string())
    }

    /// A fresh version 4 id, the same again on replay.
    pub(super) fn mint_v4(&self) -> Uuid {
        Builder::from_random_bytes(self.random()).into_uuid()
    }

    /// A fresh version 7 id of the time of this call, the same again on replay.
    pub(super) fn mint_v7(&self) -> Uuid {
        let random = self.random();
        let mut tail = [0; 10];
        tail.copy_from_slice(&random[..10]);
        let millis = u64::try_from(self.at.as_millisecond()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }

    fn random(&self) -> [u8; 16] {
        let nth = self.minted.get();
        self.minted.set(nth + 1);
        digest(&[self.seed.as_bytes(), &nth.to_be_bytes()])
    }
}

/// The first half of a SHA-256 over the parts.
pub(super) fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    let mut out = [0; 16];
    out.copy_from_slice(&hash.finalize()[..16]);
    out
}

/// The decoded segments of a path. An encoded slash parts segments too, as behind the vendors' own
/// servers (`wire/pandaprobe.md` §6).
pub(super) fn segments(path: &str) -> Vec<String> {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    decoded.trim_start_matches('/').split('/').map(str::to_owned).collect()
}

/// The decoded pairs of a query string, in order, repeats kept.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}
