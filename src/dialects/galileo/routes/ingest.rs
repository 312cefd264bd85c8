//! Logging and reading traces (`wire/galileo.md §4.2`–§4.5).

use serde_json::Value;
use serde_json::json;

use super::names;
use super::reply::Desk;
use super::reply::Reply;
use super::reply::ok;
use super::sessions::SESSION;
use crate::canonical::Id;
use crate::canonical::Op;
use crate::canonical::Target;
use crate::contract::Accepted;
use crate::contract::Found;
use crate::contract::Refusal;
use crate::dialects::galileo::read;
use crate::dialects::galileo::read::Home;
use crate::dialects::galileo::wire;

pub(super) async fn traces(desk: Desk) -> Reply {
    let accepted = desk.accept().await?;
    let base: wire::Base = desk.body()?;
    let items = &accepted.items;
    let traces: Vec<Id> =
        items.iter().filter(|item| matches!(item.op, Op::Trace(_))).filter_map(|item| item.trace()).collect();
    let spans = spans_in(&accepted);
    let fallback = traces.first().copied().unwrap_or_default().to_string();
    let mut reply = common(&desk, &base, fallback).await?;
    reply["records_count"] = json!(traces.len() + spans);
    reply["traces_count"] = json!(traces.len());
    reply["spans_count"] = json!(spans);
    let ids = traces.iter().map(Id::to_string);
    reply["trace_ids"] = if base.include_trace_ids == Some(true) { ids.collect() } else { Value::Null };
    ok(&reply)
}

pub(super) async fn spans(desk: Desk) -> Reply {
    let accepted = desk.accept().await?;
    let base: wire::Base = desk.body()?;
    let mut reply = common(&desk, &base, base.trace_id.clone().unwrap_or_default()).await?;
    reply["records_count"] = json!(spans_in(&accepted));
    reply["trace_id"] = json!(base.trace_id);
    reply["parent_id"] = json!(base.parent_id);
    ok(&reply)
}

pub(super) async fn update(desk: Desk) -> Reply {
    desk.accept().await?;
    let base: wire::Base = desk.body()?;
    let (subject, id) = (desk.segment(2), desk.segment(3));
    let mut reply = common(&desk, &base, id.clone()).await?;
    reply["records_count"] = json!(1);
    reply[if subject == "traces" { "trace_id" } else { "span_id" }] = json!(id);
    ok(&reply)
}

pub(super) async fn delete(desk: Desk) -> Reply {
    let accepted = desk.accept().await?;
    ok(&json!({ "message": format!("{} records are deleted", accepted.items.len()) }))
}

pub(super) async fn read_trace(desk: Desk) -> Reply {
    let id = desk.id("trace_id")?;
    let found = desk.find(Target::Trace(id)).await?;
    if found.view.trace.is_none() && found.view.spans.is_empty() {
        return Err(Refusal::NotFound { what: "Trace", id: id.to_string() }.into());
    }
    let home = home(&desk, &found).await?;
    ok(&read::render_trace(&found, &home))
}

pub(super) async fn read_span(desk: Desk) -> Reply {
    let id = desk.id("span_id")?;
    let found = desk.find(Target::Span { trace: None, span: id }).await?;
    let home = home(&desk, &found).await?;
    let span = read::render_span(&found, &home);
    ok(&span.ok_or(Refusal::NotFound { what: "Span", id: id.to_string() })?)
}

fn spans_in(accepted: &Accepted) -> usize {
    accepted.items.iter().filter(|item| matches!(item.op, Op::Span(_))).count()
}

/// What every answer has (§4.1). `fallback` stands for the session of what has none (§4.5).
async fn common(desk: &Desk, base: &wire::Base, fallback: String) -> Result<Value, Refusal> {
    let project = desk.project();
    let session = match (&base.session_id, &base.session_external_id) {
        (Some(id), _) => id.clone(),
        (None, Some(text)) => desk.id_of(SESSION, &project, text).await?,
        (None, None) => fallback,
    };
    Ok(json!({
        "log_stream_id": base.log_stream_id, "experiment_id": base.experiment_id,
        "metrics_testing_id": base.metrics_testing_id,
        "project_id": project, "project_name": names::project_name(desk, &project), "session_id": session,
    }))
}

/// The ids that a found trace stands under.
async fn home(desk: &Desk, found: &Found) -> Result<Home, Refusal> {
    let project = desk.project();
    let (session, stream) = read::session_and_stream(found);
    let run = desk.id_behind(names::STREAM, &project, &stream).await?;
    let session = match session {
        Some(text) => desk.id_behind(SESSION, &project, &text).await?,
        None => read::trace_id(found),
    };
    Ok(Home { project, run, session })
}
