//! One folder a vendor, the same rooms in each; `DIALECTS` is the only list of them.

pub mod galileo;
pub mod opik;
pub mod pandaprobe;

use crate::contract::Dialect;

/// Every dialect there is.
pub static DIALECTS: [&dyn Dialect; 3] = [&opik::Opik, &galileo::Galileo, &pandaprobe::PandaProbe];
