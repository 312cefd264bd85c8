//! What happens to every request, whoever sent it: accepted into the ledger, folded, delivered.

pub mod fold;
pub mod ledger;
pub mod subject;
