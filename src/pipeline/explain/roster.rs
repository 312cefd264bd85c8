//! Which destinations and projects there were, kept in the ledger at each start, so that a stopped
//! gateway's directory explains itself without its configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;
use url::Url;

use crate::pipeline::deliver::Route;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;

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
    /// Where it is, without credentials.
    pub base_url: String,
    /// The projects routed there.
    pub routes: BTreeMap<Arc<str>, Route>,
}

impl Roster {
    /// The roster of the last start; `None` where the gateway was never started, or by a version that
    /// kept another one.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn load(ledger: &dyn Ledger) -> Result<Option<Self>, LedgerError> {
        let held = ledger.fact(SPACE, b"")?;
        Ok(held.and_then(|held| serde_json::from_slice(&held).ok()))
    }

    /// Keeps it, if it is another one than is held.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn store(&self, ledger: &dyn Ledger) -> Result<(), LedgerError> {
        let value = serde_json::to_vec(self).unwrap_or_default();
        if ledger.fact(SPACE, b"")?.as_ref() == Some(&value) {
            return Ok(());
        }
        ledger.replace(vec![Fact { space: SPACE.to_owned(), key: Vec::new(), value }]).await
    }
}

/// A URL that may be printed: nobody's name and password in it.
pub fn printable(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail only for URLs that have no host, and so no credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}
