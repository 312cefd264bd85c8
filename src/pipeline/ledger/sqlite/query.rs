//! The reading half of the ledger: one function a question.
//!
//! A record that is not where it must be is corrupt; what retention took away is not there.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use rusqlite::Rows;
use rusqlite::params;
use zstd::bulk::Decompressor;

use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::sqlite::envelope;
use crate::pipeline::ledger::sqlite::gone;
use crate::pipeline::ledger::sqlite::quarantine::is_corrupt;
use crate::pipeline::ledger::sqlite::quarantine::is_damage;
use crate::pipeline::ledger::sqlite::readers::Reader;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::schema::unsigned;
use crate::pipeline::ledger::sqlite::settled::checked;
use crate::pipeline::ledger::sqlite::subjects;

/// Records above `after` up to `head`, ascending.
pub(super) fn range(
    reader: &mut Reader,
    after: Seq,
    head: Seq,
    max_records: usize,
    max_bytes: usize,
) -> Result<Vec<Record>, LedgerError> {
    let from = after.saturating_add(1);
    if from > head {
        return Ok(Vec::new());
    }
    let page = Page {
        sql: "SELECT seq, env FROM records WHERE seq >= ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3",
        bounds: (from, head),
        max_records: max_records.max(1),
        max_bytes,
    };
    // The first sequence from `next` on that is neither gone nor read.
    let mut next = from;
    page.read(reader, |conn, found| {
        let missing = gone::next_expected(conn, next, found.unwrap_or(head + 1))?;
        next = found.map_or(next, |seq| seq + 1);
        Ok(missing)
    })
}

/// Records up to `last`, descending; those known to be unreadable are stepped over.
pub(super) fn newest(reader: &mut Reader, last: Seq, limit: usize) -> Result<Vec<Record>, LedgerError> {
    let page = Page {
        sql: "SELECT seq, env FROM records WHERE seq >= ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT ?3",
        bounds: (1, last),
        max_records: limit,
        max_bytes: usize::MAX,
    };
    let mut next = last;
    page.read(reader, |conn, found| {
        let missing = gone::last_expected(conn, next, found.unwrap_or(0))?;
        next = found.map_or(0, |seq| seq - 1);
        Ok(missing)
    })
}

/// A walk over rows beside the sequences that must be there.
struct Page {
    sql: &'static str,
    bounds: (Seq, Seq),
    max_records: usize,
    max_bytes: usize,
}

impl Page {
    // `missing` is told each row that is found, and the end of the rows, and says which record should
    // have stood before it: the sequence has no gaps but those that retention left.
    fn read(
        &self,
        reader: &mut Reader,
        mut missing: impl FnMut(&Connection, Option<Seq>) -> rusqlite::Result<Option<Seq>>,
    ) -> Result<Vec<Record>, LedgerError> {
        let (Reader { conn, zstd, .. }, (low, high)) = (reader, self.bounds);
        let mut query = conn.prepare_cached(self.sql).map_err(store)?;
        let limit = i64::try_from(self.max_records).unwrap_or(i64::MAX);
        let mut rows = query.query(params![signed(low), signed(high), limit]).map_err(store)?;
        let mut records = Vec::new();
        let mut bytes = 0;
        while records.len() < self.max_records {
            match next(&mut rows, zstd, |found| missing(conn, found)) {
                Ok(Some(record)) => {
                    bytes += record.head.len() + record.body.len();
                    if bytes > self.max_bytes && !records.is_empty() {
                        break;
                    }
                    records.push(record);
                }
                Ok(None) => break,
                // What came before it is good; the next call starts at it and says so.
                Err(LedgerError::Corrupt(_)) if !records.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(records)
    }
}

fn next(
    rows: &mut Rows<'_>,
    zstd: &mut Decompressor<'_>,
    missing: impl FnOnce(Option<Seq>) -> rusqlite::Result<Option<Seq>>,
) -> Result<Option<Record>, LedgerError> {
    let row = match rows.next() {
        Ok(row) => row,
        // A damaged page stops the statement at the row it was about to give.
        Err(error) if is_corrupt(&error) => {
            let seq = missing(None).map_err(store)?;
            return Err(seq.map_or_else(|| store(error), LedgerError::Corrupt));
        }
        Err(error) => return Err(store(error)),
    };
    let found = row.map(|row| unsigned(row, 0)).transpose().map_err(store)?;
    if let Some(seq) = missing(found).map_err(store)? {
        return Err(LedgerError::Corrupt(seq));
    }
    row.zip(found).map(|(row, seq)| record(row, seq, zstd)).transpose()
}

fn record(row: &Row<'_>, seq: Seq, zstd: &mut Decompressor<'_>) -> Result<Record, LedgerError> {
    let env = row.get_ref(1).ok().and_then(|env| env.as_blob().ok());
    env.map_or(Err(LedgerError::Corrupt(seq)), |env| envelope::open(seq, env, zstd))
}

/// The records named that are held, in the order named.
pub(super) fn get(reader: &mut Reader, seqs: &[Seq], head: Seq) -> Result<Vec<Record>, LedgerError> {
    let Reader { conn, zstd, .. } = reader;
    let mut query = conn.prepare_cached("SELECT seq, env FROM records WHERE seq = ?1").map_err(store)?;
    let mut records = Vec::with_capacity(seqs.len());
    for &seq in seqs.iter().filter(|seq| (1..=head).contains(*seq)) {
        let mut rows = query.query([signed(seq)]).map_err(store)?;
        let read = match rows.next() {
            Ok(Some(row)) => record(row, seq, zstd),
            Ok(None) => Err(LedgerError::Corrupt(seq)),
            Err(error) if is_corrupt(&error) => Err(LedgerError::Corrupt(seq)),
            Err(error) => Err(store(error)),
        };
        match read {
            Ok(record) => records.push(record),
            Err(LedgerError::Corrupt(_)) if gone::is_known(conn, seq).map_err(store)? => {}
            Err(error) => return Err(error),
        }
    }
    Ok(records)
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

/// The value held under a key.
pub(super) fn fact(conn: &Connection, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, LedgerError> {
    conn.prepare_cached("SELECT value, crc FROM facts WHERE space = ?1 AND key = ?2")
        .and_then(|mut query| {
            query.query_row((space, key), |row| checked(space, key, row.get(0)?, row.get(1)?)).optional()
        })
        .map_err(store)
}

/// Every fact of a space, by key.
pub(super) fn facts(conn: &Connection, space: &str) -> Result<Vec<Fact>, LedgerError> {
    let fact = |row: &Row<'_>| {
        let key: Vec<u8> = row.get(0)?;
        let value = checked(space, &key, row.get(1)?, row.get(2)?)?;
        Ok(Fact { space: space.to_owned(), key, value })
    };
    conn.prepare_cached("SELECT key, value, crc FROM facts WHERE space = ?1 ORDER BY key")
        .and_then(|mut query| query.query_map([space], fact)?.collect())
        .map_err(store)
}

/// A failure of the store that says nothing about a record.
pub(super) fn store(error: rusqlite::Error) -> LedgerError {
    if is_damage(&error) { LedgerError::Damaged(error.to_string()) } else { LedgerError::Store(error.to_string()) }
}
