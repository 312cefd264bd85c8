//! One integration binary; a module for each behaviour.

mod edge;
mod one_road;
mod support;
