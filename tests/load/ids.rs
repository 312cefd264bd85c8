//! Ids that say which row they are, so that a vendor can tick off what it has.

use uuid::Builder;

/// Odd, so that it has an inverse: neighbours get ids that look like random ones.
const SCATTER: u64 = 0x9e37_79b9_7f4a_7c15;
const BITS: u64 = (1 << 62) - 1;

/// A row's kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A trace.
    Trace,
    /// A span.
    Span,
}

/// The id of the `n`th row of a kind: a version 7 UUID of a millisecond.
pub(crate) fn id(kind: Kind, n: u64, ms: u64) -> [u8; 36] {
    let mut random = [0; 10];
    random[1] = u8::from(kind == Kind::Span);
    random[2..].copy_from_slice(&(n.wrapping_mul(SCATTER) & BITS).to_be_bytes());
    let uuid = Builder::from_unix_timestamp_millis(ms, &random).into_uuid();
    let mut text = [0; 36];
    uuid.hyphenated().encode_lower(&mut text);
    text
}

/// Which row an id names; `None` for one that [`id`] never gave.
pub(crate) fn number(text: &str, kind: Kind) -> Option<u64> {
    let bytes = uuid::Uuid::try_parse(text).ok()?.into_bytes();
    let scattered = u64::from_be_bytes(bytes[8..].try_into().ok()?) & BITS;
    let ours = bytes[6] == 0x70 && bytes[7] == u8::from(kind == Kind::Span);
    ours.then(|| scattered.wrapping_mul(inverse()) & BITS)
}

/// The inverse of [`SCATTER`]: each step of Newton's doubles the bits that are right.
const fn inverse() -> u64 {
    let mut inverse = SCATTER;
    let mut step = 0;
    while step < 5 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(SCATTER.wrapping_mul(inverse)));
        step += 1;
    }
    inverse
}
