//! Facts in every order: updates, ends, spans and scores before what they are about, creates sent again,
//! scores and traces taken back, what never becomes whole.
//!
//! Every case ends with what all three vendors show, and with balanced books ([`Site::close`]).

mod again;
mod early;
mod gone;
mod old;
mod retired;
mod scene;
mod waiting;
