//! Row by row from a damaged store into a new one.
//!
//! A scan ends at the first page that cannot be read; so each table is read from both of its ends, and
//! records, whose sequence has no gaps, one by one between them. Only records that pass their CRC are
//! taken. What the index says is made again from them; what cannot be had otherwise (facts, progress,
//! letters, stubs) is taken as it can be read.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use rusqlite::params;
use rusqlite::params_from_iter;
use rusqlite::types::Value;
use zstd::bulk::Decompressor;

use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::sqlite::envelope;
use crate::pipeline::ledger::sqlite::gone;
use crate::pipeline::ledger::sqlite::quarantine;
use crate::pipeline::ledger::sqlite::schema;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::schema::unsigned;
use crate::pipeline::ledger::sqlite::tables::BLOCK;

/// Tables taken as they are, with what stands in their columns, and their keys.
const AS_THEY_ARE: [(&str, &str, &str); 11] = [
    ("progress", "tiiiiiii", "destination"),
    ("open", "titiiib", "destination, trace"),
    ("gaps", "tii", "destination, after"),
    ("facts", "tbb", "space, key"),
    ("letters", "ittititt?bbiiib", "id"),
    ("gone", "iii", "first"),
    ("quarantine", "iitb", "seq"),
    ("stubs", "iitiib", "id"),
    ("runs", "iib", "slot, run"),
    ("traces", "ii", "key, seq"),
    ("contents", "iitiib", "seq"),
];

/// What a rescue came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Records taken.
    pub(super) records: u64,
    /// Records that were there and cannot be read.
    pub(super) damaged: u64,
}

/// Takes everything readable, and puts aside the numbers of the rest, up to `mark` at least.
pub(super) fn rescue(old: Option<&Connection>, new: &mut Connection, mark: Seq) -> rusqlite::Result<Found> {
    let into = new.transaction()?;
    let mut found = Found::default();
    let mut end = mark;
    if let Some(old) = old {
        for (table, columns, key) in AS_THEY_ARE {
            copy(old, &into, table, columns, key)?;
        }
        end = end.max(last(old, &into)?);
        found.records = records(old, &into, end)?;
    }
    found.damaged = put_aside(&into, end)?;
    tidy(&into)?;
    totals(old, &into, end, found)?;
    into.commit()?;
    Ok(found)
}

// From the beginning to the first row that cannot be read, and from the end to the last.
fn copy(old: &Connection, into: &Connection, table: &str, columns: &str, key: &str) -> rusqlite::Result<()> {
    let places = vec!["?"; columns.len()].join(", ");
    let mut put = into.prepare(&format!("INSERT OR IGNORE INTO {table} VALUES({places})"))?;
    let backwards = key.split(", ").map(|column| format!("{column} DESC")).collect::<Vec<_>>().join(", ");
    for order in [key, &backwards] {
        // A table that an older format lacks, or whose root is gone, has nothing to give.
        let Ok(mut query) = old.prepare(&format!("SELECT * FROM {table} ORDER BY {order}")) else { return Ok(()) };
        let Ok(mut rows) = query.query([]) else { continue };
        let mut whole = false;
        while let Ok(row) = rows.next() {
            let Some(row) = row else {
                whole = true;
                break;
            };
            // A row of another shape, or one that breaks a rule of the table, is no row of ours.
            if let Ok(values) = values(row, columns) {
                let _ = put.execute(params_from_iter(values));
            }
        }
        if whole {
            return Ok(());
        }
    }
    Ok(())
}

// Its letters: `t`ext, `b`ytes, an `i`nteger, and `?`, an integer or nothing.
fn values(row: &Row<'_>, columns: &str) -> rusqlite::Result<Vec<Value>> {
    let value = |(at, kind)| match (kind, row.get(at)?) {
        ('t', value @ Value::Text(_)) | ('b', value @ Value::Blob(_)) => Ok(value),
        ('i' | '?', value @ Value::Integer(_)) | ('?', value @ Value::Null) => Ok(value),
        (_, other) => Err(rusqlite::Error::InvalidColumnType(at, String::new(), other.data_type())),
    };
    columns.chars().enumerate().map(value).collect()
}

