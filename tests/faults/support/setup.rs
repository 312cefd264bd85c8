//! A gateway's configuration: one project, and where it is routed to.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use secrecy::ExposeSecret;
use spangate::http::keys;

use super::Site;

/// What every client presents.
pub(crate) fn key() -> String {
    keys::mint([7; 32]).0.expose_secret().to_owned()
}

/// What a site is started with.
#[derive(Clone)]
pub(crate) struct Setup {
    stand_ins: Vec<String>,
    lines: BTreeMap<String, String>,
    bases: BTreeMap<String, String>,
    reserve: String,
    pub(super) ledger: Option<PathBuf>,
}

impl Setup {
    /// Routed to these stand-ins, whose names are those of their dialects; reads come from the first.
    /// What is complete goes out after 300 ms, without a limit on rates.
    pub(crate) fn to(stand_ins: &[&str]) -> Self {
        let egress = "egress = { requests_per_minute = 600000, scores_per_minute = 600000, timeout = \"5s\" }\n";
        Self {
            stand_ins: stand_ins.iter().map(|name| (*name).to_owned()).collect(),
            lines: stand_ins.iter().map(|name| ((*name).to_owned(), egress.to_owned())).collect(),
            bases: BTreeMap::new(),
            reserve: "1MiB".to_owned(),
            ledger: None,
        }
    }

    /// TOML lines of one destination, in place of its egress.
    pub(crate) fn destination(mut self, name: &str, lines: &str) -> Self {
        self.lines.insert(name.to_owned(), format!("{lines}\n"));
        self
    }

    /// Another place for one destination than its stand-in.
    pub(crate) fn base(mut self, name: &str, url: &str) -> Self {
        self.bases.insert(name.to_owned(), url.to_owned());
        self
    }

    /// Another place for the ledger than the site's directory.
    pub(crate) fn ledger_in(mut self, volume: &Path) -> Self {
        self.ledger = Some(volume.join("ledger"));
        self
    }

    /// Free space below which new requests are refused.
    pub(crate) fn reserve(mut self, size: &str) -> Self {
        size.clone_into(&mut self.reserve);
        self
    }

    /// Without one destination.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.stand_ins.retain(|one| one != name);
        self
    }

    /// With one destination more, as it was.
    pub(crate) fn and(mut self, name: &str) -> Self {
        self.stand_ins.push(name.to_owned());
        self
    }

    /// Starts the stand-ins and the gateway.
    pub(crate) async fn start(self) -> Site {
        Site::start(self).await
    }

    pub(crate) fn stand_ins(&self) -> impl Iterator<Item = &str> {
        self.stand_ins.iter().map(String::as_str)
    }

    pub(super) fn toml(&self, state: &Path, data: SocketAddr, admin: SocketAddr, vendors: SocketAddr) -> String {
        let sha256: String = keys::digest(&key()).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut text = format!(
            "[server]\nlisten = \"{data}\"\nadmin_listen = \"{admin}\"\nstate_dir = {state:?}\n\
             [ledger]\ndisk_reserve = \"{}\"\n[keys.checkout]\nproject = \"checkout\"\nsha256 = \"{sha256}\"\n\
             [projects.checkout]\nread_from = \"{}\"\n",
            self.reserve, self.stand_ins[0]
        );
        for name in &self.stand_ins {
            let base = self.bases.get(name).cloned().unwrap_or_else(|| format!("http://{vendors}/{name}"));
            let keys = if self.lines[name].contains("api_keys") { "" } else { "api_keys = [\"env:VENDOR_KEY\"]\n" };
            write!(
                text,
                "[projects.checkout.routes.{name}]\nflush = {{ quiet = \"300ms\" }}\n[destinations.{name}]\ndialect = \"{name}\"\n\
                 base_url = \"{base}\"\nallow_private = true\n{keys}{}",
                self.lines[name]
            )
            .unwrap();
        }
        text
    }
}
