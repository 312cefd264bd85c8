//! The model where all dialects meet.
//!
//! Pure: no clock, no network, no logging. A dialect decodes its wire types into [`Item`]s, a fold
//! turns items into a [`View`], and another dialect encodes that view. What a dialect cannot carry
//! natively is found by [`complement`] and travels under one reserved key.

pub mod complement;
mod facts;
mod field;
pub mod ids;
mod item;
mod loss;
mod object;
mod payload;
mod raw;
mod score;
mod session;
pub mod shape;
mod span;
mod time;
mod trace;
mod usage;
mod values;
mod view;

pub use facts::Fact;
pub use facts::Facts;
pub use field::Field;
pub use ids::Id;
pub use item::ClientProject;
pub use item::Item;
pub use item::Op;
pub use item::Rank;
pub use item::Target;
pub use loss::Loss;
pub use object::Key;
pub use payload::Payload;
pub use raw::Raw;
pub use score::Score;
pub use score::ScoreValue;
pub use session::Session;
pub use span::Span;
pub use time::Time;
pub use trace::Completion;
pub use trace::Trace;
pub use usage::Cost;
pub use usage::Usage;
pub use values::ErrorInfo;
pub use values::Extra;
pub use values::Kind;
pub use values::Metadata;
pub use values::Status;
pub use values::Tags;
pub use view::SpanView;
pub use view::TraceView;
pub use view::View;
