//! Dead letters in their table.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::CachedStatement;
use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::params;
use rusqlite::types::ToSql;

use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Letter;
use crate::pipeline::ledger::Letters;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::sqlite::query::store;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::schema::unsigned;

const COLUMNS: &str = "id, destination, project, trace, target, items, reason, why, status, request,
    answer, attempts, first_at_ns, dead_at_ns, seqs";

const WANTED: &str = "(?1 IS NULL OR destination = ?1) AND (?2 IS NULL OR project = ?2)
    AND (?3 IS NULL OR instr(reason, ?3) > 0 OR instr(why, ?3) > 0)
    AND (?4 IS NULL OR dead_at_ns >= ?4) AND (?5 IS NULL OR dead_at_ns <= ?5)";

// A letter put again keeps its id.
const PUT: &str = "INSERT INTO letters(destination, project, trace, target, items, reason, why, status,
        request, answer, attempts, first_at_ns, dead_at_ns, seqs)
    VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
    ON CONFLICT(destination, trace, target) DO UPDATE SET
        project = excluded.project, items = excluded.items, reason = excluded.reason, why = excluded.why,
        status = excluded.status, request = excluded.request, answer = excluded.answer,
        attempts = excluded.attempts, first_at_ns = excluded.first_at_ns,
        dead_at_ns = excluded.dead_at_ns, seqs = excluded.seqs";

/// Takes back the letters of traces, then puts those of a step.
pub(super) fn keep(
    conn: &Connection,
    destination: &str,
    withdrawn: &[SubjectKey],
    letters: &[Letter],
) -> rusqlite::Result<()> {
    let mut withdraw = conn.prepare_cached("DELETE FROM letters WHERE destination = ?1 AND trace = ?2")?;
    for trace in withdrawn {
        withdraw.execute((destination, signed(trace.0)))?;
    }
    let mut into = conn.prepare_cached(PUT)?;
    letters.iter().try_for_each(|letter| put(&mut into, destination, letter))
}

fn put(into: &mut CachedStatement<'_>, destination: &str, letter: &Letter) -> rusqlite::Result<()> {
    let Letter { project, trace, target, items, reason, why, status, request, answer, .. } = letter;
    let seqs: Vec<u8> = letter.seqs.iter().flat_map(|seq| seq.to_be_bytes()).collect();
    into.execute(params![
        destination,
        &**project,
        signed(trace.0),
        target,
        signed(*items),
        reason,
        why,
        status,
        &request[..],
        &answer[..],
        letter.attempts,
        letter.first_at_ns,
        letter.dead_at_ns,
        seqs,
    ])?;
    Ok(())
}

/// The letters wanted, by id.
pub(super) fn select(conn: &Connection, wanted: &Letters) -> Result<Vec<Letter>, LedgerError> {
    let limit = match wanted.limit {
        0 => i64::MAX,
        limit => i64::try_from(limit).unwrap_or(i64::MAX),
    };
    let sql = format!("SELECT {COLUMNS} FROM letters WHERE {WANTED}{} ORDER BY id LIMIT {limit}", named(wanted));
    let mut query = conn.prepare(&sql).map_err(store)?;
    let letters = query.query_map(&bounds(wanted)[..], letter).map_err(store)?;
    letters.collect::<rusqlite::Result<_>>().map_err(store)
}

/// The traces of all letters.
pub(super) fn traces(conn: &Connection) -> Result<HashSet<SubjectKey>, LedgerError> {
    conn.prepare_cached("SELECT trace FROM letters")
        .and_then(|mut query| query.query_map([], |row| Ok(SubjectKey(unsigned(row, 0)?)))?.collect())
        .map_err(store)
}

// Bytes from the newest on, each letter's own included.
const OLD: &str = "SELECT destination, trace FROM (
        SELECT id, destination, trace, dead_at_ns, sum(length(request) + length(answer)) OVER (ORDER BY id DESC) AS bytes
        FROM letters)
    WHERE dead_at_ns < ?1 OR bytes > ?2 ORDER BY id";

/// Destination and trace of letters that are too old, or too many.
pub(super) fn old(conn: &Connection, before_ns: i64, bytes: u64) -> Result<Vec<(Arc<str>, SubjectKey)>, LedgerError> {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let trace = |row: &Row<'_>| Ok((row.get(0)?, SubjectKey(unsigned(row, 1)?)));
    conn.prepare_cached(OLD).and_then(|mut query| query.query_map((before_ns, bytes), trace)?.collect()).map_err(store)
}

/// How many letters are wanted.
pub(super) fn count(conn: &Connection, wanted: &Letters) -> Result<u64, LedgerError> {
    let sql = format!("SELECT count(*) FROM letters WHERE {WANTED}{}", named(wanted));
    conn.query_row(&sql, &bounds(wanted)[..], |row| unsigned(row, 0)).map_err(store)
}

fn bounds(wanted: &Letters) -> [&dyn ToSql; 5] {
    let Letters { destination, project, reason, from_ns, to_ns, .. } = wanted;
    [destination, project, reason, from_ns, to_ns]
}

// Numbers stand in the text: SQLite binds no list.
fn named(wanted: &Letters) -> String {
    let above = format!(" AND id > {}{}", wanted.above, of_trace(wanted));
    if wanted.ids.is_empty() {
        return above;
    }
    let ids: Vec<String> = wanted.ids.iter().map(u64::to_string).collect();
    format!("{above} AND id IN ({})", ids.join(", "))
}

// `?1 IS NULL OR …` keeps SQLite from the index, a subquery does not.
fn of_trace(wanted: &Letters) -> String {
    match (wanted.trace, &wanted.destination) {
        (None, _) => String::new(),
        (Some(trace), None) => format!(" AND trace = {}", signed(trace.0)),
        (Some(trace), Some(_)) => {
            format!(" AND id IN (SELECT id FROM letters WHERE destination = ?1 AND trace = {})", signed(trace.0))
        }
    }
}

fn letter(row: &Row<'_>) -> rusqlite::Result<Letter> {
    Ok(Letter {
        id: unsigned(row, 0)?,
        destination: row.get(1)?,
        project: row.get(2)?,
        trace: SubjectKey(unsigned(row, 3)?),
        target: row.get(4)?,
        items: unsigned(row, 5)?,
        reason: row.get(6)?,
        why: row.get(7)?,
        status: row.get(8)?,
        request: row.get::<_, Vec<u8>>(9)?.into(),
        answer: row.get::<_, Vec<u8>>(10)?.into(),
        attempts: row.get(11)?,
        first_at_ns: row.get(12)?,
        dead_at_ns: row.get(13)?,
        seqs: seqs(&row.get::<_, Vec<u8>>(14)?),
    })
}

fn seqs(bytes: &[u8]) -> Vec<Seq> {
    bytes.as_chunks().0.iter().map(|seq| u64::from_be_bytes(*seq)).collect()
}
