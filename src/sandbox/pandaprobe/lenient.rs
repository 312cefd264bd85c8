//! JSON as Python's parser takes it: `NaN`, overflowing numbers and lone surrogates get through
//! here, and hurt further in (`wire/pandaprobe.md` §8).

use serde_json::Value;

use crate::sandbox::deep;

/// Stands where a lone surrogate stood. A noncharacter, so nobody sends it.
pub(super) const SURROGATE: char = '\u{10FFFF}';
/// Stands where a number was not finite.
pub(super) const NOT_FINITE: &str = "\u{10FFFE}not finite";

/// Why a body is not read.
pub(super) enum Fault {
    /// The byte offset of the first mistake.
    At(usize),
    /// Python gave up on its nesting.
    TooDeep,
}

/// Parses a body.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| Fault::At(error.valid_up_to()))?;
    let mended = mend(text);
    deep::parse(mended.as_bytes()).map_err(|fault| match fault {
        deep::Fault::TooDeep(_) => Fault::TooDeep,
        deep::Fault::Syntax(error) => Fault::At(offset(&mended, error.line(), error.column())),
    })
}

fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    before + column.saturating_sub(1)
}

/// Replaces what serde refuses and Python does not by the marks above.
fn mend(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '"' => string(rest, &mut out),
            'N' | 'I' | '-' | '0'..='9' => number(rest, &mut out),
            _ => {
                out.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    out
}

/// Copies a string literal, its lone surrogate escapes marked; returns its length.
fn string(text: &str, out: &mut String) -> usize {
    out.push('"');
    let mut at = 1;
    while let Some(next) = text[at..].chars().next() {
        if next == '\\' {
            at += escape(&text[at..], out);
            continue;
        }
        out.push(next);
        at += next.len_utf8();
        if next == '"' {
            break;
        }
    }
    at
}

fn escape(text: &str, out: &mut String) -> usize {
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let length = match (unit(text), text.get(6..).and_then(unit)) {
        (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
        (Some(0xD800..=0xDFFF), _) => {
            out.push(SURROGATE);
            return 6;
        }
        (Some(_), _) => 6,
        (None, _) => 1 + text[1..].chars().next().map_or(0, char::len_utf8),
    };
    out.push_str(&text[..length]);
    length
}

fn number(text: &str, out: &mut String) -> usize {
    let word = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let length = text.find(|c| !word(c)).unwrap_or(text.len());
    let literal = &text[..length];
    let infinite = matches!(literal, "NaN" | "Infinity" | "-Infinity");
    let overflows = literal.contains(['e', 'E']) && literal.parse::<f64>().is_ok_and(|number| !number.is_finite());
    if infinite || overflows {
        out.push('"');
        out.push_str(NOT_FINITE);
        out.push('"');
    } else {
        out.push_str(literal);
    }
    length
}

/// Whether Postgres would refuse to store this: a NUL or half a surrogate pair anywhere.
pub(super) fn unstorable(value: &Value) -> bool {
    let bad = |text: &str| text.contains(['\0', SURROGATE]);
    match value {
        Value::String(text) => bad(text),
        Value::Array(items) => items.iter().any(unstorable),
        Value::Object(items) => items.iter().any(|(key, value)| bad(key) || unstorable(value)),
        _ => false,
    }
}

/// Whether a number in it was not finite.
pub(super) fn not_finite(value: &Value) -> bool {
    match value {
        Value::String(text) => text == NOT_FINITE,
        Value::Array(items) => items.iter().any(not_finite),
        Value::Object(items) => items.values().any(not_finite),
        _ => false,
    }
}

/// Puts null where a number was not finite.
pub(super) fn nulled(value: &mut Value) {
    match value {
        Value::String(text) if text == NOT_FINITE => *value = Value::Null,
        Value::Array(items) => items.iter_mut().for_each(nulled),
        Value::Object(items) => items.values_mut().for_each(nulled),
        _ => {}
    }
}
