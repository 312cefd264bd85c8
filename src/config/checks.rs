//! What no section can see alone: tables that nothing uses, projects that would meet, id scopes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

use super::destinations::Destination;
use super::dialects::DialectInfo;
use super::dialects::find;
use super::keys::Key;
use super::mistakes::Mistake;
use super::projects::Project;
use super::rates;
use super::routes::IdScope;
use super::routes::VendorProject;
use super::walk::Walk;

/// Tables by name that were read without a mistake.
type Tables<T> = BTreeMap<String, T>;

/// Adds the warnings and mistakes that follow from several sections together.
pub(super) fn check(
    walk: &mut Walk,
    keys: &Tables<Key>,
    destinations: &Tables<Destination>,
    projects: &Tables<Project>,
) {
    check_keys(walk, keys, projects);
    check_destinations(walk, destinations, projects);
    check_projects(walk, keys, projects);
    check_meetings(walk, destinations, projects);
    rates::check(walk, destinations, projects);
}

/// Decides for each route whether ids go as they are (`design.md` §4).
///
/// A destination or a `read_from` counts even before anything is routed: the hashed form is always
/// safe, and one that was verbatim would have to stay so.
pub(super) fn decide_id_scopes(
    destinations: &Tables<Destination>,
    projects: &mut Tables<Project>,
    dialects: &[DialectInfo],
) {
    let reach = |project: &Project, server: &str| {
        let names = project.routes.keys().chain(&project.read_from);
        names.filter_map(|name| destinations.get(name)).any(|at| at.server() == server)
    };
    let mut alone = BTreeSet::new();
    for (name, destination) in destinations {
        let server = destination.server();
        let is_global = find(dialects, &destination.dialect).is_some_and(|info| info.global_ids);
        let there = destinations.values().filter(|other| other.server() == server).count();
        let from = projects.values().filter(|project| reach(project, &server)).count();
        if !is_global || (there == 1 && from <= 1) {
            alone.insert(name);
        }
    }
    for (name, route) in projects.values_mut().flat_map(|project| &mut project.routes) {
        route.id_scope = match alone.contains(name) {
            true => IdScope::Verbatim,
            false => IdScope::Hashed,
        };
    }
}

fn check_keys(walk: &mut Walk, keys: &Tables<Key>, projects: &Tables<Project>) {
    for (name, key) in keys {
        let Some(project) = projects.get(&key.project) else {
            continue;
        };
        let (own, whole) = (&key.limits, &project.limits);
        let pairs = [
            ("requests_per_second", own.requests_per_second, whole.requests_per_second),
            ("spans_per_second", own.spans_per_second, whole.spans_per_second),
            ("bytes_per_second", own.bytes_per_second, whole.bytes_per_second),
        ];
        for (limit, own, whole) in pairs {
            if own.zip(whole).is_some_and(|(own, whole)| own > whole) {
                let text = format!("is above the limit of projects.{}, which holds first", key.project);
                walk.warn(format!("keys.{name}.limits.{limit}"), text);
            }
        }
    }
}

fn check_destinations(walk: &mut Walk, destinations: &Tables<Destination>, projects: &Tables<Project>) {
    for name in destinations.keys() {
        let is_used = projects
            .values()
            .any(|project| project.routes.contains_key(name) || project.read_from.as_ref() == Some(name));
        // A project that is mistaken may well use it.
        if !is_used && projects.len() == walk.projects.len() {
            walk.warn(format!("destinations.{name}"), "no project has a route to it");
        }
    }
}

fn check_projects(walk: &mut Walk, keys: &Tables<Key>, projects: &Tables<Project>) {
    if walk.projects.is_empty() {
        walk.warn("projects", "there is none, so nothing can be sent");
    }
    for (name, project) in projects {
        if !keys.values().any(|key| key.project == *name) {
            let text = format!("no key names it; `spangate keys new NAME --project {name}` makes one");
            walk.warn(format!("projects.{name}"), text);
        }
        if project.routes.is_empty() {
            walk.warn(format!("projects.{name}"), "has no route: what it sends is kept and goes nowhere");
        }
        let strange = project.read_from.as_ref().filter(|name| !project.routes.contains_key(*name));
        if let Some(destination) = strange {
            let text = format!("reads from {destination}, which it has no route to");
            walk.warn(format!("projects.{name}.read_from"), text);
        }
    }
}

/// Two projects must not end up in one vendor project: reads there could not tell them apart.
fn check_meetings(walk: &mut Walk, destinations: &Tables<Destination>, projects: &Tables<Project>) {
    let mut places = BTreeMap::new();
    for (name, project) in projects {
        for (destination, route) in &project.routes {
            let Some(at) = destinations.get(destination) else {
                continue;
            };
            let keys: Vec<String> = at.api_keys.iter().map(ToString::to_string).collect();
            let fixed = match &route.vendor_project {
                VendorProject::Same => None,
                VendorProject::Fixed(name) => Some(name),
            };
            let place = (at.server(), &at.settings, keys, fixed, &route.settings);
            let path = format!("projects.{name}.routes.{destination}");
            match places.entry(place) {
                Entry::Vacant(free) => {
                    free.insert(path);
                }
                Entry::Occupied(taken) => meet(walk, path, taken.get(), fixed),
            }
        }
    }
}

fn meet(walk: &mut Walk, path: String, other: &str, fixed: Option<&String>) {
    let Some(fixed) = fixed else {
        let text = format!("client projects of one name meet at the vendor with those of {other}");
        return walk.warn(path, text);
    };
    walk.mistakes.push(Mistake {
        path: format!("{path}.vendor_project"),
        value: Some(format!("\"{fixed}\"")),
        rule: format!("two projects must not meet in one vendor project, and {other} has it"),
        write: "write a name of its own".to_owned(),
        from: None,
    });
}
