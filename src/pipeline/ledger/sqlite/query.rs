//! The reading half of the ledger: one function a question.

use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use rusqlite::Rows;
use rusqlite::params;
use zstd::bulk::Decompressor;

use crate::pipeline::ledger::Counters;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Open;
use crate::pipeline::ledger::Progress;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::sqlite::envelope;
use crate::pipeline::ledger::sqlite::readers::Reader;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::schema::unsigned;
use crate::pipeline::ledger::sqlite::subjects;

/// Records above `after` up to `head`, ascending.
pub(super) fn range(
    reader: &mut Reader,
    after: Seq,
    head: Seq,
    max_records: usize,
    max_bytes: usize,
) -> Result<Vec<Record>, LedgerError> {
    let expected = after.saturating_add(1)..=head;
    let sql = "SELECT seq, env FROM records WHERE seq >= ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3";
    run(reader, sql, expected, max_records.max(1), max_bytes)
}

/// Records up to `last`, descending.
pub(super) fn newest(reader: &mut Reader, last: Seq, limit: usize) -> Result<Vec<Record>, LedgerError> {
    let expected = (1..=last).rev();
    let sql = "SELECT seq, env FROM records WHERE seq <= ?1 ORDER BY seq DESC LIMIT ?3";
    run(reader, sql, expected, limit, usize::MAX)
}

