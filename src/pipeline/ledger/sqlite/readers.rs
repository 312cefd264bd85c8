//! The few connections that read.
//!
//! Readers see the last commit and never wait for the writer; they wait for one another
//! when all are taken, which bounds their memory.

use std::sync::Arc;

use parking_lot::Condvar;
use parking_lot::Mutex;
use rusqlite::Connection;
use zstd::bulk::Decompressor;

use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::OpenError;
use crate::pipeline::ledger::sqlite::lock::Layout;
use crate::pipeline::ledger::sqlite::lock::failed;
use crate::pipeline::ledger::sqlite::schema;
use crate::pipeline::ledger::sqlite::shared::Shared;

const READERS: usize = 3;

/// A pool of reading connections.
pub(super) struct Readers {
    at: Layout,
    shared: Arc<Shared>,
    pool: Mutex<Pool>,
    freed: Condvar,
}

struct Pool {
    idle: Vec<Reader>,
    closed: bool,
}

/// A connection and the context that decompresses what it reads.
pub(super) struct Reader {
    /// Reads the last commit.
    pub(super) conn: Connection,
    /// Kept, because a context is costly to build.
    pub(super) zstd: Decompressor<'static>,
    /// Of which file it is.
    epoch: u64,
}

impl Reader {
    fn open(at: &Layout, epoch: u64) -> Result<Self, OpenError> {
        let zstd = Decompressor::new().map_err(failed("prepare to decompress", &at.db))?;
        Ok(Self { conn: schema::reader(at)?, zstd, epoch })
    }
}

impl Readers {
    /// Opens every connection at once, so that a read never has to.
    pub(super) fn open(at: &Layout, shared: &Arc<Shared>) -> Result<Self, OpenError> {
        let idle = (0..READERS).map(|_| Reader::open(at, shared.epoch())).collect::<Result<_, OpenError>>()?;
        let pool = Mutex::new(Pool { idle, closed: false });
        Ok(Self { at: at.clone(), shared: Arc::clone(shared), pool, freed: Condvar::new() })
    }

    /// Takes a free connection, waiting for one.
    pub(super) fn lease(&self) -> Result<Lease<'_>, LedgerError> {
        let mut pool = self.pool.lock();
        loop {
            if pool.closed {
                return Err(LedgerError::Closed);
            }
            if let Some(reader) = pool.idle.pop() {
                return Ok(Lease { from: self, reader: Some(reader) });
            }
            self.freed.wait(&mut pool);
        }
    }

    /// Closes the connections; those on lease as they come back.
    pub(super) fn close(&self) {
        let mut pool = self.pool.lock();
        pool.closed = true;
        pool.idle.clear();
        self.freed.notify_all();
    }
}

/// A reading connection that goes back when it is dropped.
pub(super) struct Lease<'a> {
    from: &'a Readers,
    reader: Option<Reader>,
}

impl Lease<'_> {
    /// Runs one query.
    pub(super) fn read<T>(mut self, query: impl Fn(&mut Reader) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        let Some(reader) = &mut self.reader else { return Err(LedgerError::Closed) };
        let epoch = self.from.shared.epoch();
        if reader.epoch < epoch {
            *reader = Reader::open(&self.from.at, epoch).map_err(|error| LedgerError::Store(error.to_string()))?;
        }
        query(reader)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut pool = self.from.pool.lock();
        if !pool.closed {
            pool.idle.extend(self.reader.take());
        }
        self.from.freed.notify_one();
    }
}
