//! Items to state: the fold rule of `design.md §3`, as pure functions.
//!
//! Per field the highest rank wins: an open create, a complete create, an update; within a rank the
//! later one, by the client's own version where all carry one. So the order of arrival does not
//! matter, but for two updates of one field.

mod past;
mod scores;
mod subject;
#[cfg(test)]
mod tests;
mod tombs;
mod trace;

pub use past::Past;
pub use past::PastSpan;
pub use trace::Held;
pub use trace::TraceItems;
