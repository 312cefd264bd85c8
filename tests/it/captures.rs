//! Recorded traffic of the official SDKs, translated to every dialect; every request that comes out
//! is judged by its vendor's own API description. Runs where `SPANGATE_SHARED` names the folder with
//! `captures/` and `openapi/`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use bytes::Bytes;
use serde_json::Value;
use serde_json::json;
use spangate::dialects::DIALECTS;
use spangate::pipeline::translate;
use spangate::pipeline::translate::Input;

use crate::openapi::Api;
use crate::translation::folders;
use crate::translation::there_and_back;

/// Calls of recorded sessions that are no part of any dialect here, ids as `*`, and what they are. One
/// that is taken now must go.
const REFUSED: &[(&str, &str, &str)] = &[
    ("galileo", "POST /openai/v1/chat/completions", "the recorder's own stand-in for a model"),
    ("galileo", "POST /otel/traces", "OTLP"),
    ("galileo", "POST /projects/*/spans/search", "a read"),
    ("galileo", "POST /projects/*/traces/search", "a read"),
    ("opik", "POST /v1/private/attachment/upload-start", "attachments"),
    ("opik", "POST /v1/private/prompts/versions", "prompts"),
    ("opik", "POST /v1/private/prompts/versions/retrieve", "prompts"),
    ("opik", "POST /v1/private/spans/search", "a read"),
    ("opik", "POST /v1/private/traces/search", "a read"),
    ("opik", "POST /v1/private/traces/threads/search", "a read"),
    ("opik", "PUT /v1/private/attachment/upload", "attachments"),
    ("pandaprobe", "POST /evaluations/trace-runs/batch", "the vendor's own evaluators"),
];

/// A body that each vendor's description refuses, so that a check which lets everything through shows.
const BAD: &[(&str, &str)] =
    &[("galileo", "/v2/projects/p/traces"), ("opik", "/v1/private/traces/batch"), ("pandaprobe", "/traces")];

#[test]
fn recorded_traffic_becomes_valid_requests() {
    let Some(shared) = env::var_os("SPANGATE_SHARED").map(PathBuf::from) else {
        println!("skipped: SPANGATE_SHARED names no folder");
        return;
    };
    let apis: BTreeMap<&str, Api> = DIALECTS
        .iter()
        .map(|dialect| (dialect.info().name, Api::open(&description(&shared, dialect.info().name))))
        .collect();
    for (vendor, path) in BAD {
        let errors = apis[vendor].check("POST", path, &json!({"traces": [{"id": 1}], "status": 2}));
        assert!(!errors.is_empty(), "{vendor} takes anything at {path}");
    }
    let mut refused = BTreeSet::new();
    let mut wrong = BTreeMap::new();
    let mut broken = Vec::new();
    let mut requests = 0;
    for from in DIALECTS {
        let vendor = from.info().name;
        let root = shared.join("captures").join(vendor);
        let scenarios = folders(&root);
        assert!(scenarios.len() > 20, "{} scenarios of {vendor}", scenarios.len());
        for scenario in scenarios {
            let inputs = session(&root.join(&scenario), &apis[vendor]);
            for to in DIALECTS {
                let changed = there_and_back(from, to, &inputs);
                broken.extend(
                    changed.iter().map(|change| format!("{vendor}/{scenario} by {}: {change:?}", to.info().name)),
                );
            }
            let gathered = translate::gather(from, inputs, None);
            refused.extend(gathered.refused.iter().map(|refused| (vendor, without_ids(&refused.why))));
            for to in DIALECTS {
                let target = to.info().name;
                for request in gathered.send(to).requests {
                    requests += 1;
                    let line: Value = serde_json::from_str(&translate::print(&request)).unwrap();
                    for error in apis[target].check(request.method.as_str(), &request.path, &line["body"]) {
                        let place = format!("{vendor}/{scenario} to {target}: {} {}", request.method, request.path);
                        wrong.entry(format!("{target}: {}", without_numbers(&error))).or_insert((place, 0)).1 += 1;
                    }
                }
            }
        }
    }
    assert!(requests > 500, "only {requests} requests");
    let wrong: Vec<_> =
        wrong.iter().map(|(error, (place, n))| format!("{n} times {error}\n    e.g. {place}")).collect();
    assert!(wrong.is_empty(), "{} kinds of mistakes in {requests} requests:\n{}", wrong.len(), wrong.join("\n"));
    assert!(broken.is_empty(), "{} differences on the way back:\n{}", broken.len(), broken.join("\n"));
    let why =
        |(vendor, call, _): &(&'static str, &str, &str)| (*vendor, format!("{call}: {vendor} knows no such request"));
    assert_eq!(refused, REFUSED.iter().map(why).collect());
}

fn description(shared: &Path, vendor: &str) -> PathBuf {
    let folder = shared.join("openapi");
    let names = ["json", "yaml"].map(|extension| folder.join(format!("{vendor}.{extension}")));
    names.into_iter().find(|path| path.exists()).unwrap_or_else(|| panic!("no API description of {vendor}"))
}

/// A session's requests in the order they were sent, native paths.
fn session(folder: &Path, api: &Api) -> Vec<Input> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let mut calls: Vec<Value> = files.filter_map(|path| call(&fs::read_to_string(path).unwrap())).collect();
    calls.sort_by_key(|call| call["seq"].as_u64().or(call["n"].as_u64()));
    (1..).zip(&calls).map(|(line, call)| input(line, call, api)).collect()
}

/// The recorded request, whichever of the three recorders wrote the file; `None` for other files.
fn call(text: &str) -> Option<Value> {
    let mut file: Value = serde_json::from_str(text).unwrap();
    if let Some(mut request) = file.get_mut("request").map(Value::take) {
        request["seq"] = file["seq"].take();
        return Some(request);
    }
    file.get("method").is_some().then_some(file)
}

fn input(line: usize, call: &Value, api: &Api) -> Input {
    let method = call["method"].as_str().unwrap();
    let path = call["path"].as_str().unwrap();
    let body = match &call["body"] {
        Value::Null => Bytes::new(),
        body => Bytes::from(body.to_string()),
    };
    Input::new(line, method, api.native(method, path), headers(&call["headers"]), body).unwrap()
}

fn headers(recorded: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match recorded {
        Value::Object(headers) => headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        Value::Array(headers) => headers.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
        _ => Vec::new(),
    }
}

fn without_ids(text: &str) -> String {
    let is_id = |word: &str| word.len() >= 32 && word.chars().all(|letter| letter.is_ascii_hexdigit() || letter == '-');
    let words = text.split_inclusive(['/', ' ', ':', '"']).map(|word| {
        let bare = word.trim_end_matches(['/', ' ', ':', '"']);
        if is_id(bare) { format!("*{}", &word[bare.len()..]) } else { word.to_owned() }
    });
    words.collect()
}

fn without_numbers(text: &str) -> String {
    let parts = text.split('/').map(|part| if part.parse::<u32>().is_ok() { "*" } else { part });
    without_ids(&parts.collect::<Vec<_>>().join("/"))
}
