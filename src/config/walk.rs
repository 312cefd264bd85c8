//! The walk over the merged value, table by table, that collects every mistake on its way.
//!
//! A section asks a [`Table`] for its keys; what it never asked for is an unknown key. A key that
//! is mistaken reads as absent, so a section goes on, and the mistakes alone decide in the end.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::num::NonZeroU32;

use config::Map;
use config::Value;
use config::ValueKind;

use super::dialects::DialectInfo;
use super::dialects::find;
use super::mistakes::Mistake;
use super::mistakes::Problem;
use super::mistakes::Warning;
use super::mistakes::did_you_mean;
use super::raw::entries;
use super::raw::list;
use super::raw::origin;
use super::raw::typed;
use super::sources::PREFIX;
use super::sources::Sources;
use super::values::is_name;
use super::values::to_name;
use super::written::is_secret_key;
use super::written::shown;

/// What the walk knows before it starts and has found so far.
pub(super) struct Walk<'a> {
    pub(super) dialects: &'a [DialectInfo],
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) skip_secrets: bool,
    /// The names of all projects, mistaken ones too.
    pub(super) projects: BTreeSet<String>,
    /// The names of all destinations, mistaken ones too, with the dialect where it is known.
    pub(super) destinations: BTreeMap<String, Option<&'a DialectInfo>>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<Warning>,
}

impl<'a> Walk<'a> {
    /// A walk that knows the names that the merged value has.
    pub(super) fn new(sources: &'a Sources, dialects: &'a [DialectInfo], merged: &Value) -> Self {
        let dialect = |table: &Value| match entries(table)?.get("dialect")?.kind {
            ValueKind::String(ref name) => find(dialects, name),
            _ => None,
        };
        let named = |key: &str| entries(merged).and_then(|root| entries(root.get(key)?));
        let destinations = named("destinations").into_iter().flatten();
        Walk {
            dialects,
            environment: &sources.environment,
            skip_secrets: sources.skip_secrets,
            projects: named("projects").into_iter().flat_map(Map::keys).cloned().collect(),
            destinations: destinations.map(|(name, table)| (name.clone(), dialect(table))).collect(),
            mistakes: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(super) fn warn(&mut self, path: impl Into<String>, text: impl Into<String>) {
        let (path, text) = (path.into(), text.into());
        self.warnings.push(Warning { path, text });
    }
}

/// One table of the merged value while a section reads it.
pub(super) struct Table<'w, 'a> {
    pub(super) walk: &'w mut Walk<'a>,
    pub(super) path: String,
    values: BTreeMap<String, Value>,
    asked: Vec<String>,
}

impl<'w, 'a> Table<'w, 'a> {
    /// The table that starts a walk.
    pub(super) fn root(walk: &'w mut Walk<'a>, value: Value) -> Self {
        let values = match value.kind {
            ValueKind::Table(values) => values.into_iter().collect(),
            _ => BTreeMap::new(),
        };
        let (path, asked) = (String::new(), Vec::new());
        Table { walk, path, values, asked }
    }

    /// The path of a key of this table.
    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() {
            return key.to_owned();
        }
        format!("{}.{key}", self.path)
    }

    /// Whether somebody set the key: it is there, and not from the defaults.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.values.get(key).is_some_and(|value| origin(value).is_some())
    }

    /// Reports the key if it is missing.
    pub(super) fn require(&mut self, key: &str, write: &str) {
        if !self.values.contains_key(key) {
            let problem = Problem::new("is missing", write);
            self.report(key, None, problem);
        }
    }

    /// A mistake about the table itself, such as its name.
    pub(super) fn report_self(&mut self, problem: Problem) {
        self.walk.mistakes.push(Mistake {
            path: self.path.clone(),
            value: None,
            rule: problem.rule,
            write: problem.write,
            from: None,
        });
    }

    /// A mistake about a key whose value, if any, was read before.
    pub(super) fn report(&mut self, key: &str, value: Option<&Value>, problem: Problem) {
        let mistake = Mistake {
            path: self.at(key),
            value: value.and_then(|value| shown(key, value)),
            rule: problem.rule,
            write: problem.write,
            from: value.and_then(origin).map(str::to_owned),
        };
        self.walk.mistakes.push(mistake);
    }

