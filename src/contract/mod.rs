//! The doors between a vendor's dialect and the gateway.
//!
//! A dialect knows one wire format and nothing of the gateway; the pipeline knows no vendor. They
//! meet here: [`Dialect`] is what a vendor's folder offers, [`Accept`], [`Read`] and [`Names`] are
//! what the gateway offers to a dialect's routes, [`Explain`] and [`Operate`] what it offers to its operator.
//! Everything a dialect does outward is pure: it plans [`Write`]s, packs them into [`Request`]s and
//! judges an [`Answer`]; the courier does the I/O.

mod dialect;
mod explain;
mod inward;
mod operate;
mod outward;
pub mod pause;
mod receipt;
mod refusal;
mod removed;

pub use dialect::Dialect;
pub use dialect::DialectInfo;
pub use dialect::FlushMode;
pub use dialect::SdkEnvironment;

pub use explain::Arrival;
pub use explain::Documents;
pub use explain::Explain;
pub use explain::Explanation;
pub use explain::Page;
pub use explain::Place;
pub use explain::RecordLine;
pub use explain::SpanLine;
pub use explain::Summary;

pub use inward::Accept;
pub use inward::Accepted;
pub use inward::Asked;
pub use inward::Call;
pub use inward::Caller;
pub use inward::Charge;
pub use inward::Clock;
pub use inward::Credential;
pub use inward::Decoded;
pub use inward::Doors;
pub use inward::Found;
pub use inward::Named;
pub use inward::Names;
pub use inward::Read;
pub use inward::Seed;

pub use operate::Account;
pub use operate::After;
pub use operate::AlarmLine;
pub use operate::Condition;
pub use operate::Fate;
pub use operate::Followed;
pub use operate::Items;
pub use operate::LetterFilter;
pub use operate::LetterLine;
pub use operate::LetterList;
pub use operate::LetterOrder;
pub use operate::LetterPage;
pub use operate::LossCount;
pub use operate::Moved;
pub use operate::Operate;
pub use operate::Rates;
pub use operate::Standing;
pub use operate::State;
pub use operate::TraceFate;

pub use outward::Answer;
pub use outward::Bucket;
pub use outward::DEFAULT_NAME;
pub use outward::Each;
pub use outward::Known;
pub use outward::Outward;
pub use outward::Plan;
pub use outward::Request;
pub use outward::RowMode;
pub use outward::Rows;
pub use outward::VendorProject;
pub use outward::Verdict;
pub use outward::Wanted;
pub use outward::Whereabouts;
pub use outward::Write;
pub use outward::plain;

pub use receipt::NoReceipt;
pub use receipt::Receipt;
pub use receipt::Slip;
pub use refusal::Refusal;
pub use refusal::Refused;
pub use removed::Choice;
pub use removed::NotDropped;
pub use removed::RemovedLine;
