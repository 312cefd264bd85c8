//! Which trace a span is in that was seen in a vendor's answer: a read of the span alone that follows may
//! need it, because a hash hides the span, or its time is the trace's.

use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;

use crate::canonical::Id;
use crate::canonical::Target;
use crate::canonical::View;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::subject;

/// Spans of the newest answers; a trace that is read again brings its own back.
const REMEMBERED: usize = 50_000;

/// Spans seen, with their trace, both by native ids.
pub struct Seen(Mutex<LruCache<SubjectKey, (Id, Id)>>);

impl Default for Seen {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(REMEMBERED).unwrap_or(NonZeroUsize::MIN))))
    }
}

impl Seen {
    /// Remembers the spans of an answer.
    pub(super) fn note(&self, project: &str, view: &View) {
        let mut seen = self.0.lock();
        for span in &view.spans {
            seen.put(subject::span(project, span.facts.id), (view.id, span.facts.id));
        }
    }

    /// The ways to ask: with what was seen of a span that is named alone, and as it is.
    pub(super) fn targets(&self, project: &str, target: &Target) -> Vec<Target> {
        let mut targets = vec![target.clone()];
        if let Target::Span { trace: None, span } = target
            && let Some((trace, span)) = self.0.lock().get(&subject::span(project, *span)).copied()
        {
            targets.insert(0, Target::Span { trace: Some(trace), span });
        }
        targets
    }
}
