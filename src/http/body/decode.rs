//! One layer of gzip, deflate or zstd, with the output bounded as it grows.

use std::io;
use std::io::Read;

use bytes::Bytes;
use flate2::read::DeflateDecoder;
use flate2::read::MultiGzDecoder;
use flate2::read::ZlibDecoder;
use http::HeaderMap;
use http::header;

use crate::contract::Refusal;
use crate::http::body::hold::Hold;

/// An encoding that we can undo.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Encoding {
    /// `gzip`, also as `x-gzip`.
    Gzip,
    /// `deflate`: zlib by the standard, bare by some clients.
    Deflate,
    /// `zstd`.
    Zstd,
}

impl Encoding {
    /// What `Content-Encoding` says; `None` for a plain body.
    ///
    /// # Errors
    /// [`Refusal::Unsupported`] for another encoding or several on top of each other.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let mut named = headers.get_all(header::CONTENT_ENCODING).iter();
        let Some(value) = named.next() else { return Ok(None) };
        let name = value.to_str().unwrap_or("?").trim().to_ascii_lowercase();
        match name.as_str() {
            _ if named.next().is_some() => Err(unsupported("several")),
            "" | "identity" => Ok(None),
            "gzip" | "x-gzip" => Ok(Some(Self::Gzip)),
            "deflate" => Ok(Some(Self::Deflate)),
            "zstd" => Ok(Some(Self::Zstd)),
            _ => Err(unsupported(&name)),
        }
    }
}

/// Undoes the encoding; at most `max` bytes come out.
///
/// # Errors
/// [`Refusal::TooLarge`] above `max` or [`MAX_RATIO`], [`Refusal::Malformed`] for damaged input.
pub(super) fn decode(encoding: Encoding, bytes: &[u8], max: usize, hold: &mut Hold) -> Result<Bytes, Refusal> {
    match encoding {
        Encoding::Gzip => drain(MultiGzDecoder::new(bytes), bytes.len(), max, hold),
        Encoding::Deflate if is_zlib(bytes) => drain(ZlibDecoder::new(bytes), bytes.len(), max, hold),
        Encoding::Deflate => drain(DeflateDecoder::new(bytes), bytes.len(), max, hold),
        Encoding::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(bytes).map_err(|error| damaged(&error))?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(|error| damaged(&error))?;
            drain(decoder, bytes.len(), max, hold)
        }
    }
}

fn drain(mut decoder: impl Read, encoded: usize, max: usize, hold: &mut Hold) -> Result<Bytes, Refusal> {
    let mut out = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let n = match decoder.read(&mut chunk) {
            Ok(0) => return Ok(out.into()),
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(damaged(&error)),
        };
        let length = out.len() + n;
        if length > max {
            return Err(Refusal::TooLarge(format!("the decoded body is longer than {max} bytes")));
        }
        if length > RATIO_FREE_BYTES && length / MAX_RATIO > encoded {
            return Err(Refusal::TooLarge(format!("the body expands more than {MAX_RATIO} times")));
        }
        hold.reach(length)?;
        out.extend_from_slice(&chunk[..n]);
    }
}

/// RFC 1950: the low half of the first byte is 8, and the first two are a multiple of 31.
fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [a, b, ..] if a & 0x0f == 8 && u16::from_be_bytes([*a, *b]).is_multiple_of(31))
}

fn unsupported(name: &str) -> Refusal {
    Refusal::Unsupported(format!("content-encoding {name} is not read here: use one of gzip, deflate, zstd"))
}

fn damaged(error: &io::Error) -> Refusal {
    Refusal::Malformed { message: format!("the compressed body is damaged: {error}") }
}

const CHUNK_BYTES: usize = 64 << 10;

/// Gzip reaches 1029:1 on a repeated byte (`reliability.md §5`). A long repetition is also what a
/// harmless client sends, so the ratio counts only beyond what anybody may send by default: where
/// `max_body.decoded` was set higher.
const MAX_RATIO: usize = 100;
const RATIO_FREE_BYTES: usize = 64 << 20;

/// 8 MiB, which RFC 8878 recommends to support at least.
const ZSTD_WINDOW_LOG: u32 = 23;
