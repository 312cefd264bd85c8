//! What updates lost where a row cannot be changed any more, kept so that it can be told later: what a
//! whole trace would lose follows from the trace alone, but what an update lost hangs on when it came.

use std::collections::HashSet;

use crate::canonical::Loss;
use crate::canonical::View;
use crate::contract::Dialect;
use crate::contract::Outward;
use crate::contract::Plan;
use crate::contract::RowMode;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::SubjectKey;

/// The most that is kept of a trace at a destination; more is counted only.
const MOST: usize = 200;

/// What delivering a trace lost beyond what the trace itself does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lost {
    /// What is not there.
    pub losses: Vec<Loss>,
    /// Whether the trace went anew, so that what was lost before is there now.
    pub anew: bool,
}

impl Lost {
    /// What a plan loses that a plan for the whole view, at a vendor that shows nothing of it yet, would not.
    pub fn of(plan: &Plan, dialect: &dyn Dialect, view: &View, out: &Outward) -> Self {
        let mut losses: Vec<Loss> = plan.losses.iter().filter(|loss| !loss.carried).cloned().collect();
        if !losses.is_empty() {
            let out = Outward { rows: RowMode::Whole, ..out.clone() };
            let whole = dialect.plan(view, None, &out).losses;
            losses.retain(|loss| !whole.contains(loss));
        }
        Self { losses, anew: plan.anew }
    }

    /// Adds it to what is kept of a trace.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn keep(self, ledger: &dyn Ledger, destination: &str, trace: SubjectKey) -> Result<(), LedgerError> {
        let held = held(ledger, destination, trace)?;
        let kept = self.after(&held);
        if kept == held {
            return Ok(());
        }
        let value = serde_json::to_vec(&kept).unwrap_or_default();
        ledger.replace(vec![Fact { space: space(destination), key: trace.0.to_be_bytes().to_vec(), value }]).await
    }

    /// What is lost now, where that was lost before.
    fn after(self, held: &[Loss]) -> Vec<Loss> {
        let Self { losses, anew } = self;
        let again: HashSet<_> = losses.iter().map(place).collect();
        let before = held.iter().filter(|loss| !anew && !again.contains(&place(loss)));
        before.cloned().chain(losses.iter().cloned()).take(MOST).collect()
    }
}

/// What updates of a trace lost at a destination.
///
/// # Errors
/// When the ledger cannot be read.
pub fn held(ledger: &dyn Ledger, destination: &str, trace: SubjectKey) -> Result<Vec<Loss>, LedgerError> {
    let held = ledger.fact(&space(destination), &trace.0.to_be_bytes())?;
    Ok(held.and_then(|held| serde_json::from_slice(&held).ok()).unwrap_or_default())
}

/// All losses of a trace: those of showing it whole, and over these what updates lost.
pub fn together(whole: Vec<Loss>, updates: Vec<Loss>) -> Vec<Loss> {
    let later: HashSet<_> = updates.iter().map(place).collect();
    let mut all: Vec<Loss> = whole.into_iter().filter(|loss| !later.contains(&place(loss))).collect();
    all.extend(updates);
    all
}

/// Where the facts of a destination are.
pub fn space(destination: &str) -> String {
    format!("lost/{destination}")
}

fn place(loss: &Loss) -> (&str, &str) {
    (&loss.subject, &loss.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(path: &str, why: &str, carried: bool) -> Loss {
        Loss { subject: "trace x".to_owned(), path: path.to_owned(), why: why.to_owned(), carried }
    }

    #[test]
    fn what_is_lost_later_counts() {
        let held = [loss("model", "fixed", false), loss("tags", "only added", false)];
        let more = Lost { losses: vec![loss("tags", "only added to", false)], anew: false };
        assert_eq!(more.after(&held), [loss("model", "fixed", false), loss("tags", "only added to", false)]);
        let anew = Lost { losses: vec![loss("scores.a.value", "with the creation only", false)], anew: true };
        assert_eq!(anew.after(&held), [loss("scores.a.value", "with the creation only", false)]);
    }

    #[test]
    fn what_an_update_lost_is_not_kept_by_the_row_that_came_before() {
        let whole = vec![loss("input", "no native home", true), loss("metadata", "no native home", true)];
        let updates = vec![loss("metadata", "cannot be changed", false)];
        assert_eq!(
            together(whole, updates),
            [loss("input", "no native home", true), loss("metadata", "cannot be changed", false)]
        );
    }
}
