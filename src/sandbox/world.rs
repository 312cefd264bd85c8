//! All instances of a sandbox, what they were asked, and their journal.

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    io,
    path::PathBuf,
    sync::Arc,
};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{
    call::Call,
    deep::roomy,
    faults::Fault,
    galileo,
    journal::{Entry, Journal},
    opik, pandaprobe,
    reply::Reply,
    settings::Settings,
};

/// How many requests the log keeps.
const REMEMBERED: usize = 10_000;

pub(super) struct World {
    instances: Mutex<HashMap<String, Arc<Mutex<Instance>>>>,
    requests: Mutex<VecDeque<Value>>,
    pub(super) journal: Journal,
    settings: Settings,
}

/// One stand-in: a vendor's state under a name.
pub(super) struct Instance {
    pub(super) name: String,
    pub(super) settings: Settings,
    pub(super) faults: Vec<Fault>,
    pub(super) vendor: Vendor,
    /// Set by `DELETE /_sandbox`: work still under way for it must leave no line in the journal.
    pub(super) gone: bool,
}

pub(super) enum Vendor {
    Opik(opik::Store),
    Galileo(galileo::Store),
    PandaProbe(pandaprobe::Store),
}

impl World {
    pub(super) fn open(state: Option<PathBuf>, settings: Settings) -> io::Result<Self> {
        let (journal, entries) = Journal::open(state)?;
        let world = Self { instances: Mutex::default(), requests: Mutex::default(), journal, settings };
        for entry in entries {
            if let Some(instance) = world.instance(&entry.name) {
                instance.lock().replay(&entry.into_call());
            }
        }
        Ok(world)
    }

    /// The instance of this name, made on first use; none when the name is no vendor's.
    pub(super) fn instance(&self, name: &str) -> Option<Arc<Mutex<Instance>>> {
        let mut instances = self.instances.lock();
        if let Some(found) = instances.get(name) {
            return Some(Arc::clone(found));
        }
        let made = Arc::new(Mutex::new(Instance {
            name: name.to_owned(),
            settings: self.settings.clone(),
            faults: Vec::new(),
            vendor: Vendor::named(name)?,
            gone: false,
        }));
        instances.insert(name.to_owned(), Arc::clone(&made));
        Some(made)
    }

    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.instances.lock().keys().cloned().collect();
        names.sort();
        names
    }

    pub(super) fn remember(&self, request: Value) {
        let mut requests = self.requests.lock();
        if requests.len() == REMEMBERED {
            requests.pop_front();
        }
        requests.push_back(request);
    }

    pub(super) fn remembered(&self, name: Option<&str>) -> Vec<Value> {
        let requests = self.requests.lock();
        let wanted = |request: &&Value| name.is_none_or(|name| request["name"] == json!(name));
        roomy(|| requests.iter().filter(wanted).cloned().collect())
    }

    /// Forgets everything: instances with their settings and faults, requests, journal.
    pub(super) fn clear(&self) -> io::Result<()> {
        let mut instances = self.instances.lock();
        for (_, instance) in instances.drain() {
            instance.lock().gone = true;
        }
        self.requests.lock().clear();
        self.journal.clear()
    }

    /// Writes what this call did to the journal; the file it returns has to be synced.
    pub(super) fn note(&self, instance: &Instance, call: &Call) -> io::Result<Option<Arc<File>>> {
        if instance.gone {
            return Ok(None);
        }
        self.journal.append(&Entry::of(&instance.name, call))
    }
}

impl Instance {
    pub(super) fn answer(&mut self, call: &Call) -> Reply {
        roomy(|| match &mut self.vendor {
            Vendor::Opik(store) => store.answer(call, &self.settings),
            Vendor::Galileo(store) => store.answer(call, &self.settings),
            Vendor::PandaProbe(store) => store.answer(call, &self.settings),
        })
    }

    fn replay(&mut self, call: &Call) {
        match &mut self.vendor {
            Vendor::PandaProbe(store) => roomy(|| store.replay(call)),
            _ => drop(self.answer(call)),
        }
    }

    pub(super) fn traces(&self) -> Value {
        roomy(|| match &self.vendor {
            Vendor::Opik(store) => store.traces(),
            Vendor::Galileo(store) => store.traces(),
            Vendor::PandaProbe(store) => store.traces(),
        })
    }

    pub(super) fn scores(&self) -> Value {
        match &self.vendor {
            Vendor::Opik(store) => store.scores(),
            Vendor::Galileo(store) => store.scores(),
            Vendor::PandaProbe(store) => store.scores(),
        }
    }

    /// The body this vendor gives to a status it did not choose itself.
    pub(super) fn trouble(&self, status: u16) -> Reply {
        match &self.vendor {
            Vendor::Opik(_) => opik::trouble(status),
            Vendor::Galileo(_) => galileo::trouble(status),
            Vendor::PandaProbe(_) => pandaprobe::trouble(status),
        }
    }
}

impl Vendor {
    fn named(name: &str) -> Option<Self> {
        let (vendor, suffix) = name.split_once('-').unwrap_or((name, "default"));
        if suffix.is_empty() {
            return None;
        }
        match vendor {
            "opik" => Some(Self::Opik(opik::Store::new(name))),
            "galileo" => Some(Self::Galileo(galileo::Store::new(name))),
            "pandaprobe" => Some(Self::PandaProbe(pandaprobe::Store::new(name))),
            _ => None,
        }
    }
}
