//! Login tokens, for clients that trade their key for a bearer token once and keep it.
//!
//! HS256 JWTs, because some clients read `exp` out of them. A token names a key and carries the
//! beginning of its hash, so it dies with the key: removed, replaced or expired.

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::Header;
use jsonwebtoken::Validation;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;
use serde::Serialize;

use crate::contract::Clock;
use crate::contract::Refusal;
use crate::http::keys::Key;
use crate::http::keys::Keys;
use crate::http::keys::hex;

/// Issues and verifies login tokens.
pub struct Tokens {
    keys: Arc<Keys>,
    clock: Clock,
    sign: EncodingKey,
    verify: DecodingKey,
    rules: Validation,
}

impl Tokens {
    /// `secret` signs; it must outlive restarts, because clients keep their token.
    pub fn new(secret: &[u8], keys: Arc<Keys>, clock: Clock) -> Self {
        let mut rules = Validation::new(Algorithm::HS256);
        // The crate would ask the system's clock; `verify` compares with ours.
        rules.validate_exp = false;
        Self { keys, clock, sign: EncodingKey::from_secret(secret), verify: DecodingKey::from_secret(secret), rules }
    }

    /// A token for a gateway key, good for a year.
    ///
    /// # Errors
    /// As [`Keys::find`], when the key is unknown or expired.
    pub fn issue(&self, key: &SecretString) -> Result<String, Refusal> {
        let now = (self.clock)();
        let key = self.keys.find(key, now)?;
        let claims =
            Claims { sub: key.name.as_ref().to_owned(), fp: fingerprint(key), exp: now / NANOSECONDS + LIFETIME_S };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.sign).map_err(|error| {
            tracing::error!(%error, "a login token could not be signed");
            Refusal::Internal
        })
    }

    /// The key that a token stands for.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] when it is not ours, too old, or its key is no longer what it was.
    pub fn verify(&self, token: &SecretString) -> Result<&Arc<Key>, Refusal> {
        let refuse = |text: &str| Refusal::Unauthorized(text.to_owned());
        let now = (self.clock)();
        let claims = jsonwebtoken::decode::<Claims>(token.expose_secret(), &self.verify, &self.rules)
            .map_err(|_| refuse("this login token was not issued here; log in again with a gateway key"))?
            .claims;
        if claims.exp <= now / NANOSECONDS {
            return Err(refuse("this login token has expired; log in again"));
        }
        match self.keys.named(&claims.sub) {
            Some(key) if fingerprint(key) == claims.fp => key.valid(now),
            _ => Err(refuse("the gateway key of this login token is gone; log in again with a new one")),
        }
    }
}

#[derive(Deserialize, Serialize)]
struct Claims {
    /// The key's name.
    sub: String,
    /// The beginning of its hash.
    fp: String,
    /// Seconds since 1970.
    exp: i64,
}

fn fingerprint(key: &Key) -> String {
    hex(&key.sha256[..8])
}

const NANOSECONDS: i64 = 1_000_000_000;
const LIFETIME_S: i64 = 365 * 24 * 3600;

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::http::keys::Rates;
    use crate::http::keys::Scopes;
    use crate::http::keys::digest;

    #[test]
    fn a_token_lives_a_year() {
        let now = Arc::new(AtomicI64::new(1_000 * NANOSECONDS));
        let tokens = tokens("sg_demo", b"secret", &now);
        let token = tokens.issue(&"sg_demo".into()).map(SecretString::from).unwrap();
        assert_eq!(&*tokens.verify(&token).unwrap().name, "first");
        now.store((1_000 + LIFETIME_S) * NANOSECONDS, Ordering::Relaxed);
        assert!(tokens.verify(&token).unwrap_err().to_string().contains("expired"));
    }

    #[test]
    fn a_token_dies_with_its_key_and_its_secret() {
        let now = Arc::new(AtomicI64::new(0));
        let token = tokens("sg_demo", b"secret", &now).issue(&"sg_demo".into()).map(SecretString::from).unwrap();
        let other_key = tokens("sg_other", b"secret", &now);
        assert!(other_key.verify(&token).unwrap_err().to_string().contains("is gone"));
        let other_secret = tokens("sg_demo", b"another", &now);
        assert!(other_secret.verify(&token).unwrap_err().to_string().contains("not issued here"));
        assert!(other_key.issue(&"sg_demo".into()).is_err());
    }

    fn tokens(key: &str, secret: &[u8], now: &Arc<AtomicI64>) -> Tokens {
        let key = Key {
            name: "first".into(),
            project: "checkout".into(),
            sha256: digest(key),
            scopes: Scopes { read: true, write: true },
            rates: Rates::default(),
            expires: None,
        };
        let now = Arc::clone(now);
        Tokens::new(secret, Arc::new(Keys::new([key])), Arc::new(move || now.load(Ordering::Relaxed)))
    }
}
