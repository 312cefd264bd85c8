//! Why a request is refused, in no vendor's words.

use axum::response::Response;

/// Why a request is refused. Each dialect renders it in its vendor's shape and status.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// The body is not JSON, or not of the shape at all.
    #[error("{message}")]
    Malformed {
        /// What is wrong and where.
        message: String,
    },
    /// A value in it breaks a rule of the vendor.
    #[error("{path}: {rule}")]
    Invalid {
        /// The path in the document, e.g. `spans[0].start_time`.
        path: String,
        /// The rule it breaks.
        rule: String,
    },
    /// No credential.
    #[error("no credential was presented")]
    Unauthenticated,
    /// An unknown or expired key.
    #[error("{0}")]
    Unauthorized(String),
    /// The vendor's own key, where a gateway key should be. Never shown, not even in part.
    #[error("this is not a gateway key: use one that begins with sg_ where the vendor's own key would go")]
    ForeignKey,
    /// The key may not do that.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing.
    #[error("{what} {id} not found")]
    NotFound {
        /// What was asked for, e.g. `trace`.
        what: &'static str,
        /// The id as asked.
        id: String,
    },
    /// Too much at once; the whole seconds after which to come again.
    #[error("{what}; retry after {after_s} s")]
    TooMany {
        /// Which limit.
        what: String,
        /// Seconds, at least 1.
        after_s: u64,
    },
    /// Too large.
    #[error("{0}")]
    TooLarge(String),
    /// Another content type or encoding than we read.
    #[error("{0}")]
    Unsupported(String),
    /// We cannot at the moment, and nothing was stored.
    #[error("{what}")]
    Unavailable {
        /// What is missing.
        what: String,
        /// The same in a word: a metric's label.
        cause: &'static str,
        /// Seconds after which to come again.
        after_s: u64,
    },
    /// It did not finish in time.
    #[error("the request took too long")]
    Timeout,
    /// Our own fault; the cause is in the log.
    #[error("internal error")]
    Internal,
}

/// A refusal's [`Refusal::reason`], on the response that says it; the edge counts it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refused(pub &'static str);

impl Refusal {
    /// A word for it: a metric's label.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::Invalid { .. } => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Unauthorized(_) => "unauthorized",
            Self::ForeignKey => "foreign_key",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound { .. } => "not_found",
            Self::TooMany { .. } => "too_many",
            Self::TooLarge(_) => "too_large",
            Self::Unsupported(_) => "unsupported",
            Self::Unavailable { cause, .. } => cause,
            Self::Timeout => "timeout",
            Self::Internal => "internal",
        }
    }

    /// Marks the response that says it, wherever in a dialect it was made.
    pub fn mark(&self, mut response: Response) -> Response {
        response.extensions_mut().insert(Refused(self.reason()));
        response
    }
}
