//! From a group of traces to what the ledger is to do: which records go, which shrink to what, and
//! what is remembered.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::canonical::ClientProject;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::SpanView;
use crate::canonical::Time;
use crate::canonical::View;
use crate::contract;
use crate::contract::Seed;
use crate::pipeline::admission::Admission;
use crate::pipeline::fold::Past;
use crate::pipeline::fold::PastSpan;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::Carved;
use crate::pipeline::ledger::Gone;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Retire;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Stub;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::outward::Outwards;
use crate::pipeline::record;
use crate::pipeline::retention::group::Going;
use crate::pipeline::retention::group::Group;
use crate::pipeline::retention::stub;
use crate::pipeline::subject;

/// A group with its records read.
pub(super) struct Step<'a> {
    outwards: &'a Outwards,
    group: Group,
    held: BTreeMap<Seq, Held>,
    /// The records of each trace.
    spoken: HashMap<SubjectKey, Vec<Seq>>,
}

struct Held {
    record: Record,
    admission: Admission,
}

/// What a group comes to.
#[derive(Default)]
pub(super) struct Planned {
    pub(super) retire: Retire,
    /// Traces that go.
    pub(super) traces: Vec<SubjectKey>,
    /// Traces that a record could not be carved from, and which stay for that.
    pub(super) stuck: Vec<SubjectKey>,
}

