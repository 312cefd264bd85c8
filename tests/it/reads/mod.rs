//! Reads that the gateway cannot answer itself go to the project's `read_from`.

mod answers;
mod hashed;
mod places;
mod scene;
mod scopes;
