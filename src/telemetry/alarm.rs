//! Alarms: data is at risk, or a human is needed. Nothing else is one.
//!
//! Each is one ERROR line when it is raised, a gauge while it stands, and one INFO line when it is over;
//! raising it again says nothing twice.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::telemetry::metrics;

/// What is wrong.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// Requests that were acknowledged are missing from the ledger.
    Lost,
    /// Records could not be read or decoded any more and were set aside.
    Quarantined,
    /// The ledger's file was damaged as a whole; what could be read of it was salvaged.
    Salvaged,
    /// The ledger does not accept.
    Ledger,
    /// Destinations were taken out of the configuration while something waited for them, and nobody has chosen
    /// what becomes of that.
    Removed,
    /// The wall clock was set by more than a little.
    Clock,
    /// A vendor does not take our credential.
    Credential,
    /// A vendor refuses what it used to take; the destination is paused instead of giving its backlog up.
    Refusals,
    /// A vendor cannot be reached as it is configured: its certificate, its address.
    Unreachable,
    /// A vendor accepts and does not show.
    Worker,
    /// A backlog grows towards its limit.
    Backlog,
    /// A backlog has reached its limit, and clients are refused.
    Full,
    /// Items were given up by a policy.
    Expired,
}

impl Kind {
    /// The word for it: the metric's label.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Quarantined => "quarantined",
            Self::Salvaged => "salvaged",
            Self::Ledger => "ledger",
            Self::Removed => "removed",
            Self::Clock => "clock",
            Self::Credential => "credential",
            Self::Refusals => "refusals",
            Self::Unreachable => "unreachable",
            Self::Worker => "worker",
            Self::Backlog => "backlog",
            Self::Full => "full",
            Self::Expired => "expired",
        }
    }
}

/// An alarm that stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// What is wrong.
    pub kind: Kind,
    /// Where; `None`: the gateway itself.
    pub destination: Option<String>,
    /// It, for a person.
    pub text: String,
    /// When it was raised, nanoseconds since 1970.
    pub since_ns: i64,
}

/// The alarms that stand.
#[derive(Debug, Default)]
pub struct Alarms(Mutex<BTreeMap<(Kind, Option<String>), Alarm>>);

impl Alarms {
    /// Raises an alarm, or renews the text of one that stands. The text quotes no vendor and no client.
    pub fn raise(&self, kind: Kind, destination: Option<&str>, text: &str, now_ns: i64) {
        let key = (kind, destination.map(str::to_owned));
        let mut held = self.0.lock();
        if let Some(alarm) = held.get_mut(&key) {
            text.clone_into(&mut alarm.text);
            return;
        }
        tracing::error!(alarm = kind.word(), destination, "alarm: {text}");
        metrics::alarm(kind.word(), destination, true);
        let alarm = Alarm { kind, destination: key.1.clone(), text: text.to_owned(), since_ns: now_ns };
        held.insert(key, alarm);
    }

    /// Ends an alarm, if it stands.
    pub fn clear(&self, kind: Kind, destination: Option<&str>) {
        let ended = self.0.lock().remove(&(kind, destination.map(str::to_owned)));
        if let Some(alarm) = ended {
            tracing::info!(alarm = kind.word(), destination, "alarm is over: {}", alarm.text);
            metrics::alarm(kind.word(), destination, false);
        }
    }

    /// Raises it with the text given, or ends it.
    pub fn set(&self, kind: Kind, destination: Option<&str>, text: Option<&str>, now_ns: i64) {
        match text {
            Some(text) => self.raise(kind, destination, text, now_ns),
            None => self.clear(kind, destination),
        }
    }

    /// Those that stand, about one destination or (`None`) the gateway itself.
    pub fn about(&self, destination: Option<&str>) -> Vec<Alarm> {
        let held = self.0.lock();
        held.values().filter(|alarm| alarm.destination.as_deref() == destination).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_stands_from_when_it_was_first_raised_until_it_is_over() {
        let alarms = Alarms::default();
        alarms.raise(Kind::Credential, Some("a"), "key refused", 7);
        alarms.raise(Kind::Credential, Some("a"), "key refused twice", 9);
        alarms.raise(Kind::Lost, None, "3 requests", 8);
        let alarm = |text: &str| Alarm {
            kind: Kind::Credential,
            destination: Some("a".to_owned()),
            text: text.to_owned(),
            since_ns: 7,
        };
        assert_eq!(alarms.about(Some("a")), [alarm("key refused twice")]);
        assert_eq!(alarms.about(None).len(), 1);
        alarms.set(Kind::Credential, Some("a"), None, 10);
        assert_eq!(alarms.about(Some("a")), []);
        assert_eq!(alarms.about(None).len(), 1);
    }
}
