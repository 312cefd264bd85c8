//! Retention: settled requests go after a time, or when there are too many; what is still needed
//! stays, and what is remembered of the rest is small.
//!
//! **What goes.** Traces, whole: one whose newest item lies behind the horizon, by age or by size, and
//! that no destination waits for or holds as dead. A record goes when all of its traces do; while
//! one is still needed, the record shrinks to that one's part (its *carve*). All records of a trace go
//! in one transaction with its *stub*, so that no fold ever lacks a part of what was sent.
//!
//! **What stays.** Of each trace a stub (see [`stub`]): ids and names, by which a late change still finds
//! its way as the vendor's own update. Stubs, and the tombstones among them, live [`REMEMBERED`] times
//! as long as requests; minted times go with them.
//!
//! **What holds it back.** Everything above the lowest base of a destination, its gaps, its open and
//! dead traces, and whatever a dead letter names; of a destination that was taken out of the configuration,
//! what it had been promised until then. Dead letters have bounds of their own ([`LetterBounds`]):
//! past them their traces are given up. A wall clock that jumps ahead is not believed for a
//! while ([`steady`](super::steady)): it would make everything old at once.

mod group;
mod horizon;
mod janitor;
mod letters;
mod needs;
mod step;
pub mod stub;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::pipeline::deliver::Pins;

pub use janitor::Janitor;
pub use letters::GiveUp;

/// How many times longer than requests their stubs are kept.
pub const REMEMBERED: u32 = 5;

/// How long, and how much, is kept.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Settled traces, counted from their newest item.
    pub age: Duration,
    /// Bytes of records as they are stored.
    pub size: u64,
    /// Free bytes on the disk; below it the oldest settled traces go before their time.
    pub reserve: u64,
}

/// How long, and how much, is kept of what was refused for good.
#[derive(Clone, Copy, Debug)]
pub struct LetterBounds {
    /// Dead letters, counted from when they were given up.
    pub age: Duration,
    /// Bytes of the requests and answers in them.
    pub size: u64,
}

/// Asks every destination what it needs.
pub type AskPins = Arc<dyn Fn() -> Vec<Pins> + Send + Sync>;
