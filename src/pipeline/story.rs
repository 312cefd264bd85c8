//! What a person who watches wants to hear: a trace came in, a destination shows it.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;

use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Loss;
use crate::canonical::Op;
use crate::canonical::View;
use crate::pipeline::ledger::SubjectKey;

/// One thing that happened, told once a trace.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A trace was heard of for the first time.
    In {
        /// The dialect it came in.
        dialect: &'static str,
        /// Its name, or its id where it has none yet.
        name: String,
        /// Its native id.
        id: Id,
    },
    /// A destination shows a complete trace.
    Out {
        /// The destination.
        destination: Arc<str>,
        /// The trace's name.
        name: String,
        /// How many spans it has.
        spans: usize,
        /// How many fields stand under the reserved key there, having no native home.
        kept: usize,
        /// How many fields are not there at all.
        lost: usize,
    },
    /// A destination refused a trace for good.
    Refused {
        /// The destination.
        destination: Arc<str>,
        /// Why.
        why: String,
    },
}

/// Who listens.
pub type Listener = Arc<dyn Fn(Told) + Send + Sync>;

/// What is told once: a trace that came, or one that a destination shows.
type Once = (SubjectKey, Option<Arc<str>>);

/// Tells each thing once.
pub struct Story {
    listener: Option<Listener>,
    told: Mutex<LruCache<Once, ()>>,
}

impl Story {
    /// A story for a listener; none: nothing is told.
    pub fn new(listener: Option<Listener>) -> Self {
        let capacity = NonZeroUsize::new(10_000).unwrap_or(NonZeroUsize::MIN);
        Self { listener, told: Mutex::new(LruCache::new(capacity)) }
    }

    /// Whether anybody listens.
    pub fn listens(&self) -> bool {
        self.listener.is_some()
    }

    /// Traces of a request, where they are new and say their name.
    pub fn came(&self, dialect: &'static str, homes: &[SubjectKey], items: &[Arc<Item>]) {
        let Some(listener) = &self.listener else { return };
        let mut seen = HashSet::new();
        for (home, item) in homes.iter().zip(items) {
            let Op::Trace(trace) = &item.op else { continue };
            if seen.insert(*home) && self.first((*home, None)) {
                let name = trace.name.cloned().unwrap_or_else(|| trace.id.to_string());
                listener(Told::In { dialect, name, id: trace.id });
            }
        }
    }

    /// A complete trace that a destination shows.
    pub fn shown(&self, destination: &Arc<str>, key: SubjectKey, view: &View, losses: &[Loss]) {
        let Some(listener) = &self.listener else { return };
        if view.complete && self.first((key, Some(Arc::clone(destination)))) {
            let name = view.trace.as_ref().and_then(|trace| trace.facts.name.cloned());
            let name = name.unwrap_or_else(|| view.id.to_string());
            let kept = losses.iter().filter(|loss| loss.carried).count();
            let (destination, spans, lost) = (Arc::clone(destination), view.spans.len(), losses.len() - kept);
            listener(Told::Out { destination, name, spans, kept, lost });
        }
    }

    /// A trace that a destination refused for good.
    pub fn refused(&self, destination: &Arc<str>, why: &str) {
        if let Some(listener) = &self.listener {
            listener(Told::Refused { destination: Arc::clone(destination), why: why.to_owned() });
        }
    }

    fn first(&self, key: Once) -> bool {
        self.told.lock().put(key, ()).is_none()
    }
}
