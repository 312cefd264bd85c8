//! A store that is damaged as a whole: what can be read of it goes into a new one.
//!
//! The old file is kept aside and never deleted. The new one is made beside it and takes its place by a
//! rename, so that a death in between leaves either the old one, to be salvaged again, or the new one
//! whole ([`finish`]).

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use rusqlite::Connection;
use rusqlite::OpenFlags;

use crate::pipeline::ledger::OpenError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::sqlite::Durability;
use crate::pipeline::ledger::sqlite::first_page;
use crate::pipeline::ledger::sqlite::lock::Layout;
use crate::pipeline::ledger::sqlite::lock::failed;
use crate::pipeline::ledger::sqlite::lock::sync_dir;
use crate::pipeline::ledger::sqlite::rescue;
use crate::pipeline::ledger::sqlite::schema;

const ASIDE: &str = "ledger.corrupt-";

/// Brings what can be read of the store into a new one, and puts that in its place. `mark` is the highest
/// sequence known to have been acknowledged.
pub(super) fn salvage(at: &Layout, mark: Seq, reason: &str) -> Result<(), OpenError> {
    tracing::error!(dir = %at.dir.display(), reason, "the ledger's file is damaged; what can be read of it is salvaged");
    let unfinished = Layout { db: at.dir.join("ledger.salvage.db"), ..at.clone() };
    remove(&unfinished.db).map_err(failed("remove", &unfinished.db))?;
    let found = {
        let mut new = schema::new_store(&unfinished, Durability::Fsync)?;
        let old = readable(at);
        let found = rescue::rescue(old.as_ref(), &mut new, mark).map_err(|error| schema::refused(at, &error))?;
        new.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(|error| schema::refused(at, &error))?;
        found
    };
    remove_log(&unfinished.db).map_err(failed("remove the log of", &unfinished.db))?;
    fs::rename(&unfinished.db, done(at)).map_err(failed("rename", &unfinished.db))?;
    sync_dir(&at.dir)?;
    finish(at)?;
    tracing::error!(ledger.records = found.records, ledger.damaged = found.damaged, "the ledger was salvaged");
    Ok(())
}

/// Puts a salvaged store that is whole in its place, if there is one.
pub(super) fn finish(at: &Layout) -> Result<(), OpenError> {
    let new = done(at);
    if !new.exists() {
        return Ok(());
    }
    let aside = free(at);
    let moved = move_aside(at, &aside).and_then(|()| first_page::forget(at)).and_then(|()| fs::rename(&new, &at.db));
    moved.map_err(failed("put the salvaged store in place of", &at.db))?;
    sync_dir(&at.dir)
}

fn done(at: &Layout) -> PathBuf {
    at.dir.join("ledger.salvaged.db")
}

// The old store with its log, for reading; `None` when not even the copy of its first page helps.
fn readable(at: &Layout) -> Option<Connection> {
    let found = look(&at.db);
    if found.is_ok() && first_page::is_as_made(at) {
        return found.ok();
    }
    let aside = free(at).with_extension("page");
    drop(found);
    if let Err(error) = first_page::restore(at, &at.db, &aside) {
        tracing::error!(%error, "the first page of the ledger's file cannot be restored");
    }
    look(&at.db).ok()
}

fn look(db: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(db, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    schema::common(&conn)?;
    // Whatever its format, which may be what is damaged: what is taken is what its tables hold.
    match conn.table_exists(None, "records")? {
        true => Ok(conn),
        false => Err(rusqlite::Error::QueryReturnedNoRows),
    }
}

/// How many damaged files are kept aside.
pub(super) fn aside(at: &Layout) -> u64 {
    let is_aside = |name: &str| name.starts_with(ASIDE) && name.ends_with(".db");
    // A directory that cannot be listed is told by what is written to it.
    let files = fs::read_dir(&at.dir).into_iter().flatten().flatten();
    files.filter(|file| file.file_name().to_str().is_some_and(is_aside)).count() as u64
}

// The first name that no earlier salvage took.
fn free(at: &Layout) -> PathBuf {
    let name = |number: u32| at.dir.join(format!("{ASIDE}{number}.db"));
    (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0))
}

fn move_aside(at: &Layout, aside: &Path) -> io::Result<()> {
    for ending in ["", "-wal"] {
        let (from, to) = (with(&at.db, ending), with(aside, ending));
        match fs::rename(from, to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    remove_one(&with(&at.db, "-shm"))
}

fn remove(db: &Path) -> io::Result<()> {
    remove_log(db)?;
    remove_one(db)
}

fn remove_log(db: &Path) -> io::Result<()> {
    remove_one(&with(db, "-wal"))?;
    remove_one(&with(db, "-shm"))
}

fn remove_one(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn with(db: &Path, ending: &str) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
