//! How many bytes are on their way to one destination: what it is slow to take is held that long.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Bytes of decoded items; their rows and the packed bodies come on top.
const MOST: u64 = 12 * 1024 * 1024;

/// One destination's count.
#[derive(Default)]
pub(super) struct Aloft(Arc<AtomicU64>);

/// Some of them, until this is dropped.
pub(super) struct Share(Arc<AtomicU64>, u64);

impl Aloft {
    /// Counts bytes that go out now.
    pub(super) fn share(&self, bytes: u64) -> Share {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Share(Arc::clone(&self.0), bytes)
    }

    /// Whether no more should go out for now.
    pub(super) fn is_full(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= MOST
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_counts_until_it_is_dropped() {
        let aloft = Aloft::default();
        let shares = [aloft.share(MOST - 1), aloft.share(0)];
        assert!(!aloft.is_full());
        let last = aloft.share(1);
        assert!(aloft.is_full());
        drop(last);
        assert!(!aloft.is_full());
        drop(shares);
        assert_eq!(aloft.0.load(Ordering::Relaxed), 0);
    }
}
