//! Which dead letters are meant, as it stands on the command line.

use std::str::FromStr;

use jiff::SignedDuration;
use jiff::Timestamp;

use crate::cli::world;
use crate::contract::LetterFilter;

/// All that is given must hold.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Filter {
    /// Of this destination.
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    /// Of this project.
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// With this text in the reason or in the vendor's words.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Given up at this time (2026-11-28T03:00:00Z) or so long ago (90m, 2h, 3d), or later.
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Given up at this time or so long ago, or earlier.
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// With this number; may be repeated.
    #[arg(long = "id", value_name = "N")]
    ids: Vec<u64>,
    /// At most so many letters.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// A time, or how long ago it was.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    At(Timestamp),
    Ago(SignedDuration),
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        let days = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok());
        let ago = days.and_then(|days| days.checked_mul(24)).map(SignedDuration::from_hours);
        let ago = ago.or_else(|| text.parse().ok()).filter(|ago| !ago.is_negative());
        ago.map(Self::Ago).ok_or("a time is like 2026-11-28T03:00:00Z, an age like 90m, 2h or 3d")
    }
}

impl Moment {
    fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}

impl Filter {
    /// The filter as of now.
    pub(super) fn resolve(self) -> LetterFilter {
        let now = Timestamp::from_nanosecond(i128::from(world::clock()())).unwrap_or_default();
        let resolve = |moment: Moment| moment.resolve(now);
        LetterFilter {
            destination: self.destination,
            project: self.project,
            reason: self.reason,
            since: self.since.map(resolve),
            until: self.until.map(resolve),
            ids: self.ids,
            above: None,
            limit: self.limit,
        }
    }
}

/// A filter as the admin listener takes it in a query.
pub(super) fn query(wanted: &LetterFilter) -> Vec<(&'static str, String)> {
    let LetterFilter { destination, project, reason, since, until, ids, above, limit } = wanted;
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    let pairs = [
        ("destination", destination.clone()),
        ("project", project.clone()),
        ("reason", reason.clone()),
        ("since", since.map(|since| since.to_string())),
        ("until", until.map(|until| until.to_string())),
        ("ids", (!ids.is_empty()).then(|| ids.join(","))),
        ("above", above.map(|above| above.to_string())),
        ("limit", limit.map(|limit| limit.to_string())),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_an_age() {
        let now: Timestamp = "2026-11-28T03:00:00Z".parse().unwrap();
        for (text, time) in [
            ("2026-11-27T01:02:03Z", "2026-11-27T01:02:03Z"),
            ("2026-11-27T01:02:03+01:00", "2026-11-27T00:02:03Z"),
            ("90m", "2026-11-28T01:30:00Z"),
            ("1h30m", "2026-11-28T01:30:00Z"),
            ("3d", "2026-11-25T03:00:00Z"),
            ("0s", "2026-11-28T03:00:00Z"),
        ] {
            assert_eq!(text.parse::<Moment>().unwrap().resolve(now).to_string(), time, "{text}");
        }
        for text in ["", "yesterday", "-2h", "2026-11-27", "99999999999999999999d"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
