//! Requests to try things on: those of every fixture, what they become at each vendor (rows with the
//! reserved key), and recorded sessions where `SPANGATE_SHARED` names the folder with `captures/`.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use bytes::Bytes;
use serde_json::Value;
use spangate::canonical::Time;
use spangate::contract::Call;
use spangate::contract::Dialect;
use spangate::contract::Request;
use spangate::contract::Seed;
use spangate::dialects::DIALECTS;
use spangate::pipeline::translate;

use crate::translation::folders;
use crate::translation::scenario;

/// A request of a dialect.
#[derive(Clone)]
pub(crate) struct Specimen {
    /// Whose.
    pub(crate) dialect: &'static dyn Dialect,
    /// The request.
    pub(crate) call: Call,
}

/// What left-out ids and times derive from in these tests.
pub(crate) fn seed() -> Seed {
    Seed { record: *b"a record's own i", at: Time(1_795_223_400_123_456_789) }
}

/// Every request that its dialect takes.
pub(crate) fn specimens() -> Vec<Specimen> {
    let mut all = Vec::new();
    for from in DIALECTS {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(from.info().name);
        for name in folders(&root) {
            let inputs = scenario(&root.join(name));
            all.extend(inputs.iter().map(|input| Specimen { dialect: from, call: input.call.clone() }));
            let gathered = translate::gather(from, inputs, None);
            for to in DIALECTS {
                let sent = gathered.send(to).requests;
                all.extend(sent.iter().map(|request| Specimen { dialect: to, call: call(request) }));
            }
        }
        all.extend(recorded(from));
    }
    all.retain(|specimen| specimen.dialect.decode(&specimen.call, &seed()).is_ok_and(|said| !said.items.is_empty()));
    all
}

/// A request of ours as a vendor would get it.
fn call(request: &Request) -> Call {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    Call {
        method: request.method.clone(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: request.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect(),
        body: request.body.clone().unwrap_or_default(),
    }
}

fn recorded(dialect: &'static dyn Dialect) -> Vec<Specimen> {
    let Some(shared) = env::var_os("SPANGATE_SHARED").map(PathBuf::from) else { return Vec::new() };
    let root = shared.join("captures").join(dialect.info().name);
    let mut files: Vec<PathBuf> = folders(&root)
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let calls =
        files.iter().filter_map(|file| capture(&serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()));
    calls.map(|call| Specimen { dialect, call }).collect()
}

/// A recorded request, whichever recorder wrote it; a prefix before the native path goes.
fn capture(file: &Value) -> Option<Call> {
    let request = file.get("request").unwrap_or(file);
    let (method, path) = (request["method"].as_str()?, request["path"].as_str()?);
    let path = path.split('?').next()?;
    let starts = ["/v1/private/", "/v2/projects/", "/projects/", "/ingest/", "/traces", "/evaluations/"];
    let native = starts.iter().find_map(|start| path.find(start)).map_or(path, |at| &path[at..]);
    let body = match &request["body"] {
        Value::Null => Bytes::new(),
        body => Bytes::from(body.to_string()),
    };
    let headers = match &request["headers"] {
        Value::Object(headers) => {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            headers.iter().map(|(name, value)| (name.to_lowercase(), text(value))).collect()
        }
        _ => Vec::new(),
    };
    Some(Call { method: method.parse().ok()?, path: native.to_owned(), query: String::new(), headers, body })
}