impl<'a> Step<'a> {
    /// Reads a group's records; what cannot be read is left to the ledger, which puts it aside.
    pub(super) fn read(outwards: &'a Outwards, group: Group) -> Result<Self, LedgerError> {
        let (mut held, mut spoken) = (BTreeMap::new(), HashMap::<SubjectKey, Vec<Seq>>::new());
        for seq in group.records.keys() {
            match outwards.ledger.get(&[*seq]) {
                Ok(records) => {
                    for record in records {
                        // Not by way of the cache, which is for what is being worked on.
                        let admission = Admission::of(&outwards.dialects, &record);
                        for (home, _) in admission.items() {
                            spoken.entry(group.trace_of(*home)).or_default().push(*seq);
                        }
                        held.insert(*seq, Held { record, admission });
                    }
                }
                Err(LedgerError::Corrupt(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { outwards, group, held, spoken })
    }

    /// Decides about every record. A trace goes from all of its records or from none.
    pub(super) fn plan(mut self) -> Result<Planned, LedgerError> {
        let mut planned = Planned::default();
        loop {
            let stuck = self.records(&mut planned.retire);
            if stuck.is_empty() {
                break;
            }
            let of_project = |(_, trace): &Going| !stuck.contains(trace);
            self.group.going.retain(of_project);
            planned.stuck.extend(stuck);
            planned.retire = Retire::default();
        }
        for (project, trace) in &self.group.going {
            self.remember(project, *trace, &mut planned.retire)?;
        }
        planned.traces = self.group.going.iter().map(|(_, trace)| *trace).collect();
        Ok(planned)
    }

    /// What becomes of each record; the traces that cannot be taken out of one.
    fn records(&self, retire: &mut Retire) -> HashSet<SubjectKey> {
        let mut stuck = HashSet::new();
        for (seq, held) in &self.held {
            let project = &held.record.project;
            let (goes, stays): (Vec<SubjectKey>, Vec<SubjectKey>) =
                held.record.traces.iter().copied().partition(|home| self.goes(project, *home));
            if goes.is_empty() && !stays.is_empty() {
                continue;
            }
            let traces: Vec<SubjectKey> = goes.iter().flat_map(|home| [*home, self.group.trace_of(*home)]).collect();
            if stays.is_empty() {
                retire.gone.push(Gone { seq: *seq, traces });
                let homes = &self.outwards.homes;
                let orphans = goes.iter().filter(|home| self.group.is_adopted(**home) || homes.is_orphan(**home));
                retire.facts.extend(orphans.flat_map(|span| homes.facts_of(*span)));
                continue;
            }
            match self.carve(held, &stays) {
                Some((record, subjects)) => retire.carved.push(Carved { record, subjects, dropped: traces }),
                None => stuck.extend(goes.iter().map(|home| self.group.trace_of(*home))),
            }
        }
        stuck
    }

    fn goes(&self, project: &Arc<str>, home: SubjectKey) -> bool {
        self.group.going.contains(&(Arc::clone(project), self.group.trace_of(home)))
    }

    /// The part of a record that stays, and the subjects in it. `None` where its dialect cannot cut it,
    /// or would not read the part as it reads the whole: then all of it stays.
    fn carve(&self, held: &Held, stays: &[SubjectKey]) -> Option<(Record, Vec<SubjectKey>)> {
        let Held { record, admission } = held;
        let homes = admission.homes.as_ref()?;
        let kept = || homes.iter().filter(|(home, _)| !self.goes(&record.project, *home)).flat_map(|(_, items)| items);
        let keep: BTreeMap<u32, &Arc<Item>> = kept().map(|(position, item)| (*position, item)).collect();
        let dialect = self.outwards.dialects.get(&record.dialect)?;
        let seed = Seed { record: record.id, at: Time(record.at_ns) };
        let positions: BTreeSet<u32> = keep.keys().copied().collect();
        let body = dialect.carve(&record::call(record)?, &seed, &positions)?;
        let items = u32::try_from(keep.len()).ok()?;
        let carved = Record { body, items, traces: stays.to_vec(), ..record.clone() };
        let decoded = record::decode(&self.outwards.dialects, &carved)?;
        let same = decoded.items.len() == keep.len()
            && decoded.items.iter().zip(keep.values()).all(|(part, whole)| speaks_of(part) == speaks_of(whole));
        let spans = keep.values().filter_map(|item| item.span());
        let subjects = spans.map(|span| subject::span(&record.project, span)).collect();
        same.then_some((carved, subjects))
    }

    /// The stub of a trace that goes, unless one says it already.
    fn remember(&self, project: &Arc<str>, trace: SubjectKey, retire: &mut Retire) -> Result<(), LedgerError> {
        let mut items = self.items(project, trace);
        let stubs = self.outwards.ledger.stubs(trace)?;
        let mut stubs = stubs.iter().filter(|stub| stub.trace == trace && stub.project == *project);
        let newest = stubs.next();
        if items.seqs.is_empty() || newest.is_some_and(|stub| stub.at_ns >= items.last_at.0) {
            return Ok(());
        }
        let past = newest.and_then(|held| stub::past(&self.outwards.dialects, held));
        items.recall(past.clone().map(Arc::new));
        let Some(now) = self.past(project, &items, past.as_ref()) else { return Ok(()) };
        let subjects = items.span_keys(project).into_iter().collect();
        let note = stub::note(&now);
        retire.stubs.push(Stub { id: 0, trace, project: Arc::clone(project), at_ns: items.last_at.0, subjects, note });
        retire.superseded.extend(newest.map(|stub| stub.id));
        Ok(())
    }

    /// Everything that the group's records say of a trace.
    fn items(&self, project: &str, trace: SubjectKey) -> TraceItems {
        let mut items = TraceItems::default();
        for seq in self.spoken.get(&trace).into_iter().flatten() {
            let Held { record, admission } = &self.held[seq];
            if *record.project == *project {
                let homes = admission.items().filter(|(home, _)| self.group.trace_of(*home) == trace);
                let of_trace = homes.flat_map(|(_, items)| items.iter().cloned());
                items.add(*seq, admission.at, admission.quiet, of_trace);
            }
        }
        items
    }

    /// What is to be remembered; `None` of what is no trace.
    fn past(&self, project: &str, items: &TraceItems, before: Option<&Past>) -> Option<Past> {
        let view = items.view(Seq::MAX);
        if !items.is_placed() || view.id == Id::default() {
            return None;
        }
        let origin = items.origin();
        let named = |id: &str| self.outwards.names.name(project, origin, id).map(|named| named.name);
        let (name, stream) = contract::plain(&items.client_project(), named);
        let deleted = items.is_gone(Seq::MAX);
        Some(Past {
            id: view.id,
            origin,
            project: ClientProject { name: Some(name), stream, ..ClientProject::default() },
            ms: self.outwards.natural_ms(items, &view),
            whole: !deleted
                && (view.trace.as_ref().is_some_and(|trace| trace.whole)
                    || before.is_some_and(|past| past.whole && !past.deleted)),
            deleted,
            spans: spans(&view, before.filter(|past| !past.deleted && !deleted)),
        })
    }
}

/// The spans of a view, and those remembered that it does not hold.
fn spans(view: &View, before: Option<&Past>) -> Vec<PastSpan> {
    let parent = |span: &SpanView| span.facts.parent.cloned();
    let mut spans: Vec<PastSpan> =
        view.spans.iter().map(|span| PastSpan { id: span.facts.id, parent: parent(span) }).collect();
    let held: HashSet<[u8; 8]> = spans.iter().map(|span| span.id.stem()).collect();
    let older = before.into_iter().flat_map(|past| &past.spans);
    spans.extend(older.filter(|span| !held.contains(&span.id.stem())));
    spans
}

/// What an item is about, in a form that two readings of it must share.
fn speaks_of(item: &Item) -> (Option<Id>, Option<Id>, bool) {
    (item.trace(), item.span(), item.creates())
}
