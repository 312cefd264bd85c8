//! How deep the values in a JSON text nest, without parsing it and without recursion.
//!
//! Rows, and the lists they stand in, are no values: how many of them stand around a value is the
//! dialect's business, and takes nothing from what the value itself may have.

use std::ops::Range;

use memchr::memchr2;

use crate::contract::Refusal;

/// Refuses a text with a value, or with rows, that nest deeper than [`MAX_DEPTH`]; `rows` are the members
/// that hold rows. What is no JSON is left to the parser.
///
/// # Errors
/// [`Refusal::Invalid`] with the path of what goes too deep.
pub(super) fn check(text: &[u8], rows: &[&str]) -> Result<(), Refusal> {
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{' | b'[') => Scan { text, rows, around: Vec::new(), last: 0..0, depth: 0 }.run(),
        _ => Ok(()),
    }
}

/// What stands around a place.
enum Around {
    /// A row, and its member there.
    Row(Range<usize>),
    /// A list of rows, and the position in it.
    List(usize),
}

struct Scan<'a> {
    text: &'a [u8],
    rows: &'a [&'a str],
    around: Vec<Around>,
    /// The last string outside of values: a key, where a colon follows.
    last: Range<usize>,
    /// How many levels of a value are open.
    depth: usize,
}

impl Scan<'_> {
    fn run(mut self) -> Result<(), Refusal> {
        let mut at = 0;
        while at < self.text.len() {
            match self.text[at] {
                open @ (b'{' | b'[') => self.open(open)?,
                b'}' | b']' if self.depth > 0 => self.depth -= 1,
                b'}' | b']' => drop(self.around.pop()),
                b'"' => {
                    let end = end_of_string(self.text, at + 1);
                    self.last = at + 1..end;
                    at = end;
                }
                b':' | b',' if self.depth == 0 => self.step(),
                _ => {}
            }
            at += 1;
        }
        Ok(())
    }

    fn open(&mut self, open: u8) -> Result<(), Refusal> {
        if self.depth > 0 || !self.holds_rows() {
            self.depth += 1;
        } else if open == b'{' {
            self.around.push(Around::Row(0..0));
        } else {
            self.around.push(Around::List(0));
        }
        if self.depth.max(self.around.len()) > MAX_DEPTH {
            return Err(Refusal::Invalid { path: self.path(), rule: format!("nests deeper than {MAX_DEPTH} levels") });
        }
        Ok(())
    }

    /// Whether what opens here is a row or a list of them.
    fn holds_rows(&self) -> bool {
        match self.around.last() {
            None | Some(Around::List(_)) => true,
            Some(Around::Row(member)) => self.rows.iter().any(|rows| rows.as_bytes() == &self.text[member.clone()]),
        }
    }

    /// A colon makes the last string the member's name, a comma goes on to a list's next.
    fn step(&mut self) {
        match self.around.last_mut() {
            Some(Around::Row(member)) => *member = self.last.clone(),
            Some(Around::List(position)) => *position += 1,
            None => {}
        }
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for around in &self.around {
            match around {
                Around::Row(member) => {
                    path += if path.is_empty() || member.is_empty() { "" } else { "." };
                    path += &String::from_utf8_lossy(&self.text[member.clone()]);
                }
                Around::List(position) => path += &format!("[{position}]"),
            }
        }
        path
    }
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

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    fn checked(text: &str) -> Result<(), String> {
        check(text.as_bytes(), &["traces", "spans"]).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn a_value_255_deep_passes_wherever_it_stands_and_256_does_not() {
        for (before, after, path) in [
            (r#"{"input":"#, "}", "input"),
            (r#"{"traces":[{"name":"a"},{"id":{},"input":"#, "}]}", "traces[1].input"),
            (r#"[{"metadata" : "#, "}]", "[0].metadata"),
            (r#" {"spans":[{"spans":[{"output":"#, "}]}]}", "spans[0].spans[0].output"),
        ] {
            assert_eq!(checked(&format!("{before}{}{after}", nested(255))), Ok(()), "{path}");
            let refused = checked(&format!("{before}{}{after}", nested(256)));
            assert_eq!(refused, Err(format!("{path}: nests deeper than 255 levels")));
        }
        let objects = format!(r#"{{"a":{}1{}}}"#, r#"{"traces":"#.repeat(256), "}".repeat(256));
        assert!(checked(&objects).is_err());
        let siblings = format!(r#"{{"a":[{}1]}}"#, "[],".repeat(10_000));
        assert_eq!(checked(&siblings), Ok(()));
    }

    #[test]
    fn rows_nest_as_deep_and_no_deeper() {
        let tree = |levels: usize| format!("{}{}", r#"{"spans":["#.repeat(levels), "]}".repeat(levels));
        assert_eq!(checked(&tree(127)), Ok(()));
        assert!(checked(&tree(128)).unwrap_err().ends_with(".spans[0]: nests deeper than 255 levels"));
        assert!(checked(&nested(256)).is_err());
    }

    #[test]
    fn brackets_in_strings_and_other_texts_do_not_count() {
        let brackets = "[".repeat(300);
        assert!(checked(&format!(r#"{{"a":"{brackets}"}}"#)).is_ok());
        assert!(checked(&format!(r#"{{"a":"\"{brackets}"}}"#)).is_ok());
        assert!(checked(&format!(r#"{{"a":"\\",{brackets}"}}"#)).is_err());
        assert!(checked(&format!("a={brackets}")).is_ok());
        assert!(checked(r#"{"a":"\"#).is_ok());
        assert!(checked("]]]]").is_ok());
    }
}
