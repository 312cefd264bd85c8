//! Connections, and where the ledger ends.
//!
//! Settings follow measurement: 16 KiB pages and a checkpoint every 64 MB of log hold p99
//! of 64 writers under 2 ms; a separate checkpointer let the log grow without end. The
//! caches are small, because the operating system caches the same pages once more.

use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use rusqlite::config::DbConfig;
use rusqlite::params;

use crate::pipeline::ledger::OpenError;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::sqlite::Durability;
use crate::pipeline::ledger::sqlite::first_page;
use crate::pipeline::ledger::sqlite::gone;
use crate::pipeline::ledger::sqlite::lock::Layout;
use crate::pipeline::ledger::sqlite::lock::failed;
use crate::pipeline::ledger::sqlite::quarantine;
use crate::pipeline::ledger::sqlite::settled;
use crate::pipeline::ledger::sqlite::tables;

const PUT_META: &str = "INSERT OR REPLACE INTO meta VALUES(?1, ?2)";

/// Where the ledger ends, and its totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    /// The highest sequence ever given.
    pub(super) seq: Seq,
    /// Records held.
    pub(super) records: u64,
    /// Items of all records ever appended.
    pub(super) items: u64,
    /// Acknowledged records found missing, ever.
    pub(super) lost: u64,
    /// Records put aside.
    pub(super) quarantined: u64,
    /// How often the store was salvaged.
    pub(super) salvaged: u64,
}

/// The size of a page.
pub(super) const PAGE: usize = 16384;

/// The one connection that writes; makes the tables in a new file, and moves an old format on.
pub(super) fn writer(at: &Layout, durability: Durability) -> Result<Connection, OpenError> {
    let conn = new_store(at, durability)?;
    // Only a damaged store needs the copy: this one can do without.
    if let Err(error) = first_page::keep(&conn, at) {
        tracing::warn!(%error, "no copy of the first page of the ledger's file could be kept");
    }
    Ok(conn)
}

/// The same, without a copy of its first page.
pub(super) fn new_store(at: &Layout, durability: Durability) -> Result<Connection, OpenError> {
    let open = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&at.db, flags)?;
        // Said again to a store that has pages it would be a write, which a full disk refuses.
        if conn.query_row("PRAGMA page_count", [], |row| unsigned(row, 0))? == 0 {
            conn.execute_batch(&format!("PRAGMA page_size={PAGE}; PRAGMA auto_vacuum=INCREMENTAL;"))?;
        }
        conn.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=4000;
             PRAGMA journal_size_limit=268435456; PRAGMA secure_delete=FAST;",
        )?;
        common(&conn)?;
        conn.pragma_update(
            None,
            "synchronous",
            match durability {
                Durability::Fsync => "FULL",
                // NORMAL, not OFF: an accepted tail may go with a power loss, the file not.
                Durability::Os => "NORMAL",
            },
        )?;
        Ok(conn)
    };
    let mut conn = open().map_err(|error| refused(at, &error))?;
    let refused = |error| refused(at, &error);
    match tables::format(&conn).map_err(refused)? {
        None => tables::create(&mut conn).map_err(refused)?,
        Some(found) => {
            known(at, found)?;
            if found < tables::FORMAT {
                first_page::forget(at).map_err(failed("remove", &at.first_page))?;
                tables::migrate(&mut conn, found).map_err(refused)?;
            }
        }
    }
    Ok(conn)
}

/// A connection that only reads.
pub(super) fn reader(at: &Layout) -> Result<Connection, OpenError> {
    let open = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&at.db, flags)?;
        conn.execute_batch("PRAGMA cache_size=-2048;")?;
        common(&conn)?;
        Ok(conn)
    };
    let refused = |error| refused(at, &error);
    let conn = open().map_err(refused)?;
    let found = tables::format(&conn).map_err(refused)?;
    let found = found.ok_or_else(|| OpenError::Missing(at.dir.clone()))?;
    known(at, found)?;
    tables::overlay(&conn, found).map_err(refused)?;
    conn.execute_batch("PRAGMA query_only=ON;").map_err(refused)?;
    Ok(conn)
}

/// What every connection is set to.
pub(super) fn common(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(
        "PRAGMA busy_timeout=5000; PRAGMA mmap_size=0; PRAGMA cell_size_check=ON;
         PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=OFF;",
    )?;
    // Copying the log into the file belongs to `close`; a drop must be as quick as a kill.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // Else a cached statement is compiled again whenever a parameter changes that its plan looked at.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(32);
    Ok(())
}

