//! What each destination has settled, with checksums: a note that is not what was written is not believed,
//! and neither is a list that lacks one.
//!
//! A destination's row carries a CRC over itself and its gaps, and how many traces it lists as open. Each of
//! those rows carries its own, and so does a fact. Rows of an older format carry none and are taken as they
//! are.

use crc32fast::Hasher;
use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use rusqlite::params;

use crate::pipeline::ledger::Counters;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Open;
use crate::pipeline::ledger::Progress;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::sqlite::query::store;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::schema::unsigned;
use crate::pipeline::ledger::sqlite::tables::damaged;

const HEAD: &str = "SELECT base, accepted, delivered, dead, filtered, expired, quarantined, opens, crc
    FROM progress WHERE destination = ?1";
const OPEN: &str = "SELECT trace, project, shown, first, last, note, crc FROM open WHERE destination = ?1";

/// A destination's row, as it stands there.
pub(super) struct Head {
    pub(super) base: Seq,
    pub(super) counters: Counters,
    /// How many traces it lists; `None` in an older format.
    pub(super) opens: Option<u64>,
    crc: Option<u32>,
}

impl Head {
    /// Reads it from the columns after the destination, of which `at` is the first.
    pub(super) fn of(row: &Row<'_>, at: usize) -> rusqlite::Result<Self> {
        let number = |column: usize| unsigned(row, at + column);
        let counters = Counters {
            accepted: number(1)?,
            delivered: number(2)?,
            dead: number(3)?,
            filtered: number(4)?,
            expired: number(5)?,
            quarantined: number(6)?,
        };
        let opens = later::<i64>(row, at + 7)?.map(i64::cast_unsigned);
        Ok(Self { base: number(0)?, counters, opens, crc: later(row, at + 8)? })
    }

    // Of gaps in any order.
    fn sum(&self, destination: &str, gaps: &[Gap]) -> u32 {
        let mut gaps = gaps.to_vec();
        gaps.sort_unstable_by_key(|gap| gap.after);
        let Counters { accepted, delivered, dead, filtered, expired, quarantined } = self.counters;
        let own =
            [self.base, accepted, delivered, dead, filtered, expired, quarantined, self.opens.unwrap_or_default()];
        let gaps = gaps.iter().flat_map(|gap| [gap.after, gap.upto]);
        sum(&[destination.as_bytes()], own.into_iter().chain(gaps))
    }

    /// Whether it and the gaps are what was written.
    pub(super) fn is_whole(&self, destination: &str, gaps: &[Gap]) -> bool {
        self.crc.is_none_or(|crc| crc == self.sum(destination, gaps))
    }
}

/// Reads an open trace from the columns after the destination, of which `at` is the first; and whether it is
/// what was written.
pub(super) fn open(row: &Row<'_>, at: usize, destination: &str) -> rusqlite::Result<(Open, bool)> {
    let open = Open {
        trace: SubjectKey(unsigned(row, at)?),
        project: row.get(at + 1)?,
        shown: unsigned(row, at + 2)?,
        first: unsigned(row, at + 3)?,
        last: unsigned(row, at + 4)?,
        note: row.get(at + 5)?,
    };
    let whole = later(row, at + 6)?.is_none_or(|crc: u32| crc == open_sum(destination, &open));
    Ok((open, whole))
}

/// A column that an older format lacks, or left empty.
pub(super) fn later<T: rusqlite::types::FromSql>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    match row.get(column) {
        Err(rusqlite::Error::InvalidColumnIndex(_)) => Ok(None),
        found => found,
    }
}

fn open_sum(destination: &str, open: &Open) -> u32 {
    let Open { trace, project, shown, first, last, note } = open;
    sum(&[destination.as_bytes(), project.as_bytes(), note], [trace.0, *shown, *first, *last])
}

/// The checksum of a fact.
pub(super) fn fact_sum(space: &str, key: &[u8], value: &[u8]) -> u32 {
    sum(&[space.as_bytes(), key, value], [])
}

/// A fact's value, if it is what was written.
pub(super) fn checked(space: &str, key: &[u8], value: Vec<u8>, crc: Option<u32>) -> rusqlite::Result<Vec<u8>> {
    match crc.is_none_or(|crc| crc == fact_sum(space, key, &value)) {
        true => Ok(value),
        false => Err(damaged("a fact is not what was written")),
    }
}

// The lengths keep what stands side by side apart.
fn sum(texts: &[&[u8]], numbers: impl IntoIterator<Item = u64>) -> u32 {
    let mut crc = Hasher::new();
    for text in texts {
        crc.update(&(text.len() as u64).to_le_bytes());
        crc.update(text);
    }
    numbers.into_iter().for_each(|number| crc.update(&number.to_le_bytes()));
    crc.finalize()
}

/// What was last settled for a destination.
pub(super) fn progress(conn: &mut Connection, destination: &str) -> Result<Progress, LedgerError> {
    // One transaction: base and open list must be of the same step.
    let read = conn.transaction().map_err(store)?;
    whole(&read, destination).map_err(store)
}