// Where the old store ends, by whatever says so.
fn last(old: &Connection, into: &Connection) -> rusqlite::Result<Seq> {
    let of = |conn: &Connection, sql: &str| conn.query_row(sql, [], |row| unsigned(row, 0));
    let asked = [
        of(old, "SELECT coalesce(max(seq), 0) FROM records"),
        of(old, "SELECT coalesce(max(v), 0) FROM meta WHERE k = 'given'"),
        of(into, "SELECT coalesce(max(seq), 0) FROM contents"),
        of(into, "SELECT coalesce(max(base), 0) FROM progress"),
    ];
    Ok(asked.into_iter().filter_map(Result::ok).max().unwrap_or_default().max(gone::end(into)?))
}

// Every record that passes its CRC; one that is there and does not is put aside with its bytes.
fn records(old: &Connection, into: &Connection, end: Seq) -> rusqlite::Result<u64> {
    let mut zstd = Decompressor::new().map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let mut find = old.prepare("SELECT env FROM records WHERE seq = ?1")?;
    let mut taken = 0;
    let mut seq = 0;
    while let Some(next) = gone::next_expected(into, seq + 1, end + 1)? {
        seq = next;
        let Ok(Some(env)) = find.query_row([signed(seq)], |row| row.get::<_, Vec<u8>>(0)).optional() else {
            continue;
        };
        match envelope::open(seq, &env, &mut zstd) {
            Ok(record) => {
                schema::refile(into, &record, &env)?;
                taken += 1;
            }
            Err(_) => quarantine::put_damaged(into, seq, &env)?,
        }
    }
    Ok(taken)
}

// The numbers that were given and lead nowhere, a row a range.
fn put_aside(into: &Connection, end: Seq) -> rusqlite::Result<u64> {
    let mut query = into.prepare("SELECT seq FROM records ORDER BY seq")?;
    let held = query.query_map([], |row| unsigned(row, 0))?;
    let mut from = 1;
    for seq in held.chain([Ok(end + 1)]) {
        let seq = seq?;
        put_range(into, from, seq)?;
        from = seq + 1;
    }
    quarantine::count(into)
}

fn put_range(into: &Connection, from: Seq, end: Seq) -> rusqlite::Result<()> {
    let mut next = from;
    while let Some(first) = gone::next_missing(into, next, end)? {
        let known: Option<Seq> = into
            .prepare_cached(
                "SELECT min(at) FROM (SELECT min(first) AS at FROM gone WHERE first > ?1
                 UNION ALL SELECT min(seq) FROM quarantine WHERE seq > ?1)",
            )?
            .query_row([signed(first)], |row| row.get::<_, Option<i64>>(0))?
            .map(i64::cast_unsigned);
        let last = known.map_or(end, |known| known.min(end)) - 1;
        quarantine::put_missing(into, first, last)?;
        next = last + 1;
    }
    Ok(())
}

// Rows about records that are not held any more lead nowhere either.
fn tidy(into: &Connection) -> rusqlite::Result<()> {
    into.execute_batch(&format!(
        "DELETE FROM contents WHERE seq NOT IN (SELECT seq FROM records);
         DELETE FROM traces WHERE seq NOT IN (SELECT seq FROM records);
         DELETE FROM blocks;
         INSERT INTO blocks SELECT seq / {BLOCK}, project, count(*), sum(items), sum(bytes) FROM contents GROUP BY 1, 2;"
    ))
}

fn totals(old: Option<&Connection>, into: &Connection, end: Seq, found: Found) -> rusqlite::Result<()> {
    let before = |key| old.and_then(|old| schema::meta(old, key).ok()).unwrap_or_default();
    let held = into.query_row("SELECT coalesce(sum(items), 0) FROM contents", [], |row| unsigned(row, 0))?;
    let mut put = into.prepare("INSERT OR REPLACE INTO meta VALUES(?1, ?2)")?;
    for (key, value) in [
        ("given", end),
        ("records", found.records),
        ("items", before("items").max(held)),
        ("lost", before("lost")),
        ("salvaged", before("salvaged") + 1),
    ] {
        put.execute(params![key, signed(value)])?;
    }
    Ok(())
}
