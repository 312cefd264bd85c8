//! `[destinations.NAME]`: where it may go, one table a vendor account. Nothing else is connected to.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use url::Url;

use super::backlog;
use super::backlog::Backlog;
use super::dialects::DialectInfo;
use super::dialects::find;
use super::egress;
use super::egress::Egress;
use super::hosts;
use super::mistakes::Problem;
use super::mistakes::one_of;
use super::print::Printer;
use super::secret;
use super::secret::SecretRef;
use super::values;
use super::walk::Table;
use super::walk::Walk;

/// One vendor account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The name of its dialect, one of those that were handed in.
    pub dialect: String,
    /// Scheme, host, port and base path; no user, query or fragment.
    pub base_url: Url,
    /// Whether the host may be one of our own network, loopback included.
    pub allow_private: bool,
    /// Credentials, each with its own egress bucket; empty where the vendor asks for none.
    pub api_keys: Vec<SecretRef>,
    /// The credential for reads; see [`Destination::read_key`].
    pub read_api_key: Option<SecretRef>,
    /// How fast and how patiently we write there.
    pub egress: Egress,
    /// How much may wait for it.
    pub backlog: Backlog,
    /// What happens to a row that is too large for it.
    pub oversize: Oversize,
    /// Whether what it took is looked for, where its success promises nothing.
    pub confirm: bool,
    /// How old an id may be for a whole row to be taken; none: any age.
    pub id_window: Option<Duration>,
    /// What only its dialect knows, by key (`DialectInfo::destination_keys`).
    pub settings: BTreeMap<String, String>,
}

/// What happens to a row that is too large for its vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oversize {
    /// Its longest texts are cut, with a mark.
    Truncate,
    /// It becomes a dead letter.
    DeadLetter,
}

impl Destination {
    /// The credential that reads carry: its own, else the first of `api_keys`.
    pub fn read_key(&self) -> Option<&SecretRef> {
        self.read_api_key.as_ref().or(self.api_keys.first())
    }

    /// Who answers there: equal for two destinations that write to the same vendor server.
    pub fn server(&self) -> String {
        hosts::server(&self.base_url)
    }
}

pub(super) fn read(root: &mut Table) -> BTreeMap<String, Destination> {
    root.named("destinations", destination)
}

fn destination(name: &str, table: &mut Table) -> Option<Destination> {
    let info = table.walk.destinations.get(name).copied().flatten();
    let dialect = dialect(table);
    let allow_private = table.flag("allow_private", Ok).unwrap_or(false);
    table.require("base_url", "\"https://…\", where the vendor's API is");
    let base_url = table.text("base_url", |text| reachable(values::url(text)?, allow_private));
    let api_keys = api_keys(table, info, base_url.as_ref());
    let read_api_key = table.text("read_api_key", secret::parse);
    check_secret(table, "read_api_key", read_api_key.as_ref());
    let egress = table.section("egress", |table| egress::read(table, info));
    let backlog = table.section("backlog", backlog::read).unwrap_or_default();
    let oversize = table.text("oversize", oversize).unwrap_or(Oversize::Truncate);
    let confirm = table.flag("confirm", Ok).unwrap_or(true);
    let id_window = id_window(table, info, base_url.as_ref());
    let settings = settings(table, info, |dialect| dialect.destination_keys);
    table.not_yet("pass_through", "requests handed on as they are");
    Some(Destination {
        dialect: dialect?,
        base_url: base_url?,
        allow_private,
        api_keys,
        read_api_key,
        egress: egress?,
        backlog,
        oversize,
        confirm,
        id_window,
        settings,
    })
}

fn dialect(table: &mut Table) -> Option<String> {
    let dialects = table.walk.dialects;
    let known = dialects.iter().map(|dialect| dialect.name);
    let write = one_of("", known.clone(), "nothing, no dialect is known");
    table.require("dialect", &write);
    table.text("dialect", |text| match find(dialects, text) {
        Some(dialect) => Ok(dialect.name.to_owned()),
        None => Err(Problem::new("is no dialect", one_of(text, known, &write))),
    })
}

/// The egress rule (`design.md` §1, job 3): nothing in clear outside, nothing inside unasked.
fn reachable(url: Url, allow_private: bool) -> Result<Url, Problem> {
    match (hosts::is_private(&url), url.scheme()) {
        (false, "http") => Err(Problem::new(
            "plain http would carry data and credentials in clear through public networks",
            "\"https://…\"",
        )),
        (true, _) if !allow_private => Err(Problem::new(
            "the host is in a private network or this machine",
            "allow_private = true beside it if that is meant",
        )),
        _ => Ok(url),
    }
}

