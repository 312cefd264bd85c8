//! A copy of the database's first page, which says where everything else stands.
//!
//! Without it, the rest of a file is good and cannot be found. It is written when the tables are made
//! and never changes in what matters after that.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::Connection;

use crate::pipeline::ledger::sqlite::lock::Layout;
use crate::pipeline::ledger::sqlite::schema;

/// The size of every page of ours.
const PAGE: usize = schema::PAGE;
/// Where the header says for which change its page count is right. Another number there makes SQLite
/// go by the size of the file, as it must with a page from long ago.
const COUNTED_FOR: std::ops::Range<usize> = 92..96;
/// Numbers that change; what follows them are the tables.
const HEADER: usize = 100;

/// Keeps a copy beside the database, where there is none yet.
pub(super) fn keep(conn: &Connection, at: &Layout) -> io::Result<()> {
    if at.first_page.exists() {
        return Ok(());
    }
    // The tables may stand in the log only.
    conn.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(())).map_err(io::Error::other)?;
    let mut page = vec![0; PAGE];
    File::open(&at.db)?.read_exact_at(&mut page, 0)?;
    page[COUNTED_FOR].fill(0);
    let unfinished = at.first_page.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(&page)?;
    file.sync_all()?;
    std::fs::rename(unfinished, &at.first_page)
}

/// Puts the copy in the place of the first page of `db`; what stood there is kept at `aside`.
pub(super) fn restore(at: &Layout, db: &Path, aside: &Path) -> io::Result<()> {
    let copy = std::fs::read(&at.first_page)?;
    let file = OpenOptions::new().read(true).write(true).open(db)?;
    let mut page = vec![0; PAGE];
    let read = file.read_at(&mut page, 0)?;
    std::fs::write(aside, &page[..read])?;
    file.write_all_at(&copy, 0)?;
    file.sync_all()
}

/// Whether the tables are where the copy says, as far as the first page tells; true without a copy.
pub(super) fn is_as_made(at: &Layout) -> bool {
    let Ok(copy) = std::fs::read(&at.first_page) else { return true };
    let mut page = vec![0; PAGE];
    let read = File::open(&at.db).and_then(|file| file.read_exact_at(&mut page, 0));
    read.is_ok() && copy.get(HEADER..) == page.get(HEADER..)
}

/// Forgets the copy, because the tables are about to change.
pub(super) fn forget(at: &Layout) -> io::Result<()> {
    match std::fs::remove_file(&at.first_page) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
