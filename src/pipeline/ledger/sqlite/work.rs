//! What one call asks of the writer, and its statements inside the group's transaction.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use rusqlite::Connection;
use rusqlite::params;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::oneshot;

use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Place;
use crate::pipeline::ledger::Retired;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::Weight;
use crate::pipeline::ledger::sqlite::envelope;
use crate::pipeline::ledger::sqlite::envelope::Parts;
use crate::pipeline::ledger::sqlite::envelope::Sealer;
use crate::pipeline::ledger::sqlite::known::Known;
use crate::pipeline::ledger::sqlite::letters;
use crate::pipeline::ledger::sqlite::quarantine;
use crate::pipeline::ledger::sqlite::retention::Step;
use crate::pipeline::ledger::sqlite::schema::Tail;
use crate::pipeline::ledger::sqlite::schema::signed;
use crate::pipeline::ledger::sqlite::settled;
use crate::pipeline::ledger::sqlite::settled::checked;
use crate::pipeline::ledger::sqlite::settled::fact_sum;
use crate::pipeline::ledger::sqlite::subjects;
use crate::pipeline::ledger::sqlite::weights::Sums;

/// One call waiting for the writer.
pub(super) struct Job {
    /// What to do.
    pub(super) work: Work,
    /// Who waits for it.
    pub(super) reply: oneshot::Sender<Result<Answer, LedgerError>>,
    /// Its share of the queue's bytes, given back with the job.
    pub(super) _permit: Option<OwnedSemaphorePermit>,
}

/// What a job asks.
pub(super) enum Work {
    Append(Sealed),
    Alias {
        trace: SubjectKey,
        seqs: Vec<Seq>,
    },
    Settle {
        destination: String,
        settle: Settle,
    },
    PutIfAbsent(Vec<Fact>),
    Replace(Vec<Fact>),
    Retire(Step),
    /// A record that a reader found damaged or missing.
    Inspect(Seq),
    /// What a reader found damaged in the file of an epoch; served alone.
    Mend {
        epoch: u64,
        reason: String,
        mended: Sender<Result<(), LedgerError>>,
    },
    Close,
}

/// What the writer answers once the group is durable.
#[derive(Debug)]
pub(super) enum Answer {
    Done,
    Appended(Seq),
    Held(Vec<Vec<u8>>),
    Retired(Retired),
}

/// The group's transaction, and what it has changed so far.
pub(super) struct Batch<'a> {
    /// Inside a transaction.
    pub(super) conn: &'a Connection,
    /// Where the ledger will end.
    pub(super) tail: Tail,
    /// What blocks will weigh, more or less.
    pub(super) sums: Sums,
    /// Whether pages were given back, which a checkpoint has to complete.
    pub(super) vacuumed: bool,
}

/// A draft made ready away from the writer: all that is left is its place.
pub(super) struct Sealed {
    env: Vec<u8>,
    table: Vec<u8>,
    traces: Vec<SubjectKey>,
    at_ns: i64,
    project: Arc<str>,
    dialect: &'static str,
    items: u32,
    place: Place,
}

impl Sealed {
    /// Compresses, encodes and sorts; the draft's body is not kept.
    pub(super) fn new(sealer: &Sealer, mut draft: Draft) -> Result<Self, LedgerError> {
        draft.traces.sort_unstable();
        draft.traces.dedup();
        Ok(Self {
            env: sealer.seal(&Parts::of_draft(&draft))?,
            table: subjects::table(&draft.traces, &draft.subjects),
            traces: draft.traces,
            at_ns: draft.at_ns,
            project: draft.project,
            dialect: draft.dialect,
            items: draft.items,
            place: draft.place,
        })
    }

    /// The bytes it takes in the queue.
    pub(super) fn weight(&self) -> usize {
        self.env.len() + self.table.len() + self.traces.len() * size_of::<SubjectKey>()
    }
}

