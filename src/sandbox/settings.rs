//! What can be turned on a stand-in, one set an instance.

use serde::{Deserialize, Serialize};

/// The knobs of one instance, all with the vendor's own behaviour as default.
///
/// `POST /_sandbox/{name}/settings` takes any subset; what is not named stays as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// PandaProbe's `POST /traces` per minute and credential (`wire/pandaprobe.md` §13); null
    /// switches the limit off.
    pub rate_limit_per_minute: Option<u32>,
    /// Items of writes that Opik takes a window and credential (`wire/opik.md` §7.2: 10,000 in the
    /// cloud); null, the self-hosted default, switches the limit off.
    pub items_per_window: Option<u32>,
    /// Seconds of one window of these limits.
    pub window_seconds: u32,
    /// Milliseconds until PandaProbe's worker takes a trace out of the queue.
    pub queue_delay_ms: u64,
    /// Whether PandaProbe's worker takes waiting traces in random order, as several workers do.
    pub reorder: bool,
    /// Whether PandaProbe's worker stands still; what waits is stored once it runs again.
    pub worker_down: bool,
    /// How far, in hours, the time inside a new Opik id may be from now (`wire/opik.md` §6.1);
    /// null, the self-hosted default, checks the version only.
    pub id_window_hours: Option<u64>,
    /// Whether Galileo refuses spans of a completed trace (`wire/galileo.md` §8).
    pub refuse_after_completion: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rate_limit_per_minute: Some(100),
            items_per_window: None,
            window_seconds: 60,
            queue_delay_ms: 50,
            reorder: false,
            worker_down: false,
            id_window_hours: None,
            refuse_after_completion: true,
        }
    }
}
