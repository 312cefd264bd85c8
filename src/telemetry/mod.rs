//! Our own logs, metrics and alarms: about the gateway, never about what its clients say.

pub mod alarm;
pub mod logs;
pub mod metrics;
