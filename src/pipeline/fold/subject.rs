//! The fold of one subject: a trace record or a span.

use std::cmp::Ordering;

use crate::canonical::Facts;
use crate::canonical::Rank;
use crate::canonical::Time;

use super::Held;

/// A subject's state.
pub(super) struct Folded<T> {
    /// The facts, nulls still in.
    pub(super) facts: T,
    /// Whether a create is held.
    pub(super) whole: bool,
    /// The dialect of the first create, else of the first item.
    pub(super) origin: &'static str,
    /// The accept time of the newest item.
    pub(super) version: Time,
}

/// One statement about the subject, with what the fold rule looks at.
struct Entry<'a, T> {
    facts: &'a T,
    held: &'a Held,
    /// Goes by sequence among the updates instead of below them.
    late: bool,
}

/// Folds the statements about one subject; `None` when there are none.
pub(super) fn fold<'a, T: Facts + PartialEq + 'a>(
    held: &[&'a Held],
    pick: impl Fn(&'a Held) -> Option<&'a T>,
) -> Option<Folded<T>> {
    let mut entries: Vec<Entry<'_, T>> = Vec::with_capacity(held.len());
    for held in held.iter().copied() {
        if let Some(facts) = pick(held) {
            entries.push(Entry { facts, held, late: false });
        }
    }
    entries.sort_by_key(|entry| (entry.held.seq, entry.held.position));
    let first = entries.iter().find(|entry| entry.held.item.creates()).or(entries.first())?;
    let mut folded = Folded {
        facts: T::default(),
        whole: first.held.item.creates(),
        origin: first.held.item.origin,
        version: entries.iter().map(|entry| entry.held.at).max().unwrap_or_default(),
    };
    drop_repeats(&mut entries);
    mark_late(&mut entries);
    order(&mut entries);
    lay(&mut folded.facts, &entries);
    Some(folded)
}

/// A create that says exactly what an earlier one of its rank said is a resend, not a statement.
fn drop_repeats<T: Facts + PartialEq>(entries: &mut Vec<Entry<'_, T>>) {
    let mut at = 1;
    while at < entries.len() {
        let (earlier, rest) = entries.split_at(at);
        let repeats = rest[0].held.item.creates()
            && earlier
                .iter()
                .any(|entry| entry.held.item.rank == rest[0].held.item.rank && entry.facts == rest[0].facts);
        if repeats {
            entries.remove(at);
        } else {
            at += 1;
        }
    }
}

/// Marks what goes by sequence: updates, and creates that come after one of the same rank is held.
fn mark_late<T>(entries: &mut [Entry<'_, T>]) {
    let highest = entries.iter().filter_map(|entry| class(entry.held.item.rank)).max();
    for at in 0..entries.len() {
        let rank = entries[at].held.item.rank;
        entries[at].late = match class(rank) {
            None => true,
            own if own < highest => false,
            own => {
                let held = entries[..at].iter().filter(|entry| class(entry.held.item.rank) == own);
                let mut versions = held.map(|entry| version(entry.held.item.rank)).peekable();
                versions.peek().is_some() && versions.all(|older| newer_than(version(rank), older))
            }
        };
    }
}

/// 0 for an open create, 1 for a complete one, nothing for an update.
fn class(rank: Rank) -> Option<u8> {
    match rank {
        Rank::Open { .. } => Some(0),
        Rank::Complete { .. } => Some(1),
        Rank::Patch => None,
    }
}

fn version(rank: Rank) -> Option<Time> {
    match rank {
        Rank::Open { version } | Rank::Complete { version, .. } => version,
        Rank::Patch => None,
    }
}

fn newer_than(mine: Option<Time>, older: Option<Time>) -> bool {
    match (mine, older) {
        (Some(mine), Some(older)) => mine > older,
        _ => true,
    }
}

/// Sorts so that what comes later in the list wins.
fn order<T>(entries: &mut [Entry<'_, T>]) {
    let versioned = |class_: u8| {
        entries
            .iter()
            .filter(|entry| class(entry.held.item.rank) == Some(class_))
            .all(|entry| version(entry.held.item.rank).is_some())
    };
    let by_version = [versioned(0), versioned(1)];
    entries.sort_by(|a, b| {
        let place = |entry: &Entry<'_, T>| if entry.late { 2 } else { class(entry.held.item.rank).unwrap_or(2) };
        let own = place(a);
        own.cmp(&place(b))
            .then_with(|| match by_version.get(usize::from(own)) {
                Some(true) => version(a.held.item.rank).cmp(&version(b.held.item.rank)),
                _ => Ordering::Equal,
            })
            .then_with(|| (a.held.seq, a.held.position).cmp(&(b.held.seq, b.held.position)))
    });
}

/// Lays the statements over each other; a complete create that replaces does so once one is held.
fn lay<T: Facts>(facts: &mut T, entries: &[Entry<'_, T>]) {
    let mut complete = false;
    for entry in entries {
        if let Rank::Complete { replaces, .. } = entry.held.item.rank {
            if replaces && complete {
                *facts = T::default();
            }
            complete = true;
        }
        facts.overlay(entry.facts);
    }
}
