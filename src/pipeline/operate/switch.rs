//! Pausing a destination and resuming it. A pause outlives the process: whoever paused may not be there
//! when it starts again.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::Operator;
use super::unreadable;
use crate::canonical::Time;
use crate::pipeline::deliver::Control;
use crate::pipeline::explain::Outlet;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::LedgerError;

const SPACE: &str = "paused";

/// A pause as it is kept.
#[derive(Deserialize, Serialize)]
struct Pause {
    since: Time,
    why: String,
}

impl Operator {
    pub(super) async fn hold(&self, name: &str, why: &str) -> Result<(), String> {
        let control = self.control(name)?;
        let since = self.now();
        let pause = Pause { since, why: why.to_owned() };
        self.keep(name, Some(&pause)).await.map_err(unreadable)?;
        control.pause(since, why);
        tracing::info!(destination = name, "an operator paused the destination");
        Ok(())
    }

    pub(super) async fn release(&self, name: &str) -> Result<(), String> {
        let control = self.control(name)?;
        self.keep(name, None).await.map_err(unreadable)?;
        control.resume(self.now());
        tracing::info!(destination = name, "an operator resumed the destination");
        Ok(())
    }

    /// Pauses again what was paused when the gateway stopped.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn restore_pauses(&self) -> Result<(), LedgerError> {
        for (outlet, live) in self.live() {
            let held = self.ledger().fact(SPACE, outlet.name.as_bytes())?.unwrap_or_default();
            if let Ok(Pause { since, why }) = serde_json::from_slice(&held) {
                live.control.pause(since, &why);
            }
        }
        Ok(())
    }

    /// Facts cannot be taken back: an empty one is no pause.
    async fn keep(&self, name: &str, pause: Option<&Pause>) -> Result<(), LedgerError> {
        let value = pause.and_then(|pause| serde_json::to_vec(pause).ok()).unwrap_or_default();
        let fact = Fact { space: SPACE.to_owned(), key: name.as_bytes().to_vec(), value };
        self.ledger().replace(vec![fact]).await
    }

    fn control(&self, name: &str) -> Result<&Arc<Control>, String> {
        let outlet: &Outlet = self.outlet(name).ok_or_else(|| format!("no destination is named {name}"))?;
        outlet.live.as_ref().map(|live| &live.control).ok_or_else(|| "the gateway is stopped".to_owned())
    }
}
