//! `destinations.NAME.backlog`: how much may wait for one destination, and what happens above.

use std::time::Duration;

use super::mistakes::Problem;
use super::mistakes::one_of;
use super::print::Printer;
use super::values;
use super::walk::Table;

const SIZE: u64 = 5 << 30;
const AGE: Duration = Duration::from_secs(72 * 60 * 60);
const WORDS: [&str; 3] = ["expire-oldest", "sample", "refuse"];

/// A destination's share of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Bytes of the requests that wait for it.
    pub size: u64,
    /// How long anything may wait.
    pub age: Duration,
    /// What happens when the size is reached.
    pub overflow: Overflow,
}

/// What happens when a destination's share is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The oldest is given up.
    ExpireOldest,
    /// Of new traces only some are taken on.
    Sample,
    /// New requests of the projects routed there are refused.
    Refuse,
}

impl Default for Backlog {
    fn default() -> Self {
        Self { size: SIZE, age: AGE, overflow: Overflow::ExpireOldest }
    }
}

pub(super) fn read(table: &mut Table) -> Backlog {
    Backlog {
        size: table.text("size", values::size).unwrap_or(SIZE),
        age: table.text("age", values::positive_duration).unwrap_or(AGE),
        overflow: table.text("overflow", overflow).unwrap_or(Overflow::ExpireOldest),
    }
}

fn overflow(text: &str) -> Result<Overflow, Problem> {
    match text {
        "expire-oldest" => Ok(Overflow::ExpireOldest),
        "sample" => Ok(Overflow::Sample),
        "refuse" => Ok(Overflow::Refuse),
        _ => {
            let rule = "must be \"expire-oldest\", \"sample\" or \"refuse\"";
            Err(Problem::new(rule, one_of(text, WORDS, "")))
        }
    }
}

impl Overflow {
    fn word(self) -> &'static str {
        match self {
            Overflow::ExpireOldest => "expire-oldest",
            Overflow::Sample => "sample",
            Overflow::Refuse => "refuse",
        }
    }
}

impl Backlog {
    /// `a = 1, b = 2`.
    pub(super) fn print(&self) -> String {
        Printer::inline([
            ("size", Some(Printer::quoted(&values::size_text(self.size)))),
            ("age", Some(Printer::quoted(&values::duration_text(self.age)))),
            ("overflow", Some(Printer::quoted(self.overflow.word()))),
        ])
    }
}
