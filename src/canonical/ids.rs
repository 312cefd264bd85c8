//! Ids stay as the client made them and are translated once, at encode (`wire/otlp.md §4.6`).
//!
//! Every rule keeps the last eight bytes of a UUID (but for the variant bits), so one key finds a
//! subject by whichever dialect's id of it is asked for.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use sha2::Digest;
use sha2::Sha256;
use uuid::Uuid;

use super::facts::plain_facts;

/// A day in milliseconds: how far an embedded time may lie from its trace's.
const DAY_MS: i64 = 86_400_000;

/// Times that a trace can have, in milliseconds: of this century, from 2010 on.
const TRACED_MS: Range<i64> = 1_262_304_000_000..4_102_444_800_000;

/// A native id, verbatim.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Id {
    /// A UUID of any version.
    Uuid([u8; 16]),
    /// An OpenTelemetry trace id.
    OtelTrace([u8; 16]),
    /// An OpenTelemetry span id.
    OtelSpan([u8; 8]),
}

impl Default for Id {
    fn default() -> Self {
        Self::Uuid([0; 16])
    }
}

impl Id {
    /// Reads a UUID in any of its spellings (hyphenated, 32 hex, upper case, URN, braced).
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(|uuid| Self::Uuid(uuid.into_bytes()))
    }

    /// The id of something a request left without one: the same at each decode of the record.
    pub fn derived(record: &[u8; 16], place: &str) -> Self {
        Self::Uuid(v4ify(first16(&[b"sg/derived/1", record, place.as_bytes()])))
    }

    /// The 16 bytes that stand for the id where UUIDs of any version are taken; a span's depend on
    /// its trace.
    pub fn verbatim(self, trace: Self) -> [u8; 16] {
        match self {
            Self::Uuid(bytes) | Self::OtelTrace(bytes) => bytes,
            Self::OtelSpan(span) => embed(trace.verbatim(trace), span),
        }
    }

    /// The id as a version 4 UUID; 122 bits survive.
    pub fn v4(self, trace: Self) -> [u8; 16] {
        v4ify(self.verbatim(trace))
    }

    /// The id as a version 7 UUID: itself where it is one of the trace's day, its version restored
    /// where it was one, else the trace's time before its last ten bytes.
    pub fn v7(self, trace_ms: i64) -> [u8; 16] {
        match self {
            Self::Uuid(bytes) if (embedded_ms(&bytes) - trace_ms).abs() <= DAY_MS => versioned(bytes, 7),
            other => other.v7_at(trace_ms),
        }
    }

    /// The id as a version 7 UUID of that time, whatever time it carries itself.
    pub fn v7_at(self, ms: i64) -> [u8; 16] {
        let tail = match self {
            Self::Uuid(bytes) => {
                let mut tail = [0; 10];
                tail.copy_from_slice(&bytes[6..]);
                tail
            }
            Self::OtelTrace(bytes) => first10(&bytes),
            Self::OtelSpan(bytes) => first10(&bytes),
        };
        v7(ms, tail)
    }

    /// The version 7 UUID that a dialect of version 4 ids may have shown as this one: the time in it is one
    /// that a trace can have.
    pub fn timed(self) -> Option<Self> {
        let Self::Uuid(bytes) = self else { return None };
        let is_one = bytes[6] >> 4 == 4 && TRACED_MS.contains(&embedded_ms(&bytes));
        is_one.then(|| Self::Uuid(versioned(bytes, 7)))
    }

    /// The id hashed with a scope, for vendors whose id space is shared with other tenants.
    pub fn scoped(self, scope: &str, trace: Self) -> Self {
        Self::Uuid(v4ify(first16(&[b"sg/scope/1", scope.as_bytes(), &[0], &self.verbatim(trace)])))
    }

    /// Bytes that every rule's translation of the id shares with it.
    pub fn stem(self) -> [u8; 8] {
        let mut stem = [0; 8];
        match self {
            Self::Uuid(bytes) => {
                stem.copy_from_slice(&bytes[8..]);
                stem[0] = stem[0] & 0x3f | 0x80;
            }
            Self::OtelTrace(bytes) => stem.copy_from_slice(&bytes[8..]),
            Self::OtelSpan(bytes) => stem = bytes,
        }
        stem
    }

    /// Whether `shown` can be some dialect's id of this native id, given the trace's time.
    pub fn is_shown_as(self, shown: [u8; 16], trace: Self, trace_ms: i64) -> bool {
        shown == self.verbatim(trace) || shown == self.v4(trace) || shown == self.v7(trace_ms)
    }
}

/// The milliseconds that a version 7 UUID carries.
pub fn embedded_ms(bytes: &[u8; 16]) -> i64 {
    bytes[..6].iter().fold(0, |ms, byte| ms << 8 | i64::from(*byte))
}

/// A UUID as text.
pub fn text(bytes: [u8; 16]) -> String {
    Uuid::from_bytes(bytes).to_string()
}

fn v4ify(bytes: [u8; 16]) -> [u8; 16] {
    versioned(bytes, 4)
}

fn v7(ms: i64, tail: [u8; 10]) -> [u8; 16] {
    let mut out = [0; 16];
    out[..6].copy_from_slice(&ms.max(0).to_be_bytes()[2..]);
    out[6..].copy_from_slice(&tail);
    versioned(out, 7)
}

fn versioned(mut bytes: [u8; 16], version: u8) -> [u8; 16] {
    bytes[6] = bytes[6] & 0x0f | version << 4;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    bytes
}

/// A span id of 8 bytes inside a UUID that is bound to its trace.
fn embed(trace: [u8; 16], span: [u8; 8]) -> [u8; 16] {
    let check = first16(&[b"gw/span/1", &v4ify(trace), &span]);
    let mut out = [0; 16];
    out[..6].copy_from_slice(&span[..6]);
    out[6..8].copy_from_slice(&check[..2]);
    out[8..14].copy_from_slice(&check[2..8]);
    out[14..].copy_from_slice(&span[6..]);
    v4ify(out)
}

fn first16(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let mut out = [0; 16];
    out.copy_from_slice(&hash.finalize()[..16]);
    out
}

fn first10(bytes: &[u8]) -> [u8; 10] {
    let mut out = [0; 10];
    out.copy_from_slice(&Sha256::digest(bytes)[..10]);
    out
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(bytes) => write!(f, "{}", Uuid::from_bytes(*bytes)),
            Self::OtelTrace(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Self::OtelSpan(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() == 16 {
            let bytes = u64::from_str_radix(&text, 16).map_err(serde::de::Error::custom)?;
            return Ok(Self::OtelSpan(bytes.to_be_bytes()));
        }
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format_args!("{text:?} is not a UUID")))
    }
}

plain_facts!(Id);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_can_have_been_timed_is_restored() {
        let timed = |text: &str| Id::parse(text)?.timed().map(|id| id.to_string());
        let shown = "01a1fba9-b442-406a-888f-b0c0220b2677";
        assert_eq!(timed(shown).as_deref(), Some("01a1fba9-b442-706a-888f-b0c0220b2677"));
        assert_eq!(timed("01a1fba9-b442-706a-888f-b0c0220b2677"), None, "it is timed");
        assert_eq!(timed("6d7c0032-6f1a-4f0e-9d4b-0d8a5c1e2f30"), None, "no trace is from the year 5803");
        assert_eq!(Id::OtelSpan([1; 8]).timed(), None);
    }
}
