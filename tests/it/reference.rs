//! The configurations that are written down for readers pass `check`.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

const README: &str = include_str!("../../README.md");
/// Keys of the reference that are refused as "not yet".
const NOT_YET: [&str; 2] = ["shadow", "lens"];

/// What `spangate check` says of a file; secrets are not there.
fn check(text: &str) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("spangate.toml");
    fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_spangate"));
    let output = command.args(["check", "--skip-secrets", "--config"]).arg(&file).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_the_readme_shows_passes() {
    let blocks: Vec<&str> = README.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 1);
    for block in blocks {
        let (code, said) = check(block);
        assert_eq!(code, Some(0), "{said}");
    }
}

#[test]
fn a_log_stream_is_for_vendors_that_have_some() {
    let block = README.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let (before, after) = block.split_once("[projects.checkout.routes.opik_cloud]\n").unwrap();
    let odd = format!("{before}[projects.checkout.routes.opik_cloud]\nlog_stream = \"prod\"\n{after}");
    let (code, said) = check(&odd);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("projects.checkout.routes.opik_cloud.log_stream"), "{said}");
}

/// The reference shape with vendors' names, where it is at hand, but for what is refused as "not yet".
#[test]
fn the_reference_passes() {
    let Some(shared) = env::var_os("SPANGATE_SHARED").map(PathBuf::from) else { return };
    let text = fs::read_to_string(shared.join("reference.toml")).unwrap();
    let is_now = |line: &&str| !NOT_YET.contains(&line.split(' ').next().unwrap());
    let (code, said) = check(&text.lines().filter(is_now).collect::<Vec<_>>().join("\n"));
    assert_eq!(code, Some(0), "{said}");
}
