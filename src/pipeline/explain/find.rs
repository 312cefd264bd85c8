//! From an id, in any dialect's form, to the trace it names.

use std::sync::Arc;

use super::Explainer;
use super::Outlet;
use crate::canonical::Id;
use crate::canonical::View;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::subject;

/// A trace that is held, or the updates of a span whose create is not.
pub(in crate::pipeline) struct Held {
    pub(super) project: Arc<str>,
    pub(in crate::pipeline) key: SubjectKey,
    /// The trace's native id; the span's, where its trace is not known.
    pub(in crate::pipeline) id: Id,
    pub(super) asked_span: Option<Id>,
    pub(in crate::pipeline) items: Arc<TraceItems>,
    pub(super) view: View,
}

impl Held {
    /// Whether only updates of a span are held, and not which trace it is in.
    pub(super) fn is_orphan(&self) -> bool {
        !self.items.is_placed()
    }
}

impl Explainer {
    /// Everything that an id names, at most one trace a project.
    pub(super) fn find(&self, text: &str, project: Option<&str>) -> Result<Vec<Held>, LedgerError> {
        let ids = read(text);
        let projects = || self.projects.iter().filter(|name| project.is_none_or(|project| project == &***name));
        let mut found = Vec::new();
        for name in projects() {
            for id in &ids {
                if let Some(held) = self.named(name, *id)? {
                    found.push(held);
                    break;
                }
            }
        }
        if let (true, Some(id)) = (found.is_empty(), ids.first()) {
            found.extend(self.scan(*id, project)?);
        }
        Ok(found)
    }

    /// The trace, or the span's trace, that an id names by the bytes that all its forms share.
    fn named(&self, project: &Arc<str>, id: Id) -> Result<Option<Held>, LedgerError> {
        let trace = self.at(project, subject::trace(project, id))?;
        if let Some(held) = trace.filter(|held| held.id.stem() == id.stem()) {
            return Ok(Some(held));
        }
        let span = subject::span(project, id);
        let Some(mut held) = self.at_home(project, span)? else { return Ok(None) };
        let asked = held.view.spans.iter().map(|span| span.facts.id).find(|span| span.stem() == id.stem());
        let asked = asked.or_else(|| held.is_orphan().then_some(held.id)).filter(|span| span.stem() == id.stem());
        held.asked_span = asked;
        Ok(asked.is_some().then_some(held))
    }

    /// What is filed under a key, or under the trace that adopted it.
    pub(in crate::pipeline) fn at_home(
        &self,
        project: &Arc<str>,
        key: SubjectKey,
    ) -> Result<Option<Held>, LedgerError> {
        if let Some(held) = self.at(project, key)?
            && (!held.is_orphan() || self.outwards.homes.is_orphan(key))
        {
            return Ok(Some(held));
        }
        match self.outwards.homes.adopted(project, key)? {
            Some(home) => self.at(project, home),
            None => self.at(project, key),
        }
    }

    fn at(&self, project: &Arc<str>, key: SubjectKey) -> Result<Option<Held>, LedgerError> {
        let items = self.outwards.traces.load(project, key)?;
        let mut view = items.view(Seq::MAX);
        self.outwards.dress(project, &items, &mut view);
        let id = match items.is_placed() {
            true => Some(view.id),
            false => items.items().find_map(|item| item.span()),
        };
        // What is about a session only has no id, and no place in a list of traces.
        // Of what retention took away, nothing is left to show.
        let Some(id) = id.filter(|id| *id != Id::default() && !items.seqs.is_empty()) else { return Ok(None) };
        Ok(Some(Held { project: Arc::clone(project), key, id, asked_span: None, items, view }))
    }

    /// Looks through the newest records for an id as a route's scope hashes it: a hash has no way back.
    fn scan(&self, wanted: Id, project: Option<&str>) -> Result<Option<Held>, LedgerError> {
        let is_scoped = |outlet: &Outlet| outlet.routes.values().any(|route| route.scope.is_some());
        if !self.outlets.iter().any(is_scoped) {
            return Ok(None);
        }
        let mut found = None;
        self.back(|record| {
            if project.is_none_or(|project| *record.project == *project)
                && let Some(native) = self.unhash(record, wanted)
            {
                found = self.named(&record.project, native)?;
            }
            Ok(found.is_none())
        })?;
        Ok(found)
    }

    /// The native id in a record that one of its project's scopes hashes to the id wanted.
    fn unhash(&self, record: &Record, wanted: Id) -> Option<Id> {
        let scopes: Vec<&str> = self.routed(&record.project).filter_map(|(_, route)| route.scope.as_deref()).collect();
        if scopes.is_empty() {
            return None;
        }
        let admission = self.outwards.traces.admit(record);
        let items = admission.items().flat_map(|(_, items)| items);
        let ids = items.filter_map(|(_, item)| item.trace().map(|trace| (trace, item.span())));
        let hits = |id: Id, trace: Id| scopes.iter().any(|scope| id.scoped(scope, trace).stem() == wanted.stem());
        ids.flat_map(|(trace, span)| [Some((trace, trace)), span.map(|span| (span, trace))])
            .flatten()
            .find(|(id, trace)| hits(*id, *trace))
            .map(|(id, _)| id)
    }
}

/// The ids that a text may mean: a UUID, and where it has no hyphens an OpenTelemetry id.
fn read(text: &str) -> Vec<Id> {
    let text = text.trim();
    let uuid = Id::parse(text);
    let plain = text.len() == 32 || text.len() == 16;
    let hex = plain.then(|| u128::from_str_radix(text, 16).ok()).flatten();
    let otel = hex.map(|hex| match text.len() {
        32 => Id::OtelTrace(hex.to_be_bytes()),
        _ => Id::OtelSpan((hex as u64).to_be_bytes()),
    });
    uuid.into_iter().chain(otel).collect()
}
