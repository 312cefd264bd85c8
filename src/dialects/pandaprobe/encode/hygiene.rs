//! What the vendor's store cannot hold (`wire/pandaprobe.md §8`): NUL, lone surrogates, numbers
//! beyond a double, deep nesting. Accepted with 202, and then the whole trace is lost.
//!
//! Works on the JSON text, so that everything else stays verbatim and depth costs no stack.

use std::borrow::Cow;

use sha2::Digest;
use sha2::Sha256;

use crate::canonical::Raw;

/// The deepest nesting we send; 255 levels pass, the row around takes some.
pub(super) const DEPTH: usize = 250;

/// What was done to a value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cleaned {
    /// Characters or numbers were taken out.
    pub(super) changed: bool,
    /// It nested too deep and is now text.
    pub(super) too_deep: bool,
}

/// A text without NUL.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "")) } else { Cow::Borrowed(text) }
}

/// The first `max` characters, and whether that was not all.
pub(super) fn cut(text: &str, max: usize) -> (&str, bool) {
    match text.char_indices().nth(max) {
        Some((end, _)) => (&text[..end], true),
        None => (text, false),
    }
}

/// Like [`cut`], with a hash at the end, so that two long texts stay apart.
pub(super) fn cut_apart(text: &str, max: usize) -> String {
    let hash = Sha256::digest(text);
    let tail: String = hash[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{tail}", cut(text, max - tail.len() - 1).0)
}

/// A JSON value that the vendor can store.
pub(super) fn json(raw: &Raw, depth: usize) -> (Raw, Cleaned) {
    let mut scan = Scan::new(raw.text());
    scan.run();
    let changed = scan.out.is_some();
    let too_deep = scan.deepest > depth;
    let clean = scan.out.and_then(|text| Raw::parse(&text)).unwrap_or_else(|| raw.clone());
    let clean = if too_deep { Raw::of(clean.text()) } else { clean };
    (clean, Cleaned { changed, too_deep })
}

/// One pass over JSON text; `out` begins to fill at the first thing that must go.
struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Everything before this is in `out`, if there is one.
    copied: usize,
    out: Option<String>,
    depth: usize,
    deepest: usize,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, copied: 0, out: None, depth: 0, deepest: 0 }
    }

    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => self.string(),
                b'-' | b'0'..=b'9' => self.number(),
                b'{' | b'[' => {
                    self.depth += 1;
                    self.deepest = self.deepest.max(self.depth);
                    self.at += 1;
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
        if let Some(out) = &mut self.out {
            out.push_str(&self.text[self.copied..]);
        }
    }

    fn string(&mut self) {
        let bytes = self.text.as_bytes();
        self.at += 1;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' if bytes.get(self.at + 1) == Some(&b'u') => self.escape(),
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// A `\u` escape: kept, kept with its pair, or taken out.
    fn escape(&mut self) {
        let start = self.at;
        match self.unit(start) {
            Some(0) | Some(0xDC00..=0xDFFF) => self.replace(start, start + 6, ""),
            Some(0xD800..=0xDBFF) => match self.unit(start + 6) {
                Some(0xDC00..=0xDFFF) => self.at = start + 12,
                _ => self.replace(start, start + 6, ""),
            },
            _ => self.at = start + 6,
        }
    }

    /// The code unit of the `\u` escape at a place, if there is one.
    fn unit(&self, at: usize) -> Option<u16> {
        let digits = self.text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        self.at = start + length;
        if rest[..length].parse::<f64>().is_ok_and(f64::is_infinite) {
            self.replace(start, start + length, "null");
        }
    }

    fn replace(&mut self, start: usize, end: usize, with: &str) {
        let out = self.out.get_or_insert_default();
        out.push_str(&self.text[self.copied..start]);
        out.push_str(with);
        (self.at, self.copied) = (end, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let (clean, cleaned) = json(&Raw::parse(text).unwrap(), DEPTH);
        assert_eq!(clean.text(), expected);
        assert_eq!(cleaned, Cleaned { changed: text != expected, too_deep: false });
    }

    #[test]
    fn takes_out_only_what_cannot_be_stored() {
        check(r#"{"a": 1.0, "é":"\u00e9\n\"x\""}"#, r#"{"a": 1.0, "é":"\u00e9\n\"x\""}"#);
        check(r#"{"a\u0000b":"x\u0000y\\u0000"}"#, r#"{"ab":"xy\\u0000"}"#);
        check(r#"["\ud83d\ude00","\ud83dx","x\ude00","\ud83d\u0041"]"#, r#"["\ud83d\ude00","x","x","\u0041"]"#);
        check(r#"[1e999,-1e999,1e-999,1e5]"#, r#"[null,null,1e-999,1e5]"#);
    }

    #[test]
    fn what_nests_too_deep_becomes_text() {
        let deep = format!("{}{}", "[".repeat(251), "]".repeat(251));
        let (clean, cleaned) = json(&Raw::parse(&deep).unwrap(), DEPTH);
        assert_eq!(clean.as_string(), Some(deep));
        assert!(cleaned.too_deep);
    }

    #[test]
    fn long_texts_stay_apart() {
        let (a, b) = ("x".repeat(300) + "a", "x".repeat(300) + "b");
        assert_eq!(cut_apart(&a, 255).len(), 255);
        assert_ne!(cut_apart(&a, 255), cut_apart(&b, 255));
        assert_eq!(cut("äöü", 2), ("äö", true));
    }
}
