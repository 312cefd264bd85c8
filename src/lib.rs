//! spangate: a durable gateway in front of LLM-observability vendors.

pub mod cli;
pub mod config;
