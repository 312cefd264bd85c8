//! `limits`: how much a project, or one key within it, may send.

use std::num::NonZeroU32;

use super::mistakes::Problem;
use super::print::Printer;
use super::values;
use super::walk::Table;

/// Client rates; none is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests a second, checked before the body is read.
    pub requests_per_second: Option<NonZeroU32>,
    /// Spans a second, charged after decoding and before the append.
    pub spans_per_second: Option<NonZeroU32>,
    /// Bytes of body a second as they come, encoded or not.
    pub bytes_per_second: Option<NonZeroU32>,
}

pub(super) fn read(table: &mut Table) -> Limits {
    Limits {
        requests_per_second: table.count("requests_per_second"),
        spans_per_second: table.count("spans_per_second"),
        bytes_per_second: table.text("bytes_per_second", rate),
    }
}

/// A size that a rate limiter can hold, which counts cells in 32 bits.
fn rate(text: &str) -> Result<NonZeroU32, Problem> {
    let bytes = values::size(text)?;
    u32::try_from(bytes)
        .ok()
        .and_then(NonZeroU32::new)
        .ok_or_else(|| Problem::new("must be below 4GiB", "\"1GiB\", or leave it out for no limit"))
}

impl Limits {
    /// `a = 1, b = 2`, empty if there is no limit.
    pub(super) fn print(&self) -> String {
        let bytes = self.bytes_per_second.map(|bytes| u64::from(bytes.get()));
        Printer::inline([
            ("requests_per_second", self.requests_per_second.map(|n| n.to_string())),
            ("spans_per_second", self.spans_per_second.map(|n| n.to_string())),
            ("bytes_per_second", bytes.map(|bytes| Printer::quoted(&values::size_text(bytes)))),
        ])
    }
}
