//! `[keys.NAME]`: who may send. Only the hash of a gateway key is ever written down.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::limits;
use super::limits::Limits;
use super::mistakes::Problem;
use super::mistakes::one_of;
use super::print::Printer;
use super::values;
use super::walk::Table;

/// One gateway key: exactly one project, and what it may do there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The name of the project, which exists.
    pub project: String,
    /// The SHA-256 of the key; no other key has the same.
    pub sha256: [u8; 32],
    /// What it may do.
    pub scopes: Scopes,
    /// Limits of its own, within the project's.
    pub limits: Limits,
    /// When it stops being valid; none: never.
    pub expires: Option<Timestamp>,
}

/// What a key may do; at least one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes {
    /// It may ask for what is held.
    pub read: bool,
    /// It may send.
    pub write: bool,
}

pub(super) fn read(root: &mut Table) -> BTreeMap<String, Key> {
    let mut hashes = BTreeMap::new();
    root.named("keys", |name, table| key(name, table, &mut hashes))
}

fn key(name: &str, table: &mut Table, hashes: &mut BTreeMap<[u8; 32], String>) -> Option<Key> {
    let projects = table.walk.projects.clone();
    table.require("project", "the name of a project");
    table.require("sha256", "what `spangate keys new` prints");
    let project = table.text("project", |text| match projects.contains(text) {
        true => Ok(text.to_owned()),
        false => {
            let known = projects.iter().map(String::as_str);
            let write = one_of(text, known, "a [projects.NAME] table first");
            Err(Problem::new("names no project", write))
        }
    });
    let sha256 = table.text("sha256", |text| unique(name, values::sha256(text)?, hashes));
    let scopes = scopes(table);
    let limits = table.section("limits", limits::read);
    let expires = table.text("expires", values::instant);
    Some(Key { project: project?, sha256: sha256?, scopes: scopes?, limits: limits?, expires })
}

/// Two tables with one hash would put one key into two projects, or give it two sets of rights.
fn unique(name: &str, hash: [u8; 32], hashes: &mut BTreeMap<[u8; 32], String>) -> Result<[u8; 32], Problem> {
    if let Some(other) = hashes.get(&hash) {
        let rule = format!("is the key of keys.{other} too");
        return Err(Problem::new(rule, "a key of its own, from `spangate keys new`"));
    }
    hashes.insert(hash, name.to_owned());
    Ok(hash)
}

fn scopes(table: &mut Table) -> Option<Scopes> {
    if !table.is_set("scopes") {
        return Some(Scopes { read: true, write: true });
    }
    let words = table.texts("scopes", scope)?;
    if words.is_empty() {
        let write = "\"write\", \"read\" or both";
        table.report("scopes", None, Problem::new("must not be empty", write));
    }
    Some(Scopes { read: words.contains(&"read"), write: words.contains(&"write") })
}

fn scope(text: &str) -> Result<&'static str, Problem> {
    match text {
        "read" => Ok("read"),
        "write" => Ok("write"),
        _ => {
            let write = one_of(text, ["write", "read"], "");
            Err(Problem::new("is no scope", write))
        }
    }
}

impl Scopes {
    /// The words of `keys.NAME.scopes`.
    pub fn words(self) -> Vec<&'static str> {
        let words = [(self.write, "write"), (self.read, "read")];
        words.into_iter().filter(|(on, _)| *on).map(|(_, word)| word).collect()
    }
}

impl Key {
    pub(super) fn print(&self, name: &str, out: &mut Printer) {
        let hash: String = self.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        out.table(&format!("keys.{name}"));
        out.text("project", &self.project);
        out.text("sha256", &hash);
        let scopes = self.scopes.words().into_iter().map(str::to_owned);
        out.raw("scopes", &Printer::list(scopes));
        out.inner("limits", &self.limits.print());
        if let Some(expires) = self.expires {
            out.text("expires", &expires.to_string());
        }
    }
}
