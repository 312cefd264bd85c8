//! Reads that the gateway cannot answer itself go to the project's `read_from`.

mod answers;
mod hashed;
mod made_up;
mod places;
mod scene;
mod scopes;
