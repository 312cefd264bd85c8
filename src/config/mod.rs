//! The configuration: `config/default.toml` < a file < `SPANGATE__SECTION__KEY`.
//!
//! The sources are merged by the `config` crate, which would stop at the first mistake; so the
//! merged value is walked table by table (`walk.rs`), one file a section, each reading its own keys
//! into final types. What a later version brings is known by name and refused as "not yet".
//! Nothing ambient is read: the environment is passed in, and so is what there is to know of the
//! dialects ([`DialectInfo`]).

mod backlog;
mod checks;
mod destinations;
mod dialects;
mod egress;
mod hosts;
mod keys;
mod ledger;
mod limits;
mod mistakes;
mod print;
mod projects;
mod rates;
mod raw;
mod routes;
mod secret;
mod server;
mod sources;
#[cfg(test)]
mod tests;
mod values;
mod walk;
mod written;

use std::collections::BTreeMap;

pub use self::backlog::Backlog;
pub use self::backlog::Overflow;
pub use self::destinations::Destination;
pub use self::destinations::Oversize;
pub use self::dialects::DialectInfo;
pub use self::dialects::FlushMode;
pub use self::egress::Egress;
pub use self::hosts::inside;
pub use self::keys::Key;
pub use self::keys::Scopes;
pub use self::ledger::Durability;
pub use self::ledger::Ledger;
pub use self::ledger::Retain;
pub use self::limits::Limits;
pub use self::mistakes::Mistake;
pub use self::mistakes::Mistakes;
pub use self::mistakes::Warning;
pub use self::print::print;
pub use self::projects::Project;
pub use self::routes::Flush;
pub use self::routes::IdScope;
pub use self::routes::ReservedKey;
pub use self::routes::Route;
pub use self::routes::VendorProject;
pub use self::secret::SecretError;
pub use self::secret::SecretRef;
pub use self::server::MaxBody;
pub use self::server::Server;
pub use self::sources::PREFIX;
pub use self::sources::Sources;
pub use self::values::duration_text;
pub use self::values::size_text;

use self::walk::Table;
use self::walk::Walk;

/// A whole configuration without a mistake; every name in it names something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The process as clients and operators meet it.
    pub server: Server,
    /// How records are kept.
    pub ledger: Ledger,
    /// Who may send, by name.
    pub keys: BTreeMap<String, Key>,
    /// Where it may go, by name.
    pub destinations: BTreeMap<String, Destination>,
    /// What goes where, by name.
    pub projects: BTreeMap<String, Project>,
}

/// What a load gives when nothing is mistaken.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration in force.
    pub config: Config,
    /// What probably was not meant, in the order of the sections.
    pub warnings: Vec<Warning>,
}

/// Merges the sources and reads the result.
///
/// # Errors
/// All mistakes at once; a source that cannot be read or is no TOML is the only one.
pub fn load(sources: &Sources, dialects: &[DialectInfo]) -> Result<Loaded, Mistakes> {
    let merged = sources::merge(sources).map_err(|mistake| Mistakes(vec![mistake]))?;
    let mut walk = Walk::new(sources, dialects, &merged);
    let config = read(Table::root(&mut walk, merged));
    match config {
        Some(config) if walk.mistakes.is_empty() => Ok(Loaded { config, warnings: walk.warnings }),
        _ => Err(Mistakes(walk.mistakes)),
    }
}

fn read(mut root: Table) -> Option<Config> {
    let server = root.section("server", server::read);
    root.not_yet("admin", "keys for the admin listener");
    let ledger = root.section("ledger", ledger::read);
    let keys = keys::read(&mut root);
    let destinations = destinations::read(&mut root);
    let mut projects = projects::read(&mut root);
    checks::check(root.walk, &keys, &destinations, &projects);
    checks::decide_id_scopes(&destinations, &mut projects, root.walk.dialects);
    root.finish();
    Some(Config { server: server??, ledger: ledger??, keys, destinations, projects })
}
