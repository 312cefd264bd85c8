//! The operator's view and hand: how destinations do, whether the books balance, what became of a
//! request, dead letters and what is done with them.
//!
//! Nothing is kept for it: the answers come from the ledger and the couriers' books, so those about
//! requests and dead letters hold for a stopped gateway's directory as well.

mod follow;
mod letters;
mod pace;
mod removed;
mod replay;
mod standing;
mod switch;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
pub use removed::Removed;

use crate::canonical::Time;
use crate::contract::Account;
use crate::contract::AlarmLine;
use crate::contract::Clock;
use crate::contract::Followed;
use crate::contract::LetterFilter;
use crate::contract::LetterList;
use crate::contract::LetterPage;
use crate::contract::Moved;
use crate::contract::NotDropped;
use crate::contract::Operate;
use crate::contract::Receipt;
use crate::contract::RemovedLine;
use crate::contract::Standing;
use crate::pipeline::explain::Explainer;
use crate::pipeline::explain::Live;
use crate::pipeline::explain::Outlet;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::telemetry::alarm::Alarms;

/// What answers an operator.
pub struct Operator {
    /// Knows traces and destinations.
    pub explain: Arc<Explainer>,
    /// The wall clock.
    pub clock: Clock,
    /// The alarms that stand.
    pub alarms: Arc<Alarms>,
    /// The destinations that were taken out of the configuration.
    pub removed: Arc<Removed>,
}

impl Operate for Operator {
    fn destinations(&self) -> Vec<Standing> {
        self.live().map(|(outlet, live)| self.standing(outlet, live)).collect()
    }

    fn books(&self) -> Vec<Account> {
        self.live().map(|(outlet, live)| standing::account(outlet, live)).collect()
    }

    fn alarms(&self) -> Vec<AlarmLine> {
        self.alarms.about(None).into_iter().map(standing::line).collect()
    }

    fn receipt(&self, receipt: Receipt) -> Result<Option<Followed>, String> {
        self.follow(receipt).map_err(unreadable)
    }

    fn letters(&self, wanted: &LetterFilter) -> Result<LetterList, String> {
        self.list(wanted).map_err(unreadable)
    }

    fn letter(&self, id: u64) -> Result<Option<LetterPage>, String> {
        self.page(id).map_err(unreadable)
    }

    fn replay<'a>(&'a self, wanted: &'a LetterFilter, wait: Duration) -> BoxFuture<'a, Result<Moved, String>> {
        self.send_again(wanted, wait).boxed()
    }

    fn discard(&self, wanted: &LetterFilter) -> Result<Moved, String> {
        self.give_up(wanted)
    }

    fn plan(&self, wanted: &LetterFilter) -> Result<Moved, String> {
        self.gather(wanted).map(|batch| batch.moved(true)).map_err(unreadable)
    }

    fn pause<'a>(&'a self, destination: &'a str, why: &'a str) -> BoxFuture<'a, Result<(), String>> {
        self.hold(destination, why).boxed()
    }

    fn resume<'a>(&'a self, destination: &'a str) -> BoxFuture<'a, Result<(), String>> {
        self.release(destination).boxed()
    }

    fn removed(&self) -> Result<Vec<RemovedLine>, String> {
        self.removed_lines().map_err(unreadable)
    }

    fn abandon<'a>(&'a self, destination: &'a str, why: &'a str) -> BoxFuture<'a, Result<RemovedLine, NotDropped>> {
        self.forsake(destination, why).boxed()
    }
}

impl Operator {
    fn now(&self) -> Time {
        Time((self.clock)())
    }

    fn ledger(&self) -> &dyn Ledger {
        &*self.explain.outwards.ledger
    }

    /// The destinations of a running gateway.
    fn live(&self) -> impl Iterator<Item = (&Outlet, &Live)> {
        self.explain.outlets.iter().filter_map(|outlet| Some((outlet, outlet.live.as_ref()?)))
    }

    fn outlet(&self, name: &str) -> Option<&Outlet> {
        self.explain.outlets.iter().find(|outlet| *outlet.name == *name)
    }
}

fn unreadable(error: LedgerError) -> String {
    tracing::error!(%error, "a question of the operator could not be answered from the ledger");
    format!("the ledger cannot be read: {error}")
}
