//! Answers from a stopped gateway's state directory: opened read-only, and only while no gateway
//! holds it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::world;
use crate::contract::Names;
use crate::contract::Refusal;
use crate::dialects::DIALECTS;
use crate::pipeline::explain::Explainer;
use crate::pipeline::explain::Outlet;
use crate::pipeline::explain::Roster;
use crate::pipeline::homes::Homes;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::Options;
use crate::pipeline::ledger::Sqlite;
use crate::pipeline::names::NameTable;
use crate::pipeline::operate::Operator;
use crate::pipeline::outward::Outwards;
use crate::pipeline::record::Dialects;
use crate::pipeline::traces::Traces;

/// Bytes of decoded items held at once.
const CACHE: usize = 64 << 20;

/// What answers from a directory; `demo --state DIR` keeps the gateway's in `DIR/gateway`.
pub(super) fn open(dir: &Path) -> anyhow::Result<Operator> {
    let inner = dir.join("gateway");
    let dir = if inner.is_dir() { &inner } else { dir };
    let ledger: Arc<dyn Ledger> = Arc::new(Sqlite::open(Options { read_only: true, ..Options::new(dir) })?);
    let roster =
        Roster::load(&*ledger)?.context("the state directory names no destinations: start the gateway once")?;
    let dialects = Dialects::new(&DIALECTS);
    let traces = Arc::new(Traces::new(Arc::clone(&ledger), dialects.clone(), CACHE));
    let homes = Arc::new(Homes::open(Arc::clone(&ledger), dialects.clone())?);
    let names: Arc<dyn Names> =
        Arc::new(NameTable::open(Arc::clone(&ledger), world::clock(), Arc::new(|_| Err(Refusal::Unauthenticated)))?);
    let mut outlets = Vec::new();
    for (name, entry) in &roster.destinations {
        outlets.extend(Outlet::stopped(name, entry, &dialects, (&*ledger, &traces))?);
    }
    let outwards = Arc::new(Outwards { traces, homes, names, ledger, dialects });
    let explain = Arc::new(Explainer { outwards, projects: roster.projects, outlets });
    Ok(Operator { explain, clock: world::clock(), alarms: Arc::default(), removed: Arc::default() })
}
