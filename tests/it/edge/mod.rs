//! The edge over real sockets, with dialects made up for it.

mod bodies;
mod connections;
mod fake;
mod fuzz;
mod guarding;
mod load;
mod routes;
mod scene;
