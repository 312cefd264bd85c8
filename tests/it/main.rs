//! One integration binary; a module for each behaviour.

mod edge;
mod ids;
mod one_road;
mod support;
mod tidy;
