//! Canonical to wire: a view as rows, and the requests that show them.
//!
//! A row is encoded bare, decoded again, and what is missing then goes under the reserved key
//! (`wire/otlp.md §4.5`). Rows are encoded the same way every time, so that the difference between
//! two views is the difference between their rows.

mod hygiene;
mod payload;
mod plan;
mod score;
mod span;
mod trace;
mod values;

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::decode::Reader;
use super::settings;
use super::wire;
use crate::canonical::ClientProject;
use crate::canonical::Facts;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Raw;
use crate::canonical::Time;
use crate::canonical::View;
use crate::canonical::complement;
use crate::canonical::complement::Ids;
use crate::canonical::complement::Keep;
use crate::canonical::complement::Reserved;
use crate::canonical::ids;
use crate::contract::Outward;
use crate::contract::Seed;

pub(super) use plan::plan;
pub(super) use score::body as score_body;

/// A view as the vendor's rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// The trace's row; made up where only spans of other dialects are held, because the vendor has
    /// no span without a trace.
    pub(super) trace: Option<Row<wire::Trace>>,
    /// The spans' rows by their ids at the vendor, in the view's order.
    pub(super) spans: IndexMap<String, Row<wire::Span>>,
}

/// One row.
#[derive(Debug)]
pub(super) struct Row<T> {
    /// The subject's native id.
    pub(super) native: Id,
    /// The row; only what is known of it when it is not whole.
    pub(super) wire: T,
    /// Whether it can be created; otherwise it can only be an update.
    pub(super) whole: bool,
    /// What it does not hold.
    pub(super) losses: Vec<Loss>,
}

/// Every row of a view.
pub(super) fn rows(view: &View, out: &Outward) -> Rows {
    let spans = view.spans.iter().map(|span| {
        let row = span::row(span, view, out);
        (shown(span.facts.id, view.id, out), row)
    });
    Rows { spans: spans.collect(), trace: trace::row(view, out) }
}

/// An id as the vendor shall see it: any UUID is taken verbatim (`wire/pandaprobe.md §6`).
pub(super) fn shown(id: Id, trace: Id, out: &Outward) -> String {
    ids::text(out.scoped(id, trace).verbatim(trace))
}

/// The native id, where the shown one does not lead back to it.
fn native(id: Id, out: &Outward) -> Option<String> {
    (out.scope.is_some() || !matches!(id, Id::Uuid(_))).then(|| id.to_string())
}

/// Reads our own rows back, as if from the vendor's project.
fn reader(out: &Outward) -> Reader {
    let name = settings::vendor_project_name(&out.project.name).into_owned();
    Reader {
        project: ClientProject { name: Some(name), ..ClientProject::default() },
        seed: Seed { record: [0; 16], at: Time::default() },
        losses: Vec::new(),
    }
}

/// Why a row holds a value otherwise than the view, by path.
#[derive(Debug, Default)]
struct Notes(BTreeMap<&'static str, &'static str>);

impl Notes {
    fn add(&mut self, path: &'static str, why: &'static str) {
        self.0.insert(path, why);
    }
}

/// What a row of ours is compared by.
struct Comparison<'a, T> {
    /// The subject, for losses.
    subject: String,
    /// The dialect that brought it.
    origin: &'static str,
    /// The facts.
    mine: &'a T,
    /// The facts that the bare row holds.
    held: T,
    /// Native ids that the row's do not lead back to.
    ids: Option<Ids>,
    /// Whether the row creates; an update would void what an earlier complement carries.
    whole: bool,
}

/// The reserved key's value, and the losses. A row that goes home needs no key but for ids that it does
/// not lead back to.
fn compare<T: Facts>(comparison: Comparison<'_, T>, mut notes: Notes, keep: Keep) -> (Option<Reserved>, Vec<Loss>) {
    let Comparison { subject, origin, mine, held, ids, whole } = comparison;
    let foreign = origin != settings::NAME;
    let keep = match (whole, foreign, keep) {
        (false, _, _) | (true, _, Keep::Off) => Keep::Off,
        (true, true, keep) => keep,
        (true, false, Keep::Full | Keep::Ids) => Keep::Ids,
    };
    let (reserved, mut losses) = complement::reserve(&subject, origin, mine, &held, ids, keep);
    // A default that the vendor needs is no loss, nor is another project's name where a route fixes one.
    let set: Vec<_> = T::default().difference(mine).into_iter().map(|(path, _)| path).collect();
    losses.retain(|loss| set.contains(&loss.path.as_str()));
    losses.retain(|loss| foreign || loss.path != "project");
    for loss in &mut losses {
        if let Some(why) = notes.0.remove(loss.path.as_str()) {
            loss.why = why.to_owned();
        } else if !foreign {
            loss.why = "no such field".to_owned();
        } else if !whole {
            loss.why = "not patchable".to_owned();
        }
    }
    let changed = notes.0.into_iter().map(|(path, why)| Loss {
        subject: subject.clone(),
        path: path.to_owned(),
        why: why.to_owned(),
        carried: false,
    });
    losses.extend(changed);
    (reserved, losses)
}

/// Puts the reserved key into metadata; without the complement where the vendor could not store it.
fn with_key(metadata: &mut Field<Raw>, reserved: Option<Reserved>, losses: &mut [Loss]) {
    let Some(mut reserved) = reserved else { return };
    drop_unclean(&mut reserved, losses);
    // Two levels stand around the key.
    let (mut key, cleaned) = hygiene::json(&Raw::of(&reserved), hygiene::DEPTH - 2);
    if cleaned.too_deep {
        for loss in losses {
            loss.carried = false;
        }
        key = Raw::of(&Reserved { c: IndexMap::new(), f: IndexMap::new(), ..reserved });
    }
    insert_key(metadata, key);
}

/// Takes out the entries that the vendor could not store as they are.
fn drop_unclean(reserved: &mut Reserved, losses: &mut [Loss]) {
    let unclean = |raw: &Raw| hygiene::json(raw, usize::MAX).1.changed;
    let paths: Vec<String> = reserved.c.iter().filter(|(_, raw)| unclean(raw)).map(|(path, _)| path.clone()).collect();
    for path in paths {
        reserved.c.shift_remove(&path);
        reserved.f.shift_remove(&path);
        for loss in losses.iter_mut().filter(|loss| loss.path == path) {
            loss.carried = false;
        }
    }
}

fn insert_key(metadata: &mut Field<Raw>, key: Raw) {
    let mut members = metadata.get().and_then(Raw::members).unwrap_or_default();
    members.insert(complement::KEY.to_owned(), key);
    *metadata = Field::Set(Raw::of(&members));
}
