//! The sorted table of subjects that lies beside each record.
//!
//! A CRC32, then each key once, big-endian, ascending: a look-up is a binary search over
//! bytes as they lie in the row, without an allocation.

use crate::pipeline::ledger::SubjectKey;

/// The table of everything in a draft, traces included.
pub(super) fn table(traces: &[SubjectKey], subjects: &[SubjectKey]) -> Vec<u8> {
    let mut keys: Vec<SubjectKey> = traces.iter().chain(subjects).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    let mut table = Vec::with_capacity(4 + keys.len() * 8);
    table.extend([0; 4]);
    table.extend(keys.iter().flat_map(|key| key.0.to_be_bytes()));
    let crc = crc32fast::hash(&table[4..]);
    table[..4].copy_from_slice(&crc.to_le_bytes());
    table
}

/// Whether the record may hold `subject`; a damaged table cannot exclude anything.
pub(super) fn may_hold(table: &[u8], subject: SubjectKey) -> bool {
    let Some((crc, keys)) = table.split_first_chunk::<4>() else {
        return true;
    };
    if *crc != crc32fast::hash(keys).to_le_bytes() {
        return true;
    }
    let (keys, _) = keys.as_chunks::<8>();
    keys.binary_search(&subject.0.to_be_bytes()).is_ok()
}
