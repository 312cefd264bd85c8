//! What the tests of pure translation share: scenarios from folders, and one road in text form, so
//! that what is compared is what a user of `spangate translate` would see.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use spangate::contract::Dialect;
use spangate::pipeline::translate;
use spangate::pipeline::translate::Gathered;
use spangate::pipeline::translate::Input;
use spangate::pipeline::translate::Lost;

/// The folders in a folder, by name.
pub(crate) fn folders(path: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let folders = entries.map(Result::unwrap).filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The requests of a scenario's folder, one a `.json` file, in order of their names.
pub(crate) fn scenario(folder: &Path) -> Vec<Input> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |(line, path): (usize, &std::path::PathBuf)| {
        let text = fs::read_to_string(path).unwrap();
        Input::read(line, &text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
    };
    (1..).zip(&files).map(read).collect()
}

/// Reads requests; none may be refused.
pub(crate) fn gather(from: &'static dyn Dialect, inputs: Vec<Input>) -> Gathered {
    let gathered = translate::gather(from, inputs, None);
    assert!(gathered.refused.is_empty(), "refused by {}: {:?}", from.info().name, gathered.refused);
    gathered
}

/// What a translation prints, read again as the target's.
pub(crate) fn translated(gathered: &Gathered, to: &'static dyn Dialect) -> (Gathered, Vec<Lost>) {
    let sent = gathered.send(to);
    let text: String = sent.requests.iter().map(|request| translate::print(request) + "\n").collect();
    let (inputs, refused) = translate::lines(&text);
    assert!(refused.is_empty(), "{refused:?}");
    let mut losses = sent.losses;
    losses.extend(gathered.losses.clone());
    (translate::gather(to, inputs, None), losses)
}

/// The folded traces by id, as `--to canonical` prints them.
pub(crate) fn canonical(gathered: &Gathered) -> BTreeMap<String, Value> {
    let printed = gathered.views().into_iter().map(|view| view.print());
    printed.map(|view| (view["id"].as_str().unwrap().to_owned(), view)).collect()
}

/// A place at which two traces differ: subject and canonical path as a loss names them.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Difference {
    /// E.g. `span 0193…`.
    pub(crate) subject: String,
    /// E.g. `output`.
    pub(crate) path: String,
    /// Before and after.
    pub(crate) values: String,
}

/// What a way to another dialect and back changes without a loss that says so; requests that the way
/// produced and that were refused.
pub(crate) fn there_and_back(
    from: &'static dyn Dialect,
    to: &'static dyn Dialect,
    inputs: &[Input],
) -> Vec<Difference> {
    let started = translate::gather(from, inputs.to_vec(), None);
    let (there, mut losses) = translated(&started, to);
    let (back, losses_back) = translated(&there, from);
    losses.extend(losses_back);
    let refused = there.refused.iter().chain(&back.refused).map(|refused| Difference {
        subject: "request".to_owned(),
        path: "refused".to_owned(),
        values: refused.to_string(),
    });
    let changed = differences(&canonical(&started), &canonical(&back));
    refused.chain(changed.into_iter().filter(|difference| !announced(difference, &losses))).collect()
}

/// Whether a loss said that this fact would not come back: a fact by its path, a row by the word for
/// it, a score by its name at what it judges.
fn announced(difference: &Difference, losses: &[Lost]) -> bool {
    let Difference { subject, path, .. } = difference;
    losses.iter().map(|lost| &lost.loss).filter(|loss| !loss.carried).any(|loss| {
        let of_row =
            loss.subject == *subject && [path.as_str(), "span", "score", "target"].contains(&loss.path.as_str());
        let name = loss.path.strip_prefix("scores.").unwrap_or(&loss.path);
        let parts = [name, name.trim_end_matches(".value"), name.trim_end_matches(&format!(".{path}"))];
        of_row || parts.iter().any(|name| *subject == format!("score {name:?} on {}", loss.subject))
    })
}

/// Where sets of folded traces differ.
pub(crate) fn differences(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<Difference> {
    let mut out = Vec::new();
    let all = |traces: &BTreeMap<String, Value>| traces.values().flat_map(subjects).collect::<BTreeMap<_, _>>();
    let (before, after) = (all(before), all(after));
    let none = Value::Null;
    for (subject, facts) in &before {
        let other = after.get(subject).unwrap_or(&none);
        compare(subject, facts, other, &mut out);
    }
    for (subject, facts) in after.iter().filter(|(subject, _)| !before.contains_key(*subject)) {
        compare(subject, &none, facts, &mut out);
    }
    out
}

fn compare(subject: &str, before: &Value, after: &Value, out: &mut Vec<Difference>) {
    let (Some(own), Some(other)) = (before.as_object(), after.as_object()) else {
        let values = format!("{before} -> {after}");
        out.push(Difference { subject: subject.to_owned(), path: "all of it".to_owned(), values });
        return;
    };
    let paths: BTreeSet<&String> = own.keys().chain(other.keys()).collect();
    for path in paths.into_iter().filter(|path| before.get(path) != after.get(path)) {
        let text = |facts: &Value| facts.get(path).map_or("nothing".to_owned(), ToString::to_string);
        let values = format!("{} -> {}", text(before), text(after));
        out.push(Difference { subject: subject.to_owned(), path: path.clone(), values });
    }
}

/// A printed trace as its subjects with their facts.
fn subjects(view: &Value) -> Vec<(String, Value)> {
    let id = view["id"].as_str().unwrap();
    let mut trace = view["trace"].clone();
    if trace.is_object() {
        trace["complete"] = view["complete"].clone();
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let spans = view["spans"].as_array().unwrap().iter();
    let spans = spans.map(|span| (format!("span {}", text(&span["id"])), span.clone()));
    let scores = view["scores"].as_array().unwrap().iter();
    let scores = scores.map(|score| {
        // A loss writes a session's name as quoted text.
        let target = match text(&score["target"]).split_once(' ') {
            Some(("session", name)) => format!("session {name:?}"),
            _ => text(&score["target"]),
        };
        (format!("score {:?} on {target}", text(&score["name"])), score.clone())
    });
    let trace = trace.is_object().then(|| (format!("trace {id}"), trace));
    trace.into_iter().chain(spans).chain(scores).collect()
}
