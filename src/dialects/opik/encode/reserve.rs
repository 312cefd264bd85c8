//! The reserved key of a row that came from another dialect, or whose ids the vendor gets otherwise
//! (`wire/otlp.md §4.5`).

use crate::canonical::Facts;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Raw;
use crate::canonical::Span;
use crate::canonical::SpanView;
use crate::canonical::Trace;
use crate::canonical::TraceView;
use crate::canonical::complement;
use crate::canonical::complement::Ids;
use crate::canonical::complement::Keep;
use crate::canonical::complement::Reserved;
use crate::contract::Outward;

use super::super::decode;
use super::super::decode::At;
use super::super::decode::Form;
use super::super::settings::NAME;
use super::super::wire;
use super::values;
use super::vendor_bytes;

/// The row with the key that leads back to the trace's own facts.
pub(super) fn trace(view: &TraceView, row: wire::Trace, out: &Outward, losses: &mut Vec<Loss>) -> wire::Trace {
    let id = view.facts.id;
    let ids = trace_ids(view, out);
    let held = |metadata: Field<Raw>| {
        let row = wire::Trace { metadata, ..row.clone() };
        let mut held = decode::trace(row, id, &mut At::new("", Form::Held, &mut Vec::new())).unwrap_or_default();
        held.resolve();
        at_home(view.origin, &mut held.project, &view.facts.project);
        held
    };
    let mine = &view.facts;
    let key = Key { subject: format!("trace {id}"), src: view.origin, ids, out };
    let metadata = key.place::<Trace>(mine, row.metadata.clone(), held, losses);
    wire::Trace { metadata, ..row }
}

/// The row with the key that leads back to the span's own facts.
pub(super) fn span(view: &SpanView, trace: Id, row: wire::Span, out: &Outward, losses: &mut Vec<Loss>) -> wire::Span {
    let mine = &view.facts;
    let ids = span_ids(view, trace, out);
    let held = |metadata: Field<Raw>| {
        let row = wire::Span { metadata, ..row.clone() };
        let mut held = decode::span(row, mine.id, &mut At::new("", Form::Held, &mut Vec::new())).unwrap_or_default();
        held.resolve();
        // The parent's id is among the ids above, or is itself.
        held.parent = mine.parent.clone();
        at_home(view.origin, &mut held.project, &mine.project);
        held
    };
    let key = Key { subject: format!("span {}", mine.id), src: view.origin, ids, out };
    let metadata = key.place::<Span>(mine, row.metadata.clone(), held, losses);
    wire::Span { metadata, ..row }
}

/// The native ids of a trace that its row is no way back to.
pub(super) fn trace_ids(view: &TraceView, out: &Outward) -> Ids {
    Ids { trace: lost(view.facts.id, view.facts.id, out), ..Ids::default() }
}

/// The native ids of a span that its row is no way back to.
pub(super) fn span_ids(view: &SpanView, trace: Id, out: &Outward) -> Ids {
    Ids {
        trace: lost(trace, trace, out),
        span: lost(view.facts.id, trace, out),
        parent: view.facts.parent.cloned().and_then(|parent| lost(parent, trace, out)),
    }
}

/// The metadata of an update, which replaces what stood there whole, still telling the ids.
pub(super) fn told(metadata: Field<Raw>, src: &str, ids: Ids, out: &Outward) -> Field<Raw> {
    let is_object = metadata.get().is_some_and(Raw::is_object);
    if !is_object || ids == Ids::default() || out.keep == Keep::Off {
        return metadata;
    }
    with(&metadata, &Reserved { v: 1, src: src.to_owned(), ids: Some(ids), ..Reserved::default() })
}

/// A row that goes home loses nothing by the name of the project that its route leads to.
fn at_home<T: Clone>(origin: &str, held: &mut Field<T>, mine: &Field<T>) {
    if origin == NAME {
        held.clone_from(mine);
    }
}

/// The native id's text, where the vendor's form of it is no way back: neither the same, nor the
/// version 7 that some dialect showed as this version 4 (`wire/otlp.md §4.6`).
fn lost(id: Id, trace: Id, out: &Outward) -> Option<String> {
    let vendors = Id::Uuid(vendor_bytes(id, trace, out));
    (vendors != id && Id::Uuid(vendors.v4(trace)) != id).then(|| id.to_string())
}

struct Key<'a> {
    subject: String,
    src: &'static str,
    ids: Ids,
    out: &'a Outward,
}

impl Key<'_> {
    /// Metadata with the key, if one is needed. Adding it may wrap or create the metadata, so the
    /// difference is taken once more with a key in place.
    fn place<T: Facts>(
        &self,
        mine: &T,
        bare: Field<Raw>,
        held: impl Fn(Field<Raw>) -> T,
        losses: &mut Vec<Loss>,
    ) -> Field<Raw> {
        let (key, found) = self.reserve(mine, &held(bare.clone()));
        if key.is_none() {
            losses.extend(found);
            return bare;
        }
        let empty = Reserved { v: 1, src: self.src.to_owned(), ..Reserved::default() };
        let (key, found) = self.reserve(mine, &held(with(&bare, &empty)));
        losses.extend(found);
        with(&bare, &key.unwrap_or(empty))
    }

    fn reserve<T: Facts>(&self, mine: &T, held: &T) -> (Option<Reserved>, Vec<Loss>) {
        let ids = (self.ids != Ids::default()).then(|| self.ids.clone());
        complement::reserve(&self.subject, self.src, mine, held, ids, self.out.keep)
    }
}

fn with(metadata: &Field<Raw>, key: &Reserved) -> Field<Raw> {
    values::metadata(metadata.get(), &[(complement::KEY, Some(Raw::of(key)))])
}
