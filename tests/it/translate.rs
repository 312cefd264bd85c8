//! `spangate translate` as a user runs it.

use std::io::Write;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

const TRACE: &str = "01a1fba9-a639-7577-8f69-a2172cedfe3e";
const SPAN: &str = "01a1fba9-a63c-7506-a223-e9bdca1fb83f";

fn run(args: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spangate"));
    command.arg("translate").args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    std::str::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A trace in one project, and its span in another request.
fn requests() -> String {
    let trace = json!({"id": TRACE, "project_name": "checkout", "name": "t", "start_time": "2026-11-21T01:12:41.785Z",
        "end_time": "2026-11-21T01:12:42Z", "metadata": {"n": 1}, "input": {"q": 1.50}});
    let span = json!({"id": SPAN, "trace_id": TRACE, "project_name": "checkout", "name": "s", "type": "tool",
        "start_time": "2026-11-21T01:12:41.790Z", "end_time": "2026-11-21T01:12:41.9Z", "output": "done"});
    text(&[
        json!({"method": "POST", "path": "/opik/api/v1/private/spans", "body": span}),
        json!({"method": "POST", "path": "/v1/private/traces/batch", "body": {"traces": [trace]}}),
    ])
}

#[test]
fn the_output_is_input_and_nothing_is_lost_on_the_way_back() {
    let there = run(&["--from", "opik", "--to", "galileo"], &requests());
    assert_eq!(there.status.code(), Some(0), "{there:?}");
    let sent = lines(&there.stdout);
    let calls: Vec<_> = sent.iter().map(|line| (line["method"].clone(), line["path"].clone())).collect();
    // The hash of the name, as `pipeline/names.rs` describes it, computed elsewhere.
    let project = "bb7e91ad-43ab-4ad2-822c-4aa3935e3920";
    assert_eq!(
        calls,
        [
            (json!("POST"), json!("/projects")),
            (json!("POST"), json!(format!("/projects/{project}/log_streams"))),
            (json!("POST"), json!(format!("/v2/projects/{project}/traces"))),
        ]
    );
    assert_eq!(sent[0]["body"]["name"], "checkout");
    assert_eq!(sent[2]["body"]["traces"][0]["spans"][0]["output"], "done");

    let back = run(&["--from", "galileo", "--to", "opik"], std::str::from_utf8(&there.stdout).unwrap());
    assert_eq!(back.status.code(), Some(0), "{back:?}");
    let canonical = |input: &str| run(&["--from", "opik", "--to", "canonical"], input).stdout;
    let (started, ended) = (canonical(&requests()), canonical(std::str::from_utf8(&back.stdout).unwrap()));
    assert_eq!(std::str::from_utf8(&ended), std::str::from_utf8(&started));
    assert_eq!(lines(&started)[0]["trace"]["project"], json!({"name": "checkout"}));
}

#[test]
fn a_refused_line_is_named_and_the_others_are_translated() {
    let input = text(&[
        json!({"method": "POST", "path": "/v1/private/traces/batch", "body": {"traces": [{"id": TRACE, "start_time": "x"}]}}),
        json!({"method": "POST", "path": "/v1/private/nothing", "body": {}}),
        json!({"method": "POST", "path": "/v1/private/traces", "body": {"id": TRACE, "start_time": "2026-11-21T01:12:41Z"}}),
    ]) + "junk\n";
    let output = run(&["--from", "opik", "--to", "pandaprobe"], &input);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output.stdout).len(), 1);
    let told = String::from_utf8(output.stderr).unwrap();
    let expected = "line 1: traces[0].start_time: is not an ISO-8601 time with a zone
line 2: POST /v1/private/nothing: opik knows no such request
line 4: column 1: expected value; a line is {\"method\", \"path\", \"headers\"?, \"body\"}
";
    assert_eq!(told, expected);
}

#[test]
fn one_body_can_be_given_by_itself_and_losses_go_to_a_file() {
    let folder = TempDir::new().unwrap();
    let (body, losses) = (folder.path().join("body.json"), folder.path().join("losses.jsonl"));
    let pretty =
        format!("{{\n  \"id\": \"{TRACE}\",\n  \"start_time\": \"2026-11-21T01:12:41Z\",\n  \"source\": \"sdk\"\n}}");
    std::fs::write(&body, pretty).unwrap();
    let args = ["--from", "opik", "--to", "pandaprobe", "--path", "/v1/private/traces", body.to_str().unwrap()];
    let output = run(&[&args[..], &["--losses", losses.to_str().unwrap()]].concat(), "");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
    assert_eq!(lines(&output.stdout)[0]["body"]["trace_id"], TRACE);
    let subject = format!("trace {TRACE}");
    let loss = json!({"subject": subject, "path": "source", "why": "no native home", "carried": true});
    assert_eq!(lines(&std::fs::read(&losses).unwrap()), [loss]);
}

#[test]
fn what_belongs_to_no_trace_is_a_loss() {
    let scores = json!({"scores": [{"id": SPAN, "name": "q", "value": 1, "source": "sdk"}]});
    let input = text(&[json!({"method": "PUT", "path": "/v1/private/spans/feedback-scores", "body": scores})]);
    let output = run(&["--from", "opik", "--to", "canonical"], &input);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), b"".as_slice()));
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, format!("loss: line 1: span {SPAN}: scores[0]: no line says which trace it is in\n"));
}

#[test]
fn a_delete_alone_is_passed_on() {
    let input = text(&[json!({"method": "POST", "path": "/v1/private/traces/delete", "body": {"ids": [TRACE]}})]);
    let output = run(&["--from", "opik", "--to", "pandaprobe"], &input);
    let sent = lines(&output.stdout);
    assert_eq!(
        (sent[0]["method"].clone(), sent[0]["path"].clone()),
        (json!("DELETE"), json!(format!("/traces/{TRACE}")))
    );
    assert_eq!(sent.len(), 1);
}

#[test]
fn with_a_clock_ids_stay_inside_the_window() {
    let id = |now: &[&str]| {
        let output = run(&[&["--from", "opik", "--to", "opik"], now].concat(), &requests());
        lines(&output.stdout)[0]["body"]["traces"][0]["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(id(&[]), TRACE);
    assert_eq!(id(&["--now", "2026-11-21T05:00:00Z"]), TRACE);
    // Eleven hours before: 2026-11-22T13:00:00Z.
    assert_eq!(id(&["--now", "2026-11-23T00:00:00Z"]), "01a20357-9080-7577-8f69-a2172cedfe3e");
}
