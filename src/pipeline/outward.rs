//! From a folded trace to what a dialect's encode needs: names for ids, the vendor's project, the
//! trace's minted time, the scope of ids.

use std::sync::Arc;

use crate::canonical::ClientProject;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Session;
use crate::canonical::View;
use crate::canonical::ids;
use crate::contract;
use crate::contract::Dialect;
use crate::contract::Names;
use crate::contract::Outward;
use crate::contract::VendorProject;
use crate::pipeline::deliver::Route;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::homes::Homes;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::record::Dialects;
use crate::pipeline::traces::Traces;
use crate::pipeline::window;
use crate::pipeline::window::Minted;
use crate::pipeline::window::Window;
use crate::pipeline::window::minted;

const DAY_MS: i64 = 86_400_000;
/// How many sessions before a trace's own are looked at, it included.
const LINKS: usize = 4;

/// What turns traces outward; shared by the couriers and the reads.
pub struct Outwards {
    /// The cache of traces.
    pub traces: Arc<Traces>,
    /// Which trace a span is in.
    pub homes: Arc<Homes>,
    /// Names and their ids.
    pub names: Arc<dyn Names>,
    /// Where minted times are kept.
    pub ledger: Arc<dyn Ledger>,
    /// The dialects.
    pub dialects: Dialects,
}

impl Outwards {
    /// Replaces ids that we gave for names by the names: of the project and the session. Adds what was said
    /// of the session. The client project in plain names.
    pub fn dress(&self, project: &str, items: &TraceItems, view: &mut View) -> ClientProject {
        dress(view, items, project, &*self.names)
    }

    /// How a view goes out to a destination, but for names that must be looked up and a time that must
    /// be minted.
    pub fn outward(
        &self,
        project: &str,
        items: &TraceItems,
        view: &View,
        dialect: &dyn Dialect,
        route: &Route,
    ) -> Outward {
        let client = view.trace.as_ref().and_then(|trace| trace.facts.project.cloned());
        let client = client.unwrap_or_else(|| self.client_project(project, items));
        let name = route.vendor_project.clone().or(client.name).unwrap_or_else(|| contract::DEFAULT_NAME.to_owned());
        let stream = route.stream.clone().or(client.stream).unwrap_or_else(|| contract::DEFAULT_NAME.to_owned());
        Outward {
            scope: route.scope.clone(),
            trace_ms: self.natural_ms(items, view),
            project: VendorProject { name: dialect.project_name(&name), stream },
            keep: route.keep,
            ..Outward::default()
        }
    }

    /// [`natural_ms`], with the origin looked up.
    pub fn natural_ms(&self, items: &TraceItems, view: &View) -> i64 {
        natural_ms(self.dialects.get(items.origin()), items, view)
    }

    /// The client project of a trace whose record is not held, in plain names.
    fn client_project(&self, project: &str, items: &TraceItems) -> ClientProject {
        let named = |id: &str| self.names.name(project, items.origin(), id).map(|named| named.name);
        plain(items, named)
    }

