//! Which route a request came by.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::contract::Call;

/// A request's subject, as far as it is ingested.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::dialects::galileo) enum Place {
    /// New traces.
    Traces {
        /// The client's project id.
        project: String,
    },
    /// New spans.
    Spans {
        /// The client's project id.
        project: String,
    },
    /// A change of a trace.
    Trace {
        /// The client's project id.
        project: String,
        /// The trace's id.
        id: String,
    },
    /// A change of a span.
    Span {
        /// The client's project id.
        project: String,
        /// The span's id.
        id: String,
    },
    /// Traces, or spans, to be deleted.
    Delete {
        /// Whether these are spans.
        spans: bool,
    },
    /// Anything that says nothing about a trace.
    Other,
}

impl Place {
    /// Reads method and path; `/v2` in front changes nothing (`wire/galileo.md §1`).
    pub(in crate::dialects::galileo) fn of(call: &Call) -> Self {
        let path = call.path.strip_prefix("/v2/").or(call.path.strip_prefix('/')).unwrap_or(&call.path);
        let parts: Vec<&str> = path.split('/').collect();
        let text = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        match (&call.method, parts.as_slice()) {
            (&Method::POST, ["projects", project, "traces"] | ["ingest", "traces", project]) => {
                Self::Traces { project: text(project) }
            }
            (&Method::POST, ["projects", project, "spans"] | ["ingest", "spans", project]) => {
                Self::Spans { project: text(project) }
            }
            (&Method::PATCH, ["projects", project, "traces", id]) => {
                Self::Trace { project: text(project), id: text(id) }
            }
            (&Method::PATCH, ["projects", project, "spans", id]) => Self::Span { project: text(project), id: text(id) },
            (&Method::POST, ["projects", _, kind @ ("traces" | "spans"), "delete"]) => {
                Self::Delete { spans: *kind == "spans" }
            }
            _ => Self::Other,
        }
    }
}
