//! The reserve: free space that appends leave, so that settling and retention can go on.

use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;

use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::sqlite::options::FreeSpace;

/// How old a look at the disk may be.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Bytes let in after which it is looked at again, however soon.
const LOOK_AFTER: u64 = 8 << 20;

/// Watches the free space of one directory.
pub(super) struct Space {
    dir: PathBuf,
    probe: FreeSpace,
    reserve: u64,
    look: Mutex<Look>,
}

#[derive(Default)]
struct Look {
    at: Option<Instant>,
    /// As last seen; `None` where the system does not say.
    free: Option<u64>,
    /// Bytes let in since.
    taken: u64,
    refusing: bool,
}

impl Space {
    /// Leaves `reserve` bytes of what `probe` says of `dir`.
    pub(super) fn new(dir: PathBuf, probe: FreeSpace, reserve: u64) -> Self {
        Self { dir, probe, reserve, look: Mutex::default() }
    }

    /// Lets `bytes` in, or says that the disk has none to spare.
    pub(super) fn admit(&self, bytes: usize) -> Result<(), LedgerError> {
        let mut look = self.look.lock();
        self.refresh(&mut look);
        if look.refusing {
            return Err(LedgerError::DiskFull);
        }
        look.taken += bytes as u64;
        Ok(())
    }

    /// The free bytes, where the system says so, and whether that is too little.
    pub(super) fn state(&self) -> (Option<u64>, bool) {
        let mut look = self.look.lock();
        self.refresh(&mut look);
        (look.free, look.refusing)
    }

    fn refresh(&self, look: &mut Look) {
        let fresh = look.at.is_some_and(|at| at.elapsed() < LOOK_EVERY) && look.taken < LOOK_AFTER;
        // While refusing, every call looks: what was freed is to be had at once.
        if fresh && !look.refusing {
            return;
        }
        let free = self.probe.of(&self.dir);
        if let Err(error) = &free
            && look.free.is_some()
        {
            tracing::warn!(%error, "the free space of the ledger's disk cannot be told");
        }
        *look = Look { at: Some(Instant::now()), free: free.ok(), taken: 0, refusing: look.refusing };
        // A disk that does not say how full it is refuses by itself when it is.
        let refusing = look.free.is_some_and(|free| free < self.reserve);
        if refusing && !look.refusing {
            tracing::error!(
                disk.free_bytes = look.free,
                disk.reserve_bytes = self.reserve,
                "the ledger's disk is down to its reserve: new requests are refused"
            );
        } else if look.refusing && !refusing {
            tracing::info!(disk.free_bytes = look.free, "the ledger's disk has room again");
        }
        look.refusing = refusing;
    }
}
