//! What can be done to a request. Each change makes of its two numbers what it needs.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use flate2::write::GzEncoder;

use super::raw::Framing;
use super::raw::Raw;

type Change = fn(&mut Raw, u32, u32);

/// Every change by name: framing, the head's form, its contents, encodings, the body.
pub(super) const CHANGES: [(&str, Change); 47] = [
    ("length and chunked", |raw, a, _| {
        raw.header("content-length", a.to_string());
        raw.framing = Framing::Chunked(64);
    }),
    ("chunked and length", |raw, a, _| {
        raw.header("transfer-encoding", "chunked");
        raw.framing = Framing::Said((a % 100).to_string().into());
    }),
    ("two lengths", |raw, a, _| raw.header("content-length", (a % 1000).to_string())),
    ("the same length twice", |raw, _, _| raw.header("content-length", raw.body.len().to_string())),
    ("a wrong length", |raw, a, b| {
        let off = i64::from(a % 64) - 32;
        let length = i64::try_from(raw.body.len()).unwrap() + if b % 4 == 0 { i64::from(b) } else { off };
        raw.framing = Framing::Said(length.to_string().into());
    }),
    ("a length that is none", |raw, a, _| raw.framing = Framing::Said(pick(&LENGTHS, a).into())),
    ("no length", |raw, _, _| raw.framing = Framing::Untold),
    ("chunks", |raw, a, _| raw.framing = Framing::Chunked(a as usize % 5000)),
    ("a transfer encoding", |raw, a, _| raw.header("transfer-encoding", pick(&TRANSFERS, a))),
    ("broken chunks", |raw, a, _| {
        raw.header("transfer-encoding", "chunked");
        raw.framing = Framing::Untold;
        raw.body = pick(&CHUNKS, a).into();
    }),
    ("trailers", |raw, a, _| {
        raw.framing = Framing::Chunked(100);
        raw.tail = (0..a % 300).flat_map(|n| format!("t{n}: x\r\n").into_bytes()).chain(*b"\r\n").collect();
    }),
    ("a second request behind", |raw, _, _| raw.tail = raw.bytes()),
    ("garbage behind", |raw, a, b| raw.tail = noise(a, b % 4000)),
    ("bare line feeds", |raw, _, _| raw.eol = b"\n"),
    ("bare carriage returns", |raw, _, _| raw.eol = b"\r"),
    ("a folded header", |raw, _, _| raw.header("x-folded", "a\r\n b\r\n\tc")),
    ("many headers", |raw, a, _| (0..a % 400).for_each(|n| raw.header(&format!("x-{n}"), "v"))),
    ("the same header often", |raw, a, _| (0..a % 120).for_each(|_| raw.header("accept", "*/*"))),
    ("a long header", |raw, a, _| raw.header("x-long", vec![b'v'; a as usize % 70_000])),
    ("a long header name", |raw, a, _| raw.header(&"n".repeat(a as usize % 70_000), "v")),
    ("bytes in a header", |raw, a, b| raw.header("x-bytes", noise(a, b % 100))),
    ("bytes in a header name", |raw, a, b| raw.headers.push((noise(a, b % 20), b"v".to_vec()))),
    ("a space before the colon", |raw, _, _| raw.header("x-spaced ", "v")),
    ("a header without a name", |raw, _, _| raw.header("", "v")),
    ("a header less", |raw, a, _| drop(raw.headers.remove(a as usize % raw.headers.len()))),
    ("a header spoilt", |raw, a, b| {
        let at = a as usize % raw.headers.len();
        raw.headers[at].1 = noise(b, a % 40);
    }),
    ("two hosts", |raw, _, _| raw.header("host", "elsewhere")),
    ("another key", |raw, a, _| raw.header("authorization", pick(&KEYS, a))),
    ("an expectation", |raw, a, _| raw.header("expect", pick(&["100-continue", "200-ok", ""], a))),
    ("an upgrade", |raw, a, _| {
        raw.header("connection", "upgrade");
        raw.header("upgrade", pick(&["h2c", "websocket", "TLS/1.0, HTTP/2.0", ""], a));
    }),
    ("another version", |raw, a, _| raw.version = pick(&VERSIONS, a).into()),
    ("another method", |raw, a, _| raw.method = pick(&METHODS, a).into()),
    ("another target", |raw, a, _| raw.target = pick(&TARGETS, a).into()),
    ("bytes in the target", |raw, a, b| raw.target.extend(noise(a, b % 50))),
    ("a long target", |raw, a, _| raw.target.extend(vec![b'/'; a as usize % 70_000])),
    ("compressed", |raw, a, _| encode(raw, pick(&["gzip", "deflate", "zstd"], a))),
    ("compressed and cut", |raw, a, b| {
        encode(raw, pick(&["gzip", "deflate", "zstd"], a));
        raw.body.truncate(b as usize % raw.body.len().max(1));
    }),
    ("compressed and spoilt", |raw, a, b| {
        encode(raw, pick(&["gzip", "deflate", "zstd"], a));
        flip(&mut raw.body, b, a);
    }),
    ("a bomb", |raw, a, b| {
        raw.body = vec![b' '; (1 + b as usize % 8) << 20];
        encode(raw, pick(&["gzip", "deflate", "zstd"], a));
    }),
    ("an encoding that is not there", |raw, a, _| raw.header("content-encoding", pick(&ENCODINGS, a))),
    ("another content type", |raw, a, _| raw.header("content-type", pick(&TYPES, a))),
    ("nesting", |raw, a, b| {
        let deep = pick(&["[", "{\"a\":", "[{\"a\":["], a).repeat(b as usize % 5000);
        raw.body = [b"{\"traces\":", deep.as_bytes()].concat();
    }),
    ("a byte flipped", |raw, a, b| flip(&mut raw.body, a, b)),
    ("cut", |raw, a, _| raw.body.truncate(a as usize % raw.body.len().max(1))),
    ("a piece twice", |raw, a, b| {
        let from = a as usize % raw.body.len().max(1);
        let piece: Vec<u8> = raw.body.iter().skip(from).take(b as usize % 2000).copied().collect();
        raw.body.splice(from..from, piece);
    }),
    ("a value replaced", |raw, a, b| replace(&mut raw.body, a, pick(&VALUES, b))),
    ("bytes for a body", |raw, a, b| raw.body = noise(a, b % 5000)),
];