fn known(at: &Layout, found: u32) -> Result<(), OpenError> {
    if found > tables::FORMAT {
        return Err(OpenError::Newer { dir: at.dir.clone(), found, known: tables::FORMAT });
    }
    Ok(())
}

/// Reads where the ledger ends, counting what is known to be missing at its end.
///
/// `mark` is the highest sequence known to have been acknowledged. A number that was given
/// is never given again, though its record be lost: couriers may have settled past it.
pub(super) fn tail(conn: &Connection, mark: Seq) -> rusqlite::Result<Tail> {
    let number = |sql: &str| conn.query_row(sql, [], |row| unsigned(row, 0));
    let known = known_end(conn)?;
    let given =
        known.max(mark).max(number("SELECT coalesce(max(seq), 0) FROM contents")?).max(settled::last_base(conn)?);
    Ok(Tail {
        seq: given,
        records: meta(conn, "records")?,
        items: meta(conn, "items")?,
        lost: meta(conn, "lost")? + (given - known),
        quarantined: quarantine::count(conn)?,
        salvaged: meta(conn, "salvaged")?,
    })
}

// The last sequence that is held, or known to have been.
fn known_end(conn: &Connection) -> rusqlite::Result<Seq> {
    let held = conn.query_row("SELECT coalesce(max(seq), 0) FROM records", [], |row| unsigned(row, 0))?;
    Ok(held.max(meta(conn, "given")?).max(gone::end(conn)?))
}

/// A number of the store's own; 0 when it was never set.
pub(super) fn meta(conn: &Connection, key: &str) -> rusqlite::Result<u64> {
    let found = conn.query_row("SELECT v FROM meta WHERE k=?1", [key], |row| unsigned(row, 0)).optional()?;
    Ok(found.unwrap_or(0))
}

/// Remembers a loss that [`tail`] found, so that it is counted once.
pub(super) fn keep_loss(conn: &mut Connection, tail: &Tail) -> rusqlite::Result<bool> {
    if meta(conn, "lost")? == tail.lost {
        return Ok(false);
    }
    let first = known_end(conn)? + 1;
    let keep = conn.transaction()?;
    quarantine::put_lost(&keep, first, tail.seq)?;
    keep.execute(PUT_META, ("given", signed(tail.seq)))?;
    keep.execute(PUT_META, ("lost", signed(tail.lost)))?;
    keep.commit()?;
    Ok(true)
}

/// Writes the totals beside the records that made them.
pub(super) fn keep_totals(conn: &Connection, tail: &Tail) -> rusqlite::Result<()> {
    let mut put = conn.prepare_cached(PUT_META)?;
    put.execute(("records", signed(tail.records)))?;
    put.execute(("items", signed(tail.items)))?;
    Ok(())
}

/// Files a record that was found elsewhere, with what is known of its place.
pub(super) fn refile(conn: &Connection, record: &Record, env: &[u8]) -> rusqlite::Result<()> {
    let Record { seq, at_ns, project, dialect, items, traces, .. } = record;
    let seq = signed(*seq);
    conn.prepare_cached("INSERT OR REPLACE INTO records VALUES(?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        seq,
        at_ns.div_euclid(1_000_000),
        &**project,
        &**dialect,
        items,
        env
    ])?;
    // Without its subject table a record may hold anything.
    conn.prepare_cached(
        "INSERT INTO contents VALUES(?1, ?2, ?3, ?4, ?5, x'') ON CONFLICT(seq) DO UPDATE SET
             at_ns = excluded.at_ns, project = excluded.project, items = excluded.items, bytes = excluded.bytes",
    )?
    .execute(params![seq, at_ns, &**project, items, signed(env.len() as u64)])?;
    let mut index = conn.prepare_cached("INSERT OR IGNORE INTO traces VALUES(?1, ?2)")?;
    for trace in traces {
        index.execute([signed(trace.0), seq])?;
    }
    Ok(())
}

/// An error of the store while it is being opened.
pub(super) fn refused(at: &Layout, error: &rusqlite::Error) -> OpenError {
    if quarantine::is_damage(error) {
        return OpenError::Corrupt { dir: at.dir.clone(), reason: error.to_string() };
    }
    OpenError::Store { dir: at.dir.clone(), reason: error.to_string() }
}

/// A number as SQLite stores it: its integers are signed, the 64 bits are the same.
pub(super) fn signed(value: u64) -> i64 {
    value.cast_signed()
}

/// The number that [`signed`] stored.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}
