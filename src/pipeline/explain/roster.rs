//! Which destinations and projects there were, kept in the ledger at each start, so that a stopped
//! gateway's directory explains itself without its configuration; and which of them are gone from it while
//! something waits for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::canonical::Time;
use crate::pipeline::deliver::Destination;
use crate::pipeline::deliver::Route;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;

const SPACE: &str = "roster";

/// Projects and destinations by name.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Roster {
    /// The projects, in the configuration's order.
    pub projects: Vec<Arc<str>>,
    /// The destinations.
    pub destinations: BTreeMap<String, Entry>,
}

/// A destination, without anything secret.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Entry {
    /// Its dialect's name.
    pub dialect: String,
    /// Where it is.
    pub base_url: String,
    /// The projects routed there.
    pub routes: BTreeMap<Arc<str>, Route>,
    /// That it is not configured any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<Gone>,
}

/// When a destination was taken out of the configuration.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Gone {
    /// The first start without it.
    pub since: Time,
    /// The last record accepted before that.
    pub upto: Seq,
}

impl Roster {
    /// The roster of a configuration.
    pub fn of(projects: &[Arc<str>], destinations: &BTreeMap<String, Arc<Destination>>) -> Self {
        let entry = |destination: &Destination| Entry {
            dialect: destination.dialect.info().name.to_owned(),
            base_url: destination.client.base().to_string(),
            routes: destination.routes.clone(),
            gone: None,
        };
        let destinations = destinations.iter().map(|(name, destination)| (name.clone(), entry(destination)));
        Self { projects: projects.to_vec(), destinations: destinations.collect() }
    }

    /// The roster of the last start; `None` where the gateway was never started, or by a version that
    /// kept another one.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn load(ledger: &dyn Ledger) -> Result<Option<Self>, LedgerError> {
        let held = ledger.fact(SPACE, b"")?;
        Ok(held.and_then(|held| serde_json::from_slice(&held).ok()))
    }

    /// Keeps it, if it is another one than is held, with more facts.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn store(&self, ledger: &dyn Ledger, mut more: Vec<Fact>) -> Result<(), LedgerError> {
        let own = self.fact();
        if ledger.fact(SPACE, b"")?.as_ref() != Some(&own.value) {
            more.push(own);
        }
        if more.is_empty() { Ok(()) } else { ledger.replace(more).await }
    }

    /// What [`Roster::load`] reads.
    pub fn fact(&self) -> Fact {
        Fact { space: SPACE.to_owned(), key: Vec::new(), value: serde_json::to_vec(self).unwrap_or_default() }
    }
}
