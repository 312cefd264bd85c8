//! Why no answer came from a vendor. All of it is worth another try: whether the request was applied is
//! not known, and what is wrong may pass.

use std::error::Error;
use std::fmt;
use std::io;

use super::answer::Broken;
use super::resolve::Inside;

/// What went wrong on the way. Its text names no URL and no credential.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The request's path would lead away from the destination.
    Elsewhere,
    /// The answer to a read is longer than there is room for.
    TooLong,
    /// TLS came to no agreement, most often about the certificate.
    Tls(String),
    /// The host's address is one that the destination may not have.
    Inside(Inside),
    /// Anything else, and its kind.
    Other(&'static str, String),
}

impl Trouble {
    /// A word for it: the metric's label.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Elsewhere => "elsewhere",
            Self::TooLong => "too_long",
            Self::Tls(_) => "tls",
            Self::Inside(_) => "inside",
            Self::Other(kind, _) => kind,
        }
    }

    /// What will stay until somebody changes something, as an alarm says it.
    pub(super) fn bar(&self) -> Option<&'static str> {
        match self {
            Self::Tls(_) => Some("no TLS connection to the vendor: look at its certificate and at base_url"),
            Self::Inside(_) => Some("the host means an inner address: look at its name, or set allow_private"),
            Self::Elsewhere => Some("a request would have left the destination: this is a fault of ours"),
            Self::TooLong | Self::Other(..) => None,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elsewhere => f.write_str("the request's path would lead away from the destination"),
            Self::TooLong => f.write_str("the answer is too long for the room that there is"),
            Self::Tls(why) => write!(f, "no TLS connection, so nothing is sent: {why}"),
            Self::Inside(inside) => inside.fmt(f),
            Self::Other(_, text) => f.write_str(text),
        }
    }
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        // A query may hold names.
        let error = error.without_url();
        let causes = causes(&error);
        if let Some(inside) = causes.iter().find_map(|cause| cause.downcast_ref::<Inside>()) {
            return Self::Inside(*inside);
        }
        if let Some(tls) = causes.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            return Self::Tls(tls.to_string());
        }
        let kind = match (error.is_timeout(), error.is_connect()) {
            (true, _) => "timeout",
            (false, true) => "connect",
            (false, false) => "broken",
        };
        let texts: Vec<String> = causes.iter().map(ToString::to_string).collect();
        Self::Other(kind, texts.join(": "))
    }
}

impl From<Broken> for Trouble {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Wire(error) => error.into(),
            Broken::TooLong => Self::TooLong,
        }
    }
}

/// An error and everything under it, down to its root.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| under(*error)).collect()
}

/// What an error wraps. What an I/O error holds is not its source: that is one further down.
fn under<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(held) => Some(held),
        None => error.source(),
    }
}