    /// A key with a text value, parsed.
    pub(super) fn text<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Result<T, Problem>) -> Option<T> {
        let value = self.take(key)?;
        let result = match &value.kind {
            ValueKind::String(text) => parse(text),
            kind => Err(not_a_text(key, kind, parse)),
        };
        self.keep(key, &value, result)
    }

    /// A key with a list of texts, each parsed; from the environment also separated by commas.
    /// One mistaken item and there is no list.
    pub(super) fn texts<T>(&mut self, key: &str, mut parse: impl FnMut(&str) -> Result<T, Problem>) -> Option<Vec<T>> {
        let value = self.take(key)?;
        let Some(items) = list(&value) else {
            let problem = Problem::new("must be a list of texts", "[\"…\", \"…\"]");
            return self.keep(key, &value, Err(problem));
        };
        let mut parsed = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let result = match &item.kind {
                ValueKind::String(text) => parse(text),
                kind => Err(not_a_text(key, kind, &mut parse)),
            };
            parsed.extend(self.keep(&format!("{key}[{index}]"), item, result));
        }
        (parsed.len() == items.len()).then_some(parsed)
    }

    /// A key with a whole number above zero.
    pub(super) fn count(&mut self, key: &str) -> Option<NonZeroU32> {
        let value = self.take(key)?;
        let number = match typed(&value).kind {
            ValueKind::I64(number) => u32::try_from(number).ok().and_then(NonZeroU32::new),
            _ => None,
        };
        let rule = "must be a whole number from 1 to 4294967295";
        let result = number.ok_or_else(|| Problem::new(rule, "such as 100"));
        self.keep(key, &value, result)
    }

    /// A key that is true or false, checked.
    pub(super) fn flag<T>(&mut self, key: &str, check: impl FnOnce(bool) -> Result<T, Problem>) -> Option<T> {
        let value = self.take(key)?;
        let result = match typed(&value).kind {
            ValueKind::Boolean(flag) => check(flag),
            _ => Err(Problem::new("must be true or false", "true or false")),
        };
        self.keep(key, &value, result)
    }

    /// A key whose value is a table; an absent one reads as an empty one.
    pub(super) fn section<T>(&mut self, key: &str, read: impl FnOnce(&mut Table<'_, 'a>) -> T) -> Option<T> {
        let values = match self.take(key) {
            None => BTreeMap::new(),
            Some(value) => self.table(key, value)?,
        };
        let (path, asked) = (self.at(key), Vec::new());
        let mut table = Table { walk: &mut *self.walk, path, values, asked };
        let result = read(&mut table);
        table.finish();
        Some(result)
    }

    /// A key whose value is a table of named tables, each read by `read`.
    pub(super) fn named<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&str, &mut Table<'_, 'a>) -> Option<T>,
    ) -> BTreeMap<String, T> {
        let mut found = BTreeMap::new();
        self.section(key, |tables| {
            for name in tables.values.keys().cloned().collect::<Vec<_>>() {
                tables.check_name(&name);
                let result = tables.section(&name, |table| read(&name, table));
                found.extend(result.flatten().map(|item| (name, item)));
            }
        });
        found
    }

    /// A key that later work brings: known, and refused rather than ignored.
    pub(super) fn not_yet(&mut self, key: &str, what: &str) {
        if let Some(value) = self.take(key) {
            self.report(key, Some(&value), Problem::not_yet(what));
        }
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.asked.push(key.to_owned());
        self.values.remove(key)
    }

    fn keep<T>(&mut self, key: &str, value: &Value, result: Result<T, Problem>) -> Option<T> {
        match result {
            Ok(parsed) => Some(parsed),
            Err(problem) => {
                self.report(key, Some(value), problem);
                None
            }
        }
    }

    fn table(&mut self, key: &str, value: Value) -> Option<BTreeMap<String, Value>> {
        if let ValueKind::Table(values) = value.kind {
            return Some(values.into_iter().collect());
        }
        let write = format!("[{}]", self.at(key));
        self.report(key, Some(&value), Problem::new("must be a table", write));
        None
    }

    fn check_name(&mut self, name: &str) {
        if !is_name(name) {
            let rule = "a name is [a-z][a-z0-9_]*";
            let write = format!("[{}]", self.at(&to_name(name)));
            self.report(name, None, Problem::new(rule, write));
        } else if name.contains("__") || name.ends_with('_') {
            let text = format!("no {PREFIX}… variable can reach a name with a double or last \"_\"");
            self.walk.warn(self.at(name), text);
        }
    }

    /// What is left was never asked for.
    pub(super) fn finish(mut self) {
        for (key, value) in std::mem::take(&mut self.values) {
            let known = self.asked.iter().map(String::as_str);
            let write = match did_you_mean(&key, known.clone()) {
                Some(near) => format!("write {near}"),
                None if self.asked.is_empty() => "leave it out".to_owned(),
                None => format!("write one of {}", known.collect::<Vec<_>>().join(", ")),
            };
            let mistake = Mistake {
                path: self.at(&key),
                value: None,
                rule: "unknown key".to_owned(),
                write,
                from: origin(&value).map(str::to_owned),
            };
            self.walk.mistakes.push(mistake);
        }
    }
}

/// What to write instead: the value in quotes, where it would then be none of the next mistakes.
fn not_a_text<T>(key: &str, kind: &ValueKind, parse: impl FnOnce(&str) -> Result<T, Problem>) -> Problem {
    match kind {
        ValueKind::I64(_) | ValueKind::Float(_) | ValueKind::Boolean(_) if !is_secret_key(key) => {
            let quoted = |_| Problem::new("must be a text", format!("\"{kind}\", in quotes"));
            parse(&kind.to_string()).map_or_else(|problem| problem, quoted)
        }
        _ => Problem::new("must be a text", "one text in quotes"),
    }
}
