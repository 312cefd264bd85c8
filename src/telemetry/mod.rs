//! Our own logs and metrics: about the gateway, never about what its clients say.

pub mod logs;
pub mod metrics;
