//! One trace at one destination: its state there, its ids there, and what could not be carried.

use std::collections::BTreeMap;

use super::Explainer;
use super::Outlet;
use super::find::Held;
use super::outlet::Stage;
use crate::canonical::Id;
use crate::contract::Arrival;
use crate::contract::Outward;
use crate::pipeline::deliver::Route;
use crate::pipeline::deliver::State;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Letters;
use crate::pipeline::lost;

impl Explainer {
    /// What a destination shows of a trace. The losses are those of showing the whole trace as it now is,
    /// and of updates that came too late to be shown.
    pub(in crate::pipeline) fn arrival(
        &self,
        held: &Held,
        outlet: &Outlet,
        route: &Route,
    ) -> Result<Arrival, LedgerError> {
        let out = self.outward(held, outlet, route)?;
        let Stage { place, shown, pending, dead, expired, state } = outlet.stage(held);
        let trace = if held.is_orphan() { held.id } else { held.view.id };
        let show = |id: Id| outlet.dialect.show_id(id, trace, &out);
        let spans: BTreeMap<String, String> =
            held.view.spans.iter().map(|span| (span.facts.id.to_string(), show(span.facts.id))).collect();
        let id = show(trace);
        let empty = held.view.trace.is_none() && held.view.spans.is_empty() && held.view.scores.is_empty();
        let losses = if empty || held.is_orphan() {
            Vec::new()
        } else {
            let updates = lost::held(&*self.outwards.ledger, &outlet.name, held.key)?;
            lost::together(outlet.dialect.plan(&held.view, None, &out).losses, updates)
        };
        let letters = self.outwards.ledger.letters(&Letters {
            destination: Some(outlet.name.to_string()),
            trace: Some(held.key),
            ..Letters::default()
        })?;
        let waits = state.as_ref().filter(|state| state.state == State::Waiting);
        Ok(Arrival {
            destination: outlet.name.to_string(),
            dialect: outlet.dialect.info().name.to_owned(),
            state: place,
            spans,
            link: if shown > 0 { outlet.dialect.console_link(&outlet.base, &id) } else { None },
            id,
            shown,
            pending,
            dead,
            expired,
            attempts: state.as_ref().map_or(0, |state| state.attempts),
            status: letters.iter().max_by_key(|letter| letter.dead_at_ns).and_then(|letter| letter.status),
            next_try: waits.map(|state| state.due.exact()),
            why: state.and_then(|state| state.why),
            losses,
            letters: letters.iter().map(|letter| letter.id).collect(),
        })
    }

    /// How a trace goes out to a destination: with the time minted for it, and the names looked up so far.
    pub(super) fn outward(&self, held: &Held, outlet: &Outlet, route: &Route) -> Result<Outward, LedgerError> {
        let mut out = self.outwards.outward(&held.project, &held.items, &held.view, outlet.dialect, route);
        self.outwards.recall(outlet.dialect, &outlet.name, (held.key, held.view.id), &mut out)?;
        if let Some(client) = outlet.client() {
            out.known = client.known(&out.project);
        }
        Ok(out)
    }
}
