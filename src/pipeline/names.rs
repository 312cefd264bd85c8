//! Names and their ids: an id is a hash of its name, so it is the same after any restart; which name
//! an id was given for is a table in the ledger.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use secrecy::SecretString;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::canonical::Time;
use crate::contract::Clock;
use crate::contract::Named;
use crate::contract::Names;
use crate::contract::Refusal;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::written;

const SPACE: &str = "names";

/// Gives login tokens for gateway keys; `None` for an unknown key.
pub type LogIn = Arc<dyn Fn(&SecretString) -> Result<String, Refusal> + Send + Sync>;

/// The vendor projects of each project's routes: the destination, and the name where it is fixed.
pub type Routed = HashMap<Arc<str>, Vec<(Arc<str>, Option<String>)>>;

/// What the kind of client projects is called, in every dialect.
const PROJECT: &str = "project";

/// The table of names.
pub struct NameTable {
    ledger: Arc<dyn Ledger>,
    clock: Clock,
    log_in: LogIn,
    routed: Routed,
    held: RwLock<HashMap<Key, Named>>,
}

#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
struct Key {
    project: String,
    dialect: String,
    id: String,
}

#[derive(Deserialize, Serialize)]
struct Stored {
    kind: String,
    parent: String,
    name: String,
    since: Time,
}

impl NameTable {
    /// Reads the table from the ledger.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn open(ledger: Arc<dyn Ledger>, clock: Clock, log_in: LogIn) -> Result<Self, LedgerError> {
        let mut held = HashMap::new();
        for fact in ledger.facts(SPACE)? {
            if let (Ok(key), Ok(stored)) =
                (serde_json::from_slice::<Key>(&fact.key), serde_json::from_slice::<Stored>(&fact.value))
            {
                let named = named(&key.id, stored);
                held.insert(key, named);
            }
        }
        Ok(Self { ledger, clock, log_in, routed: Routed::default(), held: RwLock::new(held) })
    }

    /// The same table, for projects that are routed.
    #[must_use]
    pub fn with_routes(self, routed: Routed) -> Self {
        Self { routed, ..self }
    }

    /// The name that some dialect's clients gave, the oldest first.
    fn given(&self, project: &str, is_it: impl Fn(&str) -> bool) -> Option<String> {
        let held = self.held.read();
        let projects = held.iter().filter(|(key, named)| key.project == project && named.kind == PROJECT);
        let oldest = projects.filter(|(_, named)| is_it(&named.name)).min_by_key(|(_, named)| named.since);
        oldest.map(|(_, named)| named.name.clone())
    }

    /// The name as a route fixes it, or as it was last written to at a destination.
    fn routed(&self, project: &str, is_it: impl Fn(&str) -> bool) -> Option<String> {
        let written = |destination: &str| written::all(&*self.ledger, destination, project).unwrap_or_default();
        let names = self.routed.get(project).into_iter().flatten().flat_map(|(destination, fixed)| match fixed {
            Some(name) => vec![name.clone()],
            None => written(destination).into_iter().map(|vendor| vendor.name).collect(),
        });
        names.into_iter().find(|name| is_it(name))
    }

    async fn give(&self, key: Key, stored: Stored) -> Result<String, Refusal> {
        let id = key.id.clone();
        if self.held.read().contains_key(&key) {
            return Ok(id);
        }
        let fact = Fact {
            space: SPACE.to_owned(),
            key: serde_json::to_vec(&key).unwrap_or_default(),
            value: serde_json::to_vec(&stored).unwrap_or_default(),
        };
        self.ledger.put_if_absent(vec![fact]).await.map_err(|error| {
            tracing::error!(%error, "a name could not be stored");
            Refusal::Unavailable { what: "the ledger does not accept".to_owned(), cause: error.cause(), after_s: 1 }
        })?;
        self.held.write().insert(key, named(&id, stored));
        Ok(id)
    }
}

impl Names for NameTable {
    fn id<'a>(
        &'a self,
        project: &'a str,
        dialect: &'a str,
        kind: &'a str,
        parent: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        let id = hash(project, dialect, kind, parent, name);
        let key = Key { project: project.to_owned(), dialect: dialect.to_owned(), id };
        let since = Time((self.clock)());
        let stored = Stored { kind: kind.to_owned(), parent: parent.to_owned(), name: name.to_owned(), since };
        self.give(key, stored).boxed()
    }

    fn name(&self, project: &str, dialect: &str, id: &str) -> Option<Named> {
        let key = Key { project: project.to_owned(), dialect: dialect.to_owned(), id: id.to_lowercase() };
        self.held.read().get(&key).cloned()
    }

    fn list(&self, project: &str, dialect: &str, kind: &str, parent: &str) -> Vec<Named> {
        let held = self.held.read();
        let mut list: Vec<Named> = held
            .iter()
            .filter(|(key, named)| key.project == project && key.dialect == dialect && named.kind == kind)
            .filter(|(_, named)| named.parent == parent)
            .map(|(_, named)| named.clone())
            .collect();
        list.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
        list
    }

    fn project(&self, project: &str, name: &str) -> Option<String> {
        let lower = name.trim().to_lowercase();
        let is_it = |other: &str| other.to_lowercase() == lower;
        self.given(project, is_it).or_else(|| self.routed(project, is_it))
    }

    fn log_in(&self, key: &SecretString) -> Result<String, Refusal> {
        (self.log_in)(key)
    }
}

fn named(id: &str, stored: Stored) -> Named {
    let Stored { kind, parent, name, since } = stored;
    Named { id: id.to_owned(), kind, parent, name, since }
}

/// The id of a name: a version 4 UUID made of its hash.
pub fn hash(project: &str, dialect: &str, kind: &str, parent: &str, name: &str) -> String {
    let mut hash = Sha256::new();
    for part in ["sg/name/1", project, dialect, kind, parent, name] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}
