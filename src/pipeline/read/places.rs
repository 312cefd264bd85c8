//! Which vendor projects a read may ask: the route's own, or under `same` those that the project's clients
//! name or have written to.
//!
//! Under `same` the names are the clients' own, so what belongs to whom must be told here. A name that a
//! route of another project fixes is never asked. Any other is this project's, whether the gateway has
//! seen it yet or not, unless another project uses that server under its clients' names, too. Then ids
//! must tell: those hashed for this project name its rows only; where its ids are not hashed, only the
//! names that it has been written to are asked.

use std::sync::Arc;

use crate::contract::DEFAULT_NAME;
use crate::contract::VendorProject;
use crate::pipeline::deliver::Destination;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::written;

/// Where a project's reads go that the ledger cannot answer.
pub struct Source {
    /// The destination that is asked.
    pub destination: Arc<Destination>,
    /// The names that routes of other projects fix on its server.
    pub taken: Vec<String>,
    /// Whether another project uses that server under its clients' names.
    pub shared: bool,
}

impl Source {
    /// Whether the route's own name is fixed; then, which it is.
    fn fixed(&self, project: &str) -> Option<&String> {
        self.destination.routes.get(project)?.vendor_project.as_ref()
    }

    /// Whether ids that this gateway did not hash may be asked for, on a server where it hashes: what
    /// answers to them is this project's as surely as what answers to its own hashes.
    pub(super) fn takes_verbatim(&self, project: &str) -> bool {
        match self.fixed(project) {
            Some(name) => self.stream(project).is_some() || !self.is_taken(name),
            None => !self.shared,
        }
    }

    /// Whether ids of this project are hashed there.
    pub(super) fn hashes(&self, project: &str) -> bool {
        self.destination.routes.get(project).is_some_and(|route| route.scope.is_some())
    }

    /// The second level's fixed name.
    pub(super) fn stream(&self, project: &str) -> Option<&String> {
        self.destination.routes.get(project)?.stream.as_ref()
    }

    fn is_taken(&self, name: &str) -> bool {
        let dialect = self.destination.dialect;
        self.taken.iter().any(|taken| is_same(taken, name) || is_same(&dialect.project_name(taken), name))
    }
}

/// Vendors differ in whether case and blanks at the ends count, and what may be one name is one here.
fn is_same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// The vendor projects that one read may ask.
pub(super) struct Places<'a> {
    source: &'a Source,
    stream: String,
    written: Vec<VendorProject>,
    /// Whether a name is not enough.
    guarded: bool,
    /// Whether there is but one, fixed by the route.
    pub(super) fixed: bool,
    /// Those whose names are known, the one that the request names first.
    pub(super) names: Vec<VendorProject>,
}

impl<'a> Places<'a> {
    /// For a read whose request may name a client project.
    pub(super) fn of(
        ledger: &dyn Ledger,
        source: &'a Source,
        project: &str,
        named: Option<&str>,
    ) -> Result<Self, LedgerError> {
        let stream = source.stream(project).cloned().unwrap_or_else(|| DEFAULT_NAME.to_owned());
        let guarded = source.shared && !source.hashes(project);
        let mut places = Self { source, stream, written: Vec::new(), guarded, fixed: false, names: Vec::new() };
        if let Some(name) = source.fixed(project) {
            places.fixed = true;
            places.names.push(VendorProject { name: name.clone(), stream: places.stream.clone() });
            return Ok(places);
        }
        places.written = written::all(ledger, &source.destination.name, project)?;
        places.written.retain(|place| !source.is_taken(&place.name));
        let named = named.and_then(|name| places.open(&source.destination.dialect.project_name(name)));
        let others = places.written.iter().filter(|place| named.as_ref().is_none_or(|named| named.name != place.name));
        places.names = named.iter().chain(others).cloned().collect();
        if places.names.is_empty() {
            places.names.extend(places.open(DEFAULT_NAME));
        }
        Ok(places)
    }

    /// The vendor project of a name, if this project may read there.
    pub(super) fn open(&self, name: &str) -> Option<VendorProject> {
        if let Some(written) = self.written.iter().find(|place| is_same(&place.name, name)) {
            return Some(VendorProject { name: name.to_owned(), ..written.clone() });
        }
        let is_open = !self.fixed && !self.guarded && !self.source.is_taken(name);
        is_open.then(|| VendorProject { name: name.to_owned(), stream: self.stream.clone() })
    }
}
