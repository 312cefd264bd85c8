//! What clients said of sessions: facts in the ledger, beside the records, because no trace tells them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use serde::Deserialize;
use serde::Serialize;

use crate::canonical::Raw;
use crate::canonical::Session;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;

const SPACE: &str = "sessions";

/// The sessions that something was said of.
pub(super) struct SessionTable {
    ledger: Arc<dyn Ledger>,
    held: RwLock<HashMap<Key, Session>>,
}

#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
struct Key {
    project: String,
    /// The client project's name: clients count sessions within it.
    client: String,
    id: String,
}

#[derive(Deserialize, Serialize)]
struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata: Option<Raw>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
}

impl SessionTable {
    /// Reads the table from the ledger.
    pub(super) fn open(ledger: Arc<dyn Ledger>) -> Result<Self, LedgerError> {
        let facts = ledger.facts(SPACE)?.into_iter();
        let held = RwLock::new(facts.filter_map(|fact| read(&fact)).collect());
        Ok(Self { ledger, held })
    }

    pub(super) fn get(&self, project: &str, client: &str, id: &str) -> Option<Session> {
        self.held.read().get(&key(project, client, id)).cloned()
    }

    /// Two that say something of one session at once write it one after the other; what the ledger holds
    /// in the end is what is known, so each looks again.
    pub(super) async fn tell(&self, project: &str, client: &str, session: Session) -> Result<Session, LedgerError> {
        let key = key(project, client, &session.id);
        let mut known = {
            let mut held = self.held.write();
            let known = session.over(held.get(&key));
            held.insert(key.clone(), known.clone());
            known
        };
        loop {
            self.ledger.replace(vec![fact(&key, &known)]).await?;
            match self.held.read().get(&key) {
                Some(newer) if *newer != known => known = newer.clone(),
                _ => return Ok(known),
            }
        }
    }
}

fn key(project: &str, client: &str, id: &str) -> Key {
    Key { project: project.to_owned(), client: client.to_owned(), id: id.to_owned() }
}

fn fact(key: &Key, session: &Session) -> Fact {
    let Session { id: _, name, metadata, previous } = session.clone();
    Fact {
        space: SPACE.to_owned(),
        key: serde_json::to_vec(key).unwrap_or_default(),
        value: serde_json::to_vec(&Stored { name, metadata, previous }).unwrap_or_default(),
    }
}

fn read(fact: &Fact) -> Option<(Key, Session)> {
    let key: Key = serde_json::from_slice(&fact.key).ok()?;
    let Stored { name, metadata, previous } = serde_json::from_slice(&fact.value).ok()?;
    let id = key.id.clone();
    Some((key, Session { id, name, metadata, previous }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_reads_back_the_same() {
        let session = Session {
            id: "chat 1".to_owned(),
            name: Some("support".to_owned()),
            metadata: Raw::parse(r#"{"tier":"gold"}"#),
            previous: Some("chat 0".to_owned()),
        };
        let key = key("checkout", "web", "chat 1");
        let fact = fact(&key, &session);
        assert_eq!(fact.value, br#"{"name":"support","metadata":{"tier":"gold"},"previous":"chat 0"}"#);
        assert_eq!(read(&fact), Some((key, session)));
    }
}
