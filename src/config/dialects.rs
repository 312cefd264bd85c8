//! What the configuration has to know of a dialect, handed in so that no vendor's name stands here.

pub use crate::contract::DialectInfo;
pub use crate::contract::FlushMode;

/// The dialect of this name.
pub(super) fn find<'a>(dialects: &'a [DialectInfo], name: &str) -> Option<&'a DialectInfo> {
    dialects.iter().find(|dialect| dialect.name == name)
}
