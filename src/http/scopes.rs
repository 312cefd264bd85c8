//! Which scope a request needs, judged from its method and native path alone.
//!
//! A POST writes, except where its last segment says that it only asks. Names (projects and what
//! stands under them) may be looked up and given with either scope: a client that may only send
//! cannot begin without them.

use http::Method;

use crate::http::keys::Scopes;

/// What a request needs of its key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Need {
    /// Any key.
    Nothing,
    /// The scope `read`.
    Read,
    /// The scope `write`.
    Write,
}

impl Need {
    /// The word of the missing scope, or nothing if the key has what is needed.
    pub(super) fn missing(self, scopes: Scopes) -> Option<&'static str> {
        match self {
            Self::Read if !scopes.read => Some("read"),
            Self::Write if !scopes.write => Some("write"),
            _ => None,
        }
    }
}

/// What this request needs.
pub(super) fn needed(method: &Method, path: &str) -> Need {
    let mut segments = path.trim_end_matches('/').rsplit('/');
    let last = segments.next().unwrap_or_default();
    let above = segments.next().unwrap_or_default();
    let reads = method == Method::GET || method == Method::HEAD || method == Method::OPTIONS;
    let asks = reads || (method == Method::POST && QUESTIONS.contains(&last));
    let names = NAMES.contains(&last) || (asks && NAMES.contains(&above)) || ACCOUNT.contains(&last);
    match (asks, names) {
        (true, true) => Need::Nothing,
        // A name is given by POST.
        (false, true) if method == Method::POST => Need::Nothing,
        (true, false) => Need::Read,
        (false, _) => Need::Write,
    }
}

/// Last segments of a POST that only asks.
const QUESTIONS: [&str; 8] =
    ["search", "partial_search", "count", "retrieve", "paginated", "available_columns", "export_records", "stats"];

/// Collections of names. Sessions are created by POST too, but that is data.
const NAMES: [&str; 3] = ["projects", "log_streams", "workspaces"];

/// What tells a client who it is.
const ACCOUNT: [&str; 4] = ["current_user", "auth", "workspace", "get-token"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_needs_what_it_does() {
        let check = |method: Method, path: &str, need: Need| assert_eq!(needed(&method, path), need, "{method} {path}");
        check(Method::POST, "/v1/private/spans/batch", Need::Write);
        check(Method::PUT, "/v1/private/traces/feedback-scores", Need::Write);
        check(Method::PATCH, "/traces/1", Need::Write);
        check(Method::DELETE, "/traces/1", Need::Write);
        check(Method::POST, "/v1/private/traces/delete", Need::Write);
        check(Method::DELETE, "/projects/1", Need::Write);
        check(Method::POST, "/projects/1/sessions", Need::Write);
        check(Method::GET, "/traces/1", Need::Read);
        check(Method::HEAD, "/traces/1", Need::Read);
        check(Method::POST, "/v1/private/traces/search", Need::Read);
        check(Method::POST, "/v2/projects/1/spans/count", Need::Read);
        check(Method::GET, "/projects", Need::Nothing);
        check(Method::GET, "/projects/1", Need::Nothing);
        check(Method::POST, "/projects", Need::Nothing);
        check(Method::POST, "/v1/private/projects/retrieve", Need::Nothing);
        check(Method::GET, "/projects/1/log_streams/paginated", Need::Nothing);
        check(Method::POST, "/projects/1/log_streams/", Need::Nothing);
        check(Method::GET, "/current_user", Need::Nothing);
    }

    #[test]
    fn a_missing_scope_is_named() {
        let reader = Scopes { read: true, write: false };
        let writer = Scopes { read: false, write: true };
        assert_eq!(Need::Write.missing(reader), Some("write"));
        assert_eq!(Need::Read.missing(writer), Some("read"));
        assert_eq!(Need::Nothing.missing(writer), None);
        assert_eq!(Need::Write.missing(writer), None);
    }
}
