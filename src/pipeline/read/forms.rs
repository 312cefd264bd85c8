//! The forms that ids asked for may have at a vendor (`design.md §4`): as hashed for the route, as they
//! are, and as they were before another dialect showed them.

use crate::canonical::Id;
use crate::canonical::Target;
use crate::canonical::ids;
use crate::contract::Dialect;
use crate::contract::Outward;
use crate::contract::VendorProject;
use crate::contract::Wanted;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::subject;
use crate::pipeline::window;
use crate::pipeline::window::Minted;
use crate::pipeline::window::minted;

use super::places::Source;

/// One form.
pub(super) struct Form {
    /// What the vendor is asked for, without its project.
    pub(super) wanted: Wanted,
    /// How this project's ids go out there.
    pub(super) out: Outward,
}

impl Form {
    /// Every form, the likeliest first, each once.
    pub(super) fn all(ledger: &dyn Ledger, source: &Source, project: &str, target: &Target) -> Vec<Self> {
        let scope = source.destination.routes.get(project).and_then(|route| route.scope.clone());
        let hashes = source.hashes(project);
        let own = outward(ledger, &source.destination.name, project, target);
        let verbatim = source.takes_verbatim(project).then_some(None);
        let scopes = if hashes { [Some(scope), verbatim] } else { [Some(None), None] };
        let mut forms: Vec<Self> = Vec::new();
        for scope in scopes.into_iter().flatten() {
            let in_stream = hashes && scope.is_none() && source.stream(project).is_some();
            let out = match hashes && scope.is_none() {
                // What the gateway did not hash, it did not mint a time for.
                true => Outward { trace_ms: embedded(id(target)), ..Outward::default() },
                false => Outward { scope, ..own.clone() },
            };
            for native in [Some(target.clone()), timed(target)].into_iter().flatten() {
                let wanted = Wanted { in_stream, ..wanted(source.destination.dialect, &native, &out) };
                let is_new = |form: &Self| (&form.wanted.trace, &form.wanted.span) != (&wanted.trace, &wanted.span);
                if forms.iter().all(is_new) && (wanted.trace.is_some() || wanted.span.is_some()) {
                    forms.push(Self { wanted, out: out.clone() });
                }
            }
        }
        forms
    }
}

/// The id that a time is minted for: the trace's, else the span's.
fn id(target: &Target) -> Id {
    match target {
        Target::Trace(id) | Target::Span { trace: Some(id), .. } => *id,
        Target::Span { trace: None, span } => *span,
        Target::Session(_) => Id::default(),
    }
}

/// How an id that is not held is translated for a destination: with the time minted for it, if one was,
/// else the time it carries itself.
fn outward(ledger: &dyn Ledger, destination: &str, project: &str, target: &Target) -> Outward {
    let id = id(target);
    let key = subject::trace(project, id);
    let minted = [destination, ""].into_iter().find_map(|place| minted(ledger, place, key).ok()?);
    let fresh = window::fresh(ledger, destination, key).unwrap_or_default();
    let mut out = Outward { fresh, ..Outward::default() };
    minted.unwrap_or(Minted { ms: embedded(id), retimed: false }).apply(&mut out);
    out
}

fn embedded(id: Id) -> i64 {
    match id {
        Id::Uuid(bytes) => ids::embedded_ms(&bytes),
        Id::OtelTrace(_) | Id::OtelSpan(_) => 0,
    }
}

/// The same with ids of version 7, where they can have been shown as version 4.
fn timed(target: &Target) -> Option<Target> {
    let restore = |id: &Id| id.timed().unwrap_or(*id);
    let restored = match target {
        Target::Trace(id) => Target::Trace(restore(id)),
        Target::Span { trace, span } => Target::Span { trace: trace.as_ref().map(restore), span: restore(span) },
        Target::Session(_) => return None,
    };
    (restored != *target).then_some(restored)
}

fn wanted(dialect: &dyn Dialect, target: &Target, out: &Outward) -> Wanted {
    let show = |id: Id, trace: Id| dialect.show_id(id, trace, out);
    let (trace, span) = match target {
        Target::Trace(id) => (Some(show(*id, *id)), None),
        Target::Span { trace, span } => {
            (trace.map(|trace| show(trace, trace)), Some(show(*span, trace.unwrap_or(*span))))
        }
        Target::Session(_) => (None, None),
    };
    Wanted { trace, span, project: VendorProject::default(), in_stream: false }
}
