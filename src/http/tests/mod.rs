//! The edge over real sockets, with a dialect made up for it.
