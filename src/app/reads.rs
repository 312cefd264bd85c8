//! Where reads go, and what of it is whose.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use crate::config::Config;
use crate::config::Project;
use crate::config::VendorProject;
use crate::pipeline::deliver::Destination;
use crate::pipeline::names::Routed;
use crate::pipeline::read::Source;

/// Where each project's reads go that the ledger cannot answer.
pub(super) fn sources(config: &Config, destinations: &BTreeMap<String, Arc<Destination>>) -> HashMap<Arc<str>, Source> {
    let source = |(name, project): (&String, &Project)| {
        let from = project.read_from.as_ref()?;
        let destination = Arc::clone(destinations.get(from)?);
        let server = config.destinations.get(from)?.server();
        let others = || config.projects.iter().filter(|(other, _)| *other != name).map(|(_, other)| other);
        let uses: Vec<Option<String>> = others().flat_map(|other| uses(config, other, &server)).collect();
        let shared = uses.iter().any(Option::is_none);
        let taken = uses.into_iter().flatten().collect();
        Some((Arc::from(name.as_str()), Source { destination, taken, shared }))
    };
    config.projects.iter().filter_map(source).collect()
}

/// The vendor projects that a project has at a server, `None` for those of its clients' naming. The same
/// server may be one account under several keys.
fn uses(config: &Config, project: &Project, server: &str) -> Vec<Option<String>> {
    let is_there = |name: &String| config.destinations.get(name).is_some_and(|to| to.server() == server);
    let routes =
        project.routes.iter().filter(|(name, _)| is_there(name)).map(|(_, route)| fixed(&route.vendor_project));
    let unrouted = project.read_from.iter().filter(|name| is_there(name) && !project.routes.contains_key(*name));
    routes.chain(unrouted.map(|_| None)).collect()
}

/// The vendor projects that each project's routes lead to.
pub(super) fn routed(config: &Config) -> Routed {
    let entry = |(name, project): (&String, &Project)| {
        let routes = project.routes.iter();
        let routes = routes.map(|(to, route)| (Arc::from(to.as_str()), fixed(&route.vendor_project)));
        (Arc::from(name.as_str()), routes.collect())
    };
    config.projects.iter().map(entry).collect()
}

fn fixed(vendor_project: &VendorProject) -> Option<String> {
    match vendor_project {
        VendorProject::Same => None,
        VendorProject::Fixed(name) => Some(name.clone()),
    }
}
