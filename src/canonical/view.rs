//! A trace as the fold left it: what a destination should show.

use indexmap::IndexMap;

use super::Facts;
use super::Id;
use super::Loss;
use super::Raw;
use super::Score;
use super::Session;
use super::Span;
use super::Target;
use super::Time;
use super::Trace;

/// A whole trace, folded.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The trace's native id.
    pub id: Id,
    /// The trace record, if an item brought one.
    pub trace: Option<TraceView>,
    /// Its spans, in order of their first item.
    pub spans: Vec<SpanView>,
    /// The standing scores on the trace, its spans and its session.
    pub scores: Vec<Score>,
    /// What was said of the trace's session, then of the one before it, and so on; empty where nothing was.
    pub sessions: Vec<Session>,
    /// Whether the trace is complete (`design.md §3`): nothing more is expected.
    pub complete: bool,
}

/// A trace record, folded.
#[derive(Clone, Debug, Default)]
pub struct TraceView {
    /// The facts, durations resolved, no nulls.
    pub facts: Trace,
    /// Whether a create of it is held; otherwise only updates are.
    pub whole: bool,
    /// The dialect that created it, else that updated it first.
    pub origin: &'static str,
    /// The accept time of the newest item folded in: strictly increases with every change.
    pub version: Time,
    /// An end that nobody sent, inferred because the trace is complete.
    pub inferred_end: Option<Time>,
}

/// A span, folded.
#[derive(Clone, Debug, Default)]
pub struct SpanView {
    /// The facts, durations resolved, no nulls.
    pub facts: Span,
    /// Whether a create of it is held; otherwise only updates are.
    pub whole: bool,
    /// The dialect that created it, else that updated it first.
    pub origin: &'static str,
    /// The accept time of the newest item folded in.
    pub version: Time,
    /// An end that nobody sent, inferred because the span has ended.
    pub inferred_end: Option<Time>,
}

impl TraceView {
    /// When it ended, as sent or as inferred.
    pub fn end(&self) -> Option<Time> {
        self.facts.end.cloned().or(self.inferred_end)
    }
}

impl SpanView {
    /// When it ended, as sent or as inferred.
    pub fn end(&self) -> Option<Time> {
        self.facts.end.cloned().or(self.inferred_end)
    }
}

impl View {
    /// The span with a native id.
    pub fn span(&self, id: Id) -> Option<&SpanView> {
        self.spans.iter().find(|span| span.facts.id == id)
    }

    /// The earliest start known: of the trace record, else of its spans.
    pub fn start(&self) -> Option<Time> {
        let trace = self.trace.as_ref().and_then(|trace| trace.facts.start.cloned());
        trace.or_else(|| self.spans.iter().filter_map(|span| span.facts.start.cloned()).min())
    }

    /// What of the trace's session is lost to a vendor that has no place for it.
    pub fn session_losses(&self) -> Vec<Loss> {
        self.sessions.first().map(Session::losses).unwrap_or_default()
    }

    /// Everything as one JSON object with sorted keys, without what depends on arrival.
    pub fn print(&self) -> serde_json::Value {
        let mut out = serde_json::Map::new();
        let mut scores: Vec<_> = self.scores.iter().map(print_score).collect();
        scores.sort_by_key(ToString::to_string);
        let mut spans: Vec<_> = self.spans.iter().map(|span| facts(span.facts.id, &span.facts)).collect();
        spans.sort_by_key(|span| span["id"].to_string());
        out.insert("complete".to_owned(), self.complete.into());
        out.insert("id".to_owned(), self.id.to_string().into());
        out.insert("scores".to_owned(), scores.into());
        out.insert("spans".to_owned(), spans.into());
        if let Some(trace) = &self.trace {
            out.insert("trace".to_owned(), facts(trace.facts.id, &trace.facts));
        }
        out.into()
    }
}

fn facts<T: Facts>(id: Id, facts: &T) -> serde_json::Value {
    let mut out = facts.print();
    out.insert("id", Raw::of(&id.to_string()));
    out.values_mut().filter(|fact| fact.depth() > SHOWN_DEPTH).for_each(|fact| *fact = Raw::of(fact.text()));
    serde_json::from_str(&Raw::of(&out).normal()).unwrap_or_default()
}

/// What nests deeper is shown as text: readers stop at 128 levels, and some stand around it.
const SHOWN_DEPTH: usize = 100;

fn print_score(score: &Score) -> serde_json::Value {
    let target = match &score.target {
        Target::Trace(id) => format!("trace {id}"),
        Target::Span { span, .. } => format!("span {span}"),
        Target::Session(session) => format!("session {session}"),
    };
    let mut out = IndexMap::from([
        ("name", Raw::of(&score.name)),
        ("target", Raw::of(&target)),
        ("value", Raw::of(&score.value)),
    ]);
    for (key, value) in [("label", &score.label), ("reason", &score.reason), ("source", &score.source)] {
        if let Some(value) = value {
            out.insert(key, Raw::of(value));
        }
    }
    serde_json::from_str(&Raw::of(&out).normal()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Field;
    use crate::canonical::Payload;

    #[test]
    fn what_nests_too_deep_for_a_reader_is_printed_as_text() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let set = |levels: usize| Field::Set(Payload(Raw::parse(&nested(levels)).unwrap()));
        let facts = Trace { input: set(255), output: set(2), ..Trace::default() };
        let view = View { trace: Some(TraceView { facts, ..TraceView::default() }), ..View::default() };
        let printed = view.print();
        assert_eq!(printed["trace"]["input"], serde_json::json!(nested(255)));
        assert_eq!(printed["trace"]["output"], serde_json::json!([[]]));
    }
}
