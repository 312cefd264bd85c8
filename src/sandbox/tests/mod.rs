//! The stand-ins over real sockets.

mod opik;
mod site;
