//! Destinations that were taken out of the configuration while something waited for them. Each is
//! remembered, with an alarm, until an operator has chosen: put back, and what waits goes out; or dropped,
//! and it is given up. What was chosen is kept.
//!
//! Until then retention leaves what had been accepted for it when it was taken out, at most its share of
//! the disk, which grows no more. What is accepted later it gets, if put back, as far as that is still held.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Operator;
use super::unreadable;
use crate::canonical::Time;
use crate::contract::Choice;
use crate::contract::NotDropped;
use crate::contract::RemovedLine;
use crate::pipeline::deliver::Left;
use crate::pipeline::deliver::Pins;
use crate::pipeline::deliver::Waits;
use crate::pipeline::explain::Entry;
use crate::pipeline::explain::Gone;
use crate::pipeline::explain::Roster;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Settle;
use crate::pipeline::traces::Traces;
use crate::telemetry::alarm::Alarms;
use crate::telemetry::alarm::Kind;

const SPACE: &str = "removed";

/// The removed destinations that something waits for.
#[derive(Default)]
pub struct Removed {
    held: Mutex<BTreeMap<String, (Entry, Waits)>>,
    /// Held while one is dropped, which reads the roster and writes it.
    turn: tokio::sync::Mutex<()>,
}

impl Removed {
    /// Those of the last start's roster that this start's has not, and for which something waits. Keeps this
    /// start's roster with them, and that one was put back.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn open(
        mut roster: Roster,
        (ledger, traces): (&dyn Ledger, &Traces),
        now: Time,
    ) -> Result<Self, LedgerError> {
        let (mut held, mut facts) = (BTreeMap::new(), Vec::new());
        let before = Roster::load(ledger)?.unwrap_or_default();
        for (name, mut entry) in before.destinations {
            let is_back = roster.destinations.contains_key(&name);
            if is_back && entry.gone.is_none() {
                continue;
            }
            let gone = *entry.gone.get_or_insert(Gone { since: now, upto: ledger.head() });
            let waits = Left { name: &name, routes: &entry.routes }.waits(ledger, traces, gone.upto)?;
            if is_back {
                let line = chosen("put back", "it is configured again", now, line(&name, &entry, &waits));
                tracing::warn!(destination = %name, items = waits.items, "a removed destination was put back");
                facts.push(fact(&line));
            } else if waits.items > 0 || waits.letters > 0 {
                roster.destinations.insert(name.clone(), entry.clone());
                held.insert(name, (entry, waits));
            }
        }
        roster.store(ledger, facts).await?;
        Ok(Self { held: Mutex::new(held), turn: Default::default() })
    }

    /// What they need of the ledger.
    pub fn pins(&self) -> Vec<Pins> {
        self.held.lock().values().map(|(_, waits)| waits.pins.clone()).collect()
    }

    /// Raises the alarm about them, or ends it.
    pub fn tell(&self, alarms: &Alarms, now: Time) {
        let told = |(name, (_, waits)): (&String, &(Entry, Waits))| format!("{} for {name}", amount(waits));
        let waits: Vec<String> = self.held.lock().iter().map(told).collect();
        let text = format!(
            "destinations were taken out of the configuration while something waited: {}; put them back, or give \
             that up with `spangate destinations drop NAME --why TEXT`",
            waits.join(", ")
        );
        alarms.set(Kind::Removed, None, (!waits.is_empty()).then_some(&*text), now.0);
    }

    fn lines(&self) -> Vec<RemovedLine> {
        self.held.lock().iter().map(|(name, (entry, waits))| line(name, entry, waits)).collect()
    }

    fn entry(&self, name: &str) -> Option<Entry> {
        self.held.lock().get(name).map(|(entry, _)| entry.clone())
    }
}

impl Operator {
    /// The removed destinations that something waits for, and those for which was chosen.
    pub(super) fn removed_lines(&self) -> Result<Vec<RemovedLine>, LedgerError> {
        let mut lines = self.removed.lines();
        for fact in self.ledger().facts(SPACE)? {
            let line = serde_json::from_slice(&fact.value).ok();
            let is_new = |line: &RemovedLine| lines.iter().all(|held| held.destination != line.destination);
            let line = line.filter(is_new);
            lines.extend(line);
        }
        Ok(lines)
    }

    /// Gives up what waits for a removed destination, and forgets it.
    pub(super) async fn forsake(&self, name: &str, why: &str) -> Result<RemovedLine, NotDropped> {
        if self.outlet(name).is_some() {
            return Err(NotDropped::Configured(name.to_owned()));
        }
        let _turn = self.removed.turn.lock().await;
        let entry = self.removed.entry(name).ok_or_else(|| NotDropped::Unknown(name.to_owned()))?;
        let given = self.give_all_up(name, &entry, why).await;
        let line = given.map_err(|error| NotDropped::Ledger(unreadable(error)))?;
        self.removed.held.lock().remove(name);
        self.removed.tell(&self.alarms, self.now());
        let RemovedLine { items, letters, .. } = line;
        tracing::warn!(destination = name, items, letters, why, "an operator dropped what waited for a destination");
        Ok(line)
    }

    /// All of it is one step, or nothing has happened.
    async fn give_all_up(&self, name: &str, entry: &Entry, why: &str) -> Result<RemovedLine, LedgerError> {
        let (now, outwards) = (self.now(), Arc::clone(&self.explain.outwards));
        let (named, routes) = (name.to_owned(), entry.routes.clone());
        let give_up = move || {
            let left = Left { name: &named, routes: &routes };
            left.give_up(&*outwards.ledger, &outwards.traces, now)
        };
        let given = tokio::task::spawn_blocking(give_up).await;
        let (waits, settle) = given.map_err(|error| LedgerError::Store(error.to_string()))??;
        let line = chosen("dropped", why, now, line(name, entry, &waits));
        let mut roster = Roster::load(self.ledger())?.unwrap_or_default();
        roster.destinations.remove(name);
        let facts = settle.facts.into_iter().chain([fact(&line), roster.fact()]).collect();
        self.ledger().settle(name, Settle { facts, ..settle }).await?;
        Ok(line)
    }
}

fn amount(Waits { items, letters, .. }: &Waits) -> String {
    match letters {
        0 => format!("{items} items"),
        letters => format!("{items} items and {letters} dead letters"),
    }
}

fn line(name: &str, entry: &Entry, waits: &Waits) -> RemovedLine {
    let since = entry.gone.map(|gone| gone.since.exact()).unwrap_or_default();
    RemovedLine { destination: name.to_owned(), items: waits.items, letters: waits.letters, since, choice: None }
}

fn chosen(what: &str, why: &str, now: Time, line: RemovedLine) -> RemovedLine {
    RemovedLine { choice: Some(Choice { what: what.to_owned(), at: now.exact(), why: why.to_owned() }), ..line }
}

fn fact(line: &RemovedLine) -> Fact {
    let value = serde_json::to_vec(line).unwrap_or_default();
    Fact { space: SPACE.to_owned(), key: line.destination.as_bytes().to_vec(), value }
}
