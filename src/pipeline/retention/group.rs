//! Traces that go together, with every record that any of them stands in.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::pipeline::homes::Homes;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Outline;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::retention::needs::Needs;
use crate::pipeline::subject;

/// Records looked through for one group.
const LOOKED_AT: usize = 256;
/// A group takes no further trace once it holds so many records, or so many bytes as stored.
const RECORDS: usize = 512;
const BYTES: u64 = 2 << 20;
/// What goes at once of one trace. A larger one goes from its beginning, a part a group.
const OF_ONE: usize = 4096;
const OF_ONE_BYTES: u64 = 16 << 20;

/// A trace, and its project.
pub(super) type Going = (Arc<str>, SubjectKey);

/// What is about to go.
#[derive(Default)]
pub(super) struct Group {
    /// Every record that a trace that goes stands in.
    pub(super) records: BTreeMap<Seq, Outline>,
    /// The traces, each with its project.
    pub(super) going: BTreeSet<Going>,
    /// What was filed under a span, and the trace that it belongs to.
    adopted: HashMap<SubjectKey, SubjectKey>,
    /// The last record looked through.
    pub(super) upto: Seq,
    bytes: u64,
}

/// Gathers groups.
pub(super) struct Gatherer<'a> {
    pub(super) ledger: &'a dyn Ledger,
    pub(super) homes: &'a Homes,
    pub(super) needs: &'a Needs,
    /// The last record that may go.
    pub(super) end: Seq,
    /// Traces that cannot be taken out of a record that stays.
    pub(super) stuck: &'a HashSet<SubjectKey>,
}

impl Gatherer<'_> {
    /// The next group above a record; `None` when there is nothing left up to the end.
    pub(super) fn next(&self, after: Seq) -> Result<Option<Group>, LedgerError> {
        let mut group = Group { upto: after, ..Group::default() };
        let outlines = self.ledger.outline(after, LOOKED_AT)?;
        let outlines: Vec<Outline> = outlines.into_iter().take_while(|outline| outline.seq <= self.end).collect();
        if outlines.is_empty() {
            return Ok(None);
        }
        for outline in outlines {
            if group.is_full() {
                break;
            }
            group.upto = outline.seq;
            self.take(&mut group, &outline)?;
        }
        Ok(Some(group))
    }

    /// Takes what may go of a record, and of those that it leads to while there is room.
    fn take(&self, group: &mut Group, outline: &Outline) -> Result<(), LedgerError> {
        let mut next: Vec<Going> = Vec::new();
        self.look(group, outline, &mut next)?;
        // A record without a trace holds nothing that anybody could need.
        if outline.traces.is_empty() {
            group.put(outline.clone());
        }
        while let Some((project, trace)) = next.pop() {
            if !group.going.insert((Arc::clone(&project), trace)) {
                continue;
            }
            if trace == subject::sessions(&project) {
                continue;
            }
            for seq in self.ledger.seqs_of(trace)?.into_iter().take(OF_ONE) {
                if group.bytes >= OF_ONE_BYTES {
                    break;
                }
                if group.records.contains_key(&seq) {
                    continue;
                }
                for outline in self.ledger.outline(seq - 1, 1)?.into_iter().filter(|outline| outline.seq == seq) {
                    if !group.is_full() {
                        self.look(group, &outline, &mut next)?;
                    }
                    group.put(outline);
                }
            }
        }
        Ok(())
    }

    /// Finds the traces of a record that may go.
    fn look(&self, group: &mut Group, outline: &Outline, next: &mut Vec<Going>) -> Result<(), LedgerError> {
        for home in &outline.traces {
            let trace = match self.homes.adopter(*home)? {
                Some(trace) => *group.adopted.entry(*home).or_insert(trace),
                None => *home,
            };
            let going = (Arc::clone(&outline.project), trace);
            if !group.going.contains(&going) && self.may_go(outline, trace)? {
                if trace == subject::sessions(&outline.project) {
                    group.put(outline.clone());
                }
                next.push(going);
            }
        }
        Ok(())
    }

    fn may_go(&self, outline: &Outline, trace: SubjectKey) -> Result<bool, LedgerError> {
        if self.needs.names(trace) || self.stuck.contains(&trace) {
            return Ok(false);
        }
        // What is about sessions is no trace: each record of it stands alone.
        if trace == subject::sessions(&outline.project) {
            return Ok(!self.needs.wants(outline.seq));
        }
        let seqs = self.ledger.seqs_of(trace)?;
        Ok(seqs.iter().all(|seq| *seq <= self.end && !self.needs.wants(*seq)))
    }
}

impl Group {
    /// The trace that what is filed under a key belongs to.
    pub(super) fn trace_of(&self, home: SubjectKey) -> SubjectKey {
        self.adopted.get(&home).copied().unwrap_or(home)
    }

    /// Whether what is filed under a key belongs to another trace.
    pub(super) fn is_adopted(&self, home: SubjectKey) -> bool {
        self.adopted.contains_key(&home)
    }

    fn is_full(&self) -> bool {
        self.records.len() >= RECORDS || self.bytes >= BYTES
    }

    fn put(&mut self, outline: Outline) {
        self.bytes += outline.bytes;
        self.records.insert(outline.seq, outline);
    }
}
