//! One dialect's requests as another's, with no ledger, clock or network between.
//!
//! The same road as a delivery: decode, fold, plan, pack. A line of input stands for a record, the
//! latest time in the input for the clock. Name look-ups are answered as this gateway answers them, by
//! the dialect's own routes, and are part of what is printed; so the output is input again, and
//! translating it back loses nothing.

mod gather;
mod line;
mod names;
mod send;

use indexmap::IndexMap;
use serde::Serialize;

use crate::canonical::Loss;
use crate::canonical::Time;
use crate::canonical::View;
use crate::contract::Dialect;
use crate::contract::Request;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::SubjectKey;

pub use line::Input;
pub use line::lines;
pub use line::print;

use names::Book;

/// The project that names and ids are hashed with: nobody's.
const PROJECT: &str = "translate";

/// What the input said.
pub struct Gathered {
    from: &'static dyn Dialect,
    /// The line of each record, in order.
    lines: Vec<usize>,
    traces: IndexMap<SubjectKey, TraceItems>,
    names: Book,
    now: Option<Time>,
    /// The lines that were refused; all others were taken.
    pub refused: Vec<Refused>,
    /// What could not be read.
    pub losses: Vec<Lost>,
}

/// A line that was refused.
#[derive(Clone, Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Refused {
    /// Its number, from 1.
    pub line: usize,
    /// The path in the document and the rule it breaks.
    pub why: String,
}

/// A loss, with the line it arose at where it arose at reading.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lost {
    /// The line's number, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The loss.
    #[serde(flatten)]
    pub loss: Loss,
}

/// What would be sent.
#[derive(Debug, Default)]
pub struct Sent {
    /// The requests, in an order in which they may be sent.
    pub requests: Vec<Request>,
    /// What could not be carried natively.
    pub losses: Vec<Lost>,
}

/// Reads requests of a dialect. The accept time of all is `now`, else the latest time they name, else
/// 1970; with `now`, minted ids stay inside the window of a server that checks them.
pub fn gather(from: &'static dyn Dialect, inputs: Vec<Input>, now: Option<Time>) -> Gathered {
    gather::gather(from, inputs, now)
}

impl Gathered {
    /// The folded traces, in order of their first line, names in place of ids.
    pub fn views(&self) -> Vec<View> {
        self.placed().map(|items| self.dressed(items).0).collect()
    }

    /// What to send so that a vendor of the dialect shows the same.
    pub fn send(&self, to: &'static dyn Dialect) -> Sent {
        send::send(self, to)
    }

    fn placed(&self) -> impl Iterator<Item = &TraceItems> {
        self.traces.values().filter(|items| items.is_placed())
    }
}
