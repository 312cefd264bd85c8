//! `/_sandbox/…`: what a test may look at and turn.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{
    call::Call,
    faults::Fault,
    reply::Reply,
    settings::Settings,
    worker,
    world::{Instance, Vendor, World},
};

pub(super) fn answer(call: &Call, world: &Arc<World>) -> Reply {
    let (method, path) = call.segments();
    match (method, path.as_slice()) {
        ("GET", ["health"]) => Reply::json(200, json!({"status": "ok", "instances": world.names()})),
        ("GET", ["requests"]) => Reply::json(200, world.remembered(call.ask("name")).into()),
        ("DELETE", [] | [""]) => match world.clear() {
            Ok(()) => Reply::empty(204),
            Err(error) => Reply::json(500, json!({"error": error.to_string()})),
        },
        (_, [name, what]) => match world.instance(name) {
            Some(instance) => of_instance(call, what, world, &instance),
            None => missing(),
        },
        _ => missing(),
    }
}

fn of_instance(call: &Call, what: &str, world: &Arc<World>, instance: &Arc<Mutex<Instance>>) -> Reply {
    match (call.method.as_str(), what) {
        ("GET", "traces") => Reply::json(200, instance.lock().traces()),
        ("GET", "scores") => Reply::json(200, instance.lock().scores()),
        ("GET", "faults") => Reply::json(200, json!(instance.lock().faults)),
        ("DELETE", "faults") => {
            instance.lock().faults.clear();
            Reply::empty(204)
        }
        ("POST", "faults") => add_fault(call, instance),
        ("DELETE", "queue") => match &mut instance.lock().vendor {
            Vendor::PandaProbe(store) => Reply::json(200, json!({"lost": store.lose_queue()})),
            _ => missing(),
        },
        ("GET", "settings") => Reply::json(200, json!(instance.lock().settings)),
        ("POST", "settings") => {
            let reply = change_settings(call, instance);
            worker::wake(world, instance);
            reply
        }
        _ => missing(),
    }
}

fn add_fault(call: &Call, instance: &Mutex<Instance>) -> Reply {
    match serde_json::from_slice::<Fault>(&call.body) {
        Ok(fault) => {
            instance.lock().faults.push(fault);
            Reply::empty(204)
        }
        Err(error) => Reply::json(400, json!({"error": error.to_string()})),
    }
}

fn change_settings(call: &Call, instance: &Mutex<Instance>) -> Reply {
    let mut guard = instance.lock();
    let mut merged = json!(guard.settings);
    if let (Value::Object(merged), Ok(Value::Object(changes))) = (&mut merged, call.json()) {
        merged.extend(changes);
    }
    match serde_json::from_value::<Settings>(merged) {
        Ok(settings) => {
            guard.settings = settings;
            Reply::json(200, json!(guard.settings))
        }
        Err(error) => Reply::json(400, json!({"error": error.to_string()})),
    }
}

fn missing() -> Reply {
    Reply::json(404, json!({"error": "no such page of the sandbox"}))
}