// Walks the rows beside the sequences that must be there: the sequence has no gaps, so the
// first row that is not the expected one is a lost record.
fn run(
    reader: &mut Reader,
    sql: &str,
    expected: impl DoubleEndedIterator<Item = Seq> + Clone,
    max_records: usize,
    max_bytes: usize,
) -> Result<Vec<Record>, LedgerError> {
    let (mut bounds, Reader { conn, zstd }) = (expected.clone(), reader);
    let Some(from) = bounds.next() else {
        return Ok(Vec::new());
    };
    let to = bounds.next_back().unwrap_or(from);
    let mut query = conn.prepare_cached(sql).map_err(store)?;
    let limit = i64::try_from(max_records).unwrap_or(i64::MAX);
    let mut rows = query.query(params![signed(from), signed(to), limit]).map_err(store)?;
    let mut records = Vec::new();
    let mut bytes = 0;
    for seq in expected.take(max_records) {
        match next(&mut rows, seq, zstd) {
            Ok(record) => {
                bytes += record.head.len() + record.body.len();
                if bytes > max_bytes && !records.is_empty() {
                    break;
                }
                records.push(record);
            }
            // What came before it is good; the next call starts at it and says so.
            Err(LedgerError::Corrupt(_)) if !records.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(records)
}

fn next(rows: &mut Rows<'_>, seq: Seq, zstd: &mut Decompressor<'_>) -> Result<Record, LedgerError> {
    match rows.next().map_err(|error| unreadable(seq, &error))? {
        Some(row) => record(row, seq, zstd),
        None => Err(LedgerError::Corrupt(seq)),
    }
}

fn record(row: &Row<'_>, seq: Seq, zstd: &mut Decompressor<'_>) -> Result<Record, LedgerError> {
    let filed: i64 = row.get(0).map_err(|error| unreadable(seq, &error))?;
    let env = row.get_ref(1).ok().and_then(|env| env.as_blob().ok());
    match env {
        Some(env) if filed == signed(seq) => envelope::open(seq, env, zstd),
        _ => Err(LedgerError::Corrupt(seq)),
    }
}

/// The records named that were ever given, in the order named.
pub(super) fn get(reader: &mut Reader, seqs: &[Seq], head: Seq) -> Result<Vec<Record>, LedgerError> {
    let Reader { conn, zstd } = reader;
    let mut query = conn.prepare_cached("SELECT seq, env FROM records WHERE seq = ?1").map_err(store)?;
    seqs.iter()
        .filter(|seq| (1..=head).contains(*seq))
        .map(|&seq| {
            let mut rows = query.query([signed(seq)]).map_err(store)?;
            next(&mut rows, seq, zstd)
        })
        .collect()
}

/// Records indexed under a trace, ascending.
pub(super) fn seqs_of(conn: &Connection, trace: SubjectKey) -> Result<Vec<Seq>, LedgerError> {
    let mut query = conn.prepare_cached("SELECT seq FROM traces WHERE key = ?1 ORDER BY seq").map_err(store)?;
    let seqs = query.query_map([signed(trace.0)], |row| unsigned(row, 0)).map_err(store)?;
    seqs.collect::<rusqlite::Result<_>>().map_err(store)
}

/// Records whose subject table may name a subject, newest first.
pub(super) fn find(conn: &Connection, subject: SubjectKey, limit: usize) -> Result<Vec<Seq>, LedgerError> {
    let mut query = conn.prepare_cached("SELECT seq, subjects FROM contents ORDER BY seq DESC").map_err(store)?;
    let mut rows = query.query([]).map_err(store)?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next().map_err(store)?
    {
        let table = row.get_ref(1).map_err(store)?;
        if table.as_blob().map_or(true, |table| subjects::may_hold(table, subject)) {
            found.push(unsigned(row, 0).map_err(store)?);
        }
    }
    Ok(found)
}

/// What was last settled for a destination.
pub(super) fn progress(conn: &mut Connection, destination: &str) -> Result<Progress, LedgerError> {
    // One transaction: base and open list must be of the same step.
    let read = conn.transaction().map_err(store)?;
    let settled = read
        .prepare_cached(
            "SELECT base, accepted, delivered, dead, filtered, expired, quarantined
             FROM progress WHERE destination = ?1",
        )
        .and_then(|mut query| query.query_row([destination], settled).optional())
        .map_err(store)?;
    let Some((base, counters)) = settled else {
        return Ok(Progress::default());
    };
    let open = read
        .prepare_cached("SELECT trace, project, shown, first, last, note FROM open WHERE destination = ?1")
        .and_then(|mut query| query.query_map([destination], open)?.collect())
        .map(by_trace)
        .map_err(store)?;
    let gap = |row: &Row<'_>| Ok(Gap { after: unsigned(row, 0)?, upto: unsigned(row, 1)? });
    let gaps = read
        .prepare_cached("SELECT after, upto FROM gaps WHERE destination = ?1 ORDER BY after")
        .and_then(|mut query| query.query_map([destination], gap)?.collect())
        .map_err(store)?;
    Ok(Progress { base, counters, open, gaps })
}

fn settled(row: &Row<'_>) -> rusqlite::Result<(Seq, Counters)> {
    let counters = Counters {
        accepted: unsigned(row, 1)?,
        delivered: unsigned(row, 2)?,
        dead: unsigned(row, 3)?,
        filtered: unsigned(row, 4)?,
        expired: unsigned(row, 5)?,
        quarantined: unsigned(row, 6)?,
    };
    Ok((unsigned(row, 0)?, counters))
}

fn open(row: &Row<'_>) -> rusqlite::Result<Open> {
    Ok(Open {
        trace: SubjectKey(unsigned(row, 0)?),
        project: row.get(1)?,
        shown: unsigned(row, 2)?,
        first: unsigned(row, 3)?,
        last: unsigned(row, 4)?,
        note: row.get(5)?,
    })
}

// The store orders keys as signed numbers.
fn by_trace(mut open: Vec<Open>) -> Vec<Open> {
    open.sort_unstable_by_key(|open| open.trace);
    open
}

/// The value held under a key.
pub(super) fn fact(conn: &Connection, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, LedgerError> {
    conn.prepare_cached("SELECT value FROM facts WHERE space = ?1 AND key = ?2")
        .and_then(|mut query| query.query_row((space, key), |row| row.get(0)).optional())
        .map_err(store)
}

/// Every fact of a space, by key.
pub(super) fn facts(conn: &Connection, space: &str) -> Result<Vec<Fact>, LedgerError> {
    let fact = |row: &Row<'_>| Ok(Fact { space: space.to_owned(), key: row.get(0)?, value: row.get(1)? });
    conn.prepare_cached("SELECT key, value FROM facts WHERE space = ?1 ORDER BY key")
        .and_then(|mut query| query.query_map([space], fact)?.collect())
        .map_err(store)
}

// A damaged page stops the statement at the row it was about to give.
fn unreadable(seq: Seq, error: &rusqlite::Error) -> LedgerError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => LedgerError::Corrupt(seq),
        _ => LedgerError::Store(error.to_string()),
    }
}

/// A failure of the store that says nothing about a record.
pub(super) fn store(error: rusqlite::Error) -> LedgerError {
    LedgerError::Store(error.to_string())
}
