//! PandaProbe's background worker: stores what `POST /traces` queued (`wire/pandaprobe.md` §5.3).

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{task, time};

use super::{
    deep::roomy,
    server::synced,
    world::{Instance, Vendor, World},
};

/// Starts a task for every queued trace that has none yet. With the worker down nothing starts.
pub(super) fn wake(world: &Arc<World>, instance: &Arc<Mutex<Instance>>) {
    let mut guard = instance.lock();
    let settings = guard.settings.clone();
    let Vendor::PandaProbe(store) = &mut guard.vendor else { return };
    if settings.worker_down {
        return;
    }
    let delay = Duration::from_millis(settings.queue_delay_ms);
    for _ in 0..store.unattended() {
        task::spawn(attend(Arc::clone(world), Arc::clone(instance), delay));
    }
}

async fn attend(world: Arc<World>, instance: Arc<Mutex<Instance>>, delay: Duration) {
    time::sleep(delay).await;
    let written = {
        let mut guard = instance.lock();
        let settings = guard.settings.clone();
        let Vendor::PandaProbe(store) = &mut guard.vendor else { return };
        let Some(call) = roomy(|| store.work(&settings)) else { return };
        world.note(&guard, &call)
    };
    if let Err(error) = synced(written).await {
        tracing::error!(%error, "the sandbox cannot keep its journal");
    }
}
