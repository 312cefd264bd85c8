//! Reads: answered from the fold, whichever dialect wrote it; what is not held is asked of the
//! project's `read_from` destination and translated back.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::View;
use crate::canonical::ids;
use crate::contract::Answer;
use crate::contract::Caller;
use crate::contract::DEFAULT_NAME;
use crate::contract::Dialect;
use crate::contract::Found;
use crate::contract::Outward;
use crate::contract::Read;
use crate::contract::Refusal;
use crate::contract::VendorProject;
use crate::contract::Wanted;
use crate::pipeline::deliver::Destination;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::outward::Outwards;
use crate::pipeline::record;
use crate::pipeline::subject;
use crate::pipeline::window;
use crate::pipeline::window::Minted;
use crate::pipeline::window::minted;
use crate::pipeline::written;

/// The read stage.
pub struct Reader {
    /// From views to encodes.
    pub outwards: Arc<Outwards>,
    /// Where each project's reads go that the ledger cannot answer.
    pub read_from: HashMap<Arc<str>, Arc<Destination>>,
}

impl Read for Reader {
    fn read<'a>(
        &'a self,
        caller: &'a Caller,
        dialect: &'static dyn Dialect,
        wanted: Target,
    ) -> BoxFuture<'a, Result<Found, Refusal>> {
        async move {
            let held = self.held(&caller.project, dialect, &wanted).await?;
            if let Some((found, true)) = held {
                return Ok(found);
            }
            match (self.ask(&caller.project, &wanted).await?, held) {
                (Some(found), _) | (None, Some((found, false))) => Ok(found),
                _ => Err(not_found(&wanted)),
            }
        }
        .boxed()
    }
}

impl Reader {
    /// What the ledger holds, and whether a create of what is wanted is among it.
    async fn held(
        &self,
        project: &str,
        dialect: &'static dyn Dialect,
        wanted: &Target,
    ) -> Result<Option<(Found, bool)>, Refusal> {
        let Some(key) = self.home(project, wanted).map_err(unreadable)? else { return Ok(None) };
        let items = self.outwards.traces.load(project, key).map_err(unreadable)?;
        if items.is_placed() && items.is_gone(Seq::MAX) {
            // The vendor may not have heard yet.
            return Err(not_found(wanted));
        }
        if !items.is_placed() {
            return Ok(None);
        }
        let mut view = items.view(Seq::MAX);
        let client = self.outwards.dress(project, &items, &mut view);
        let Some((native, whole)) = native(&view, wanted) else { return Ok(None) };
        let client = VendorProject {
            name: client.name.unwrap_or_else(|| DEFAULT_NAME.to_owned()),
            stream: client.stream.unwrap_or_else(|| DEFAULT_NAME.to_owned()),
        };
        let trace_ms = self.outwards.natural_ms(&items, &view);
        let mut out = Outward { trace_ms, project: client, ..Outward::default() };
        let mut traces = [(key, view.id, &mut out)];
        self.outwards.mint(dialect, "", None, &mut traces).await.map_err(unreadable)?;
        Ok(Some((Found { view, native, out }, whole)))
    }

    fn home(&self, project: &str, wanted: &Target) -> Result<Option<SubjectKey>, LedgerError> {
        match wanted {
            Target::Trace(id) | Target::Span { trace: Some(id), .. } => Ok(Some(subject::trace(project, *id))),
            Target::Span { trace: None, span } => self.outwards.homes.adopted(project, subject::span(project, *span)),
            Target::Session(_) => Ok(None),
        }
    }

    /// Asks the project's `read_from` destination, under each vendor project written to.
    async fn ask(&self, project: &str, wanted: &Target) -> Result<Option<Found>, Refusal> {
        let Some(destination) = self.read_from.get(project) else { return Ok(None) };
        for vendor_project in self.vendor_projects(destination, project).map_err(unreadable)? {
            let known = destination.client.learn(&vendor_project).await.map_err(|(_, why)| away(destination, &why))?;
            let out = self.guess(project, destination, wanted, &vendor_project);
            let asked = asked(destination, wanted, &out);
            let mut answers: Vec<Answer> = Vec::new();
            for request in destination.dialect.read(&asked, &known) {
                let answer = destination.client.read(&request).await.map_err(|why| away(destination, &why))?;
                if answer.status == 429 || answer.status >= 500 {
                    return Err(away(destination, &answer.status.to_string()));
                }
                answers.push(answer);
            }
            let items =
                destination.dialect.read_answer(&asked, &answers, &known).map_err(|why| away(destination, &why))?;
            if let Some(items) = items {
                return Ok(found(items, wanted));
            }
        }
        Ok(None)
    }

