//! From the text of one value to its final type, and back for `--print-config`.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;
use url::Url;

use super::mistakes::Problem;

/// Units of a size, largest first within each family; the first that divides is the one printed.
const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

/// A time span with its unit, zero allowed.
pub(super) fn duration(text: &str) -> Result<Duration, Problem> {
    let write = if text.parse::<f64>().is_ok_and(|number| number >= 0.0 && number.is_finite()) {
        format!("\"{text}s\" for seconds, or \"{text}m\", \"{text}h\"")
    } else {
        "such as \"500ms\", \"5s\", \"10m\", \"72h\"".to_owned()
    };
    SignedDuration::from_str(text)
        .ok()
        .and_then(|span| Duration::try_from(span).ok())
        .ok_or_else(|| Problem::new("must be a duration with its unit", write))
}

/// A time span above zero.
pub(super) fn positive_duration(text: &str) -> Result<Duration, Problem> {
    let zero = || Problem::new("must be longer than zero", "such as \"5s\", \"10m\"");
    match duration(text) {
        Ok(Duration::ZERO) => Err(zero()),
        Err(_) if text.parse::<f64>() == Ok(0.0) => Err(zero()),
        span => span,
    }
}

/// A time span as the configuration takes it, such as `5s`.
pub fn duration_text(span: Duration) -> String {
    SignedDuration::try_from(span).map_or_else(|_| format!("{}s", span.as_secs()), |span| format!("{span:#}"))
}

/// A number of bytes above zero, with its unit.
pub(super) fn size(text: &str) -> Result<u64, Problem> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let bytes = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .and_then(|(_, bytes)| digits.trim_end().parse::<u64>().ok()?.checked_mul(*bytes));
    match bytes {
        Some(0) => Err(Problem::new("must be above zero", "such as \"1GiB\"")),
        Some(bytes) => Ok(bytes),
        None => {
            Err(Problem::new("must be a whole number of bytes with its unit", size_example(digits.trim_end(), unit)))
        }
    }
}

fn size_example(digits: &str, unit: &str) -> String {
    if unit.is_empty() && digits.parse::<u64>().is_ok_and(|number| number > 0) {
        return format!("\"{digits}B\" for bytes, or \"{digits}MiB\"");
    }
    "such as \"512KiB\", \"20MiB\", \"1GiB\"".to_owned()
}

/// A number of bytes as the configuration takes it, such as `20MiB`.
pub fn size_text(bytes: u64) -> String {
    UNITS
        .iter()
        .find(|(_, unit)| bytes.is_multiple_of(*unit))
        .map_or_else(|| format!("{bytes}B"), |(name, unit)| format!("{}{name}", bytes / unit))
}

/// An address to listen on.
pub(super) fn address(text: &str) -> Result<SocketAddr, Problem> {
    text.parse().map_err(|_| {
        let port = text.rsplit_once(':').map_or(text, |(_, port)| port).parse::<u16>().ok();
        let write = format!("\"127.0.0.1:{}\"", port.unwrap_or(4400));
        Problem::new("must be an IP address and a port", write)
    })
}

/// An `http` or `https` URL with a host and nothing behind its path.
pub(super) fn url(text: &str) -> Result<Url, Problem> {
    let example = "\"https://host\" or \"https://host/path\"";
    let url = Url::parse(text).map_err(|_| Problem::new("must be a whole URL", example))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(Problem::new("must be an http or https URL", example));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Problem::new(
            "must hold no user name and no password",
            "the URL alone; a credential is named under api_keys",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Problem::new("must end with its path", example));
    }
    Ok(url)
}

/// The SHA-256 of a gateway key.
pub(super) fn sha256(text: &str) -> Result<[u8; 32], Problem> {
    let problem =
        || Problem::new("must be the SHA-256 of the key, 64 hexadecimal digits", "what `spangate keys new` prints");
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(problem());
    }
    let mut hash = [0; 32];
    for (index, byte) in hash.iter_mut().enumerate() {
        let digits = &text[index * 2..index * 2 + 2];
        *byte = u8::from_str_radix(digits, 16).map_err(|_| problem())?;
    }
    Ok(hash)
}

/// An instant in RFC 3339.
pub(super) fn instant(text: &str) -> Result<Timestamp, Problem> {
    text.parse().map_err(|_| Problem::new("must be an instant in RFC 3339", "such as \"2030-06-30T00:00:00Z\""))
}

/// Text that is not empty.
pub(super) fn words(text: &str) -> Result<String, Problem> {
    if text.trim().is_empty() {
        return Err(Problem::new("must not be empty", "a text, or leave it out"));
    }
    Ok(text.to_owned())
}

/// Whether this is a name that a table may have: `[a-z][a-z0-9_]*`.
pub(super) fn is_name(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(word)
}

/// The name closest to `text` that a table may have.
pub(super) fn to_name(text: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = text.chars().map(|c| word(c).to_ascii_lowercase()).collect();
    if is_name(&name) { name } else { format!("n{name}") }
}
