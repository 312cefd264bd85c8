//! What happens to every request, whoever sent it: accepted into the ledger, folded, delivered.

pub mod accept;
pub mod admission;
pub mod deliver;
pub mod explain;
pub mod fold;
pub mod homes;
pub mod ledger;
pub mod lost;
pub mod names;
pub mod operate;
pub mod outward;
pub mod pack;
pub mod read;
mod recent;
pub mod record;
pub mod repeats;
pub mod retention;
mod sessions;
mod steady;
pub mod story;
pub mod strain;
pub mod subject;
pub mod traces;
pub mod translate;
pub mod undone;
pub mod window;
pub mod written;
