//! What is remembered of a trace whose records retention took away.

use crate::canonical::ClientProject;
use crate::canonical::Id;

/// Enough to send a late change as the vendor's own update, and to know a deleted trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// The trace's native id.
    pub id: Id,
    /// The dialect that brought it.
    pub origin: &'static str,
    /// The client project it is filed under, in plain names.
    pub project: ClientProject,
    /// Its time before anything was minted, in milliseconds.
    pub ms: i64,
    /// Whether a full row of it was held.
    pub whole: bool,
    /// Whether it was deleted, and nothing came after.
    pub deleted: bool,
    /// Its spans.
    pub spans: Vec<PastSpan>,
}

/// What is remembered of a span: some vendors take no update that does not name the parent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PastSpan {
    /// Its native id.
    pub id: Id,
    /// Its parent's, if it had one.
    pub parent: Option<Id>,
}

impl Past {
    /// The span of a stem.
    pub fn span(&self, stem: [u8; 8]) -> Option<PastSpan> {
        self.spans.iter().copied().find(|span| span.id.stem() == stem)
    }
}
