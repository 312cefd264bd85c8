//! What stretches of the ledger weigh: a sum a block and project, exact at the edges.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use rusqlite::params;

use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Weight;
use crate::pipeline::ledger::sqlite::query::store;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::schema::unsigned;
use crate::pipeline::ledger::sqlite::tables::BLOCK;

/// What one transaction changes of the sums, written once at its end.
#[derive(Default)]
pub(super) struct Sums(BTreeMap<(u64, Arc<str>), [i64; 3]>);

impl Sums {
    /// A record came.
    pub(super) fn add(&mut self, seq: Seq, project: &Arc<str>, weight: Weight) {
        self.change(seq, project, weight, i64::wrapping_add);
    }

    /// A record went.
    pub(super) fn sub(&mut self, seq: Seq, project: &Arc<str>, weight: Weight) {
        self.change(seq, project, weight, i64::wrapping_sub);
    }

    fn change(&mut self, seq: Seq, project: &Arc<str>, weight: Weight, by: fn(i64, i64) -> i64) {
        let Weight { records, items, bytes } = weight;
        let sum = self.0.entry((seq / BLOCK, Arc::clone(project))).or_default();
        for (sum, part) in sum.iter_mut().zip([records, items, bytes]) {
            *sum = by(*sum, signed(part));
        }
    }

    /// Writes what changed.
    pub(super) fn keep(&self, conn: &Connection) -> rusqlite::Result<()> {
        let mut put = conn.prepare_cached(
            "INSERT INTO blocks VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(block, project) DO UPDATE SET
                 records = records + excluded.records, items = items + excluded.items,
                 bytes = bytes + excluded.bytes",
        )?;
        for ((block, project), [records, items, bytes]) in &self.0 {
            put.execute(params![signed(*block), &**project, records, items, bytes])?;
        }
        Ok(())
    }
}

/// Takes a record out of the sums and its row away; what it weighed.
pub(super) fn take(conn: &Connection, sums: &mut Sums, seq: Seq) -> rusqlite::Result<Weight> {
    let held = conn
        .prepare_cached("DELETE FROM contents WHERE seq = ?1 RETURNING project, 1, items, bytes")?
        .query_row([signed(seq)], weight)
        .optional()?;
    let Some((project, weight)) = held else { return Ok(Weight::default()) };
    sums.sub(seq, &project, weight);
    Ok(weight)
}

/// Writes what is left of a record; the bytes that it lost.
pub(super) fn replace(
    conn: &Connection,
    sums: &mut Sums,
    seq: Seq,
    (items, bytes): (u32, u64),
    subjects: &[u8],
) -> rusqlite::Result<u64> {
    let held = conn
        .prepare_cached("SELECT project, 1, items, bytes FROM contents WHERE seq = ?1")?
        .query_row([signed(seq)], weight)
        .optional()?;
    let Some((project, before)) = held else { return Ok(0) };
    sums.sub(seq, &project, before);
    sums.add(seq, &project, Weight { records: 1, items: u64::from(items), bytes });
    conn.prepare_cached("UPDATE contents SET items = ?2, bytes = ?3, subjects = ?4 WHERE seq = ?1")?
        .execute(params![signed(seq), items, signed(bytes), subjects])?;
    Ok(before.bytes.saturating_sub(bytes))
}

/// What the records above `after` up to `upto` weigh, by project.
pub(super) fn weigh(conn: &mut Connection, after: Seq, upto: Seq) -> Result<BTreeMap<Arc<str>, Weight>, LedgerError> {
    let mut sums = BTreeMap::new();
    if after >= upto {
        return Ok(sums);
    }
    // One transaction: a record must not move between the sums and the edges.
    let read = conn.transaction().map_err(store)?;
    let (from, end) = (after + 1, upto.saturating_add(1));
    let (first, last) = (from.div_ceil(BLOCK), end / BLOCK);
    if first < last {
        collect(&read, BLOCKS, first, last, &mut sums)?;
        collect(&read, EDGE, from, first * BLOCK, &mut sums)?;
        collect(&read, EDGE, last * BLOCK, end, &mut sums)?;
    } else {
        collect(&read, EDGE, from, end, &mut sums)?;
    }
    collect(&read, ASIDE, from, end, &mut sums)?;
    sums.retain(|_, weight| *weight != Weight::default());
    Ok(sums)
}

const BLOCKS: &str = "SELECT project, sum(records), sum(items), sum(bytes) FROM blocks
    WHERE block >= ?1 AND block < ?2 GROUP BY project";
// What was put aside is of no weight, but its items were accepted.
const ASIDE: &str = "SELECT project, 0, sum(items), 0 FROM quarantine
    WHERE seq >= ?1 AND seq < ?2 AND items > 0 AND project IS NOT NULL GROUP BY project";
const EDGE: &str = "SELECT project, count(*), sum(items), sum(bytes) FROM contents
    WHERE seq >= ?1 AND seq < ?2 GROUP BY project";

fn collect(
    conn: &Connection,
    sql: &str,
    from: u64,
    end: u64,
    sums: &mut BTreeMap<Arc<str>, Weight>,
) -> Result<(), LedgerError> {
    let mut query = conn.prepare_cached(sql).map_err(store)?;
    let rows = query.query_map([bounded(from), bounded(end)], weight).map_err(store)?;
    for row in rows {
        let (project, weight) = row.map_err(store)?;
        let sum: &mut Weight = sums.entry(project).or_default();
        sum.records += weight.records;
        sum.items += weight.items;
        sum.bytes += weight.bytes;
    }
    Ok(())
}

fn weight(row: &Row<'_>) -> rusqlite::Result<(Arc<str>, Weight)> {
    Ok((row.get(0)?, Weight { records: unsigned(row, 1)?, items: unsigned(row, 2)?, bytes: unsigned(row, 3)? }))
}

// A bound that no sequence reaches must not turn negative.
fn bounded(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The first record held above `after`, and its accept time.
pub(super) fn first_after(conn: &Connection, after: Seq) -> Result<Option<(Seq, i64)>, LedgerError> {
    conn.prepare_cached("SELECT seq, at_ns FROM contents WHERE seq > ?1 ORDER BY seq LIMIT 1")
        .and_then(|mut query| query.query_row([bounded(after)], |row| Ok((unsigned(row, 0)?, row.get(1)?))).optional())
        .map_err(store)
}