    /// Where to ask: the route's own vendor project, else each that the project was written to.
    fn vendor_projects(&self, destination: &Destination, project: &str) -> Result<Vec<VendorProject>, LedgerError> {
        let route = destination.routes.get(project);
        let stream = route.and_then(|route| route.stream.clone());
        let stream = stream.unwrap_or_else(|| DEFAULT_NAME.to_owned());
        if let Some(name) = route.and_then(|route| route.vendor_project.clone()) {
            return Ok(vec![VendorProject { name, stream }]);
        }
        let mut written = written::all(&*self.outwards.ledger, &destination.name, project)?;
        if written.is_empty() {
            written.push(VendorProject { name: DEFAULT_NAME.to_owned(), stream });
        }
        Ok(written)
    }

    /// How an id that is not held is translated for a destination: with the time minted for it, if one
    /// was, else the time it carries itself.
    fn guess(&self, project: &str, destination: &Destination, wanted: &Target, vendor: &VendorProject) -> Outward {
        let id = match wanted {
            Target::Trace(id) | Target::Span { trace: Some(id), .. } => *id,
            Target::Span { trace: None, span } => *span,
            Target::Session(_) => Id::default(),
        };
        let (key, ledger) = (subject::trace(project, id), &*self.outwards.ledger);
        let minted = [&*destination.name, ""].into_iter().find_map(|place| minted(ledger, place, key).ok()?);
        let fresh = window::fresh(ledger, &destination.name, key).unwrap_or_default();
        let own = match id {
            Id::Uuid(bytes) => ids::embedded_ms(&bytes),
            Id::OtelTrace(_) | Id::OtelSpan(_) => 0,
        };
        let scope = destination.routes.get(project).and_then(|route| route.scope.clone());
        let minted = minted.unwrap_or(Minted { ms: own, retimed: false });
        let mut out = Outward { scope, project: vendor.clone(), fresh, ..Outward::default() };
        minted.apply(&mut out);
        out
    }
}

fn asked(destination: &Destination, wanted: &Target, out: &Outward) -> Wanted {
    let show = |id: Id, trace: Id| destination.dialect.show_id(id, trace, out);
    let (trace, span) = match wanted {
        Target::Trace(id) => (Some(show(*id, *id)), None),
        Target::Span { trace, span } => {
            (trace.map(|trace| show(trace, trace)), Some(show(*span, trace.unwrap_or(*span))))
        }
        Target::Session(_) => (None, None),
    };
    Wanted { trace, span, project: out.project.clone() }
}

/// A vendor's items as a view, shown to our clients by the dialect's own rule.
fn found(items: Vec<Item>, wanted: &Target) -> Option<Found> {
    let mut held = TraceItems::default();
    held.add(1, Time(0), Duration::ZERO, (0..).zip(record::share(items)));
    let view = held.view(Seq::MAX);
    let native = match wanted {
        Target::Trace(_) => view.id,
        _ => {
            native(&view, wanted).map(|(native, _)| native).or_else(|| view.spans.first().map(|span| span.facts.id))?
        }
    };
    let trace_ms = match view.id {
        Id::Uuid(bytes) if bytes[6] >> 4 == 7 => ids::embedded_ms(&bytes),
        _ => view.start().map_or(0, Time::millis),
    };
    Some(Found { view, native, out: Outward { trace_ms, ..Outward::default() } })
}

/// The native id of what is wanted, and whether its create is held; `None` when the view lacks it.
fn native(view: &View, wanted: &Target) -> Option<(Id, bool)> {
    match wanted {
        Target::Trace(_) => {
            let whole = view.trace.as_ref().is_some_and(|trace| trace.whole);
            (view.trace.is_some() || !view.spans.is_empty()).then_some((view.id, whole))
        }
        Target::Span { span, .. } => {
            let held = view.spans.iter().find(|held| held.facts.id.stem() == span.stem())?;
            Some((held.facts.id, held.whole))
        }
        Target::Session(_) => None,
    }
}

fn not_found(wanted: &Target) -> Refusal {
    match wanted {
        Target::Trace(id) => Refusal::NotFound { what: "trace", id: id.to_string() },
        Target::Span { span, .. } => Refusal::NotFound { what: "span", id: span.to_string() },
        Target::Session(session) => Refusal::NotFound { what: "session", id: session.clone() },
    }
}

fn unreadable(error: LedgerError) -> Refusal {
    tracing::error!(%error, "a read could not be answered from the ledger");
    Refusal::Unavailable { what: "the ledger cannot be read right now".to_owned(), cause: "ledger", after_s: 1 }
}

fn away(destination: &Destination, why: &str) -> Refusal {
    tracing::warn!(destination = %destination.name, why, "a read could not be answered by the vendor");
    let what = format!("destination {} does not answer", destination.name);
    Refusal::Unavailable { what, cause: "vendor_away", after_s: 2 }
}
