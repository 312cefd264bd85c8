//! The tree keeps its own rules (`README.md`, architecture): who may name whom, equal rooms in every
//! dialect, vendors' names in their own folders only, nothing foreign at the top.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

const VENDORS: [&str; 3] = ["opik", "galileo", "pandaprobe"];

/// What each folder may not name, as it would stand in a path.
const MAY_NOT_NAME: [(&str, &[&str]); 8] = [
    (
        "src/canonical",
        &[
            "tokio",
            "axum",
            "reqwest",
            "tracing",
            "crate::contract",
            "crate::pipeline",
            "crate::http",
            "crate::dialects",
        ],
    ),
    ("src/contract", &["crate::pipeline", "crate::http", "crate::dialects", "crate::config", "crate::app"]),
    (
        "src/dialects",
        &["crate::pipeline", "crate::http", "crate::config", "crate::app", "crate::sandbox", "crate::cli"],
    ),
    ("src/pipeline", &["crate::dialects", "crate::http", "crate::app", "crate::sandbox", "crate::cli"]),
    (
        "src/http",
        &["crate::dialects", "crate::pipeline", "crate::canonical", "crate::app", "crate::sandbox", "crate::cli"],
    ),
    (
        "src/sandbox",
        &["crate::dialects", "crate::canonical", "crate::contract", "crate::pipeline", "crate::http", "crate::app"],
    ),
    (
        "src/config",
        &["crate::dialects", "crate::pipeline", "crate::http", "crate::app", "crate::sandbox", "crate::canonical"],
    ),
    ("src/app", &["crate::sandbox", "crate::cli"]),
];

/// Rooms that every dialect has, each a file or a folder.
const ROOMS: [&str; 10] = ["mod", "settings", "wire", "decode", "encode", "carve", "read", "routes", "client", "tests"];

/// Rooms of a dialect in which no I/O crate may stand.
const PURE: [&str; 4] = ["wire", "decode", "encode", "carve"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(under: &Path) -> Vec<PathBuf> {
    if under.is_file() {
        return vec![under.to_owned()];
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// Lines of a file that are code, with their numbers.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.to_owned()));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
}

#[test]
fn folders_name_only_what_they_may() {
    let mut breaches = Vec::new();
    for (folder, forbidden) in MAY_NOT_NAME {
        for file in rust_files(&root().join(folder)) {
            for (at, line) in code(&file) {
                let names = |word: &&&str| line.contains(&format!("{word}::")) || line.contains(&format!("{word};"));
                for word in forbidden.iter().filter(names) {
                    breaches.push(format!("{}:{at} names {word}", relative(&file)));
                }
            }
        }
    }
    assert_eq!(breaches, Vec::<String>::new());
}

#[test]
fn a_vendors_name_stands_in_its_own_folder_only() {
    let mut breaches = Vec::new();
    for file in rust_files(&root().join("src")) {
        let path = relative(&file);
        if path.starts_with("src/sandbox/") || path == "src/dialects/mod.rs" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap().to_lowercase();
        for vendor in VENDORS {
            // A source beside a fact (`wire/NAME.md`) is a reference, not knowledge of the vendor.
            let text = text.replace(&format!("wire/{vendor}.md"), "");
            if text.contains(vendor) && !path.starts_with(&format!("src/dialects/{vendor}/")) {
                breaches.push(format!("{path} names {vendor}"));
            }
        }
    }
    assert_eq!(breaches, Vec::<String>::new());
}

#[test]
fn every_dialect_has_the_same_rooms() {
    for vendor in VENDORS {
        let folder = root().join("src/dialects").join(vendor);
        let names = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned());
        let rooms: BTreeSet<String> = names.collect();
        assert_eq!(rooms, ROOMS.iter().map(ToString::to_string).collect(), "rooms of {vendor}");
    }
}

#[test]
fn codecs_do_no_io() {
    let mut breaches = Vec::new();
    for vendor in VENDORS {
        for room in PURE {
            let folder = root().join("src/dialects").join(vendor).join(room);
            let place = if folder.is_dir() { folder } else { folder.with_extension("rs") };
            for file in rust_files(&place) {
                for (at, line) in code(&file) {
                    for word in
                        ["tokio::", "axum::", "reqwest::", "tracing::", "std::fs", "std::net", "std::time::SystemTime"]
                    {
                        if line.contains(word) {
                            breaches.push(format!("{}:{at} names {word}", relative(&file)));
                        }
                    }
                }
            }
        }
    }
    assert_eq!(breaches, Vec::<String>::new());
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent = |file: &PathBuf| !fs::read_to_string(file).unwrap().starts_with("//!");
    let files = rust_files(&root().join("src")).into_iter().chain(rust_files(&root().join("tests")));
    let silent: Vec<String> = files.filter(silent).map(|file| relative(&file)).collect();
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn files_are_not_too_long() {
    let long = rust_files(&root().join("src")).into_iter().filter_map(|file| {
        let text = fs::read_to_string(&file).unwrap();
        let own = text.split("#[cfg(test)]\nmod tests {").next().unwrap().lines().count();
        // A list of fields is a list, not logic.
        let list = file.ends_with("wire.rs");
        (own > 500 && !list).then(|| (relative(&file), own))
    });
    assert_eq!(long.collect::<BTreeMap<_, _>>(), BTreeMap::new());
}

#[test]
fn nothing_foreign_stands_at_the_top() {
    let Ok(listed) = Command::new("git").args(["ls-files"]).current_dir(root()).output() else { return };
    let listed = String::from_utf8(listed.stdout).unwrap();
    let known = ["Cargo.toml", "Cargo.lock", "src", "config", "tests", "fixtures", "README.md"];
    let tops: BTreeSet<&str> = listed.lines().filter_map(|path| path.split('/').next()).collect();
    let foreign: Vec<&&str> = tops.iter().filter(|top| !top.starts_with('.') && !known.contains(top)).collect();
    assert_eq!(foreign, Vec::<&&str>::new());
}
