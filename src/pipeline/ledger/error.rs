//! Why a ledger could not be opened, and why a call to an open one failed.

use std::path::PathBuf;

use thiserror::Error;

use crate::pipeline::ledger::Seq;

/// Why a call to an open ledger failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LedgerError {
    /// The queue before the writer is full; nothing was stored.
    #[error("the ledger's queue is full")]
    Full,
    /// The volume is full; nothing was stored.
    #[error("the ledger's disk is full")]
    DiskFull,
    /// One draft is larger than the ledger can hold; nothing was stored.
    #[error("a record of {0} bytes is too large for the ledger")]
    TooLarge(usize),
    /// The commit failed: whether it was stored is not known.
    #[error("the ledger's commit failed, its outcome is unknown")]
    Unknown,
    /// The record is missing or is not what was written.
    #[error("record {0} is corrupt")]
    Corrupt(Seq),
    /// Opened read-only.
    #[error("the ledger is open read-only")]
    ReadOnly,
    /// Closed; nothing was stored.
    #[error("the ledger is closed")]
    Closed,
    /// What was read is not what was written; opened for writing, the store is salvaged first.
    #[error("the ledger's store is damaged: {0}")]
    Damaged(String),
    /// The store failed before the commit; nothing was stored.
    #[error("the ledger's store failed: {0}")]
    Store(String),
}

impl LedgerError {
    /// A word for what a refused client waits for: a metric's label.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::DiskFull => "disk_full",
            Self::Full => "queue_full",
            _ => "ledger",
        }
    }
}

/// Why a ledger could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process (or another ledger of this one) holds the directory.
    #[error("state directory {0} is in use by another process")]
    InUse(PathBuf),
    /// A read-only open found no ledger there.
    #[error("state directory {0} holds no ledger")]
    Missing(PathBuf),
    /// Written by a newer spangate.
    #[error("the ledger in {dir} has format {found}, this spangate knows up to {known}")]
    Newer {
        /// The state directory.
        dir: PathBuf,
        /// The format found.
        found: u32,
        /// The highest format that this build reads.
        known: u32,
    },
    /// A file could not be made, read or locked.
    #[error("{what} {path}: {source}")]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// The store is damaged as a whole. Opened for writing, it is salvaged instead.
    #[error("the ledger in {dir} is damaged, a start of the gateway salvages it: {reason}")]
    Corrupt {
        /// The state directory.
        dir: PathBuf,
        /// What the store answered.
        reason: String,
    },
    /// The store refused.
    #[error("ledger store in {dir}: {reason}")]
    Store {
        /// The state directory.
        dir: PathBuf,
        /// What the store answered.
        reason: String,
    },
}
