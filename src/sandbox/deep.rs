//! JSON that nests as deep as the vendors take it, on a stack that bears it.
//!
//! Trees are read, copied, written and dropped by recursion; a thread's stack is too small for the
//! deepest.

use serde::Deserialize;
use serde_json::{Deserializer, Value};

/// No limit is told in `wire/opik.md` or `wire/galileo.md` (§9.5); the parsers behind such servers,
/// Jackson and Python's, stop here by themselves.
pub(super) const LEVELS: usize = 1_000;

/// A debug build takes 4 KiB a level to read an object.
const NEEDED: usize = 6 << 20;
const STACK: usize = 8 << 20;

/// Why a text is no tree.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("Document nesting depth ({0}) exceeds the maximum allowed ({LEVELS})")]
    TooDeep(usize),
    #[error(transparent)]
    Syntax(#[from] serde_json::Error),
}

/// Does something to trees with room for the deepest.
pub(super) fn roomy<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(NEEDED, STACK, work)
}

/// Reads a text of up to [`LEVELS`] levels.
pub(super) fn parse(text: &[u8]) -> Result<Value, Fault> {
    let levels = levels(text);
    if levels > LEVELS {
        return Err(Fault::TooDeep(levels));
    }
    roomy(|| {
        let mut reader = Deserializer::from_slice(text);
        #[expect(clippy::disallowed_methods, reason = "bounded above, and the stack bears it")]
        reader.disable_recursion_limit();
        let value = Value::deserialize(&mut reader)?;
        reader.end()?;
        Ok(value)
    })
}

/// How deep a text nests, told without recursion; what is no JSON is left to the parser.
fn levels(text: &[u8]) -> usize {
    let (mut now, mut most, mut quoted) = (0_usize, 0, false);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if quoted => drop(bytes.next()),
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' if !quoted => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// Whether a tree has more than so many levels of objects and arrays.
pub(super) fn deeper(value: &Value, levels: usize) -> bool {
    let below = |value: &Value| levels == 0 || deeper(value, levels - 1);
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(below),
        Value::Object(items) => levels == 0 || items.values().any(below),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_deep_as_told_and_no_deeper() {
        let nested = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        roomy(|| {
            let value = parse(nested(1_000).as_bytes()).unwrap();
            let copy = value.clone();
            assert_eq!((copy == value, copy.to_string()), (true, nested(1_000)));
            assert!(deeper(&value, 999) && !deeper(&value, 1_000));
        });
        let fault = parse(nested(100_000).as_bytes()).unwrap_err();
        assert_eq!(fault.to_string(), "Document nesting depth (100000) exceeds the maximum allowed (1000)");
    }

    #[test]
    fn brackets_in_texts_are_no_levels() {
        assert_eq!(levels(br#"[{"a":"[[[\"[[["}]"#), 2);
        assert!(parse(b"{} {}").is_err());
    }
}
