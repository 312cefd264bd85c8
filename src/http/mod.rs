//! The edge: sockets, keys, limits and bodies. It knows every dialect and no vendor.
//!
//! A request passes, from the outside in: [`server`] (connections and their patience), [`router`]
//! (which dialect), `middleware` (the stack, on one page), then the dialect's own handler. Whatever
//! goes wrong on the way becomes a [`Refusal`](crate::contract::Refusal) and leaves through the one
//! `Face` of its dialect.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::contract::Clock;
use crate::http::keys::Keys;
use crate::http::limits::Limits;
use crate::http::tokens::Tokens;

pub mod admin;
mod body;
pub mod console;
mod face;
mod guard;
pub mod keys;
pub mod limits;
mod middleware;
mod observe;
pub mod router;
mod scopes;
pub mod server;
pub mod tokens;

/// What one request may cost; `[server]` of the configuration and what is fixed beside it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Requests in hand at once, all dialects together; more are shed.
    pub max_in_flight: usize,
    /// The longest that one request may take, its body included.
    pub request_timeout: Duration,
    /// Bytes of a body as it comes, if it has a `Content-Encoding`.
    pub max_encoded: usize,
    /// Bytes of a body after decoding, and of one without a `Content-Encoding`.
    pub max_decoded: usize,
    /// Bytes of body in memory at once, all requests together; below `max_decoded` it is raised to it.
    pub max_held: usize,
    /// How slowly a body may come.
    pub pace: Pace,
}

/// How slowly a body may come: hyper alone would wait for ever (`reliability.md §5`).
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Time that every body has, however small.
    pub grace: Duration,
    /// Bytes that buy one more second each.
    pub bytes_per_second: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_in_flight: 1024,
            request_timeout: Duration::from_secs(60),
            max_encoded: 20 << 20,
            max_decoded: 64 << 20,
            max_held: 256 << 20,
            pace: Pace { grace: Duration::from_secs(10), bytes_per_second: 1024 },
        }
    }
}

/// Everything the edge needs, shared by all dialects.
#[derive(Clone)]
pub struct Edge {
    keys: Arc<Keys>,
    tokens: Arc<Tokens>,
    limits: Arc<Limits>,
    clock: Clock,
    settings: Arc<Settings>,
    in_flight: Arc<Semaphore>,
    held: Arc<Semaphore>,
}

impl Edge {
    /// Joins the parts; the two budgets (requests, bytes) begin empty.
    pub fn new(settings: Settings, keys: Arc<Keys>, tokens: Arc<Tokens>, limits: Arc<Limits>, clock: Clock) -> Self {
        let held = body::kibibytes(settings.max_held.max(settings.max_decoded + settings.max_encoded));
        Self {
            keys,
            tokens,
            limits,
            clock,
            in_flight: Arc::new(Semaphore::new(settings.max_in_flight)),
            held: Arc::new(Semaphore::new(held as usize)),
            settings: Arc::new(settings),
        }
    }
}
