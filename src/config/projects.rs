//! `[projects.NAME]`: the unit of tenancy. What belongs to one is nowhere named in another.

use std::collections::BTreeMap;

use super::limits;
use super::limits::Limits;
use super::mistakes::Problem;
use super::mistakes::one_of;
use super::print::Printer;
use super::routes;
use super::routes::Route;
use super::walk::Table;

/// One project: its own limits, where it reads from and what it writes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// What all its keys together may send.
    pub limits: Limits,
    /// The destination that answers what the ledger no longer holds; it exists.
    pub read_from: Option<String>,
    /// Its routes by destination: none keeps only, one rewrites or passes on, several fan out.
    pub routes: BTreeMap<String, Route>,
}

pub(super) fn read(root: &mut Table) -> BTreeMap<String, Project> {
    root.named("projects", project)
}

fn project(_: &str, table: &mut Table) -> Option<Project> {
    let limits = table.section("limits", limits::read);
    let read_from = read_from(table);
    let routes = routes::read(table);
    table.not_yet("quotas", "quotas over a day or a month");
    Some(Project { limits: limits?, read_from, routes })
}

fn read_from(table: &mut Table) -> Option<String> {
    let destinations: Vec<String> = table.walk.destinations.keys().cloned().collect();
    table.text("read_from", |text| {
        if destinations.iter().any(|name| name == text) {
            return Ok(text.to_owned());
        }
        let known = destinations.iter().map(String::as_str);
        let write = one_of(text, known, "a [destinations.NAME] table first");
        Err(Problem::new("names no destination", write))
    })
}

impl Project {
    pub(super) fn print(&self, name: &str, out: &mut Printer) {
        out.table(&format!("projects.{name}"));
        out.inner("limits", &self.limits.print());
        if let Some(destination) = &self.read_from {
            out.text("read_from", destination);
        }
        for (destination, route) in &self.routes {
            route.print(&format!("projects.{name}.routes.{destination}"), out);
        }
    }
}
