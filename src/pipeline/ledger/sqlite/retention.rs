//! A step of retention inside the group's transaction.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::pipeline::ledger::Forget;
use crate::pipeline::ledger::Gone;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Retire;
use crate::pipeline::ledger::Retired;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Stub;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::sqlite::envelope;
use crate::pipeline::ledger::sqlite::envelope::Parts;
use crate::pipeline::ledger::sqlite::envelope::Sealer;
use crate::pipeline::ledger::sqlite::gone;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::schema::unsigned;
use crate::pipeline::ledger::sqlite::stubs;
use crate::pipeline::ledger::sqlite::subjects;
use crate::pipeline::ledger::sqlite::weights;
use crate::pipeline::ledger::sqlite::work::Batch;

/// A step made ready away from the writer.
pub(super) struct Step {
    gone: Vec<Gone>,
    carved: Vec<Smaller>,
    stubs: Vec<Stub>,
    superseded: Vec<u64>,
    facts: Vec<(String, Vec<u8>)>,
    forget: Option<Forget>,
    pages: u32,
}

/// What takes a record's place.
struct Smaller {
    seq: Seq,
    env: Vec<u8>,
    table: Vec<u8>,
    items: u32,
    dropped: Vec<SubjectKey>,
}

impl Step {
    /// Compresses and encodes what stays.
    pub(super) fn new(sealer: &Sealer, retire: Retire) -> Result<Self, LedgerError> {
        let Retire { gone, carved, stubs, superseded, facts, forget, pages } = retire;
        let carved = carved.into_iter().map(|carved| {
            let record = carved.record;
            let mut env = sealer.seal(&Parts::of_record(&record))?;
            envelope::stamp(&mut env, record.seq);
            let table = subjects::table(&record.traces, &carved.subjects);
            Ok(Smaller { seq: record.seq, env, table, items: record.items, dropped: carved.dropped })
        });
        Ok(Self { gone, carved: carved.collect::<Result<_, LedgerError>>()?, stubs, superseded, facts, forget, pages })
    }

    /// The bytes it adds to a group.
    pub(super) fn weight(&self) -> usize {
        self.carved.iter().map(|carved| carved.env.len() + carved.table.len()).sum()
    }

    /// Runs the statements.
    pub(super) fn apply(&self, batch: &mut Batch<'_>) -> rusqlite::Result<Retired> {
        let mut bytes = 0;
        for Gone { seq, traces } in &self.gone {
            bytes += go(batch, *seq, traces)?;
        }
        for carved in &self.carved {
            bytes += shrink(batch, carved)?;
        }
        stubs::put(batch.conn, &self.stubs, &self.superseded)?;
        drop_facts(batch.conn, &self.facts)?;
        let forgotten = self.forget.as_ref().map_or(Ok(0), |forget| stubs::forget(batch.conn, forget))?;
        let (pages, slack) = vacuum(batch.conn, self.pages)?;
        batch.vacuumed |= pages > 0;
        Ok(Retired { bytes, pages, slack, forgotten })
    }
}

// A record that was put aside in the meantime has gone already, in another way.
fn go(batch: &mut Batch<'_>, seq: Seq, traces: &[SubjectKey]) -> rusqlite::Result<u64> {
    let conn = batch.conn;
    let Some(crc) = envelope_crc(conn, seq)? else { return Ok(0) };
    let weight = weights::take(conn, &mut batch.sums, seq)?;
    conn.prepare_cached("DELETE FROM records WHERE seq = ?1")?.execute([signed(seq)])?;
    unindex(conn, seq, traces)?;
    gone::put(conn, seq, crc)?;
    batch.tail.records -= 1;
    Ok(weight.bytes)
}

// The first bytes of a row are read without the rest of it.
fn envelope_crc(conn: &Connection, seq: Seq) -> rusqlite::Result<Option<u32>> {
    let mut query = conn.prepare_cached("SELECT 1 FROM records WHERE seq = ?1")?;
    if query.query_row([signed(seq)], |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    let blob = conn.blob_open("main", "records", "env", signed(seq), true)?;
    let mut start = [0; envelope::START];
    let whole = blob.len() >= start.len() && blob.read_at_exact(&mut start, 0).is_ok();
    Ok(Some(if whole { envelope::stamped_crc(&start) } else { 0 }))
}

fn shrink(batch: &mut Batch<'_>, carved: &Smaller) -> rusqlite::Result<u64> {
    let conn = batch.conn;
    let Smaller { seq, env, table, items, dropped } = carved;
    let replaced = conn.prepare_cached("UPDATE records SET env = ?2, items = ?3 WHERE seq = ?1")?.execute(params![
        signed(*seq),
        env,
        items
    ])?;
    if replaced == 0 {
        return Ok(0);
    }
    let freed = weights::replace(conn, &mut batch.sums, *seq, (*items, env.len() as u64), table)?;
    unindex(conn, *seq, dropped)?;
    Ok(freed)
}

fn unindex(conn: &Connection, seq: Seq, traces: &[SubjectKey]) -> rusqlite::Result<()> {
    // With what was put aside of the trace before: nobody counts on that any more.
    let mut delete = conn.prepare_cached(
        "DELETE FROM traces WHERE key = ?1 AND (seq = ?2 OR seq < ?2 AND seq NOT IN (SELECT seq FROM records
             WHERE records.seq = traces.seq))",
    )?;
    for trace in traces {
        delete.execute([signed(trace.0), signed(seq)])?;
    }
    Ok(())
}

fn drop_facts(conn: &Connection, facts: &[(String, Vec<u8>)]) -> rusqlite::Result<()> {
    let mut delete = conn.prepare_cached("DELETE FROM facts WHERE space = ?1 AND key = ?2")?;
    for (space, key) in facts {
        delete.execute((space, key))?;
    }
    Ok(())
}

// Gives free pages back; how many, and how many bytes stay free.
fn vacuum(conn: &Connection, pages: u32) -> rusqlite::Result<(u64, u64)> {
    let number = |pragma| conn.query_row(pragma, [], |row| unsigned(row, 0));
    let before = number("PRAGMA freelist_count")?;
    if pages > 0 && before > 0 {
        // Each row of the answer is one page.
        let mut vacuum = conn.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
        let mut moved = vacuum.query([])?;
        while moved.next()?.is_some() {}
    }
    let after = number("PRAGMA freelist_count")?;
    Ok((before.saturating_sub(after), after * number("PRAGMA page_size")?))
}