const LENGTHS: [&str; 11] =
    ["-1", "+5", "0x10", "1e3", "", " ", "5, 5", "5,6", "00", "99999999999999999999999", "18446744073709551615"];
const TRANSFERS: [&str; 7] =
    ["chunked, identity", "identity, chunked", "xchunked", "gzip", "gzip, chunked", "", "\x0bchunked"];
const CHUNKS: [&str; 9] = [
    "ffffffffffffffff\r\nx",
    "fffffffffffffffff\r\nx",
    "-1\r\nx",
    "g\r\n",
    "5;ext=\"a\r\nb\"\r\nhello\r\n0\r\n\r\n",
    "5\r\nhel",
    "3\r\nhello\r\n0\r\n\r\n",
    "0\r\n",
    "",
];
const KEYS: [&str; 6] = ["", "Bearer ", "Bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30.", "sg_", "Basic Og=="];
const VERSIONS: [&str; 8] = ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.2", "http/1.1", "HTTP/1.1 x", "", "HTTP/11"];
const METHODS: [&str; 9] = ["GET", "HEAD", "PATCH", "CONNECT", "TRACE", "OPTIONS", "PRI", "get", "P\u{d6}ST"];
const TARGETS: [&str; 12] = [
    "*",
    "",
    "/",
    "http://elsewhere/v1/private/traces/batch",
    "//elsewhere/traces",
    "/v2/projects/../../traces",
    "/v2/projects/%2e%2e%2ftraces",
    "/traces/%00%ff",
    "/traces/%",
    "/v1/private/traces/?a=%zz&b",
    "/opik/api/opik/api/v1/private/traces",
    "elsewhere:80",
];
const ENCODINGS: [&str; 7] = ["gzip", "zstd", "deflate", "br", "gzip, gzip", "identity", ""];
const TYPES: [&str; 5] =
    ["text/plain", "application/x-protobuf", "application/json; charset=utf-16", "multipart/form-data", ""];
/// JSON that is, or nearly is.
const VALUES: [&str; 20] = [
    "1e999",
    "-1e999",
    "123456789012345678901234567890",
    "-0.0",
    "1E-400",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\u0000\"",
    "\"\"",
    "null",
    "true",
    "[]",
    "{}",
    "{\"a\":1,\"a\":2}",
    "\"9999-12-31T23:59:60Z\"",
    "\"0000-00-00T00:00:00Z\"",
    "\"00000000-0000-0000-0000-000000000000\"",
    "\"2026-11-20T10:00:00.123456789123456789+14:59\"",
    "NaN",
    "'a'",
];

fn pick<'a>(list: &[&'a str], at: u32) -> &'a str {
    list[at as usize % list.len()]
}

/// So many bytes that follow from a number.
fn noise(seed: u32, length: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as u8
    };
    (0..length).map(next).collect()
}

fn flip(bytes: &mut [u8], at: u32, by: u32) {
    if !bytes.is_empty() {
        let at = at as usize % bytes.len();
        bytes[at] ^= (by % 255) as u8 + 1;
    }
}

/// Puts a value where another stands: behind one of the body's colons, up to what ends it.
fn replace(body: &mut Vec<u8>, which: u32, value: &str) {
    let colons: Vec<usize> = (0..body.len()).filter(|at| body[*at] == b':').collect();
    let Some(from) = colons.get(which as usize % colons.len().max(1)).map(|at| at + 1) else { return };
    let length = body[from..].iter().position(|byte| b",}]".contains(byte)).unwrap_or_default();
    body.splice(from..from + length, value.bytes());
}

fn encode(raw: &mut Raw, encoding: &str) {
    raw.header("content-encoding", encoding);
    raw.body = match encoding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&raw.body).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&raw.body).unwrap();
            encoder.finish().unwrap()
        }
        _ => zstd::encode_all(raw.body.as_slice(), 1).unwrap(),
    };
}
