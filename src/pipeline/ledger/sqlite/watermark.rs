//! The high-water mark: how far the ledger had been acknowledged, kept outside the store.
//!
//! A store that lost its tail (a zeroed page in the log, a restored old copy) opens without
//! complaint. The mark says that there had been more. Two slots are written in turn, each
//! with a CRC and a generation, so that a torn write leaves the other one; they stand a
//! page apart, so that one bad page cannot take both.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::pipeline::ledger::Seq;

const MAGIC: [u8; 4] = *b"SGHW";
const SLOT: usize = 24;
const SLOT_EVERY: u64 = 4096;

/// The open mark file.
pub(super) struct Watermark {
    file: File,
    generation: u64,
    seq: Seq,
}

impl Watermark {
    /// Opens or makes the mark file at `path`; an unreadable one counts as 0.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        if file.metadata()?.len() == 0 {
            // Both slots take their room now: the mark is to be raised on a full disk too.
            file.write_all_at(&[0; 2 * SLOT_EVERY as usize], 0)?;
        }
        let (generation, seq) = newest(&file);
        Ok(Self { file, generation, seq })
    }

    /// The mark that the file at `path` holds, without touching it.
    pub(super) fn peek(path: &Path) -> Seq {
        File::open(path).map_or(0, |file| newest(&file).1)
    }

    /// The mark as last written.
    pub(super) fn seq(&self) -> Seq {
        self.seq
    }

    /// Writes a mark and waits until it is durable.
    pub(super) fn write(&mut self, seq: Seq) -> io::Result<()> {
        let generation = self.generation + 1;
        let mut slot = [0; SLOT];
        slot[..4].copy_from_slice(&MAGIC);
        slot[4..12].copy_from_slice(&generation.to_le_bytes());
        slot[12..20].copy_from_slice(&seq.to_le_bytes());
        let crc = crc32fast::hash(&slot[..20]);
        slot[20..].copy_from_slice(&crc.to_le_bytes());
        self.file.write_all_at(&slot, generation % 2 * SLOT_EVERY)?;
        self.file.sync_data()?;
        self.generation = generation;
        self.seq = seq;
        Ok(())
    }
}

fn newest(file: &File) -> (u64, Seq) {
    let slots = [read(file, 0), read(file, SLOT_EVERY)];
    slots.into_iter().flatten().max().unwrap_or_default()
}

fn read(file: &File, at: u64) -> Option<(u64, Seq)> {
    let mut slot = [0; SLOT];
    file.read_exact_at(&mut slot, at).ok()?;
    let crc = crc32fast::hash(&slot[..20]).to_le_bytes();
    if slot[..4] != MAGIC || slot[20..] != crc {
        return None;
    }
    let generation = slot[4..12].try_into().ok().map(u64::from_le_bytes)?;
    let seq = slot[12..20].try_into().ok().map(u64::from_le_bytes)?;
    Some((generation, seq))
}