fn whole(conn: &Connection, destination: &str) -> rusqlite::Result<Progress> {
    let Some((head, gaps)) = head(conn, destination)? else { return Ok(Progress::default()) };
    let mut opened = Vec::new();
    let mut query = conn.prepare_cached(OPEN)?;
    let mut rows = query.query([destination])?;
    while let Some(row) = rows.next()? {
        let (open, whole) = open(row, 0, destination)?;
        if !whole {
            return Err(damaged("a courier's note is not what was written"));
        }
        opened.push(open);
    }
    if head.opens.is_some_and(|opens| opens != opened.len() as u64) {
        return Err(damaged("a courier's notes are not all there"));
    }
    // The store orders keys as signed numbers.
    opened.sort_unstable_by_key(|open| open.trace);
    Ok(Progress { base: head.base, counters: head.counters, open: opened, gaps })
}

fn head(conn: &Connection, destination: &str) -> rusqlite::Result<Option<(Head, Vec<Gap>)>> {
    let found = conn.prepare_cached(HEAD)?.query_row([destination], |row| Head::of(row, 0)).optional()?;
    let Some(head) = found else { return Ok(None) };
    let gap = |row: &Row<'_>| Ok(Gap { after: unsigned(row, 0)?, upto: unsigned(row, 1)? });
    let gaps: Vec<Gap> = conn
        .prepare_cached("SELECT after, upto FROM gaps WHERE destination = ?1 ORDER BY after")?
        .query_map([destination], gap)?
        .collect::<rusqlite::Result<_>>()?;
    match head.is_whole(destination, &gaps) {
        true => Ok(Some((head, gaps))),
        false => Err(damaged("what a destination has settled is not what was written")),
    }
}

/// The highest base of any destination.
pub(super) fn last_base(conn: &Connection) -> rusqlite::Result<Seq> {
    let mut query = conn.prepare("SELECT destination FROM progress")?;
    let destinations = query.query_map([], |row| row.get::<_, String>(0))?;
    destinations.into_iter().try_fold(0, |last, destination| {
        let found = head(conn, &destination?)?;
        Ok(found.map_or(last, |(head, _)| head.base.max(last)))
    })
}

/// Stores a courier's step, but for its letters and facts.
pub(super) fn keep(conn: &Connection, destination: &str, settle: &Settle) -> rusqlite::Result<()> {
    let Settle { base, counters, opened, closed, gaps, .. } = settle;
    let mut opens = opens(conn, destination)?;
    let mut close = conn.prepare_cached("DELETE FROM open WHERE destination = ?1 AND trace = ?2")?;
    for trace in closed.iter().chain(opened.iter().map(|open| &open.trace)) {
        opens = opens.saturating_sub(close.execute((destination, signed(trace.0)))? as u64);
    }
    for open in opened {
        opens += keep_open(conn, destination, open)?;
    }
    keep_head(conn, destination, (*base, counters, opens), gaps)
}

// A row of an older format does not say.
fn opens(conn: &Connection, destination: &str) -> rusqlite::Result<u64> {
    let said = conn
        .prepare_cached("SELECT opens FROM progress WHERE destination = ?1")?
        .query_row([destination], |row| row.get::<_, Option<i64>>(0))
        .optional()?;
    match said.flatten() {
        Some(opens) => Ok(opens.cast_unsigned()),
        None => conn
            .prepare_cached("SELECT count(*) FROM open WHERE destination = ?1")?
            .query_row([destination], |row| unsigned(row, 0)),
    }
}

/// Stores an open trace; how many rows more that is.
pub(super) fn keep_open(conn: &Connection, destination: &str, open: &Open) -> rusqlite::Result<u64> {
    let Open { trace, project, shown, first, last, note } = open;
    let kept =
        conn.prepare_cached("INSERT OR IGNORE INTO open VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(params![
            destination,
            signed(trace.0),
            &**project,
            signed(*shown),
            signed(*first),
            signed(*last),
            note,
            open_sum(destination, open),
        ])?;
    Ok(kept as u64)
}

/// Stores a destination's row and its gaps.
pub(super) fn keep_head(
    conn: &Connection,
    destination: &str,
    (base, counters, opens): (Seq, &Counters, u64),
    gaps: &[Gap],
) -> rusqlite::Result<()> {
    let head = Head { base, counters: counters.clone(), opens: Some(opens), crc: None };
    let Counters { accepted, delivered, dead, filtered, expired, quarantined } = counters;
    let numbers = [base, *accepted, *delivered, *dead, *filtered, *expired, *quarantined, opens].map(signed);
    conn.prepare_cached("INSERT OR REPLACE INTO progress VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?.execute(
        params![
            destination,
            numbers[0],
            numbers[1],
            numbers[2],
            numbers[3],
            numbers[4],
            numbers[5],
            numbers[6],
            numbers[7],
            head.sum(destination, gaps),
        ],
    )?;
    conn.prepare_cached("DELETE FROM gaps WHERE destination = ?1")?.execute([destination])?;
    let mut keep = conn.prepare_cached("INSERT INTO gaps VALUES(?1, ?2, ?3)")?;
    for Gap { after, upto } in gaps {
        keep.execute((destination, signed(*after), signed(*upto)))?;
    }
    Ok(())
}
