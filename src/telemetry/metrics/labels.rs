//! Labels of bounded number: what is configured or comes out of a translation becomes a label as long as
//! there is room, and `other` after that.

use std::collections::HashSet;
use std::sync::Arc;

use metrics::SharedString;
use parking_lot::RwLock;

/// What stands for every value that found no room.
pub(super) const OTHER: &str = "other";

/// Segments below which a client's own words stand.
const OPEN: [&str; 4] = ["metadata", "input", "output", "tags"];

/// The longest label of a field.
const FIELD_CHARS: usize = 60;

/// The values of one kind of label.
pub(super) struct Labels {
    most: usize,
    known: RwLock<Option<HashSet<Arc<str>>>>,
}

impl Labels {
    /// At most so many values.
    pub(super) const fn new(most: usize) -> Self {
        Self { most, known: RwLock::new(None) }
    }

    /// The value itself, or `other`.
    pub(super) fn of(&self, value: &str) -> SharedString {
        if let Some(known) = self.known.read().as_ref().and_then(|known| known.get(value)) {
            return Arc::clone(known).into();
        }
        let mut held = self.known.write();
        let known = held.get_or_insert_default();
        if known.len() >= self.most {
            return SharedString::const_str(OTHER);
        }
        let value: Arc<str> = value.into();
        known.insert(Arc::clone(&value));
        value.into()
    }
}

/// A field's name without positions and without a client's own words: `spans[3].usage.total` is
/// `spans.usage.total`, `metadata.customer` is `metadata`.
pub(super) fn field(path: &str) -> String {
    let mut out = String::new();
    for segment in path.split('.') {
        let (name, deeper) = segment.split_once('[').map_or((segment, false), |(name, index)| {
            (name, !index.trim_end_matches(']').bytes().all(|byte| byte.is_ascii_digit()))
        });
        let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_word || out.len() + name.len() >= FIELD_CHARS {
            break;
        }
        if !name.is_empty() && !name.bytes().all(|byte| byte.is_ascii_digit()) {
            out += if out.is_empty() { "" } else { "." };
            out += name;
        }
        if deeper || OPEN.contains(&name) {
            break;
        }
    }
    if out.is_empty() { OTHER.to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_so_many_values_and_no_more() {
        let labels = Labels::new(2);
        let given = ["a", "b", "c", "a", "d", "b"].map(|value| labels.of(value).to_string());
        assert_eq!(given, ["a", "b", "other", "a", "other", "b"]);
    }

    #[test]
    fn a_field_is_named_without_positions_and_without_a_clients_words() {
        for (path, label) in [
            ("output", "output"),
            ("spans[3].usage.total_tokens", "spans.usage.total_tokens"),
            ("spans.12.model", "spans.model"),
            ("metadata.customer.name", "metadata"),
            ("metadata[\"customer 7\"]", "metadata"),
            ("usage[\"my own\"].count", "usage"),
            ("a word of theirs", "other"),
            ("[0]", "other"),
            ("", "other"),
        ] {
            assert_eq!(field(path), label, "{path}");
        }
        assert_eq!(field(&"long.".repeat(40)).len(), 59);
    }
}
