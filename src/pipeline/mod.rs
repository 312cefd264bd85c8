//! What happens to every request, whoever sent it.

pub mod ledger;
