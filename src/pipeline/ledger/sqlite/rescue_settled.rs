//! What each destination has settled, out of a damaged store.
//!
//! It is believed or not at all. Of a note that is not what was written the key is believed where the index
//! knows it: that trace is looked at again, from its records. Where a note is lost, or says not even of
//! which trace it is, nobody knows what was shown: the destination begins again where its routes began,
//! which costs requests and loses nothing.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Row;

use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::Open;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::sqlite::rescue::each;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::schema::unsigned;
use crate::pipeline::ledger::sqlite::settled;
use crate::pipeline::ledger::sqlite::settled::Head;

/// What one destination left.
#[derive(Default)]
struct Left {
    head: Option<Head>,
    open: BTreeMap<SubjectKey, (Open, bool)>,
    gaps: BTreeMap<Seq, Seq>,
}

/// Takes what can be believed; the new store holds the records and their index by now.
pub(super) fn rescue(old: &Connection, into: &Connection) -> rusqlite::Result<()> {
    let mut left: BTreeMap<String, Left> = BTreeMap::new();
    let of = |row: &Row<'_>| row.get::<_, String>(0);
    each(old, "progress", "destination", |row| {
        let (destination, head) = (of(row)?, Head::of(row, 1)?);
        left.entry(destination).or_default().head = Some(head);
        Ok(())
    })?;
    let all_open = each(old, "open", "destination, trace", |row| {
        let destination = of(row)?;
        let (open, whole) = settled::open(row, 1, &destination)?;
        left.entry(destination).or_default().open.insert(open.trace, (open, whole));
        Ok(())
    })?;
    let all_gaps = each(old, "gaps", "destination, after", |row| {
        left.entry(of(row)?).or_default().gaps.insert(unsigned(row, 1)?, unsigned(row, 2)?);
        Ok(())
    })?;
    for (destination, left) in left {
        if !take(into, &destination, left, all_open && all_gaps)? {
            tracing::error!(destination, "what was settled cannot be believed; the destination begins again");
            into.execute("DELETE FROM letters WHERE destination = ?1", [&destination])?;
        }
    }
    into.execute_batch("DELETE FROM letters WHERE destination NOT IN (SELECT destination FROM progress)")
}

// Whether it is believed. `all`: no row of an older format, which is not counted, can be missing.
fn take(into: &Connection, destination: &str, left: Left, all: bool) -> rusqlite::Result<bool> {
    let Left { head: Some(head), open, gaps } = left else { return Ok(false) };
    let gaps: Vec<Gap> = gaps.into_iter().map(|(after, upto)| Gap { after, upto }).collect();
    if !head.is_whole(destination, &gaps) {
        return Ok(false);
    }
    let mut taken = Vec::with_capacity(open.len());
    for (open, whole) in open.into_values() {
        let open = if whole { Some(open) } else { again(into, open.trace, head.base)? };
        taken.extend(open);
    }
    let opens = taken.len() as u64;
    if head.opens.map_or(!all, |said| said != opens) {
        return Ok(false);
    }
    for open in taken {
        settled::keep_open(into, destination, &open)?;
    }
    settled::keep_head(into, destination, (head.base, &head.counters, opens), &gaps)?;
    Ok(true)
}

// A trace of which nothing is known but its records: its courier takes an empty note so.
fn again(into: &Connection, trace: SubjectKey, base: Seq) -> rusqlite::Result<Option<Open>> {
    let sql = "SELECT min(t.seq), max(t.seq), min(c.project) FROM traces t JOIN contents c USING(seq)
        WHERE t.key = ?1 AND t.seq <= ?2 HAVING count(*) > 0";
    let open = |row: &Row<'_>| {
        let (first, last, project) = (unsigned(row, 0)?, unsigned(row, 1)?, row.get(2)?);
        Ok(Open { trace, project, shown: 0, first, last, note: Vec::new() })
    };
    let found = into.query_row(sql, [signed(trace.0), signed(base)], open).optional()?;
    if let Some(open) = &found {
        tracing::error!(
            trace = trace.0,
            first = open.first,
            "a courier's note is damaged; its trace is looked at again"
        );
    }
    Ok(found)
}
