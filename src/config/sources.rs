//! The three sources, the later over the earlier: `config/default.toml`, a file, the environment.
//!
//! Tables merge key by key; arrays and single values are replaced whole.

use std::collections::BTreeMap;
use std::path::PathBuf;

use config::Config as Merged;
use config::ConfigError;
use config::FileFormat;
use config::Format;
use config::Map;
use config::Source;
use config::Value;
use config::ValueKind;

use super::mistakes::Mistake;

/// What an environment variable starts with that sets a key: `SPANGATE__SECTION__KEY`.
pub const PREFIX: &str = "SPANGATE__";
/// The origin of what nobody has set.
pub(super) const DEFAULT: &str = "default.toml";
const DEFAULT_TEXT: &str = include_str!("../../config/default.toml");

/// Where a configuration comes from. Nothing else is read: no ambient environment.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A TOML file over the defaults.
    pub file: Option<PathBuf>,
    /// TOML that is built in (`demo`), between the defaults and the file.
    pub text: Option<String>,
    /// The process's environment: overrides, and what `env:NAME` refers to.
    pub environment: BTreeMap<String, String>,
    /// Leaves vendor credentials unresolved, so that a file can be checked where they are not.
    pub skip_secrets: bool,
}

/// One table out of all sources.
pub(super) fn merge(sources: &Sources) -> Result<Value, Mistake> {
    let mut layers = vec![
        Layer::parse(DEFAULT, DEFAULT_TEXT),
        Layer::parse("built-in", sources.text.as_deref().unwrap_or_default()),
    ];
    if let Some(path) = &sources.file {
        let name = path.display().to_string();
        layers.push(match std::fs::read_to_string(path) {
            Ok(text) => Layer::parse(&name, &text),
            Err(error) => Err(unreadable(&name, &error.to_string())),
        });
    }
    layers.extend(sources.environment.iter().filter_map(variable));
    let mut builder = Merged::builder();
    for layer in layers {
        builder = builder.add_source(layer?);
    }
    let merged = builder.build().map_err(|error| unreadable("the configuration", &error.to_string()))?;
    Ok(merged.cache)
}

/// The TOML value that a text from the environment stands for, such as `["a", "b"]`.
pub(super) fn toml_value(origin: &str, text: &str) -> Option<Value> {
    let layer = Layer::parse(origin, &format!("value = {text}")).ok()?;
    let mut table = layer.0;
    table.remove("value").filter(|_| table.is_empty())
}

#[derive(Clone, Debug)]
struct Layer(Map<String, Value>);

impl Layer {
    fn parse(name: &str, text: &str) -> Result<Layer, Mistake> {
        FileFormat::Toml
            .parse(Some(&name.to_owned()), text)
            .map(Layer)
            .map_err(|error| syntax(name, &error.to_string()))
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

/// One variable as a layer of its own, so that the order of the variables decides, not a hash.
fn variable((name, text): (&String, &String)) -> Option<Result<Layer, Mistake>> {
    let path = name.strip_prefix(PREFIX)?.to_ascii_lowercase().replace("__", ".");
    let value = table_text(name, text).unwrap_or_else(|| Value::new(Some(name), ValueKind::String(text.clone())));
    Some(Ok(Layer(Map::from([(path, value)]))))
}

/// An inline table has to be one before the merge, or it would replace the table under it.
fn table_text(name: &str, text: &str) -> Option<Value> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    toml_value(name, text.trim())
}

fn unreadable(name: &str, error: &str) -> Mistake {
    Mistake {
        path: String::new(),
        value: Some(name.to_owned()),
        rule: format!("cannot be read: {error}"),
        write: "name a readable TOML file".to_owned(),
        from: None,
    }
}

/// The parser's words without the line that it quotes, which may hold a secret.
fn syntax(name: &str, error: &str) -> Mistake {
    let said: Vec<&str> = error.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains('|')).collect();
    Mistake {
        path: String::new(),
        value: Some(name.to_owned()),
        rule: said.join(": "),
        write: "mend this line first, the rest is read after it".to_owned(),
        from: None,
    }
}
