//! Text that compresses about as English does: made-up words, the frequent ones short, in sentences.

/// How many words there are.
const WORDS: usize = 4_096;
const SYLLABLES: [&str; 24] = [
    "the", "of", "an", "in", "to", "re", "con", "ter", "ble", "ing", "mo", "ver", "la", "sti", "per", "do", "ent",
    "ra", "ci", "pro", "ly", "sen", "gu", "or",
];

/// A stream of text, the same for the same seed.
pub(crate) struct Text {
    words: Vec<String>,
    state: u64,
}

impl Text {
    /// Another seed is another text of the same words.
    pub(crate) fn new(seed: u64) -> Self {
        let mut text = Self { words: Vec::new(), state: 1 };
        text.words = (0..WORDS).map(|rank| text.word(rank)).collect();
        text.state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        text
    }

    /// So many bytes of it; no character needs an escape in JSON.
    pub(crate) fn take(&mut self, bytes: usize) -> String {
        let mut out = String::with_capacity(bytes + 16);
        while out.len() < bytes {
            let end = if self.below(12) == 0 { ". " } else { " " };
            let word = self.ranked();
            out.push_str(&self.words[word]);
            out.push_str(end);
        }
        out.truncate(bytes);
        out
    }

    /// A number below a bound.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % bound
    }

    /// A rank, low ones more often: each halving of the range is as likely as the next.
    fn ranked(&mut self) -> usize {
        let range = 1 << (1 + self.below(12));
        usize::try_from(self.below(range)).unwrap_or_default()
    }

    fn word(&mut self, rank: usize) -> String {
        let syllables = 1 + rank.checked_ilog2().unwrap_or_default() / 5;
        (0..=syllables).map(|_| SYLLABLES[usize::try_from(self.below(24)).unwrap_or_default()]).collect()
    }
}
