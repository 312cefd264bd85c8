//! What is refused at the front door and how each vendor's clients are told; and what a vendor's own
//! limits and failures do to what was accepted: it waits, and nothing is lost or written twice.

mod calls;
mod door;
mod egress;
mod rates;
