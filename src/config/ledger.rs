//! `[ledger]`: when a request counts as kept, and for how long.

use std::time::Duration;

use super::mistakes::Problem;
use super::mistakes::one_of;
use super::print::Printer;
use super::values;
use super::walk::Table;

/// How the ledger keeps records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// What must have happened before success is said.
    pub durability: Durability,
    /// How long settled records stay.
    pub retain: Retain,
    /// How long dead letters stay.
    pub dead_letters: Retain,
    /// Free bytes on the disk below which new requests are refused.
    pub disk_reserve: u64,
}

/// What an append waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The disk has it: survives a power loss.
    Fsync,
    /// The operating system has it: survives the process only.
    Os,
}

/// Bounds on what is kept; whichever is reached first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retain {
    /// The age: of records since acceptance, of dead letters since they were given up.
    pub age: Duration,
    /// The bytes.
    pub size: u64,
}

pub(super) fn read(table: &mut Table) -> Option<Ledger> {
    for key in ["durability", "disk_reserve"] {
        table.require(key, "it as in config/default.toml");
    }
    let durability = table.text("durability", durability);
    let kept = table.section("retain", retain);
    let dead_letters = table.section("dead_letters", retain);
    let disk_reserve = table.text("disk_reserve", values::size);
    Some(Ledger { durability: durability?, retain: kept??, dead_letters: dead_letters??, disk_reserve: disk_reserve? })
}

fn durability(text: &str) -> Result<Durability, Problem> {
    match text {
        "fsync" => Ok(Durability::Fsync),
        "os" => Ok(Durability::Os),
        _ => {
            let rule = "must be \"fsync\" or \"os\"";
            Err(Problem::new(rule, one_of(text, ["fsync", "os"], "")))
        }
    }
}

fn retain(table: &mut Table) -> Option<Retain> {
    for key in ["age", "size"] {
        table.require(key, "it as in config/default.toml");
    }
    let age = table.text("age", values::positive_duration);
    let size = table.text("size", values::size);
    Some(Retain { age: age?, size: size? })
}

impl Durability {
    /// The word of `ledger.durability`.
    pub fn word(self) -> &'static str {
        match self {
            Durability::Fsync => "fsync",
            Durability::Os => "os",
        }
    }
}

impl Ledger {
    pub(super) fn print(&self, out: &mut Printer) {
        out.table("ledger");
        out.text("durability", self.durability.word());
        for (name, Retain { age, size }) in [("retain", self.retain), ("dead_letters", self.dead_letters)] {
            let bounds = Printer::inline([
                ("age", Some(Printer::quoted(&values::duration_text(age)))),
                ("size", Some(Printer::quoted(&values::size_text(size)))),
            ]);
            out.inner(name, &bounds);
        }
        out.text("disk_reserve", &values::size_text(self.disk_reserve));
    }
}
