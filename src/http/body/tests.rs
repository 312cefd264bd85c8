//! Bodies: bounds, encodings, depth.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use flate2::write::GzEncoder;
use flate2::write::ZlibEncoder;
use tokio::sync::Semaphore;

use super::*;

#[test]
fn every_encoding_is_undone() {
    let text = br#"{"name":"a"}"#;
    let check =
        |encoding, bytes: &[u8]| assert_eq!(undo(encoding, bytes, 100).unwrap(), text.as_slice(), "{encoding:?}");
    check(Encoding::Gzip, &gzip(text));
    check(Encoding::Gzip, &[gzip(br#"{"name""#), gzip(br#":"a"}"#)].concat());
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(text).unwrap();
    check(Encoding::Deflate, &zlib.finish().unwrap());
    let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
    bare.write_all(text).unwrap();
    check(Encoding::Deflate, &bare.finish().unwrap());
    check(Encoding::Zstd, &zstd::encode_all(text.as_slice(), 1).unwrap());
}

#[test]
fn output_is_bounded() {
    let bytes = gzip(&vec![b'a'; 1000]);
    assert_eq!(undo(Encoding::Gzip, &bytes, 1000).unwrap().len(), 1000);
    assert!(matches!(undo(Encoding::Gzip, &bytes, 999), Err(Refusal::TooLarge(_))));
    let repeated = |bytes: usize| zstd::encode_all(vec![b'a'; bytes].as_slice(), 1).unwrap();
    assert_eq!(undo(Encoding::Zstd, &repeated(64 << 20), 64 << 20).unwrap().len(), 64 << 20);
    let refusal = undo(Encoding::Zstd, &repeated(65 << 20), 128 << 20).unwrap_err();
    assert_eq!(refusal.to_string(), "the body expands more than 100 times");
}

#[test]
fn damage_is_named() {
    let mut bytes = gzip(b"text");
    bytes.truncate(12);
    for encoding in [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd] {
        assert!(matches!(undo(encoding, &bytes, 100), Err(Refusal::Malformed { .. })), "{encoding:?}");
    }
}

#[test]
fn only_one_known_layer_is_read() {
    let of = |names: &[&'static str]| {
        let named = names.iter().map(|name| (header::CONTENT_ENCODING, HeaderValue::from_static(name)));
        Encoding::of(&named.fold(HeaderMap::new(), |mut map, (name, value)| {
            map.append(name, value);
            map
        }))
    };
    assert_eq!(of(&[]).unwrap(), None);
    assert_eq!(of(&["Identity"]).unwrap(), None);
    assert_eq!(of(&["GZIP"]).unwrap(), Some(Encoding::Gzip));
    assert!(of(&["br"]).is_err());
    assert!(of(&["gzip, gzip"]).is_err());
    assert!(of(&["gzip", "gzip"]).is_err());
}

#[test]
fn what_is_held_comes_back() {
    let all = Arc::new(Semaphore::new(4));
    let mut hold = Hold::new(&all);
    hold.reach(1).unwrap();
    hold.reach(2048).unwrap();
    assert_eq!(all.available_permits(), 2);
    let mut other = hold.sibling();
    assert!(matches!(other.reach(2049), Err(Refusal::TooMany { .. })));
    other.reach(1024).unwrap();
    hold.join(other);
    assert_eq!(all.available_permits(), 1);
    drop(hold);
    assert_eq!(all.available_permits(), 4);
}

fn undo(encoding: Encoding, bytes: &[u8], max: usize) -> Result<Bytes, Refusal> {
    decode::decode(encoding, bytes, max, &mut Hold::new(&Arc::new(Semaphore::new(1 << 20))))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
