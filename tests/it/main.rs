//! One integration binary; a module for each behaviour.
#![expect(clippy::unwrap_used, reason = "a test that unwraps says where it broke")]

mod captures;
mod carve;
mod console;
mod corpus;
mod edge;
mod five_operations;
mod fixtures;
mod fuzz;
mod ids;
mod limits;
mod nine_pairs;
mod one_road;
mod openapi;
mod operate;
mod orders;
mod play;
mod process;
mod reads;
mod reference;
mod retention;
mod rude;
mod sessions;
mod streams;
mod support;
mod tenancy;
mod tidy;
mod translate;
mod translation;
mod updates;
