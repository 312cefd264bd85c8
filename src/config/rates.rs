//! Projects that may send more than a destination of theirs is known to take (`design.md` §5).

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::destinations::Destination;
use super::projects::Project;
use super::walk::Walk;

/// Warns, with the numbers, where a project's own limits exceed the rate of one of its routes.
pub(super) fn check(
    walk: &mut Walk,
    destinations: &BTreeMap<String, Destination>,
    projects: &BTreeMap<String, Project>,
) {
    for (name, project) in projects {
        for destination in project.routes.keys() {
            let Some(at) = destinations.get(destination) else {
                continue;
            };
            let path = format!("projects.{name}.routes.{destination}");
            let limits = &project.limits;
            let pairs = [
                ("requests", limits.requests_per_second, at.egress.requests_per_minute),
                ("spans", limits.spans_per_second, at.egress.items_per_minute),
            ];
            for (what, limit, rate) in pairs {
                if let Some(text) = limit.zip(rate).and_then(|pair| excess(what, pair, at.api_keys.len())) {
                    walk.warn(path.as_str(), text);
                }
            }
        }
    }
}

/// The sentence for a limit a second that is above a rate a minute for each of so many keys.
fn excess(what: &str, (limit, rate): (NonZeroU32, NonZeroU32), keys: usize) -> Option<String> {
    let (limit, rate) = (u64::from(limit.get()), u64::from(rate.get()));
    let keys = u64::try_from(keys).unwrap_or(u64::MAX).max(1);
    let (sent, taken) = (limit * 60, rate.saturating_mul(keys));
    (sent > taken).then(|| {
        let (needed, one_in) = (sent.div_ceil(rate), sent.div_ceil(taken));
        format!(
            "the project may send {sent} {what} a minute, the destination takes {taken} ({rate} for each key): \
             this route needs {needed} keys or a sample of 1 in {one_in}"
        )
    })
}
