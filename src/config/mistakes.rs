//! What is wrong with a configuration, said so that one reading is enough to mend it.

use std::fmt;

/// One mistake: where, what stands there, what must hold, what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The key path, such as `projects.checkout.routes.lab`; empty for the file as a whole.
    pub path: String,
    /// The value as written, unless it is missing or could be a secret.
    pub value: Option<String>,
    /// The rule that does not hold.
    pub rule: String,
    /// What to write instead.
    pub write: String,
    /// The file or the environment variable that the value came from, if it was set.
    pub from: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        if let Some(value) = &self.value {
            write!(f, "{value}: ")?;
        }
        write!(f, "{}; {}", self.rule, self.write)?;
        match &self.from {
            Some(from) => write!(f, " [{from}]"),
            None => Ok(()),
        }
    }
}

/// Every mistake of one configuration, in the order of its sections; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{mistake}")?;
        }
        Ok(())
    }
}

/// Something that works as written but probably not as meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The key path it is about.
    pub path: String,
    /// What follows from it, and what would end it.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.text)
    }
}

/// What a parser of one value says against it; the walk adds where it stands.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) rule: String,
    pub(super) write: String,
}

impl Problem {
    /// A broken rule, and the end of the sentence "write …".
    pub(super) fn new(rule: impl Into<String>, write: impl fmt::Display) -> Problem {
        Problem { rule: rule.into(), write: format!("write {write}") }
    }

    /// A key or value that later work brings.
    pub(super) fn not_yet(what: &str) -> Problem {
        Problem { rule: format!("not yet: {what}"), write: "leave it out for now".to_owned() }
    }
}

/// The candidate that is within two edits of what was written.
pub(super) fn did_you_mean<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(written, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 2 && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The end of "write …" for a word that must be one of a list.
pub(super) fn one_of<'a>(written: &str, known: impl IntoIterator<Item = &'a str> + Clone, none: &str) -> String {
    let list: Vec<String> = known.clone().into_iter().map(|name| format!("\"{name}\"")).collect();
    match (did_you_mean(written, known), list.is_empty()) {
        (_, true) => none.to_owned(),
        (Some(near), _) => format!("\"{near}\""),
        (None, _) => format!("one of {}", list.join(", ")),
    }
}
