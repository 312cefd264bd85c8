//! How large a request, and a single row, a vendor takes: as its dialect says, until a 413 says less.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use crate::contract::DialectInfo;

/// Nothing is made smaller than this: a vendor that refuses so little means something else.
const SMALLEST: usize = 16 * 1024;

/// What was learnt of one destination, in bytes; `usize::MAX`: nothing yet.
#[derive(Debug)]
pub(super) struct Sizes {
    request: AtomicUsize,
    row: AtomicUsize,
}

impl Sizes {
    /// As stored by [`Sizes::stored`]; anything else: nothing learnt.
    pub(super) fn of(stored: Option<Vec<u8>>) -> Self {
        let (request, row) = stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let size = |learnt: Option<usize>| AtomicUsize::new(learnt.unwrap_or(usize::MAX));
        Self { request: size(request), row: size(row) }
    }

    /// What was learnt, to be stored; `None`: nothing.
    pub(super) fn stored(&self) -> Option<Vec<u8>> {
        let learnt = |size: &AtomicUsize| Some(size.load(Ordering::Relaxed)).filter(|size| *size != usize::MAX);
        let sizes = (learnt(&self.request), learnt(&self.row));
        if sizes == (None, None) { None } else { serde_json::to_vec(&sizes).ok() }
    }

    /// The dialect's limits, with what was learnt.
    pub(super) fn within(&self, info: &DialectInfo) -> DialectInfo {
        DialectInfo { batch_bytes: info.batch_bytes.min(self.request.load(Ordering::Relaxed)), ..*info }
    }

    /// The largest row that is worth sending.
    pub(super) fn row(&self) -> usize {
        self.row.load(Ordering::Relaxed)
    }

    /// A request of several rows was too large; whether that is news.
    pub(super) fn request_refused(&self, bytes: usize) -> bool {
        lower(&self.request, bytes / 2)
    }

    /// A single row was too large; the size to cut it to.
    pub(super) fn row_refused(&self, bytes: usize) -> usize {
        lower(&self.row, bytes / 2);
        self.row()
    }
}

fn lower(size: &AtomicUsize, to: usize) -> bool {
    let to = to.max(SMALLEST);
    size.fetch_min(to, Ordering::Relaxed) > to
}
