//! Who asks, and in which project (`wire/pandaprobe.md` §2).

use super::{Call, Refusal};

const NO_PROJECT: &str = "Project scope required. Provide X-Project-ID (Bearer) or X-Project-Name (API key).";
const NO_KEY: &str =
    "Missing credentials. Provide Authorization: Bearer <token> (with X-Project-ID) or X-API-Key header.";
const BAD_NAME: &str = "X-Project-Name must start and end with a letter or digit and contain only letters, digits, spaces, hyphens, underscores, dots, or apostrophes.";

/// The project of the request. Any key is a good key; a key sent as a bearer token is none.
pub(super) fn project(call: &Call) -> Result<String, Refusal> {
    if !call.replayed && call.header("x-api-key").is_none_or(str::is_empty) {
        let detail = match call.header("authorization") {
            Some(_) => "SUPABASE_URL and SUPABASE_KEY must be configured.",
            None => NO_KEY,
        };
        return Err(Refusal::Detail(401, detail.into()));
    }
    let name = call.header("x-project-name").unwrap_or_default().trim();
    let problem = match name {
        "" => NO_PROJECT,
        _ if name.chars().count() > 255 => "X-Project-Name must be at most 255 characters.",
        _ if !well_named(name) => BAD_NAME,
        _ => return Ok(name.to_owned()),
    };
    Err(Refusal::Detail(422, problem.into()))
}

fn well_named(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || " _.'-".contains(c);
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    name.chars().all(inner) && edge(name.chars().next()) && edge(name.chars().last())
}
