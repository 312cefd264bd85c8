//! The bytes of a record: one self-describing, checked envelope.
//!
//! Format 1, integers little-endian. Old formats stay readable for ever; `tests.rs` keeps
//! their bytes.
//!
//! ```text
//!  0  magic "SGRC"          18  id, 16 bytes             56  number of traces, u32
//!  4  format, u8            34  accept time, ns, i64     60  length of head, u32
//!  5  codec of body, u8     42  items, u32               64  project, key, dialect,
//!  6  seq, u64              46  length of body, u32          traces (u64 each), head,
//! 14  CRC32 of all else     50  lengths of project,          body as stored (the rest)
//!                               key, dialect, u16 each
//! ```
//!
//! The sequence inside must be the one that the store files it under: a row that moved is
//! as wrong as a row that rotted.

use std::io;

use bytes::Bytes;
use crc32fast::Hasher;
use parking_lot::Mutex;
use zstd::bulk::Compressor;
use zstd::bulk::Decompressor;

use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;

const MAGIC: [u8; 4] = *b"SGRC";
const FORMAT: u8 = 1;
const RAW: u8 = 0;
const ZSTD: u8 = 1;
const SEQ_AT: usize = 6;
const CRC_AT: usize = 14;
const REST_AT: usize = 18;
/// Where the lengths of the names stand, and the names themselves.
const LENGTHS_AT: usize = 50;
const NAMES_AT: usize = 64;
/// Bytes up to the end of the CRC.
pub(super) const START: usize = REST_AT;
/// Below this, compressing costs more than the bytes it saves.
const COMPRESS_FROM: usize = 2048;
/// Contexts kept for the next body: one a worker thread, and no more than a few megabytes.
const KEPT: usize = 4;
/// Far under SQLite's limit of 10^9 bytes a row.
const LARGEST: usize = 512 << 20;

/// What an envelope is made of.
pub(super) struct Parts<'a> {
    id: [u8; 16],
    at_ns: i64,
    project: &'a str,
    key: &'a str,
    dialect: &'a str,
    head: &'a [u8],
    body: &'a [u8],
    items: u32,
    traces: &'a [SubjectKey],
}

impl<'a> Parts<'a> {
    /// Of a request on its way in.
    pub(super) fn of_draft(draft: &'a Draft) -> Self {
        let Draft { id, at_ns, project, key, dialect, head, body, items, traces, subjects: _, place: _ } = draft;
        Self { id: *id, at_ns: *at_ns, project, key, dialect, head, body, items: *items, traces }
    }

    /// Of a record that was held before.
    pub(super) fn of_record(record: &'a Record) -> Self {
        let Record { seq: _, id, at_ns, project, key, dialect, head, body, items, traces, stored: _ } = record;
        Self { id: *id, at_ns: *at_ns, project, key, dialect, head, body, items: *items, traces }
    }
}

/// Makes envelopes; keeps its compression contexts, which are costly to build.
#[derive(Default)]
pub(super) struct Sealer {
    idle: Mutex<Vec<Compressor<'static>>>,
}

impl Sealer {
    /// The envelope of a record without its sequence; [`stamp`] completes it.
    pub(super) fn seal(&self, draft: &Parts<'_>) -> Result<Vec<u8>, LedgerError> {
        let size = draft.head.len() + draft.body.len();
        if size > LARGEST {
            return Err(LedgerError::TooLarge(size));
        }
        let packed = self.pack(draft.body);
        let (codec, body) = match &packed {
            Some(packed) => (ZSTD, packed.as_slice()),
            None => (RAW, draft.body),
        };
        let mut env = Vec::with_capacity(256 + draft.traces.len() * 8 + draft.head.len() + body.len());
        env.extend(MAGIC);
        env.extend([FORMAT, codec]);
        env.extend([0; REST_AT - SEQ_AT]);
        env.extend(draft.id);
        env.extend(draft.at_ns.to_le_bytes());
        env.extend(draft.items.to_le_bytes());
        env.extend(length32(draft.body.len())?);
        for text in [draft.project, draft.key, draft.dialect] {
            env.extend(length16(text.len())?);
        }
        env.extend(length32(draft.traces.len())?);
        env.extend(length32(draft.head.len())?);
        for text in [draft.project, draft.key, draft.dialect] {
            env.extend(text.as_bytes());
        }
        for trace in draft.traces {
            env.extend(trace.0.to_le_bytes());
        }
        env.extend(draft.head);
        env.extend(body);
        Ok(env)
    }

    // A body that does not shrink, or a compressor that fails, is stored as it came.
    fn pack(&self, body: &[u8]) -> Option<Vec<u8>> {
        if body.len() < COMPRESS_FROM {
            return None;
        }
        let held = self.idle.lock().pop();
        let mut zstd = held.or_else(|| Compressor::new(1).ok())?;
        let packed = zstd.compress(body).ok();
        let mut idle = self.idle.lock();
        if idle.len() < KEPT {
            idle.push(zstd);
        }
        packed.filter(|packed| packed.len() < body.len())
    }
}

/// Writes the sequence and the CRC into a sealed envelope.
pub(super) fn stamp(env: &mut [u8], seq: Seq) {
    env[SEQ_AT..CRC_AT].copy_from_slice(&seq.to_le_bytes());
    let crc = checksum(env);
    env[CRC_AT..REST_AT].copy_from_slice(&crc.to_le_bytes());
}

