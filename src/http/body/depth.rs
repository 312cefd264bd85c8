//! How deep a JSON text nests, without parsing it and without recursion.

use memchr::memchr2;

use crate::contract::Refusal;

/// Refuses a text that nests deeper than [`MAX_DEPTH`]. What is no JSON is left to the parser.
///
/// # Errors
/// [`Refusal::Malformed`] with the byte where it goes too deep.
pub(super) fn check(text: &[u8]) -> Result<(), Refusal> {
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{' | b'[') => {}
        _ => return Ok(()),
    }
    let mut depth = 0usize;
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = end_of_string(text, at + 1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let message = format!("byte {at}: the document nests deeper than {MAX_DEPTH} levels");
            return Err(Refusal::Malformed { message });
        }
        at += 1;
    }
    Ok(())
}

/// The closing quote, or the end of the text.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if text[at] == b'"' {
            return at;
        }
        at += 2;
    }
    text.len()
}

/// As deep as anything we re-encode can be read again.
const MAX_DEPTH: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_255_passes_and_256_does_not() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(check(nested(255).as_bytes()).is_ok());
        let refusal = check(nested(256).as_bytes()).unwrap_err();
        assert_eq!(refusal.to_string(), "byte 255: the document nests deeper than 255 levels");
        let objects = format!(" {}1{}", r#"{"a":"#.repeat(256), "}".repeat(256));
        assert!(check(objects.as_bytes()).is_err());
        let siblings = format!("[{}]", "[],".repeat(10_000));
        assert!(check(siblings.as_bytes()).is_ok());
    }

    #[test]
    fn brackets_in_strings_and_other_texts_do_not_count() {
        let brackets = "[".repeat(300);
        let check = |text: String| check(text.as_bytes()).is_ok();
        assert!(check(format!(r#"{{"a":"{brackets}"}}"#)));
        assert!(check(format!(r#"{{"a":"\"{brackets}"}}"#)));
        assert!(!check(format!(r#"{{"a":"\\",{brackets}"}}"#)));
        assert!(check(format!("a={brackets}")));
        assert!(check(r#"{"a":"\"#.to_owned()));
        assert!(check("]]]]".to_owned()));
    }
}
