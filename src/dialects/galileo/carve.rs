//! The part of a request's body that holds only some of its items.
//!
//! A step that is left out while something under it stays keeps its place in the tree: its ids, and a
//! mark by which `decode` knows that it says nothing of its own.

use std::collections::BTreeSet;

use bytes::Bytes;
use indexmap::IndexMap;

use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Raw;
use crate::canonical::complement::KEY;
use crate::contract::Call;
use crate::contract::Seed;

use super::decode;
use super::decode::Place;

/// What stays of a step that only holds a place, besides its reserved key.
const PLACE: [&str; 4] = ["type", "id", "trace_id", "parent_id"];

/// The body with the items at these positions only.
pub(super) fn carve(call: &Call, seed: &Seed, keep: &BTreeSet<u32>) -> Option<Bytes> {
    let items = decode::decode(call, seed).ok()?.items;
    let mut carver = Carver { seed, items: &items, keep, at: 0 };
    if !(0..items.len()).any(|at| carver.keeps(at)) {
        return None;
    }
    let body = || serde_json::from_slice::<Raw>(&call.body).ok();
    let carved = match Place::of(call) {
        Place::Traces { .. } => carver.list(&body()?, "traces")?,
        Place::Spans { .. } => carver.list(&body()?, "spans")?,
        Place::Delete { .. } => carver.selection(&body()?)?,
        Place::Trace { .. } | Place::Span { .. } | Place::Other => return Some(call.body.clone()),
    };
    Some(Bytes::from(carved.text().to_owned()))
}

/// Walks a document in the order in which it was decoded.
struct Carver<'a> {
    seed: &'a Seed,
    items: &'a [Item],
    keep: &'a BTreeSet<u32>,
    /// The position of the next item.
    at: usize,
}

/// What happens to a step's own items.
struct Fate {
    row: bool,
    /// Names of the scores that stay.
    scores: Vec<String>,
    /// Names of those that go.
    dropped: Vec<String>,
}

impl Carver<'_> {
    fn keeps(&self, at: usize) -> bool {
        u32::try_from(at).is_ok_and(|at| self.keep.contains(&at))
    }

    fn list(&mut self, body: &Raw, list: &str) -> Option<Raw> {
        let steps = body.members()?.get(list)?.elements()?;
        let steps = self.steps(&steps, list, list == "traces");
        body.edited(|members| drop(members.insert(list.to_owned(), Raw::of(&steps))))
    }

    fn steps(&mut self, steps: &[Raw], place: &str, traces: bool) -> Vec<Raw> {
        let numbered = steps.iter().enumerate();
        numbered.filter_map(|(at, step)| self.step(step, &format!("{place}[{at}]"), traces)).collect()
    }

    /// A step with what is kept of it; `None` when nothing is. No deeper than `decode` goes.
    fn step(&mut self, step: &Raw, path: &str, is_trace: bool) -> Option<Raw> {
        let mut members = step.members()?;
        let fate = self.fate(path);
        let children = members.get("spans").and_then(Raw::elements);
        let children = children.map(|children| self.steps(&children, &format!("{path}.spans"), false));
        let under = children.as_ref().is_some_and(|children| !children.is_empty());
        if !fate.row && fate.scores.is_empty() && !under {
            return None;
        }
        if let Some(children) = children {
            members.insert("spans".to_owned(), Raw::of(&children));
        }
        self.identify(&mut members, path, is_trace);
        if fate.row {
            self.date(&mut members);
        } else {
            self.hollow(&mut members);
        }
        if !fate.row || !fate.dropped.is_empty() {
            let stays = |key: &String| if fate.row { !fate.dropped.contains(key) } else { fate.scores.contains(key) };
            edit(&mut members, "metrics", |metrics| metrics.retain(|key, _| stays(key)));
        }
        Some(Raw::of(&members))
    }

    /// Which of a step's own items stay; they come next, the step itself first.
    fn fate(&mut self, path: &str) -> Fate {
        let mut fate = Fate { row: false, scores: Vec::new(), dropped: Vec::new() };
        let items = self.items;
        if items.get(self.at).is_some_and(|item| item.path == path) {
            fate.row = self.keeps(self.at);
            self.at += 1;
        }
        while let Some(item) = items.get(self.at) {
            let inside = item.path.strip_prefix(path).is_some_and(|rest| rest.starts_with(".metrics."));
            let (Op::Score(score), true) = (&item.op, inside) else { break };
            let list = if self.keeps(self.at) { &mut fate.scores } else { &mut fate.dropped };
            list.push(score.name.clone());
            self.at += 1;
        }
        fate
    }

    /// Writes out an id that would be another at another place.
    fn identify(&self, members: &mut IndexMap<String, Raw>, path: &str, is_trace: bool) {
        let told = |key: &str| members.get(key).is_some_and(|id| !id.is_null());
        if !(told("id") || is_trace && told("trace_id")) {
            members.insert("id".to_owned(), Raw::of(&decode::derived(self.seed, path)));
        }
    }

    /// Writes out a start that was the accept time. Where the reserved key is, a start that is there and
    /// one that is not are read differently, so it is left alone.
    fn date(&self, members: &mut IndexMap<String, Raw>) {
        let reserved = members.get("user_metadata").is_some_and(|metadata| metadata.text().contains(KEY));
        if members.get("created_at").is_none_or(Raw::is_null) && !reserved {
            members.insert("created_at".to_owned(), Raw::of(&self.seed.at.exact()));
        }
    }

    /// Leaves a step's place only.
    fn hollow(&self, members: &mut IndexMap<String, Raw>) {
        let stays = |key: &str| PLACE.contains(&key) || ["spans", "user_metadata", "metrics"].contains(&key);
        members.retain(|key, _| stays(key));
        edit(members, "user_metadata", |metadata| metadata.retain(|key, _| key == KEY));
        members.insert(KEY.to_owned(), Raw::of(&decode::place_mark(self.seed)));
    }

    /// A deletion's list of ids.
    fn selection(&self, body: &Raw) -> Option<Raw> {
        let filter = body.members()?.get("filters")?.elements()?.into_iter().next()?;
        let Some(ids) = filter.members()?.get("value")?.elements() else { return Some(body.clone()) };
        let ids: Vec<Raw> = ids.into_iter().enumerate().filter(|(at, _)| self.keeps(*at)).map(|(_, id)| id).collect();
        let filter = filter.edited(|members| drop(members.insert("value".to_owned(), Raw::of(&ids))))?;
        body.edited(|members| drop(members.insert("filters".to_owned(), Raw::of(&[filter]))))
    }
}

/// Changes the members of an object that is a member, where there is one.
fn edit(members: &mut IndexMap<String, Raw>, key: &str, change: impl FnOnce(&mut IndexMap<String, Raw>)) {
    if let Some(edited) = members.get(key).and_then(|inner| inner.edited(change)) {
        members.insert(key.to_owned(), edited);
    }
}
