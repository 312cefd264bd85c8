//! Stretches of the sequence in which no record is to be expected.
//!
//! What retention took away leaves one row a contiguous range; what was put aside as damaged, or
//! was found missing, one row each.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::schema::unsigned;

const GONE: &str = "SELECT first, last FROM gone WHERE first <= ?1 ORDER BY first DESC LIMIT 1";
const ASIDE: &str = "SELECT seq, last FROM quarantine WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1";

/// The range that retention took away and that holds `seq`.
fn gone(conn: &Connection, seq: Seq) -> rusqlite::Result<Option<(Seq, Seq)>> {
    covering(conn, GONE, seq)
}

/// The range known to be unreadable that holds `seq`.
fn aside(conn: &Connection, seq: Seq) -> rusqlite::Result<Option<(Seq, Seq)>> {
    covering(conn, ASIDE, seq)
}

/// Whether no record is to be expected at `seq`.
pub(super) fn is_known(conn: &Connection, seq: Seq) -> rusqlite::Result<bool> {
    Ok(gone(conn, seq)?.is_some() || aside(conn, seq)?.is_some())
}

fn covering(conn: &Connection, sql: &str, seq: Seq) -> rusqlite::Result<Option<(Seq, Seq)>> {
    let mut query = conn.prepare_cached(sql)?;
    let found = query.query_row([signed(seq)], |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?))).optional()?;
    Ok(found.filter(|(_, last)| seq <= *last))
}

/// The first sequence from `from` to before `end` that retention did not take away.
pub(super) fn next_expected(conn: &Connection, from: Seq, end: Seq) -> rusqlite::Result<Option<Seq>> {
    let mut seq = from;
    while seq < end {
        match gone(conn, seq)? {
            Some((_, last)) => seq = last + 1,
            None => return Ok(Some(seq)),
        }
    }
    Ok(None)
}

/// The first sequence from `from` to before `end` that neither went nor is known to be unreadable.
pub(super) fn next_missing(conn: &Connection, from: Seq, end: Seq) -> rusqlite::Result<Option<Seq>> {
    let mut seq = from;
    while seq < end {
        let known = match gone(conn, seq)? {
            Some(range) => Some(range),
            None => aside(conn, seq)?,
        };
        match known {
            Some((_, last)) => seq = last + 1,
            None => return Ok(Some(seq)),
        }
    }
    Ok(None)
}

/// The last sequence from `from` down to above `floor` that must be there.
pub(super) fn last_expected(conn: &Connection, from: Seq, floor: Seq) -> rusqlite::Result<Option<Seq>> {
    let mut seq = from;
    while seq > floor {
        let known = match gone(conn, seq)? {
            Some(range) => Some(range),
            None => aside(conn, seq)?,
        };
        match known {
            Some((first, _)) => seq = first - 1,
            None => return Ok(Some(seq)),
        }
    }
    Ok(None)
}

/// Notes that a record went, joining it with its neighbours.
pub(super) fn put(conn: &Connection, seq: Seq, crc: u32) -> rusqlite::Result<()> {
    let mut take = conn.prepare_cached("DELETE FROM gone WHERE first = ?1 RETURNING last, crc")?;
    let mut taken = |first: Seq| -> rusqlite::Result<Option<(Seq, u32)>> {
        take.query_row([signed(first)], |row| Ok((unsigned(row, 0)?, row.get(1)?))).optional()
    };
    let (mut first, mut last, mut crc): (Seq, Seq, u32) = (seq, seq, crc);
    if let Some((from, _)) = gone(conn, seq - 1)?
        && let Some((_, before)) = taken(from)?
    {
        first = from;
        crc ^= before;
    }
    if let Some((upto, after)) = taken(seq + 1)? {
        last = upto;
        crc ^= after;
    }
    conn.prepare_cached("INSERT INTO gone VALUES(?1, ?2, ?3)")?.execute(params![signed(first), signed(last), crc])?;
    Ok(())
}

/// Where the last range ends, of either kind.
pub(super) fn end(conn: &Connection) -> rusqlite::Result<Seq> {
    let sql = "SELECT max(coalesce((SELECT max(last) FROM gone), 0), coalesce((SELECT max(last) FROM quarantine), 0))";
    conn.query_row(sql, [], |row| unsigned(row, 0))
}
