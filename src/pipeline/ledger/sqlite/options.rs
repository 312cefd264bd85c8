//! How to open the embedded ledger.

use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// What a success reply outlives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A power loss: every group is flushed to the disk.
    #[default]
    Fsync,
    /// The death of the process: the operating system flushes when it likes.
    Os,
}

/// Says how many bytes are free on the disk of a directory; a value, so that a test can script it.
#[derive(Clone)]
pub struct FreeSpace(Arc<Probe>);

type Probe = dyn Fn(&Path) -> io::Result<u64> + Send + Sync;

impl FreeSpace {
    /// Asks `probe`.
    pub fn new(probe: impl Fn(&Path) -> io::Result<u64> + Send + Sync + 'static) -> Self {
        Self(Arc::new(probe))
    }

    /// The bytes that are free for `dir`.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn of(&self, dir: &Path) -> io::Result<u64> {
        (self.0)(dir)
    }
}

impl Default for FreeSpace {
    /// Asks the file system.
    fn default() -> Self {
        Self::new(|dir| fs4::available_space(dir))
    }
}

impl fmt::Debug for FreeSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FreeSpace")
    }
}

/// How to open the embedded ledger.
#[derive(Clone, Debug)]
pub struct Options {
    /// The state directory; made with mode 0700 where it is missing.
    pub dir: PathBuf,
    /// What a success reply outlives.
    pub durability: Durability,
    /// Look at a stopped gateway's directory; every writing call is refused.
    pub read_only: bool,
    /// Bytes that may wait for the writer before an append is [`LedgerError::Full`](super::LedgerError::Full).
    pub queue_bytes: usize,
    /// Free bytes on the disk below which an append is [`LedgerError::DiskFull`](super::LedgerError::DiskFull).
    pub disk_reserve: u64,
    /// Says how many bytes are free.
    pub free_space: FreeSpace,
}

impl Options {
    /// A ledger in `dir` with fsync, a queue of 64 MiB and no reserve.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            durability: Durability::Fsync,
            read_only: false,
            queue_bytes: 64 << 20,
            disk_reserve: 0,
            free_space: FreeSpace::default(),
        }
    }
}
