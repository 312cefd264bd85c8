//! The configuration back as TOML (`--print-config`), in force and complete; secrets stay references.

use std::time::Duration;

use super::Config;
use super::values;

/// TOML that [`super::load`] reads back to the same configuration.
pub fn print(config: &Config) -> String {
    let mut out = Printer::default();
    config.server.print(&mut out);
    config.ledger.print(&mut out);
    for (name, key) in &config.keys {
        key.print(name, &mut out);
    }
    for (name, destination) in &config.destinations {
        destination.print(name, &mut out);
    }
    for (name, project) in &config.projects {
        project.print(name, &mut out);
    }
    out.0
}

/// TOML as it is written, line by line.
#[derive(Default)]
pub(super) struct Printer(String);

impl Printer {
    pub(super) fn table(&mut self, path: &str) {
        let gap = if self.0.is_empty() { "" } else { "\n" };
        self.0.push_str(&format!("{gap}[{path}]\n"));
    }

    /// A key with a value that is TOML already.
    pub(super) fn raw(&mut self, key: &str, toml: &str) {
        self.0.push_str(&format!("{key} = {toml}\n"));
    }

    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.raw(key, &Printer::quoted(text));
    }

    pub(super) fn duration(&mut self, key: &str, span: Duration) {
        self.text(key, &values::duration_text(span));
    }

    /// An inline table, left out if it holds nothing.
    pub(super) fn inner(&mut self, key: &str, inline: &str) {
        if !inline.is_empty() {
            self.raw(key, &format!("{{ {inline} }}"));
        }
    }

    /// A basic string. TOML's escapes are JSON's, but for DEL.
    pub(super) fn quoted(text: &str) -> String {
        serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
    }

    pub(super) fn list(texts: impl IntoIterator<Item = String>) -> String {
        let quoted: Vec<String> = texts.into_iter().map(|text| Printer::quoted(&text)).collect();
        format!("[{}]", quoted.join(", "))
    }

    /// The inside of an inline table; a key without a value is left out.
    pub(super) fn inline<'a>(entries: impl IntoIterator<Item = (&'a str, Option<String>)>) -> String {
        let entries: Vec<String> =
            entries.into_iter().filter_map(|(key, value)| value.map(|value| format!("{key} = {value}"))).collect();
        entries.join(", ")
    }
}
