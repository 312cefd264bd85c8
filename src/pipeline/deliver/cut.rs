//! A row that is too large for its vendor, made smaller: its longest texts are cut, with a mark that says so.

use bytes::Bytes;
use serde_json::Value;

/// Texts no longer than this are never cut: ids, names, times.
const NEVER: usize = 512;

/// The row with its longest texts cut so that it takes about `most` bytes; `None` when cutting texts is
/// not enough, or it is no JSON.
pub(super) fn cut(row: &[u8], most: usize) -> Option<Bytes> {
    let mut value: Value = serde_json::from_slice(row).ok()?;
    let mut lengths = Vec::new();
    collect(&value, &mut lengths);
    let longest = longest(lengths, row.len().checked_sub(most)?)?;
    shorten(&mut value, longest);
    let cut = serde_json::to_vec(&value).ok()?;
    (cut.len() < row.len()).then(|| cut.into())
}

/// How long a text may be so that so many bytes are saved.
fn longest(mut lengths: Vec<usize>, excess: usize) -> Option<usize> {
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    let mut above = 0;
    for (n, length) in lengths.iter().enumerate() {
        above += length;
        let next = lengths.get(n + 1).copied().unwrap_or(0).max(NEVER);
        // Cutting the n + 1 longest to the length of the next saves this much.
        if above.saturating_sub((n + 1) * next) >= excess {
            let each = (above - excess) / (n + 1);
            return Some(each.saturating_sub(MARK).max(NEVER));
        }
    }
    None
}

/// Room for the mark.
const MARK: usize = 64;

fn collect(value: &Value, lengths: &mut Vec<usize>) {
    match value {
        Value::String(text) if text.len() > NEVER => lengths.push(text.len()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, lengths)),
        Value::Object(members) => members.values().for_each(|value| collect(value, lengths)),
        _ => {}
    }
}

fn shorten(value: &mut Value, longest: usize) {
    match value {
        Value::String(text) if text.len() > longest + MARK => {
            let whole = text.len();
            text.truncate(text.floor_char_boundary(longest));
            *text += &format!("… [cut: {} of {whole} bytes]", whole - text.len());
        }
        Value::Array(values) => values.iter_mut().for_each(|value| shorten(value, longest)),
        Value::Object(members) => members.values_mut().for_each(|value| shorten(value, longest)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_longest_texts_are_cut_with_a_mark_and_the_others_stay() {
        let row = json!({"id": "x", "input": {"text": "a".repeat(40_000)}, "output": ["é".repeat(20_000), "b".repeat(2_000)]});
        let row = serde_json::to_vec(&row).unwrap();
        let cut = cut(&row, 30_000).unwrap();
        assert!(cut.len() <= 30_200, "{}", cut.len());
        let cut: Value = serde_json::from_slice(&cut).unwrap();
        assert_eq!((cut["id"].as_str(), cut["output"][1].as_str()), (Some("x"), Some(&*"b".repeat(2_000))));
        let input = cut["input"]["text"].as_str().unwrap();
        assert!(input.starts_with("aaa") && input.ends_with(" of 40000 bytes]"), "{}", &input[input.len() - 40..]);
        assert!(cut["output"][0].as_str().unwrap().ends_with(" of 40000 bytes]"));
    }

    #[test]
    fn what_cutting_texts_cannot_make_small_is_left() {
        let row = serde_json::to_vec(&json!({"numbers": vec![1; 10_000], "text": "a".repeat(600)})).unwrap();
        assert_eq!(cut(&row, 5_000), None);
        assert_eq!(cut(b"no json", 2), None);
    }
}
