//! Records from outside: who and what, without the body.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::blob::Blob;
use rusqlite::params;

use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Outline;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::sqlite::envelope;
use crate::pipeline::ledger::sqlite::query::store;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::schema::unsigned;

/// What stands above `after`, ascending.
pub(super) fn outline(conn: &Connection, after: Seq, limit: usize) -> Result<Vec<Outline>, LedgerError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = "SELECT seq, at_ns, project, bytes FROM contents WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let mut outlines: Vec<Outline> = conn
        .prepare_cached(sql)
        .and_then(|mut query| query.query_map(params![after, limit], row)?.collect())
        .map_err(store)?;
    let mut blob = None;
    for outline in &mut outlines {
        // A record that cannot be opened has no traces; whoever reads it learns why.
        outline.traces = traces(conn, &mut blob, outline.seq).unwrap_or_default();
    }
    Ok(outlines)
}

fn row(row: &Row<'_>) -> rusqlite::Result<Outline> {
    let project: Arc<str> = row.get(2)?;
    Ok(Outline { seq: unsigned(row, 0)?, at_ns: row.get(1)?, project, bytes: unsigned(row, 3)?, traces: Vec::new() })
}

fn traces<'a>(conn: &'a Connection, open: &mut Option<Blob<'a>>, seq: Seq) -> Option<Vec<SubjectKey>> {
    let row = signed(seq);
    let mut blob = match open.take() {
        Some(mut blob) => blob.reopen(row).is_ok().then_some(blob),
        None => None,
    };
    if blob.is_none() {
        blob = conn.blob_open("main", "records", "env", row, true).ok();
    }
    let blob = open.insert(blob?);
    envelope::traces(|bytes, at| blob.read_at_exact(bytes, at).is_ok())
}
