//! Stubs, and how they are found by any subject of their trace.
//!
//! Subjects are random numbers: an index row each would touch a page each. So they are kept in
//! *runs*: sorted arrays of (subject, stub), cut into slots by the subject's first bits. A look-up
//! reads one slot of each run; a run takes what is retired until it is full, and goes with the last
//! of its stubs.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::pipeline::ledger::Forget;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Stub;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::sqlite::query::store;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::schema::unsigned;

/// The bits of a subject that choose its slot.
const SLOT_BITS: u32 = 6;
/// Stubs in a run. At ten spans a trace a slot then holds some sixteen kilobytes.
const RUN: u64 = 8192;
/// Stubs forgotten in one step.
const FORGET: u64 = 4096;

type Pair = [u8; 16];

/// Stores stubs and the way to them.
pub(super) fn put(conn: &Connection, stubs: &[Stub], superseded: &[u64]) -> rusqlite::Result<()> {
    let mut supersede = conn.prepare_cached("UPDATE stubs SET newest = 0 WHERE id = ?1")?;
    for id in superseded {
        supersede.execute([signed(*id)])?;
    }
    let mut insert =
        conn.prepare_cached("INSERT INTO stubs(trace, project, at_ns, newest, note) VALUES(?1, ?2, ?3, 1, ?4)")?;
    let mut slots: BTreeMap<(u64, u64), Vec<Pair>> = BTreeMap::new();
    for stub in stubs {
        let Stub { id: _, trace, project, at_ns, subjects, note } = stub;
        let id = insert.insert(params![signed(trace.0), &**project, at_ns, note])?.cast_unsigned();
        for subject in subjects.iter().chain([trace]) {
            slots.entry((slot(*subject), id / RUN)).or_default().push(pair(*subject, id));
        }
    }
    slots.into_iter().try_for_each(|((slot, run), pairs)| merge(conn, slot, run, pairs))
}

fn slot(subject: SubjectKey) -> u64 {
    subject.0 >> (u64::BITS - SLOT_BITS)
}

fn pair(subject: SubjectKey, id: u64) -> Pair {
    let mut pair = [0; 16];
    pair[..8].copy_from_slice(&subject.0.to_be_bytes());
    pair[8..].copy_from_slice(&id.to_be_bytes());
    pair
}

fn merge(conn: &Connection, slot: u64, run: u64, mut pairs: Vec<Pair>) -> rusqlite::Result<()> {
    let held: Option<Vec<u8>> = conn
        .prepare_cached("SELECT pairs FROM runs WHERE slot = ?1 AND run = ?2")?
        .query_row([signed(slot), signed(run)], |row| row.get(0))
        .optional()?;
    pairs.extend(held.iter().flat_map(|held| held.as_chunks().0));
    pairs.sort_unstable();
    pairs.dedup();
    conn.prepare_cached("INSERT OR REPLACE INTO runs VALUES(?1, ?2, ?3)")?.execute(params![
        signed(slot),
        signed(run),
        pairs.as_flattened()
    ])?;
    Ok(())
}

/// Stubs that a subject leads to, newest first.
pub(super) fn find(conn: &Connection, subject: SubjectKey) -> Result<Vec<Stub>, LedgerError> {
    let mut ids = ids(conn, subject).map_err(store)?;
    ids.sort_unstable_by(|a, b| b.cmp(a));
    let mut query =
        conn.prepare_cached("SELECT trace, project, at_ns, note FROM stubs WHERE id = ?1").map_err(store)?;
    let mut stub = |id: u64| {
        query
            .query_row([signed(id)], |row| {
                Ok(Stub {
                    id,
                    trace: SubjectKey(unsigned(row, 0)?),
                    project: row.get(1)?,
                    at_ns: row.get(2)?,
                    subjects: Vec::new(),
                    note: row.get(3)?,
                })
            })
            .optional()
    };
    ids.into_iter().filter_map(|id| stub(id).transpose()).collect::<rusqlite::Result<_>>().map_err(store)
}

fn ids(conn: &Connection, subject: SubjectKey) -> rusqlite::Result<Vec<u64>> {
    let mut query = conn.prepare_cached("SELECT pairs FROM runs WHERE slot = ?1")?;
    let mut runs = query.query([signed(slot(subject))])?;
    let mut ids = Vec::new();
    while let Some(run) = runs.next()? {
        let (pairs, _) = run.get_ref(0)?.as_blob()?.as_chunks::<16>();
        let first = pairs.partition_point(|held| *held < pair(subject, 0));
        let same = pairs[first..].iter().take_while(|held| held[..8] == subject.0.to_be_bytes());
        ids.extend(same.filter_map(|held| held[8..].try_into().ok().map(u64::from_be_bytes)));
    }
    Ok(ids)
}

/// Forgets the oldest stubs of traces that ended before a time; how many.
pub(super) fn forget(conn: &Connection, forget: &Forget) -> rusqlite::Result<u64> {
    let Forget { before_ns, spaces } = forget;
    let first: u64 = conn.query_row("SELECT coalesce(min(id), 0) FROM stubs", [], |row| unsigned(row, 0))?;
    // In the order they were written, up to the first that is still needed.
    let kept: Option<u64> = conn
        .prepare_cached("SELECT id FROM stubs WHERE id < ?1 AND at_ns >= ?2 ORDER BY id LIMIT 1")?
        .query_row(params![signed(first + FORGET), before_ns], |row| unsigned(row, 0))
        .optional()?;
    let end = kept.unwrap_or(first + FORGET);
    let forgotten: Vec<(SubjectKey, bool)> = conn
        .prepare_cached("DELETE FROM stubs WHERE id < ?1 RETURNING trace, newest")?
        .query_map([signed(end)], |row| Ok((SubjectKey(unsigned(row, 0)?), row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (trace, _) in forgotten.iter().filter(|(_, newest)| *newest) {
        forget_facts(conn, *trace, spaces)?;
    }
    let mut empty = conn.prepare_cached("DELETE FROM runs WHERE slot = ?1 AND run >= ?2 AND run < ?3")?;
    if first / RUN < end / RUN {
        for slot in 0..1 << SLOT_BITS {
            empty.execute([slot, signed(first / RUN), signed(end / RUN)])?;
        }
    }
    Ok(forgotten.len() as u64)
}

// A trace that came again keeps its facts.
fn forget_facts(conn: &Connection, trace: SubjectKey, spaces: &[String]) -> rusqlite::Result<()> {
    let mut held = conn.prepare_cached("SELECT 1 FROM traces WHERE key = ?1 LIMIT 1")?;
    if spaces.is_empty() || held.exists([signed(trace.0)])? {
        return Ok(());
    }
    let mut delete = conn.prepare_cached("DELETE FROM facts WHERE space = ?1 AND key = ?2")?;
    for space in spaces {
        delete.execute((space, trace.0.to_be_bytes()))?;
    }
    Ok(())
}
