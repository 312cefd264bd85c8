//! Instants as integer nanoseconds since 1970 (UTC).

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use super::Fact;

/// Nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// Reads RFC 3339 with `Z` or an offset, up to nanoseconds; a text without a zone is none.
    pub fn parse(text: &str) -> Option<Self> {
        let stamp: Timestamp = text.parse().ok()?;
        i64::try_from(stamp.as_nanosecond()).ok().map(Self)
    }

    /// Like [`Time::parse`], and a text without a zone is read as UTC.
    pub fn parse_lenient(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| {
            let civil: jiff::civil::DateTime = text.parse().ok()?;
            let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            i64::try_from(zoned.timestamp().as_nanosecond()).ok().map(Self)
        })
    }

    /// RFC 3339 in UTC with `Z`, as many decimals as given (0 to 9), cut and not rounded.
    pub fn rfc3339(self, decimals: u8) -> String {
        let unit = 10_i128.pow(9 - u32::from(decimals.min(9)));
        let stamp = Timestamp::from_nanosecond(i128::from(self.0).div_euclid(unit) * unit).unwrap_or_default();
        format!("{stamp:.*}", usize::from(decimals))
    }

    /// RFC 3339 in UTC with `Z` and microseconds, or nanoseconds where they are not zero.
    pub fn exact(self) -> String {
        self.rfc3339(if self.0.rem_euclid(1_000) == 0 { 6 } else { 9 })
    }

    /// Whole milliseconds since 1970, cut.
    pub fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This instant moved by nanoseconds; stays at the end of the range instead of overflowing.
    pub fn plus(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// The same instant cut to whole microseconds; the earliest there is stays in the range.
    pub fn micros(self) -> Self {
        Self(self.0.div_euclid(1_000).checked_mul(1_000).unwrap_or(self.0 / 1_000 * 1_000))
    }
}

impl Fact for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_offsets_and_writes_utc() {
        let time = Time::parse("2026-01-02T03:04:05.678901+02:00").unwrap();
        assert_eq!(time.exact(), "2026-01-02T01:04:05.678901Z");
        assert_eq!(time.rfc3339(3), "2026-01-02T01:04:05.678Z");
        assert_eq!(Time(i64::MIN).micros(), Time(-9_223_372_036_854_775_000));
        assert_eq!(Time(i64::MIN).rfc3339(3), "1677-09-21T00:12:43.145Z");
        assert_eq!(Time::parse("2026-01-02T03:04:05"), None);
        assert_eq!(Time::parse_lenient("2026-01-02T03:04:05").unwrap().exact(), "2026-01-02T03:04:05.000000Z");
    }
}