/// The CRC in an envelope's first bytes.
pub(super) fn stamped_crc(start: &[u8; START]) -> u32 {
    let [.., a, b, c, d] = *start;
    u32::from_le_bytes([a, b, c, d])
}

/// Reads an envelope that is filed under `seq`; anything but what was stamped is `Corrupt`.
pub(super) fn open(seq: Seq, env: &[u8], zstd: &mut Decompressor<'_>) -> Result<Record, LedgerError> {
    let fields = verified(seq, env).and_then(|rest| Fields::read(env[5], rest));
    let Some(fields) = fields else {
        return Err(LedgerError::Corrupt(seq));
    };
    let body = unpack(&fields, zstd).map_err(|_| LedgerError::Corrupt(seq))?;
    Ok(Record {
        seq,
        id: fields.id,
        at_ns: fields.at_ns,
        project: fields.project.into(),
        key: fields.key.into(),
        dialect: fields.dialect.into(),
        head: Bytes::copy_from_slice(fields.head),
        body,
        items: fields.items,
        traces: fields.traces,
        stored: env.len() as u64,
    })
}

fn verified(seq: Seq, env: &[u8]) -> Option<&[u8]> {
    let rest = env.get(REST_AT..)?;
    let stamped = env[SEQ_AT..CRC_AT] == seq.to_le_bytes() && env[CRC_AT..REST_AT] == checksum(env).to_le_bytes();
    (stamped && env[..4] == MAGIC && env[4] == FORMAT).then_some(rest)
}

fn checksum(env: &[u8]) -> u32 {
    let mut crc = Hasher::new();
    crc.update(&env[..CRC_AT]);
    crc.update(&env[REST_AT..]);
    crc.finalize()
}

/// The traces in an envelope of which `read` fills bytes from a place on, unchecked.
pub(super) fn traces(read: impl Fn(&mut [u8], usize) -> bool) -> Option<Vec<SubjectKey>> {
    let mut lengths = [0; NAMES_AT - LENGTHS_AT];
    read(&mut lengths, LENGTHS_AT).then_some(())?;
    let from = &mut &lengths[..];
    let mut names = 0;
    for _ in 0..3 {
        names += usize::from(u16::from_le_bytes(array(from)?));
    }
    let count = u32::from_le_bytes(array(from)?) as usize;
    let mut bytes = vec![0; count.checked_mul(8).filter(|bytes| *bytes <= LARGEST)?];
    read(&mut bytes, NAMES_AT + names).then(|| keys(&bytes))
}

struct Fields<'a> {
    codec: u8,
    id: [u8; 16],
    at_ns: i64,
    items: u32,
    body_len: usize,
    project: &'a str,
    key: &'a str,
    dialect: &'a str,
    traces: Vec<SubjectKey>,
    head: &'a [u8],
    body: &'a [u8],
}

impl<'a> Fields<'a> {
    fn read(codec: u8, mut rest: &'a [u8]) -> Option<Self> {
        let from = &mut rest;
        let id = array(from)?;
        let at_ns = i64::from_le_bytes(array(from)?);
        let items = u32::from_le_bytes(array(from)?);
        let body_len = u32::from_le_bytes(array(from)?) as usize;
        let project = u16::from_le_bytes(array(from)?);
        let key = u16::from_le_bytes(array(from)?);
        let dialect = u16::from_le_bytes(array(from)?);
        let traces = u32::from_le_bytes(array(from)?);
        let head = u32::from_le_bytes(array(from)?);
        Some(Self {
            codec,
            id,
            at_ns,
            items,
            body_len,
            project: text(from, project)?,
            key: text(from, key)?,
            dialect: text(from, dialect)?,
            traces: keys(take(from, (traces as usize).checked_mul(8)?)?),
            head: take(from, head as usize)?,
            body: from,
        })
    }
}

fn unpack(fields: &Fields<'_>, zstd: &mut Decompressor<'_>) -> io::Result<Bytes> {
    let body = match fields.codec {
        RAW => Bytes::copy_from_slice(fields.body),
        ZSTD => zstd.decompress(fields.body, fields.body_len)?.into(),
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    if body.len() != fields.body_len {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(body)
}

fn keys(bytes: &[u8]) -> Vec<SubjectKey> {
    let (chunks, _) = bytes.as_chunks();
    chunks.iter().map(|chunk| SubjectKey(u64::from_le_bytes(*chunk))).collect()
}

fn take<'a>(from: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(count)?;
    *from = rest;
    Some(taken)
}

fn array<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*taken)
}

fn text<'a>(from: &mut &'a [u8], count: u16) -> Option<&'a str> {
    std::str::from_utf8(take(from, count.into())?).ok()
}

fn length32(length: usize) -> Result<[u8; 4], LedgerError> {
    let length = u32::try_from(length).map_err(|_| LedgerError::TooLarge(length))?;
    Ok(length.to_le_bytes())
}

fn length16(length: usize) -> Result<[u8; 2], LedgerError> {
    let length = u16::try_from(length).map_err(|_| LedgerError::TooLarge(length))?;
    Ok(length.to_le_bytes())
}