impl Work {
    /// The bytes it adds to a group.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Append(sealed) => sealed.weight(),
            Self::Retire(step) => step.weight(),
            _ => 0,
        }
    }

    /// Tells a record that has become durable its place, and what is known of traces what has changed.
    pub(super) fn placed(&self, answer: &Answer, known: &Known) {
        match (self, answer) {
            (Self::Append(sealed), Answer::Appended(seq)) => {
                known.appended(&sealed.traces, *seq);
                sealed.place.tell(*seq, sealed.env.len() as u64);
            }
            (Self::Alias { trace, .. }, _) => known.forget(*trace),
            (Self::Retire(_) | Self::Inspect(_), _) => known.clear(),
            _ => {}
        }
    }

    /// Runs the statements.
    pub(super) fn apply(&mut self, batch: &mut Batch<'_>) -> rusqlite::Result<Answer> {
        let conn = batch.conn;
        match self {
            Self::Append(sealed) => append(batch, sealed),
            Self::Alias { trace, seqs } => alias(conn, *trace, seqs),
            Self::Settle { destination, settle } => step(conn, destination, settle),
            Self::PutIfAbsent(facts) => put_if_absent(conn, facts),
            Self::Replace(facts) => replace(conn, facts),
            Self::Retire(step) => step.apply(batch).map(Answer::Retired),
            Self::Inspect(seq) => quarantine::inspect(batch, *seq).map(|()| Answer::Done),
            Self::Mend { .. } | Self::Close => Ok(Answer::Done),
        }
    }
}

fn append(batch: &mut Batch<'_>, sealed: &mut Sealed) -> rusqlite::Result<Answer> {
    let Batch { conn, tail, sums, .. } = batch;
    let seq = tail.seq + 1;
    envelope::stamp(&mut sealed.env, seq);
    let Sealed { env, table, traces, at_ns, project, dialect, items, place: _ } = sealed;
    conn.prepare_cached("INSERT INTO records VALUES(?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        signed(seq),
        at_ns.div_euclid(1_000_000),
        &**project,
        *dialect,
        *items,
        &*env
    ])?;
    let bytes = signed(env.len() as u64);
    conn.prepare_cached("INSERT INTO contents VALUES(?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        signed(seq),
        *at_ns,
        &**project,
        *items,
        bytes,
        &*table
    ])?;
    sums.add(seq, project, Weight { records: 1, items: u64::from(*items), bytes: env.len() as u64 });
    index(conn, traces, &[seq])?;
    tail.seq = seq;
    tail.records += 1;
    tail.items += u64::from(*items);
    Ok(Answer::Appended(seq))
}

fn index(conn: &Connection, traces: &[SubjectKey], seqs: &[Seq]) -> rusqlite::Result<Answer> {
    let mut insert = conn.prepare_cached("INSERT OR IGNORE INTO traces VALUES(?1, ?2)")?;
    for trace in traces {
        for seq in seqs {
            insert.execute((signed(trace.0), signed(*seq)))?;
        }
    }
    Ok(Answer::Done)
}

// What retention took away in the meantime stays away.
fn alias(conn: &Connection, trace: SubjectKey, seqs: &[Seq]) -> rusqlite::Result<Answer> {
    let mut held = conn.prepare_cached("SELECT 1 FROM records WHERE seq = ?1")?;
    for seq in seqs {
        if held.exists([signed(*seq)])? {
            index(conn, &[trace], &[*seq])?;
        }
    }
    Ok(Answer::Done)
}

fn step(conn: &Connection, destination: &str, settle: &Settle) -> rusqlite::Result<Answer> {
    settled::keep(conn, destination, settle)?;
    letters::keep(conn, destination, &settle.withdrawn, &settle.letters)?;
    replace(conn, &settle.facts)
}

fn put_if_absent(conn: &Connection, facts: &[Fact]) -> rusqlite::Result<Answer> {
    let mut put = conn.prepare_cached("INSERT OR IGNORE INTO facts VALUES(?1, ?2, ?3, ?4)")?;
    let mut held = conn.prepare_cached("SELECT value, crc FROM facts WHERE space = ?1 AND key = ?2")?;
    let mut values = Vec::with_capacity(facts.len());
    for Fact { space, key, value } in facts {
        put.execute((space, key, value, fact_sum(space, key, value)))?;
        values.push(held.query_row((space, key), |row| checked(space, key, row.get(0)?, row.get(1)?))?);
    }
    Ok(Answer::Held(values))
}

fn replace(conn: &Connection, facts: &[Fact]) -> rusqlite::Result<Answer> {
    let mut put = conn.prepare_cached("INSERT OR REPLACE INTO facts VALUES(?1, ?2, ?3, ?4)")?;
    for Fact { space, key, value } in facts {
        put.execute((space, key, value, fact_sum(space, key, value)))?;
    }
    Ok(Answer::Done)
}