fn api_keys(table: &mut Table, info: Option<&DialectInfo>, url: Option<&Url>) -> Vec<SecretRef> {
    let is_set = table.is_set("api_keys");
    let mut seen = BTreeSet::new();
    let keys = table.texts("api_keys", |text| {
        let reference = secret::parse(text)?;
        match seen.insert(text.to_owned()) {
            true => Ok(reference),
            false => Err(Problem::new("is named twice, but has one bucket", "it once")),
        }
    });
    for (index, key) in keys.iter().flatten().enumerate() {
        check_secret(table, &format!("api_keys[{index}]"), Some(key));
    }
    let is_empty = keys.as_ref().map_or(!is_set, Vec::is_empty);
    match info {
        Some(info) if is_empty && info.needs_key => {
            let rule = format!("is missing: dialect \"{}\" takes nothing without a key", info.name);
            table.report("api_keys", None, Problem::new(rule, "[\"env:NAME\"]"));
        }
        _ if is_empty && url.is_some_and(|url| !hosts::is_private(url)) => {
            let text = "no api_keys: requests to a public host go without a credential";
            table.walk.warn(table.path.clone(), text);
        }
        _ => {}
    }
    keys.unwrap_or_default()
}

fn check_secret(table: &mut Table, key: &str, secret: Option<&SecretRef>) {
    let Walk { environment, skip_secrets, .. } = *table.walk;
    let Some(secret) = secret.filter(|_| !skip_secrets) else {
        return;
    };
    if let Err(error) = secret.resolve(environment) {
        let value = config::Value::from(secret.to_string());
        let write = "the name of one that is there, or provide it";
        table.report(key, Some(&value), Problem::new(error.to_string(), write));
    }
}

fn oversize(text: &str) -> Result<Oversize, Problem> {
    match text {
        "truncate" => Ok(Oversize::Truncate),
        "dead-letter" => Ok(Oversize::DeadLetter),
        _ => {
            let rule = "must be \"truncate\" or \"dead-letter\"";
            Err(Problem::new(rule, one_of(text, ["truncate", "dead-letter"], "")))
        }
    }
}

impl Oversize {
    fn word(self) -> &'static str {
        match self {
            Oversize::Truncate => "truncate",
            Oversize::DeadLetter => "dead-letter",
        }
    }
}

fn id_window(table: &mut Table, info: Option<&DialectInfo>, url: Option<&Url>) -> Option<Duration> {
    let written = table.text("id_window", |text| match text {
        "off" => Ok(None),
        _ => values::positive_duration(text).map(Some),
    });
    match (written, info, url) {
        (Some(window), ..) => window,
        (None, Some(info), Some(url)) => (info.id_window)(url),
        (None, ..) => None,
    }
}

/// The keys that the dialect adds. Where it is not known, the keys of all are let through.
pub(super) fn settings(
    table: &mut Table,
    info: Option<&DialectInfo>,
    keys: fn(&DialectInfo) -> &'static [&'static str],
) -> BTreeMap<String, String> {
    let dialects = table.walk.dialects;
    let mut found = BTreeMap::new();
    for key in dialects.iter().flat_map(keys) {
        if info.is_none_or(|info| keys(info).contains(key)) {
            let value = table.text(key, values::words);
            found.extend(value.map(|value| ((*key).to_owned(), value)));
        }
    }
    found
}

impl Destination {
    pub(super) fn print(&self, name: &str, out: &mut Printer) {
        out.table(&format!("destinations.{name}"));
        out.text("dialect", &self.dialect);
        out.text("base_url", self.base_url.as_str());
        out.raw("allow_private", &self.allow_private.to_string());
        let keys = self.api_keys.iter().map(SecretRef::to_string);
        out.raw("api_keys", &Printer::list(keys));
        if let Some(key) = &self.read_api_key {
            out.text("read_api_key", &key.to_string());
        }
        out.inner("egress", &self.egress.print());
        out.inner("backlog", &self.backlog.print());
        out.text("oversize", self.oversize.word());
        out.raw("confirm", &self.confirm.to_string());
        match self.id_window {
            Some(window) => out.duration("id_window", window),
            None => out.text("id_window", "off"),
        }
        for (key, value) in &self.settings {
            out.text(key, value);
        }
    }
}
