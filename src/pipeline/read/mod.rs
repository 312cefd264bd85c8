//! Reads: answered from the fold, whichever dialect wrote it; what is not held is asked of the
//! project's `read_from` destination and translated back.
//!
//! `places` says which vendor projects may be asked, `forms` under which ids, `seen` what is known of them,
//! and `found` makes the answer one to what was asked for.

mod forms;
mod found;
mod places;
mod seen;

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::canonical::ClientProject;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Target;
use crate::canonical::View;
use crate::contract;
use crate::contract::Answer;
use crate::contract::Asked;
use crate::contract::Caller;
use crate::contract::Dialect;
use crate::contract::Found;
use crate::contract::Outward;
use crate::contract::Read;
use crate::contract::Refusal;
use crate::contract::Request;
use crate::contract::VendorProject;
use crate::contract::Wanted;
use crate::contract::Whereabouts;
use crate::pipeline::deliver::Destination;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::outward::Outwards;
use crate::pipeline::subject;

use forms::Form;
use found::found;
use places::Places;
pub use places::Source;
pub use seen::Seen;

/// The read stage.
pub struct Reader {
    /// From views to encodes.
    pub outwards: Arc<Outwards>,
    /// Where each project's reads go that the ledger cannot answer.
    pub read_from: HashMap<Arc<str>, Source>,
    /// What answers of vendors told beside what was asked for.
    pub seen: Seen,
}

impl Read for Reader {
    fn read<'a>(
        &'a self,
        caller: &'a Caller,
        dialect: &'static dyn Dialect,
        asked: Asked,
    ) -> BoxFuture<'a, Result<Found, Refusal>> {
        async move {
            let held = self.held(&caller.project, dialect, &asked.target).await?;
            if let Some((found, true)) = held {
                return Ok(found);
            }
            match (self.ask(&caller.project, dialect, &asked).await?, held) {
                (Some(found), _) | (None, Some((found, false))) => Ok(found),
                _ => Err(not_found(&asked.target)),
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
        self.outwards.dress(project, &items, &mut view);
        let Some((native, whole)) = native(&view, wanted) else { return Ok(None) };
        let mut out = Outward { trace_ms: self.outwards.natural_ms(&items, &view), ..Outward::default() };
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

    /// The client project that a request names, by its name.
    fn named(&self, project: &str, dialect: &dyn Dialect, asked: &ClientProject) -> Option<String> {
        let known = |id: &str| self.outwards.names.name(project, dialect.info().name, id).map(|named| named.name);
        let is_named = asked.name.is_some() || asked.id.is_some();
        is_named.then(|| contract::plain(asked, known).0)
    }

    /// Asks the project's `read_from` destination, for each form that the ids may have there.
    async fn ask(&self, project: &str, dialect: &dyn Dialect, asked: &Asked) -> Result<Option<Found>, Refusal> {
        let Some(source) = self.read_from.get(project) else { return Ok(None) };
        let (ledger, named) = (&*self.outwards.ledger, self.named(project, dialect, &asked.project));
        let places = Places::of(ledger, source, project, named.as_deref()).map_err(unreadable)?;
        for target in self.seen.targets(project, &asked.target) {
            for form in Form::all(ledger, source, project, &target) {
                let Some(items) = ask_all(source, &form, &places).await? else { continue };
                let found = found(items, (&asked.target, &target), &form, source.destination.dialect);
                found.iter().for_each(|found| self.seen.note(project, &found.view));
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// Asks for one form, first where the vendor says that it is.
async fn ask_all(source: &Source, form: &Form, places: &Places<'_>) -> Result<Option<Vec<Item>>, Refusal> {
    let located = if places.fixed { None } else { locate(&source.destination, form).await? };
    let located = located.and_then(|name| places.open(&name));
    let others = places.names.iter().filter(|place| located.as_ref().is_none_or(|own| own.name != place.name));
    for place in located.iter().chain(others) {
        if let Some(items) = ask_at(&source.destination, form, place).await? {
            return Ok(Some(items));
        }
    }
    Ok(None)
}

/// The vendor project that holds what is asked for, where the vendor tells.
async fn locate(destination: &Destination, form: &Form) -> Result<Option<String>, Refusal> {
    let mut answers: Vec<Answer> = Vec::new();
    loop {
        match destination.dialect.whereabouts(&form.wanted, &answers) {
            Whereabouts::Ask(request) => answers.push(answer(destination, &request).await?),
            Whereabouts::In(name) => return Ok(Some(name)),
            Whereabouts::Unknown => return Ok(None),
        }
    }
}

/// What one vendor project holds of it.
async fn ask_at(destination: &Destination, form: &Form, place: &VendorProject) -> Result<Option<Vec<Item>>, Refusal> {
    let known = destination.client.find(place).await.map_err(|(_, why)| away(destination, &why))?;
    let wanted = Wanted { project: place.clone(), ..form.wanted.clone() };
    let mut answers: Vec<Answer> = Vec::new();
    for request in destination.dialect.read(&wanted, &known) {
        answers.push(answer(destination, &request).await?);
    }
    if answers.is_empty() {
        return Ok(None);
    }
    destination.dialect.read_answer(&wanted, &answers, &known).map_err(|why| away(destination, &why))
}

async fn answer(destination: &Destination, request: &Request) -> Result<Answer, Refusal> {
    let answer = destination.client.read(request).await.map_err(|why| away(destination, &why))?;
    if answer.status == 429 || answer.status >= 500 {
        return Err(away(destination, &answer.status.to_string()));
    }
    Ok(answer)
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
