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
use crate::pipeline::ledger::sqlite::rescue_settled;
use crate::pipeline::ledger::sqlite::schema;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::schema::unsigned;
use crate::pipeline::ledger::sqlite::settled;
use crate::pipeline::ledger::sqlite::settled::checked;
use crate::pipeline::ledger::sqlite::settled::later;
use crate::pipeline::ledger::sqlite::tables::BLOCK;

/// Tables taken as they are, with what stands in their columns, and their keys.
const AS_THEY_ARE: [(&str, &str, &str); 8] = [
    ("facts", "tbb?", "space, key"),
    ("letters", "ittititt?bbiiib", "id"),
    ("gone", "iii", "first"),
    ("quarantine", "iitb??", "seq"),
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
        weigh_missing(&into)?;
        rescue_settled::rescue(old, &into)?;
    }
    found.damaged = put_aside(&into, end)?;
    tidy(&into)?;
    totals(old, &into, end, found)?;
    into.commit()?;
    Ok(found)
}

fn copy(old: &Connection, into: &Connection, table: &str, columns: &str, key: &str) -> rusqlite::Result<()> {
    let places = vec!["?"; columns.len()].join(", ");
    let mut put = into.prepare(&format!("INSERT OR IGNORE INTO {table} VALUES({places})"))?;
    let all = each(old, table, key, |row| {
        let values = values(row, columns)?;
        if table == "facts" {
            checked(&row.get::<_, String>(0)?, &row.get::<_, Vec<u8>>(1)?, row.get(2)?, later(row, 3)?)?;
        }
        put.execute(params_from_iter(values)).map(drop)
    })?;
    if !all {
        tracing::error!(table, "not all of what a table of the ledger held can be read");
    }
    Ok(())
}

/// Gives every row that can be read, from the beginning to the first that cannot, and from the end to the
/// last; a row of another shape, or one that breaks a rule of the table, is no row of ours. Whether that is
/// all there was.
pub(super) fn each(
    old: &Connection,
    table: &str,
    key: &str,
    mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<bool> {
    let backwards = key.split(", ").map(|column| format!("{column} DESC")).collect::<Vec<_>>().join(", ");
    let mut whole = true;
    for order in [key, &backwards] {
        let Ok(mut query) = old.prepare(&format!("SELECT * FROM {table} ORDER BY {order}")) else {
            // An older format may lack the table. One whose root is gone has nothing to give.
            return Ok(!old.table_exists(None, table).unwrap_or(true));
        };
        let mut rows = query.query([])?;
        loop {
            match rows.next() {
                Ok(Some(row)) => whole &= take(row).is_ok(),
                Ok(None) => return Ok(whole),
                Err(_) => break,
            }
        }
    }
    Ok(false)
}

// Its letters: `t`ext, `b`ytes, an `i`nteger, and `?`, which may be nothing.
fn values(row: &Row<'_>, columns: &str) -> rusqlite::Result<Vec<Value>> {
    let value = |(at, kind)| match (kind, later(row, at)?.unwrap_or(Value::Null)) {
        ('t', value @ Value::Text(_)) | ('b', value @ Value::Blob(_)) => Ok(value),
        ('i' | '?', value @ Value::Integer(_)) | ('?', value @ (Value::Null | Value::Text(_))) => Ok(value),
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
        settled::last_base(old),
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

// A record that is not to be had, and of which is known what it held.
fn weigh_missing(into: &Connection) -> rusqlite::Result<()> {
    into.execute_batch(
        "INSERT OR IGNORE INTO quarantine SELECT seq, seq, 'missing', x'', project, items FROM contents
         WHERE seq NOT IN (SELECT seq FROM records)",
    )
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

// Rows about records that went lead nowhere; what was put aside, the index goes on naming.
fn tidy(into: &Connection) -> rusqlite::Result<()> {
    into.execute_batch(&format!(
        "DELETE FROM contents WHERE seq NOT IN (SELECT seq FROM records);
         DELETE FROM traces WHERE seq NOT IN (SELECT seq FROM records) AND seq > coalesce(
             (SELECT last FROM quarantine q WHERE q.seq <= traces.seq ORDER BY q.seq DESC LIMIT 1), 0);
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
