//! The operator's view and hand: receipts, dead letters, destinations, metrics; by the API, the pages and
//! the command line, of a running and of a stopped gateway.

mod destinations;
mod given_up;
mod letters;
mod metrics;
mod overflow;
mod receipts;
mod removed;

use std::process::Command;
use std::process::Output;

use serde_json::Value;
use serde_json::json;

use crate::support::Site;

/// Runs the program on a site's admin listener.
fn spangate(site: &Site, args: &[&str]) -> Output {
    let admin = format!("http://{}", site.admin);
    run(&[args, &["--admin", &admin]].concat())
}

/// Runs the program.
fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spangate"));
    command.args(args).env_remove("SPANGATE_ADMIN").output().unwrap()
}

/// What a run that went well printed.
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", complaint(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The id of the nth trace, in a form that every dialect takes.
fn id(nth: u32) -> String {
    format!("01a1fba9-b442-706a-888f-b0c02200{nth:04}")
}

/// A finished trace, as Opik's clients send it.
fn trace(nth: u32, name: &str) -> Value {
    json!({"id": id(nth), "project_name": "road", "name": name, "start_time": "2026-11-21T01:12:45Z",
        "end_time": "2026-11-21T01:12:46Z", "input": {"q": 1}})
}

/// How a destination does.
async fn standing(site: &Site, destination: &str) -> Value {
    let all = site.api("/api/destinations").await;
    all.as_array().unwrap().iter().find(|standing| standing["destination"] == destination).unwrap().clone()
}

/// Sends finished traces; gives the receipt.
async fn send(site: &Site, traces: &[Value]) -> String {
    let answer = site.client("checkout").call("POST", "/v1/private/traces/batch", &json!({"traces": traces})).await;
    assert_eq!(answer.status, 204, "{:?}", answer.body);
    answer.headers["x-spangate-receipt"].to_str().unwrap().to_owned()
}
