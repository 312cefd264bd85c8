//! A site's configuration: projects, their routes, the stand-ins they lead to.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::SocketAddr;

use spangate::http::keys;

use super::Site;
use super::key;

/// What a site is started with. A stand-in's name (`opik`, `opik-2`) names its destination too, with `_`
/// for `-`; its part before `-` is its dialect.
pub(crate) struct Setup {
    projects: Vec<(String, Vec<String>)>,
    every_route: String,
    routes: BTreeMap<(String, String), String>,
    destinations: BTreeMap<String, String>,
    more: String,
}

impl Setup {
    /// Projects and the stand-ins they are routed to; each reads from its first.
    pub(crate) fn new(projects: &[(&str, &[&str])]) -> Self {
        let owned = |names: &&[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            projects: projects.iter().map(|(project, names)| ((*project).to_owned(), owned(names))).collect(),
            every_route: String::new(),
            routes: BTreeMap::new(),
            destinations: BTreeMap::new(),
            more: String::new(),
        }
    }

    /// TOML lines for every route.
    pub(crate) fn every_route(mut self, lines: &str) -> Self {
        self.every_route += &format!("{lines}\n");
        self
    }

    /// TOML lines for one route.
    pub(crate) fn route(mut self, project: &str, stand_in: &str, lines: &str) -> Self {
        *self.routes.entry((project.to_owned(), stand_in.to_owned())).or_default() += &format!("{lines}\n");
        self
    }

    /// The `egress` table of one destination, in place of one that never waits.
    pub(crate) fn egress(mut self, stand_in: &str, table: &str) -> Self {
        self.destinations.insert(stand_in.to_owned(), format!("egress = {table}\n"));
        self
    }

    /// One more key of a project, with TOML lines of its own.
    pub(crate) fn key(self, name: &str, project: &str, lines: &str) -> Self {
        let sha256 = sha256(name);
        self.more(&format!("[keys.{name}]\nproject = \"{project}\"\nsha256 = \"{sha256}\"\n{lines}"))
    }

    /// TOML tables of any kind.
    pub(crate) fn more(mut self, tables: &str) -> Self {
        self.more += &format!("{tables}\n");
        self
    }

    /// Starts the site.
    pub(crate) async fn start(self) -> Site {
        Site::start(&self).await
    }

    pub(super) fn stand_ins(&self) -> impl Iterator<Item = &str> {
        let names: BTreeSet<&str> = self.projects.iter().flat_map(|(_, names)| names).map(String::as_str).collect();
        names.into_iter()
    }

    pub(super) fn toml(&self, vendors: SocketAddr) -> String {
        let mut text = String::new();
        for (project, stand_ins) in &self.projects {
            let sha256 = sha256(project);
            text += &format!("[keys.{project}]\nproject = \"{project}\"\nsha256 = \"{sha256}\"\n");
            text += &format!("[projects.{project}]\nread_from = \"{}\"\n", destination(&stand_ins[0]));
            for stand_in in stand_ins {
                let route = self.routes.get(&(project.clone(), stand_in.clone())).map_or("", String::as_str);
                let name = destination(stand_in);
                text += &format!("[projects.{project}.routes.{name}]\n{}{route}", self.every_route);
            }
        }
        for stand_in in self.stand_ins() {
            let dialect = stand_in.split('-').next().unwrap();
            let egress = "egress = { requests_per_minute = 600000, scores_per_minute = 600000 }\n";
            let egress = self.destinations.get(stand_in).map_or(egress, String::as_str);
            text += &format!(
                "[destinations.{}]\ndialect = \"{dialect}\"\nbase_url = \"http://{vendors}/{stand_in}\"\n\
                 allow_private = true\napi_keys = [\"env:VENDOR_KEY\"]\n{egress}",
                destination(stand_in),
            );
        }
        text + &self.more
    }
}

/// What the configuration holds of a key.
pub(crate) fn sha256(name: &str) -> String {
    keys::digest(&key(name)).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A stand-in's name as the configuration takes it.
fn destination(stand_in: &str) -> String {
    stand_in.replace('-', "_")
}
