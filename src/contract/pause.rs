//! What every vendor's answers have in common: how long they ask to be left alone, and whether it was
//! the vendor at all that answered.
//!
//! Servers and proxies write the strangest values there, so nothing is an error: what cannot be read
//! names no time, and what is too long is cut.

use std::time::Duration;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::header::DATE;
use http::header::RETRY_AFTER;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::contract::Answer;

/// The longest pause that a vendor may ask for: we look again at least that often.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// `Retry-After`: seconds, or a date, which is read against the answer's own `Date`, since whose clock
/// is right cannot be known (RFC 9110 §10.2.3).
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    seconds(headers, RETRY_AFTER.as_str()).or_else(|| {
        let nanos = date(headers, RETRY_AFTER.as_str())?.duration_since(date(headers, DATE.as_str())?).as_nanos();
        Some(Duration::from_nanos(u64::try_from(nanos).ok()?).min(LONGEST_PAUSE))
    })
}

/// A header's seconds, whole or not.
pub fn seconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    bounded(text(headers, name)?.parse().ok()?)
}

/// A header's milliseconds.
pub fn millis(headers: &HeaderMap, name: &str) -> Option<Duration> {
    let millis: f64 = text(headers, name)?.parse().ok()?;
    bounded(millis / 1e3)
}

fn bounded(seconds: f64) -> Option<Duration> {
    let sane = seconds.is_finite() && seconds >= 0.0;
    sane.then(|| Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE))
}

/// Whether an answer is a page for people: a proxy's or a login's, and no word of the vendor's API.
pub fn is_page(answer: &Answer) -> bool {
    let declared = text(&answer.headers, CONTENT_TYPE.as_str());
    declared.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/html"))
        || answer.body.trim_ascii_start().starts_with(b"<")
}

fn date(headers: &HeaderMap, name: &str) -> Option<Timestamp> {
    Some(rfc2822::parse(text(headers, name)?).ok()?.timestamp())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(value: &'static str) -> Option<Duration> {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let pairs = [date, ("retry-after", value)];
        let header = |(name, value): (&'static str, &'static str)| (name.parse().unwrap(), value.parse().unwrap());
        retry_after(&pairs.into_iter().map(header).collect())
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(pause("3"), Some(Duration::from_secs(3)));
        assert_eq!(pause(" 2.5 "), Some(Duration::from_millis(2_500)));
        assert_eq!(pause("0"), Some(Duration::ZERO));
        assert_eq!(pause("Sun, 06 Nov 1994 08:50:07 GMT"), Some(Duration::from_secs(30)));
    }

    #[test]
    fn what_is_too_long_is_cut() {
        for value in ["901", "99999999999999999999", "1e300", "Sat, 06 Nov 2094 08:49:37 GMT"] {
            assert_eq!(pause(value), Some(Duration::from_secs(900)), "{value}");
        }
    }

    #[test]
    fn what_cannot_be_meant_names_no_time() {
        for value in ["", "soon", "-1", "NaN", "inf", "1 s", "Sun, 06 Nov 1994 08:49:00 GMT", "yesterday, at noon"] {
            assert_eq!(pause(value), None, "{value}");
        }
        let dated = [("retry-after".parse().unwrap(), "Sun, 06 Nov 1994 08:50:07 GMT".parse().unwrap())];
        assert_eq!(retry_after(&dated.into_iter().collect()), None);
    }

    #[test]
    fn pages_are_told_from_answers() {
        let answer = |body: &'static str| Answer { status: 502, headers: HeaderMap::new(), body: body.into() };
        assert!(is_page(&answer("\r\n<html><body>Bad Gateway</body></html>")));
        assert!(!is_page(&answer(r#"{"detail":"<b>"}"#)));
        assert!(!is_page(&answer("")));
        let mut declared = answer("Bad Gateway");
        declared.headers.insert("content-type", "Text/HTML; charset=utf-8".parse().unwrap());
        assert!(is_page(&declared));
    }
}
