//! Gateway keys: `sg_`, 43 base62 characters, 6 of their CRC32. Only the SHA-256 is ever kept.
//!
//! A key has 256 random bits, so its plain hash gives nothing away, and looking a digest up in a map
//! tells a guesser nothing about the digests in it. The checksum is for people and for scanners of
//! leaked keys; what is accepted is decided by the hash alone.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use secrecy::ExposeSecret;
use secrecy::SecretString;
use sha2::Digest;
use sha2::Sha256;

use crate::contract::Refusal;

/// One gateway key, as the configuration knows it.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// The project it belongs to.
    pub project: Arc<str>,
    /// The SHA-256 of the key.
    pub sha256: [u8; 32],
    /// What it may do.
    pub scopes: Scopes,
    /// Limits of its own, within the project's.
    pub rates: Rates,
    /// When it stops being valid, in nanoseconds since 1970; none: never.
    pub expires: Option<i64>,
}

/// What a key may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scopes {
    /// It may ask for what is held.
    pub read: bool,
    /// It may send, change and delete.
    pub write: bool,
}

/// How much a key or project may send; none is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    /// Requests a second.
    pub requests_per_second: Option<NonZeroU32>,
    /// Spans a second, known after decoding.
    pub spans_per_second: Option<NonZeroU32>,
    /// Bytes of body a second, as they come.
    pub bytes_per_second: Option<NonZeroU32>,
}

/// All keys, found by their hash.
#[derive(Debug, Default)]
pub struct Keys {
    by_hash: HashMap<[u8; 32], Arc<Key>>,
    by_name: HashMap<Arc<str>, Arc<Key>>,
}

impl Keys {
    /// Names and hashes are unique; the configuration has seen to that.
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Self {
        let mut all = Self::default();
        for key in keys.into_iter().map(Arc::new) {
            all.by_hash.insert(key.sha256, Arc::clone(&key));
            all.by_name.insert(Arc::clone(&key.name), key);
        }
        all
    }

    /// Every key, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.by_hash.values()
    }

    /// The key that was presented, if it is valid at `now` (nanoseconds since 1970).
    ///
    /// # Errors
    /// [`Refusal::ForeignKey`] for one that is most likely the vendor's own, else [`Refusal::Unauthorized`]
    /// with a hint at what may have gone wrong; never with the key.
    pub fn find(&self, presented: &SecretString, now: i64) -> Result<&Arc<Key>, Refusal> {
        let presented = presented.expose_secret();
        match self.by_hash.get(&digest(presented)) {
            Some(key) => key.valid(now),
            None => Err(unknown(presented)),
        }
    }

    /// The key of this name, valid or not.
    pub(super) fn named(&self, name: &str) -> Option<&Arc<Key>> {
        self.by_name.get(name)
    }
}

impl Key {
    /// Itself, unless it has expired.
    pub(super) fn valid(self: &Arc<Self>, now: i64) -> Result<&Arc<Self>, Refusal> {
        match self.expires {
            Some(end) if end <= now => Err(Refusal::Unauthorized(format!("the gateway key {} has expired", self.name))),
            _ => Ok(self),
        }
    }
}

/// A new key from 32 random bytes, and its SHA-256 in hexadecimal: all that the configuration holds.
pub fn mint(random: [u8; 32]) -> (SecretString, String) {
    let body = base62(random);
    let key = format!("{PREFIX}{body}{}", checksum(&body));
    let hash = hex(&digest(&key));
    (SecretString::from(key), hash)
}

/// The SHA-256 of a key.
pub fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why a key may be unknown. A key that does not begin as ours is most likely the vendor's own.
fn unknown(presented: &str) -> Refusal {
    let Some(rest) = presented.strip_prefix(PREFIX) else { return Refusal::ForeignKey };
    let hint = match rest.split_at_checked(BODY_CHARS) {
        Some((body, sum)) if sum == checksum(body) => "this gateway key is not known here",
        _ => "this gateway key is incomplete or mistyped",
    };
    Refusal::Unauthorized(hint.to_owned())
}

/// 256 bits as 43 digits, highest first; 62^43 is just above 2^256.
fn base62(mut number: [u8; 32]) -> String {
    let mut digits = [0u8; BODY_CHARS];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0u16;
        for byte in &mut number {
            let value = (rest << 8) | u16::from(*byte);
            *byte = (value / 62) as u8;
            rest = value % 62;
        }
        *digit = DIGITS[usize::from(rest)];
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// CRC32 of the 43 characters, as 6 digits.
fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [0u8; SUM_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

const PREFIX: &str = "sg_";
const BODY_CHARS: usize = 43;
const SUM_CHARS: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    /// Literals computed with another program: big-endian base62, then zlib's CRC32 of the 43 digits.
    #[test]
    fn minted_keys_have_the_documented_form() {
        let check = |byte: u8, key: &str, hash: &str| {
            let minted = mint([byte; 32]);
            assert_eq!((minted.0.expose_secret(), minted.1.as_str()), (key, hash));
        };
        check(
            0,
            "sg_00000000000000000000000000000000000000000002CZclj",
            "71fd935002a49e03c194f364cbe32e93feae4c2df8bc1100a0aa4140861c73c8",
        );
        check(
            255,
            "sg_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp13sRzl1",
            "ad07251f0178bc849f8f583dc683cae309c7acb5eab7495d3ec0b90bf64cad66",
        );
    }

    #[test]
    fn a_key_is_found_by_its_hash_and_only_until_it_expires() {
        let (key, _) = mint([7; 32]);
        let keys = Keys::new([entry(digest(key.expose_secret()), Some(100))]);
        assert_eq!(&*keys.find(&key, 99).unwrap().project, "checkout");
        assert!(keys.find(&key, 100).unwrap_err().to_string().contains("first has expired"));
    }

    #[test]
    fn an_unknown_key_is_told_apart_from_a_mistyped_and_a_foreign_one() {
        let keys = Keys::default();
        let said = |key: &str| keys.find(&SecretString::from(key), 0).unwrap_err().to_string();
        let (key, _) = mint([7; 32]);
        let key = key.expose_secret();
        assert_eq!(said(key), "this gateway key is not known here");
        assert_eq!(said(&key[..key.len() - 1]), "this gateway key is incomplete or mistyped");
        assert_eq!(said("sg_ä"), "this gateway key is incomplete or mistyped");
        assert!(said("a-vendor-key").contains("not a gateway key"));
        assert!(!said("a-vendor-key").contains("a-vendor-key"));
    }

    fn entry(sha256: [u8; 32], expires: Option<i64>) -> Key {
        let scopes = Scopes { read: true, write: true };
        Key { name: "first".into(), project: "checkout".into(), sha256, scopes, rates: Rates::default(), expires }
    }
}
