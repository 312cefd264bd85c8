//! The requests that changed a stand-in, one JSON line each, replayed at start.

use std::{
    cell::Cell,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::call::{Call, pairs, segments};

const FILE: &str = "journal.jsonl";

/// The header a replay needs beside the body; credentials stay out of the journal.
const KEPT_HEADER: &str = "x-project-name";

/// An append-only file, or nothing when the sandbox keeps no state.
pub(super) struct Journal {
    file: Mutex<Option<Arc<File>>>,
}

/// One line of the journal: a request, complete enough to be done again with the same result.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    method: String,
    path: String,
    query: Vec<(String, String)>,
    project: Option<String>,
    body: String,
    at: Timestamp,
    seed: Uuid,
}

impl Journal {
    /// Opens the journal in `folder` and reads what it holds. A torn last line, the mark of a
    /// crash in the middle of a write that was never acknowledged, is cut off.
    pub(super) fn open(folder: Option<PathBuf>) -> io::Result<(Self, Vec<Entry>)> {
        let Some(folder) = folder else {
            return Ok((Self { file: Mutex::new(None) }, Vec::new()));
        };
        fs::create_dir_all(&folder)?;
        let path = folder.join(FILE);
        let (entries, sound) = read(&path)?;
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.set_len(sound)?;
        file.sync_all()?;
        File::open(&folder)?.sync_all()?;
        Ok((Self { file: Mutex::new(Some(Arc::new(file))) }, entries))
    }

    /// Writes one line; the caller holds the instance, so lines stand in the order of effects.
    /// The file it returns still has to be synced.
    pub(super) fn append(&self, entry: &Entry) -> io::Result<Option<Arc<File>>> {
        let guard = self.file.lock();
        let Some(file) = guard.as_ref() else { return Ok(None) };
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        (&**file).write_all(&line)?;
        Ok(Some(Arc::clone(file)))
    }

    pub(super) fn clear(&self) -> io::Result<()> {
        match self.file.lock().as_ref() {
            Some(file) => file.set_len(0).and_then(|()| file.sync_all()),
            None => Ok(()),
        }
    }
}

fn read(path: &Path) -> io::Result<(Vec<Entry>, u64)> {
    let (mut entries, mut sound) = (Vec::new(), 0);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((entries, sound)),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let Ok(entry) = serde_json::from_slice(&line) else { break };
        if line.last() != Some(&b'\n') {
            break;
        }
        entries.push(entry);
        sound += line.len() as u64;
        line.clear();
    }
    Ok((entries, sound))
}

impl Entry {
    pub(super) fn of(name: &str, call: &Call) -> Self {
        let body = call.plain().unwrap_or_default();
        Self {
            name: name.to_owned(),
            method: call.method.clone(),
            path: call.path.join("/"),
            query: call.query.clone(),
            project: call.header(KEPT_HEADER).map(str::to_owned),
            body: String::from_utf8_lossy(&body).into_owned(),
            at: call.at,
            seed: call.seed,
        }
    }

    pub(super) fn into_call(self) -> Call {
        let project = self.project.map(|name| (KEPT_HEADER.to_owned(), name));
        let kind = ("content-type".to_owned(), "application/json".to_owned());
        Call {
            method: self.method,
            path: segments(&self.path),
            query: self.query,
            headers: project.into_iter().chain([kind]).collect(),
            body: self.body.into(),
            at: self.at,
            seed: self.seed,
            replayed: true,
            minted: Cell::new(0),
        }
    }
}

/// Query pairs of a raw query string, as an [`Entry`] and a [`Call`] hold them.
pub(super) fn query(raw: Option<&str>) -> Vec<(String, String)> {
    pairs(raw.unwrap_or_default())
}
