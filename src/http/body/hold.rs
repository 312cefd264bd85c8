//! The memory that bodies in hand may take together; without it, `max_in_flight` bodies of the
//! largest size would be the bound.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use crate::contract::Refusal;

/// What one request holds of it, given back on drop.
pub(super) struct Hold {
    all: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
    bytes: usize,
}

impl Hold {
    /// Nothing yet.
    pub(super) fn new(all: &Arc<Semaphore>) -> Self {
        Self { all: Arc::clone(all), permit: None, bytes: 0 }
    }

    /// Another of the same budget, for a thread of its own.
    pub(super) fn sibling(&self) -> Self {
        Self::new(&self.all)
    }

    /// Holds `bytes` in all; less than is held already is no change.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] when the others leave too little. Waiting could wait for itself.
    pub(super) fn reach(&mut self, bytes: usize) -> Result<(), Refusal> {
        let more = kibibytes(bytes).saturating_sub(kibibytes(self.bytes));
        if more == 0 {
            return Ok(());
        }
        let full = |_| Refusal::TooMany { what: "too many bytes in hand".to_owned(), after_s: 1 };
        let permit = Arc::clone(&self.all).try_acquire_many_owned(more).map_err(full)?;
        self.bytes = bytes;
        match &mut self.permit {
            Some(held) => held.merge(permit),
            None => self.permit = Some(permit),
        }
        Ok(())
    }

    /// Takes over what another holds.
    pub(super) fn join(&mut self, other: Self) {
        self.bytes += other.bytes;
        match (&mut self.permit, other.permit) {
            (Some(held), Some(permit)) => held.merge(permit),
            (None, permit) => self.permit = permit,
            (Some(_), None) => {}
        }
    }
}

/// A budget is counted in KiB: a semaphore's single request is 32 bits.
pub(in crate::http) fn kibibytes(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}
