//! spangate: a durable gateway in front of LLM-observability vendors.
//!
//! The modules in the order data flows:
//! - [`config`]: what may come in, where it may go.
//! - [`http`]: the edge; knows keys, limits and sockets, and no vendor.
//! - [`dialects`]: one folder a vendor: its wire format in and out.
//! - [`contract`]: the doors between a dialect and the gateway.
//! - [`canonical`]: the model where all dialects meet.
//! - [`pipeline`]: what happens to every request: accept, ledger, fold, deliver.
//! - [`sandbox`]: stand-ins for the vendors.
//! - [`telemetry`]: our own logs and metrics.
//! - [`app`]: puts the parts together.
//! - [`cli`]: one file a verb.

pub mod app;
pub mod canonical;
pub mod cli;
pub mod config;
pub mod contract;
pub mod dialects;
pub mod http;
pub mod pipeline;
pub mod sandbox;
pub mod telemetry;
