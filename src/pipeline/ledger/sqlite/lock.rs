//! The state directory: made private, and held by one gateway at a time.

use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::Permissions;
use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::pipeline::ledger::OpenError;

const LOCK: &str = "lock";
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// Where the parts of a ledger stand in a state directory.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// The state directory.
    pub(super) dir: PathBuf,
    /// The database.
    pub(super) db: PathBuf,
    /// SQLite's write-ahead log of it.
    pub(super) wal: PathBuf,
    /// The high-water mark.
    pub(super) mark: PathBuf,
    /// A copy of the database's first page.
    pub(super) first_page: PathBuf,
}

impl Layout {
    /// The fixed names under `dir`.
    pub(super) fn of(dir: &Path) -> Self {
        Self {
            dir: dir.to_path_buf(),
            db: dir.join("ledger.db"),
            wal: dir.join("ledger.db-wal"),
            mark: dir.join("ledger.hwm"),
            first_page: dir.join("ledger.page"),
        }
    }
}

/// Makes the directory and the database file where missing, private to this user, and
/// takes the directory for this process alone.
///
/// A directory that exists keeps its mode: it may be a mount point that is not ours.
pub(super) fn hold(at: &Layout) -> Result<File, OpenError> {
    let dir = &at.dir;
    let made = !dir.exists();
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed("create directory", dir))?;
    let path = dir.join(LOCK);
    let lock = private(&path).map_err(failed("open lock file", &path))?;
    taken(patiently(|| lock.try_lock()), dir)?;
    let db = private(&at.db).map_err(failed("open database file", &at.db))?;
    // SQLite gives its log and index files the mode of the database file.
    db.set_permissions(Permissions::from_mode(0o600)).map_err(failed("restrict database file", &at.db))?;
    sync_dir(dir)?;
    if made && let Some(parent) = dir.parent().filter(|p| !p.as_os_str().is_empty()) {
        sync_dir(parent)?;
    }
    Ok(lock)
}

/// Whether no process writes to a state directory now. For saying early, and first, what an open would
/// say: what else a second process lacks (its ports, say) follows from it.
///
/// # Errors
/// [`OpenError::InUse`] if one does.
pub fn ensure_free(dir: &Path) -> Result<(), OpenError> {
    match File::open(dir.join(LOCK)) {
        Ok(lock) => taken(lock.try_lock_shared(), dir),
        Err(_) => Ok(()),
    }
}

/// Takes an existing directory for reading, together with other readers.
pub(super) fn hold_shared(at: &Layout) -> Result<File, OpenError> {
    let path = at.dir.join(LOCK);
    if !at.db.exists() {
        return Err(OpenError::Missing(at.dir.clone()));
    }
    let lock = File::open(&path).map_err(failed("open lock file", &path))?;
    taken(patiently(|| lock.try_lock_shared()), &at.dir)?;
    Ok(lock)
}

// A process that a former holder has just started has copies of its files until it has begun to run.
fn patiently(lock: impl Fn() -> Result<(), TryLockError>) -> Result<(), TryLockError> {
    for _ in 0..TRIES {
        match lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            taken => return taken,
        }
    }
    lock()
}

fn taken(lock: Result<(), TryLockError>, dir: &Path) -> Result<(), OpenError> {
    match lock {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(dir.to_path_buf())),
        Err(TryLockError::Error(source)) => Err(failed("lock", dir)(source)),
    }
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// A file is durable only when its directory entry is.
pub(super) fn sync_dir(dir: &Path) -> Result<(), OpenError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("sync directory", dir))
}

/// Says what was tried on which path when the system refused.
pub(super) fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_path_buf();
    move |source| OpenError::Io { what, path, source }
}
