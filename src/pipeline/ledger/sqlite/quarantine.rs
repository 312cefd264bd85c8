//! Records that cannot be read: put aside once, so that readers step over them, and counted.

use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OptionalExtension;
use rusqlite::params;
use zstd::bulk::Decompressor;

use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::sqlite::envelope;
use crate::pipeline::ledger::sqlite::gone;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::schema::unsigned;
use crate::pipeline::ledger::sqlite::weights;
use crate::pipeline::ledger::sqlite::work::Batch;

/// What stands in the place of records lost with the ledger's end.
const LOST: &str = "lost";

enum Found {
    Good,
    Damaged(Vec<u8>),
    Missing,
    /// Its page cannot be read, and so not be changed either.
    Unreadable,
}

/// Looks at a record that a reader could not read, and puts it aside if that is so.
pub(super) fn inspect(batch: &mut Batch<'_>, seq: Seq) -> rusqlite::Result<()> {
    if seq == 0 || seq > batch.tail.seq || gone::is_known(batch.conn, seq)? {
        return Ok(());
    }
    let (why, env) = match look(batch.conn, seq)? {
        Found::Good => return Ok(()),
        Found::Missing => ("missing", Vec::new()),
        Found::Unreadable => ("unreadable", Vec::new()),
        Found::Damaged(env) => {
            batch.conn.prepare_cached("DELETE FROM records WHERE seq = ?1")?.execute([signed(seq)])?;
            ("damaged", env)
        }
    };
    put(batch.conn, (seq, seq), why, &env)?;
    forget(batch, seq)?;
    batch.tail.quarantined += 1;
    tracing::error!(ledger.seq = seq, why, "a record cannot be read and is put aside");
    Ok(())
}

fn look(conn: &Connection, seq: Seq) -> rusqlite::Result<Found> {
    let sql = "SELECT env FROM records WHERE seq = ?1";
    let env = conn.prepare_cached(sql)?.query_row([signed(seq)], |row| row.get::<_, Vec<u8>>(0)).optional();
    match env {
        Ok(None) => Ok(Found::Missing),
        Ok(Some(env)) => {
            let mut zstd =
                Decompressor::new().map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            Ok(if envelope::open(seq, &env, &mut zstd).is_ok() { Found::Good } else { Found::Damaged(env) })
        }
        Err(error) if is_corrupt(&error) => Ok(Found::Unreadable),
        // Not even bytes.
        Err(rusqlite::Error::InvalidColumnType(..)) => Ok(Found::Damaged(Vec::new())),
        Err(error) => Err(error),
    }
}

// Takes it out of the sums. The index goes on naming it: who counts on it learns that it is not to be had.
fn forget(batch: &mut Batch<'_>, seq: Seq) -> rusqlite::Result<()> {
    let held = weights::take(batch.conn, &mut batch.sums, seq)?.records;
    batch.tail.records = batch.tail.records.saturating_sub(held);
    Ok(())
}

// With what the record weighed, where that is known.
fn put(conn: &Connection, (first, last): (Seq, Seq), why: &str, env: &[u8]) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT OR IGNORE INTO quarantine VALUES(?1, ?2, ?3, ?4,
             (SELECT project FROM contents WHERE seq = ?1 AND seq = ?2),
             (SELECT items FROM contents WHERE seq = ?1 AND seq = ?2))",
    )?
    .execute(params![signed(first), signed(last), why, env])?;
    Ok(())
}

/// Notes that the records from `first` to `last` were lost with the ledger's end.
pub(super) fn put_lost(conn: &Connection, first: Seq, last: Seq) -> rusqlite::Result<()> {
    put(conn, (first, last), LOST, &[])
}

/// Puts a record aside whose bytes are there and are not what was written.
pub(super) fn put_damaged(conn: &Connection, seq: Seq, env: &[u8]) -> rusqlite::Result<()> {
    put(conn, (seq, seq), "damaged", env)
}

/// Puts numbers aside under which nothing can be found.
pub(super) fn put_missing(conn: &Connection, first: Seq, last: Seq) -> rusqlite::Result<()> {
    put(conn, (first, last), "missing", &[])
}

/// How many records were put aside; those lost with the end are counted elsewhere.
pub(super) fn count(conn: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT coalesce(sum(last - seq + 1), 0) FROM quarantine WHERE why <> ?1";
    conn.query_row(sql, [LOST], |row| unsigned(row, 0))
}

/// Whether the store is damaged: its pages, its schema, or a value that no write of ours left there.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    let not_ours = matches!(
        error,
        rusqlite::Error::SqlInputError { .. }
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
    );
    not_ours || is_corrupt(error)
}

/// Whether a page is damaged, not only what a row holds.
pub(super) fn is_corrupt(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
