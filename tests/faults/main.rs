//! What happens when things break: the built binary as a process, clients that repeat what was not
//! answered, vendors that fail in every way that they are known to, and the question afterwards whether
//! everything that was acknowledged got its outcome.
//!
//! Everything random begins with `FAULTS_SEED`. `cargo test --test faults` runs what `tests/run` does;
//! with `-- --include-ignored` also what takes long.
#![expect(clippy::unwrap_used, reason = "a test that unwraps says where it broke")]

mod dead_vendor;
mod kills;
mod matrix;
mod support;