    /// The trace's time in the ids of a dialect whose ids carry one: its own id's, where that carries a
    /// time; else the first that was minted for it. A time outside the window is minted anew, for that
    /// `place`.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn mint(
        &self,
        dialect: &'static dyn Dialect,
        place: &str,
        window: Option<Window>,
        traces: &mut [(SubjectKey, Id, &mut Outward)],
    ) -> Result<(), LedgerError> {
        if !dialect.info().timed_ids {
            return Ok(());
        }
        let mut facts = Vec::new();
        let mut wanted = Vec::new();
        for (at, (key, id, out)) in traces.iter_mut().enumerate() {
            let natural = out.trace_ms;
            let own = own_ms(*id, natural).filter(|_| out.scope.is_none());
            // Behind a window the first choice is kept, or an id would change when its time leaves it.
            if let (Some(own), None) = (own, window) {
                out.trace_ms = own;
                continue;
            }
            let ms = own.unwrap_or(natural);
            let anew = window.filter(|window| !window.holds(ms));
            let chosen = anew.map_or(Minted { ms, retimed: false }, |window| Minted { ms: window.now, retimed: true });
            let place = if window.is_none() && out.scope.is_none() { "" } else { place };
            facts.push(chosen.fact(place, *key));
            wanted.push(at);
        }
        if facts.is_empty() {
            return Ok(());
        }
        for (at, held) in wanted.into_iter().zip(self.ledger.put_if_absent(facts).await?) {
            if let Some(minted) = Minted::read(&held) {
                minted.apply(traces[at].2);
            }
        }
        Ok(())
    }

    /// What [`Outwards::mint`] gave or would give, without giving anything: the trace's time as minted
    /// for the place, else as its id carries it, else as minted for the project, else as it would be.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn recall(
        &self,
        dialect: &dyn Dialect,
        place: &str,
        (key, id): (SubjectKey, Id),
        out: &mut Outward,
    ) -> Result<(), LedgerError> {
        if !dialect.info().timed_ids {
            return Ok(());
        }
        let own = own_ms(id, out.trace_ms).filter(|_| out.scope.is_none());
        if let Some(minted) = minted(&*self.ledger, place, key)? {
            minted.apply(out);
            out.fresh = window::fresh(&*self.ledger, place, key)?;
        } else if let Some(own) = own {
            out.trace_ms = own;
        } else if let Some(minted) = minted(&*self.ledger, "", key)? {
            minted.apply(out);
        }
        Ok(())
    }
}

/// Replaces the ids of the project and the session by the names they were given for, and adds what was
/// said of the session; the client project in plain names.
pub fn dress(view: &mut View, items: &TraceItems, project: &str, names: &dyn Names) -> ClientProject {
    let origin = items.origin();
    let named = |id: &str| names.name(project, origin, id).map(|named| named.name);
    let client = plain(items, named);
    let Some(trace) = &mut view.trace else { return client };
    trace.facts.project = Field::Set(client.clone());
    if let Field::Set(session) = &mut trace.facts.session {
        if let Some(name) = named(session) {
            *session = name;
        }
        let told = |id: &str| names.session(project, client.name.as_deref().unwrap_or_default(), id);
        view.sessions = chain(session, told, named);
    }
    client
}

/// What was said of a session, and of those before it.
fn chain(id: &str, told: impl Fn(&str) -> Option<Session>, named: impl Fn(&str) -> Option<String>) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    let mut next = told(id);
    while let Some(mut session) = next.take() {
        session.previous = session.previous.map(|id| named(&id).unwrap_or(id));
        let before = session.previous.clone();
        sessions.push(session);
        let before = before.filter(|id| sessions.len() < LINKS && sessions.iter().all(|held| held.id != *id));
        next = before.map(|id| told(&id).unwrap_or_else(|| Session { id, ..Session::default() }));
    }
    sessions
}

fn plain(items: &TraceItems, named: impl Fn(&str) -> Option<String>) -> ClientProject {
    let (name, stream) = contract::plain(&items.client_project(), named);
    ClientProject { name: Some(name), stream, ..ClientProject::default() }
}

/// The trace's time before anything is minted, in milliseconds: what its id carries where its origin
/// puts a time there, else when it began, else when it was first heard of.
pub fn natural_ms(origin: Option<&dyn Dialect>, items: &TraceItems, view: &View) -> i64 {
    if let Some(past) = items.past() {
        return past.ms;
    }
    let timed = origin.is_some_and(|dialect| dialect.info().timed_ids);
    match view.id {
        Id::Uuid(bytes) if timed && bytes[6] >> 4 == 7 => ids::embedded_ms(&bytes),
        _ => view.start().or(items.start()).unwrap_or(items.first_at).millis(),
    }
}

/// The time that an id carries, if it lies within a day of when its trace began.
pub fn own_ms(id: Id, natural: i64) -> Option<i64> {
    let Id::Uuid(bytes) = id else { return None };
    let own = ids::embedded_ms(&bytes);
    ((own - natural).abs() <= DAY_MS).then_some(own)
}
