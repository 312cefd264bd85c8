//! Every folder of `fixtures/<dialect>/` is a scenario: what goes out to each dialect is a recorded
//! snapshot, and what comes back is what went out. A new folder is tested without a word here.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;
use spangate::contract::Dialect;
use spangate::dialects::DIALECTS;
use spangate::pipeline::translate;
use spangate::pipeline::translate::Lost;

use crate::translation::Difference;
use crate::translation::folders;
use crate::translation::gather;
use crate::translation::scenario;
use crate::translation::there_and_back;

/// Differences after a way there and back that no loss announces: scenario, the dialect between, the
/// canonical path, and why it has to be. One that no longer arises must go.
const KNOWN: &[(&str, &str, &str, &str)] = &[];

#[test]
fn what_goes_out_is_as_recorded() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    each(|from, name, folder| {
        let gathered = gather(from, scenario(&folder));
        for to in DIALECTS {
            let sent = gathered.send(to);
            let requests: Vec<Value> = sent.requests.iter().map(|request| read(&translate::print(request))).collect();
            let losses: Vec<&Lost> = gathered.losses.iter().chain(&sent.losses).collect();
            let shot = json!({"requests": requests, "losses": losses});
            settings.bind(|| insta::assert_json_snapshot!(format!("{name}__{}", to.info().name), shot));
        }
    });
}

#[test]
fn what_comes_back_is_what_went_out() {
    let mut broken = Vec::new();
    let mut excused = BTreeSet::new();
    each(|from, name, folder| {
        for to in DIALECTS {
            for difference in there_and_back(from, to, &scenario(&folder)) {
                match KNOWN.iter().find(|known| is(known, &name, to, &difference)) {
                    Some(known) => drop(excused.insert(*known)),
                    None => broken.push(format!("{name} by {}: {difference:?}", to.info().name)),
                }
            }
        }
    });
    assert!(broken.is_empty(), "{} differences:\n{}", broken.len(), broken.join("\n"));
    let stale: Vec<_> = KNOWN.iter().filter(|known| !excused.contains(*known)).collect();
    assert!(stale.is_empty(), "no longer differ: {stale:?}");
}

fn is(known: &(&str, &str, &str, &str), name: &str, to: &dyn Dialect, difference: &Difference) -> bool {
    (known.0, known.1, known.2) == (name, to.info().name, difference.path.as_str())
}

/// Calls for each scenario of each dialect, with a name such as `opik__py_feedback`.
fn each(mut test: impl FnMut(&'static dyn Dialect, String, PathBuf)) {
    for from in DIALECTS {
        let vendor = from.info().name;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(vendor);
        let scenarios = folders(&root);
        assert!(!scenarios.is_empty(), "no scenario of {vendor}");
        for name in scenarios {
            test(from, format!("{vendor}__{name}"), root.join(name));
        }
    }
}

fn read(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}
