//! Logs: to stderr, as text for people or JSON lines for machines.
//!
//! A message reads alone, its fields can be searched, a failure is logged once where it is handled.
//! ERROR means that data is lost or a human is needed. Never a key, a body or a prompt.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::util::TryInitError;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging for the whole process. `filter` has the syntax of `RUST_LOG`, e.g.
/// `info,spangate::http=debug`; the environment's `RUST_LOG` goes before it.
///
/// # Errors
/// If logging has been started already.
pub fn init(format: Format, filter: &str) -> Result<(), TryInitError> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(filter));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        Format::Text => lines.finish().try_init(),
        Format::Json => lines.json().flatten_event(true).finish().try_init(),
    }
}
