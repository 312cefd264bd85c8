//! The result of `spangate check` for machines.

use serde_json::Value;
use serde_json::json;

use crate::config::Config;
use crate::config::Destination;
use crate::config::IdScope;
use crate::config::Loaded;
use crate::config::Mistakes;
use crate::config::Project;
use crate::config::Route;
use crate::config::VendorProject;
use crate::config::duration_text;

use super::keys;

pub(super) fn mistakes(mistakes: &Mistakes) -> Value {
    let list: Vec<Value> = mistakes
        .0
        .iter()
        .map(|mistake| {
            json!({
                "path": mistake.path,
                "value": mistake.value,
                "rule": mistake.rule,
                "write": mistake.write,
                "from": mistake.from,
            })
        })
        .collect();
    json!({"valid": false, "mistakes": list})
}

pub(super) fn summary(loaded: &Loaded) -> Value {
    let config = &loaded.config;
    let projects: serde_json::Map<String, Value> =
        config.projects.iter().map(|(name, project)| (name.clone(), project_json(name, project, config))).collect();
    let warnings: Vec<Value> =
        loaded.warnings.iter().map(|warning| json!({"path": warning.path, "text": warning.text})).collect();
    json!({
        "valid": true,
        "listen": config.server.listen.to_string(),
        "admin_listen": config.server.admin_listen.to_string(),
        "state_dir": config.server.state_dir,
        "durability": config.ledger.durability.word(),
        "projects": projects,
        "warnings": warnings,
    })
}

fn project_json(name: &str, project: &Project, config: &Config) -> Value {
    let keys: serde_json::Map<String, Value> =
        keys(name, config).map(|(key, words)| (key.clone(), json!({"scopes": words}))).collect();
    let routes: serde_json::Map<String, Value> = project
        .routes
        .iter()
        .map(|(name, route)| (name.clone(), route_json(route, &config.destinations[name])))
        .collect();
    json!({
        "keys": keys,
        "limits": {
            "requests_per_second": project.limits.requests_per_second,
            "spans_per_second": project.limits.spans_per_second,
            "bytes_per_second": project.limits.bytes_per_second,
        },
        "read_from": project.read_from,
        "routes": routes,
    })
}

fn route_json(route: &Route, destination: &Destination) -> Value {
    let egress = &destination.egress;
    let ids = match route.id_scope {
        IdScope::Verbatim => "verbatim",
        IdScope::Hashed => "hashed",
    };
    json!({
        "dialect": destination.dialect,
        "base_url": destination.base_url.as_str(),
        "vendor_project": match &route.vendor_project {
            VendorProject::Same => None,
            VendorProject::Fixed(name) => Some(name),
        },
        "egress": {
            "requests_per_minute": egress.requests_per_minute,
            "items_per_minute": egress.items_per_minute,
            "scores_per_minute": egress.scores_per_minute,
            "keys": destination.api_keys.len(),
            "in_flight": egress.in_flight,
            "timeout": duration_text(egress.timeout),
        },
        "flush": {
            "mode": route.flush.mode.word(),
            "quiet": route.flush.quiet.map(duration_text),
            "idle": duration_text(route.flush.idle),
        },
        "ids": ids,
    })
}
