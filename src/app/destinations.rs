//! Destinations and their routes, from the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use secrecy::SecretString;

use crate::canonical::complement::Keep;
use crate::config;
use crate::config::Config;
use crate::contract::Dialect;
use crate::pipeline::deliver;
use crate::pipeline::deliver::Client;
use crate::pipeline::deliver::Destination;
use crate::pipeline::deliver::Dial;
use crate::pipeline::deliver::Egress;
use crate::pipeline::deliver::Overflow;
use crate::pipeline::deliver::Oversize;
use crate::pipeline::deliver::Parts;
use crate::pipeline::deliver::Rates as EgressRates;
use crate::pipeline::deliver::Room;
use crate::pipeline::deliver::Route;
use crate::pipeline::deliver::Share;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::record::Dialects;

pub(super) async fn destinations(
    config: &Config,
    dialects: &Dialects,
    environment: &Arc<BTreeMap<String, String>>,
    ledger: &dyn Ledger,
) -> anyhow::Result<BTreeMap<String, Arc<Destination>>> {
    let (egress, room) = (Egress::default(), Room::default());
    let mut out = BTreeMap::new();
    for (name, destination) in &config.destinations {
        let dialect = dialects.get(&destination.dialect).context("an unknown dialect")?;
        let client = client((name, destination), dialect, environment, (&egress, &room))?;
        let routes = routes(config, name, ledger).await?;
        let destination = Destination {
            name: name.as_str().into(),
            dialect,
            client,
            egress: rates(&destination.egress),
            id_window: destination.id_window,
            confirm: destination.confirm,
            oversize: oversize(destination.oversize),
            backlog: share(destination.backlog),
            settings: destination.settings.clone(),
            routes,
        };
        out.insert(name.clone(), Arc::new(destination));
    }
    Ok(out)
}

fn client(
    (name, destination): (&str, &config::Destination),
    dialect: &'static dyn Dialect,
    environment: &Arc<BTreeMap<String, String>>,
    (egress, room): (&Egress, &Room),
) -> anyhow::Result<Client> {
    let in_flight = usize::try_from(destination.egress.in_flight.get()).unwrap_or(1);
    let allow_private = destination.allow_private;
    let dial = Dial { allow_private, idle_connections: in_flight, look_up: deliver::system() };
    let origin = destination.base_url.origin().ascii_serialization();
    let rates = rates(&destination.egress);
    let (section, environment, egress) = (destination.clone(), Arc::clone(environment), egress.clone());
    let read = move || keys(&section, &environment, &egress, &origin, rates);
    let keys = read()?;
    Ok(Client::new(Parts {
        name: name.into(),
        http: dial.client(&destination.base_url).with_context(|| format!("destination {name}"))?,
        dialect,
        base: destination.base_url.clone(),
        keys,
        read_again: Arc::new(move || read().ok()),
        settings: destination.settings.clone(),
        in_flight,
        timeout: destination.egress.timeout,
        room: room.clone(),
    }))
}

fn rates(egress: &config::Egress) -> EgressRates {
    EgressRates {
        requests: egress.requests_per_minute,
        items: egress.items_per_minute,
        scores: egress.scores_per_minute,
    }
}

/// The keys as their references give them now.
fn keys(
    destination: &config::Destination,
    environment: &BTreeMap<String, String>,
    egress: &Egress,
    origin: &str,
    rates: EgressRates,
) -> anyhow::Result<deliver::Keys> {
    let resolve =
        |reference: &config::SecretRef| reference.resolve(environment).with_context(|| format!("reading {reference}"));
    let secrets: Vec<SecretString> = destination.api_keys.iter().map(resolve).collect::<anyhow::Result<_>>()?;
    let reader = destination.read_key().map(resolve).transpose()?;
    let credential = |secret| egress.credential(origin, secret, rates);
    let mut credentials: Vec<deliver::Credential> = secrets.into_iter().map(Some).map(credential).collect();
    if credentials.is_empty() {
        credentials.push(credential(None));
    }
    Ok(deliver::Keys { credentials, reader })
}

fn oversize(oversize: config::Oversize) -> Oversize {
    match oversize {
        config::Oversize::Truncate => Oversize::Truncate,
        config::Oversize::DeadLetter => Oversize::DeadLetter,
    }
}

fn share(backlog: config::Backlog) -> Share {
    let config::Backlog { size, age, overflow } = backlog;
    let overflow = match overflow {
        config::Overflow::ExpireOldest => Overflow::ExpireOldest,
        config::Overflow::Sample => Overflow::Sample,
        config::Overflow::Refuse => Overflow::Refuse,
    };
    Share { size, age, overflow }
}

async fn routes(config: &Config, destination: &str, ledger: &dyn Ledger) -> anyhow::Result<BTreeMap<Arc<str>, Route>> {
    let mut out = BTreeMap::new();
    for (project, section) in &config.projects {
        let Some(route) = section.routes.get(destination) else { continue };
        let scope = scope(ledger, project, destination, route.id_scope).await?;
        out.insert(Arc::from(project.as_str()), self::route(route, scope));
    }
    Ok(out)
}

/// Whether a route's ids are hashed: as decided when the route was first opened, whatever the
/// configuration has become since.
async fn scope(
    ledger: &dyn Ledger,
    project: &str,
    destination: &str,
    wanted: config::IdScope,
) -> anyhow::Result<Option<String>> {
    let value = match wanted {
        config::IdScope::Verbatim => b"verbatim".to_vec(),
        config::IdScope::Hashed => b"hashed".to_vec(),
    };
    let key = format!("{destination}/{project}").into_bytes();
    let fact = Fact { space: "scopes".to_owned(), key, value };
    let held = ledger.put_if_absent(vec![fact]).await.context("storing a route's id scope")?;
    let hashed = held.first().is_some_and(|held| held == b"hashed");
    Ok(hashed.then(|| format!("{project}/{destination}")))
}

fn route(route: &config::Route, scope: Option<String>) -> Route {
    Route {
        vendor_project: match &route.vendor_project {
            config::VendorProject::Same => None,
            config::VendorProject::Fixed(name) => Some(name.clone()),
        },
        stream: route.settings.get("log_stream").filter(|stream| *stream != "same").cloned(),
        flush: route.flush.mode,
        quiet: route.flush.quiet,
        idle: route.flush.idle,
        orphan_wait: route.orphan_wait,
        keep: match route.reserved_key {
            config::ReservedKey::Full => Keep::Full,
            config::ReservedKey::Ids => Keep::Ids,
            config::ReservedKey::Off => Keep::Off,
        },
        scope,
    }
}
