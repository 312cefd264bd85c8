//! The rules a well-formed row still has to keep (`wire/opik.md` §5.1, §5.2, §5.4, §6.1).

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{Call, Fields, Kind, Refusal, Settings, refusal, times};

/// 2262-04-11T23:47:16Z, the first second no row can start or end in.
const TIME_END: i64 = 9_223_372_036;
/// 2300-01-01T00:00:00Z.
const VERSION_END: i64 = 10_413_792_000;
const MAX_TAGS: usize = 50;
const MAX_TAG: usize = 100;

/// Bean validation of a create, each text led by `prefix` (`traces[0].`).
pub(super) fn create(kind: Kind, row: &Fields, prefix: &str, errors: &mut Vec<String>) {
    let mut wrong = |text: &str| errors.push(format!("{prefix}{text}"));
    if !row.contains_key("start_time") {
        wrong("startTime must not be null");
    }
    if kind == Kind::Span && !row.contains_key("trace_id") {
        wrong("traceId must not be null");
    }
    if blank(row, "project_name") {
        wrong("projectName must not be blank");
    }
    for (field, java, end) in [
        ("start_time", "startTime", TIME_END),
        ("end_time", "endTime", TIME_END),
        ("last_updated_at", "lastUpdatedAt", VERSION_END),
    ] {
        if seconds(row, field).is_some_and(|at| !(0..end).contains(&at)) {
            wrong(&format!("{java} must be after or equal 1970-01-01T00:00:00Z and in range"));
        }
    }
    for (field, java) in [("ttft", "ttft"), ("total_estimated_cost", "totalEstimatedCost")] {
        if row.get(field).and_then(Value::as_f64).is_some_and(|number| number < 0.0) {
            wrong(&format!("{java} must be greater than or equal to 0"));
        }
    }
}

/// Bean validation of a PATCH.
pub(super) fn update(kind: Kind, row: &Fields, body: &Value) -> Result<(), Refusal> {
    let mut errors = Vec::new();
    if kind == Kind::Span && !row.contains_key("trace_id") {
        errors.push("traceId must not be null".to_owned());
    }
    if blank(row, "project_name") {
        errors.push("projectName must not be blank".to_owned());
    }
    for field in ["tags", "tags_to_add", "tags_to_remove"] {
        let tags = body[field].as_array().map_or(&[][..], Vec::as_slice);
        if tags.len() > MAX_TAGS {
            errors.push(format!("{field} size must be between 0 and {MAX_TAGS}"));
        }
        let bad = |tag: &&str| tag.trim().is_empty() || tag.chars().count() > MAX_TAG;
        if tags.iter().filter_map(Value::as_str).any(|tag| bad(&tag)) {
            errors.push(format!("{field}[] must not be blank, and at most {MAX_TAG} characters"));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Refusal::Invalid(errors)) }
}

/// Every id of a row is version 7, and a new one of the right age when the window is set.
pub(super) fn ids(kind: Kind, row: &Fields, call: &Call, settings: &Settings) -> Result<(), Refusal> {
    if let Some(id) = id(row, "id") {
        refusal::version_seven(id, kind.title())?;
        if !call.replayed {
            window(id, call.at, settings)?;
        }
    }
    references(row)
}

/// The version check of the ids a span points at.
pub(super) fn references(row: &Fields) -> Result<(), Refusal> {
    for (field, what) in [("trace_id", "trace"), ("parent_span_id", "parent span")] {
        if let Some(id) = id(row, field) {
            refusal::version_seven(id, what)?;
        }
    }
    Ok(())
}

pub(super) fn id(row: &Fields, field: &str) -> Option<Uuid> {
    row.get(field).and_then(Value::as_str).and_then(|text| Uuid::try_parse(text).ok())
}

fn window(id: Uuid, now: Timestamp, settings: &Settings) -> Result<(), Refusal> {
    let Some(hours) = settings.id_window_hours else { return Ok(()) };
    let embedded = id.get_timestamp().map_or(0, |at| at.to_unix().0);
    let embedded = i64::try_from(embedded).unwrap_or(i64::MAX);
    let width = i64::try_from(hours.saturating_mul(3600)).unwrap_or(i64::MAX);
    let age = now.as_second().saturating_sub(embedded);
    if age.abs() <= width {
        return Ok(());
    }
    let reason = if age > 0 { "too_old" } else { "too_far_future" };
    let at = Timestamp::from_second(embedded).unwrap_or(Timestamp::MAX);
    Err(Refusal::Window(format!(
        "id with timestamp '{at}' must be in the allowed ingestion window of 'PT{hours}H' around now, reason '{reason}'"
    )))
}

fn blank(row: &Fields, field: &str) -> bool {
    row.get(field).and_then(Value::as_str).is_some_and(|text| text.trim().is_empty())
}

fn seconds(row: &Fields, field: &str) -> Option<i64> {
    row.get(field).and_then(|value| times::parse(value).ok()).map(Timestamp::as_second)
}
