//! Sessions (`wire/galileo.md §3.3`, §4.6): what is said of them is kept beside the traces.

use serde_json::Value;
use serde_json::json;

use super::names;
use super::reply::Desk;
use super::reply::Reply;
use super::reply::ok;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Raw;
use crate::canonical::Session;
use crate::contract::Named;
use crate::contract::Refusal;
use crate::dialects::galileo::decode;
use crate::dialects::galileo::wire;

/// The kind of names that external ids are.
pub(super) const SESSION: &str = "session";

/// A session is its external id. One that has none is new with each request, whatever it is called: its
/// id is drawn like a record's.
pub(super) async fn create(desk: Desk) -> Reply {
    let body: wire::Session = desk.body()?;
    let (project, external) = (desk.project(), text(&body.external_id));
    let mut said = said(&body)?;
    let id = match &external {
        Some(external) => desk.id_of(SESSION, &project, external).await?,
        None => draw(&desk, &project).await?,
    };
    said.id = external.clone().unwrap_or_else(|| id.clone());
    let known = desk.tell(said).await?;
    ok(&json!({
        "id": id, "name": known.name, "project_id": project, "project_name": names::project_name(&desk, &project),
        "previous_session_id": known.previous, "external_id": external,
    }))
}

/// The same for a repetition of the request, which has the same receipt.
async fn draw(desk: &Desk, project: &str) -> Result<String, Refusal> {
    let id = Id::derived(&desk.accept().await?.receipt, "session").to_string();
    desk.draw(SESSION, project, &id).await?;
    Ok(id)
}

fn said(body: &wire::Session) -> Result<Session, Refusal> {
    let invalid = |path: &str, rule: &str| Refusal::Invalid { path: path.to_owned(), rule: rule.to_owned() };
    let previous = text(&body.previous_session_id);
    previous.as_deref().map(|id| decode::uuid(id, "previous_session_id")).transpose()?;
    let metadata = body.user_metadata.cloned().filter(|raw| raw.text() != "{}");
    if metadata.as_ref().is_some_and(|raw| !raw.is_object()) {
        return Err(invalid("user_metadata", "Input should be a valid dictionary"));
    }
    Ok(Session { id: String::new(), name: text(&body.name), metadata, previous })
}

fn text(field: &Field<String>) -> Option<String> {
    field.cloned().filter(|text| !text.is_empty())
}

/// A search, which SDKs make by external id only; the column stands under either of two keys (§3.3).
pub(super) async fn search(desk: Desk) -> Reply {
    let body: Value = desk.body()?;
    let filters = body["filters"].as_array().map_or(&[][..], Vec::as_slice);
    let rows = candidates(&desk, filters).into_iter().map(|named| row(&desk, &named, &body["log_stream_id"]));
    let found = rows.filter(|row| filters.iter().all(|filter| passes(filter, row)));
    let limit = body["limit"].as_u64().unwrap_or(100);
    let records: Vec<_> = found.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
    ok(&json!({
        "starting_token": 0, "limit": limit, "paginated": false, "next_starting_token": null, "records": records,
    }))
}

/// The sessions that a search looks at: where one external id is asked for, that one alone.
fn candidates(desk: &Desk, filters: &[Value]) -> Vec<Named> {
    let project = desk.project();
    let asked = filters.iter().find(|filter| column(filter) == "external_id" && operator(filter) == "eq");
    match asked.and_then(|filter| filter["value"].as_str()) {
        Some(external) => desk.given(SESSION, &project, external).into_iter().collect(),
        None => desk.list(SESSION, &project),
    }
}

/// A session as a record. One without an external id is known by its id.
fn row(desk: &Desk, named: &Named, run: &Value) -> Value {
    let said = desk.session(&named.name).unwrap_or_default();
    let metadata = said.metadata.as_ref().map_or_else(|| json!({}), Raw::value);
    let since = named.since.rfc3339(6);
    json!({
        "type": "session", "id": named.id, "session_id": named.id, "project_id": desk.project(), "run_id": run,
        "external_id": (named.name != named.id).then_some(&named.name), "name": said.name,
        "previous_session_id": said.previous, "user_metadata": metadata, "created_at": since, "updated_at": since,
    })
}

fn column(filter: &Value) -> &str {
    filter["column_id"].as_str().or(filter["name"].as_str()).unwrap_or_default()
}

fn operator(filter: &Value) -> &str {
    filter["operator"].as_str().unwrap_or("eq")
}

/// Whether a session passes a filter; one on a column that we do not keep lets nothing through.
fn passes(filter: &Value, row: &Value) -> bool {
    let column = column(filter);
    if !["external_id", "name", "id", "previous_session_id"].contains(&column) {
        return false;
    }
    let (own, wanted) = (&row[column], &filter["value"]);
    let listed = || wanted.as_array().is_some_and(|list| list.contains(own));
    match operator(filter) {
        "eq" => wanted == own,
        "ne" => wanted != own,
        "one_of" => listed(),
        "not_in" => !listed(),
        "contains" => own.as_str().zip(wanted.as_str()).is_some_and(|(own, part)| own.contains(part)),
        _ => false,
    }
}
